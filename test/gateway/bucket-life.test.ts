import {
  CreateBucketCommand,
  type CreateBucketCommandInput,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetBucketTaggingCommand,
  GetObjectLockConfigurationCommand,
  HeadBucketCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { runtimes, startWorld, type World } from '../harness.ts'
import { readBucket } from './raw-oss.ts'

describe.each(runtimes)('the beginning and the end of a bucket on %s', (runtime) => {
  let world: World
  let s3: S3Client
  let Bucket: string
  let count = 0

  beforeAll(async () => {
    world = await startWorld(runtime)
    s3 = world.s3()
  })
  beforeEach(() => {
    Bucket = `bucket-${count++}`
  })
  afterAll(() => world.stop())

  const create = (input: Partial<CreateBucketCommandInput> = {}) =>
    s3.send(new CreateBucketCommand({ Bucket, ...input }))
  const remove = () => s3.send(new DeleteBucketCommand({ Bucket }))
  const exists = () =>
    s3.send(new HeadBucketCommand({ Bucket })).then(
      () => true,
      () => false,
    )

  describe('it is made', () => {
    test('with tags', async () => {
      await create({ CreateBucketConfiguration: { Tags: [{ Key: 'team', Value: 'blue' }] } })
      const { TagSet } = await s3.send(new GetBucketTaggingCommand({ Bucket }))
      expect(TagSet).toEqual([{ Key: 'team', Value: 'blue' }])
    })

    test('with object lock, and so with versions', async () => {
      await create({ ObjectLockEnabledForBucket: true })
      const atOss = (subresource: string, root: string) => readBucket(world.oss(), Bucket, subresource, root)
      expect(await atOss('versioning', 'VersioningConfiguration')).toEqual({ Status: ['Enabled'] })
      expect(await atOss('objectWorm', 'ObjectWormConfiguration')).toEqual({ ObjectWormEnabled: ['Enabled'] })
      const { ObjectLockConfiguration } = await s3.send(new GetObjectLockConfigurationCommand({ Bucket }))
      expect(ObjectLockConfiguration).toEqual({ ObjectLockEnabled: 'Enabled' })
    })

    test('in another region, with all of it there', async () => {
      const LocationConstraint = 'cn-beijing' as never
      await create({
        CreateBucketConfiguration: { LocationConstraint, Tags: [{ Key: 'a', Value: 'b' }] },
        ObjectLockEnabledForBucket: true,
      })
      expect((await s3.send(new HeadBucketCommand({ Bucket }))).BucketRegion).toBe('cn-beijing')
      expect((await s3.send(new GetBucketTaggingCommand({ Bucket }))).TagSet).toHaveLength(1)
    })

    test.each([
      ['a lock', 'PutBucketObjectWormConfiguration', { ObjectLockEnabledForBucket: true }],
      ['tags', 'PutBucketTags', { CreateBucketConfiguration: { Tags: [{ Key: 'a', Value: 'b' }] } }],
    ])('whole or not at all: OSS fails to give it %s', async (_, operation, input) => {
      world.localOss.faults.add({
        operation,
        times: 9,
        action: { kind: 'error', status: 503, code: 'ServiceUnavailable' },
      })
      await expect(create(input)).rejects.toMatchObject({ $metadata: { httpStatusCode: 503 } })
      world.localOss.faults.clear()
      expect(await exists()).toBe(false)
    })

    test.each([
      [
        'a reserved tag',
        { CreateBucketConfiguration: { Tags: [{ Key: 'aws:a', Value: 'b' }] } },
        'InvalidTag',
      ],
      ['an owner OSS cannot enforce', { ObjectOwnership: 'BucketOwnerEnforced' }, 'NotImplemented'],
      ['an unknown owner', { ObjectOwnership: 'RandomValue' }, 'InvalidArgument'],
    ])('not with %s', async (_, input, name) => {
      await expect(create(input as Partial<CreateBucketCommandInput>)).rejects.toMatchObject({ name })
      expect(await exists()).toBe(false)
    })

    test('with an owner that is OSS’s way', async () => {
      await create({ ObjectOwnership: 'BucketOwnerPreferred' })
      expect(await exists()).toBe(true)
    })
  })

  describe('it is deleted', () => {
    test('with the uploads that were never finished', async () => {
      await create()
      for (const Key of ['a', 'b c/ä', 'tab\t']) {
        await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))
      }
      await remove()
      expect(await exists()).toBe(false)
    })

    test('but not with objects, whose uploads then go on', async () => {
      await create()
      await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }))
      await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'b' }))
      await expect(remove()).rejects.toMatchObject({
        name: 'BucketNotEmpty',
        message: 'The bucket you tried to delete is not empty',
        BucketName: Bucket,
      })
      const { uploads } = (await world.oss(Bucket).listUploads({ 'max-uploads': 10 })) as {
        uploads: object[]
      }
      expect(uploads).toHaveLength(1)
    })

    test('nor with versions or delete markers', async () => {
      await create()
      await world.oss(Bucket).putBucketVersioning(Bucket, 'Enabled')
      const { VersionId } = await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }))
      const marker = await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a' }))
      const message =
        'The bucket you tried to delete is not empty. You must delete all versions in the bucket.'
      await expect(remove()).rejects.toMatchObject({ name: 'BucketNotEmpty', message })
      await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a', VersionId: VersionId as string }))
      await expect(remove()).rejects.toMatchObject({ name: 'BucketNotEmpty', message })
      await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a', VersionId: marker.VersionId as string }))
      await remove()
      expect(await exists()).toBe(false)
    })
  })
})
