import {
  BucketAlreadyOwnedByYou,
  type BucketLocationConstraint,
  CreateBucketCommand,
  DeleteBucketCommand,
  GetBucketLocationCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  type ListBucketsCommandInput,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runtimes, startWorld, type World } from '../harness.ts'
import { send, sign } from './wire.ts'

describe.each(runtimes)('buckets on %s', (runtime) => {
  let world: World
  let s3: S3Client
  let host: string

  beforeAll(async () => {
    world = await startWorld(runtime)
    s3 = world.s3()
    host = new URL(world.endpoint).host
  })
  afterAll(() => world.stop())

  const create = (Bucket: string, region?: string, rest: object = {}) =>
    s3.send(
      new CreateBucketCommand({
        Bucket,
        ...(region === undefined
          ? {}
          : { CreateBucketConfiguration: { LocationConstraint: region as BucketLocationConstraint } }),
        ...rest,
      }),
    )
  const infoOf = async (bucket: string, region = 'cn-hangzhou') =>
    (await world.oss(undefined, region).getBucketInfo(bucket)).bucket as {
      Location: string
      AccessControlList: { Grant: string }
    }

  describe('creating', () => {
    test.each([
      [undefined, 'oss-cn-hangzhou'],
      ['cn-beijing', 'oss-cn-beijing'],
      ['oss-cn-shanghai', 'oss-cn-shanghai'],
      ['eu-central-1', 'oss-eu-central-1'],
    ])('with LocationConstraint %s makes it in %s', async (region, location) => {
      const name = `made-in-${region ?? 'default'}`
      expect((await create(name, region)).Location).toBe(`/${name}`)
      expect(await infoOf(name, location.slice('oss-'.length))).toMatchObject({
        Location: location,
        AccessControlList: { Grant: 'private' },
      })
    })

    test.each([
      ['an empty configuration', '<CreateBucketConfiguration/>'],
      ['an empty constraint', '<CreateBucketConfiguration><LocationConstraint/></CreateBucketConfiguration>'],
      ['no body', ''],
    ])('with %s makes it in the gateway’s own region', async (what, body) => {
      const name = what.replaceAll(' ', '-')
      const request = sign({ method: 'PUT', target: `/${name}`, body }, host)
      expect((await send(world.endpoint, request)).status).toBe(200)
      expect((await infoOf(name)).Location).toBe('oss-cn-hangzhou')
    })

    test('with an ACL makes it with that ACL', async () => {
      await create('public', undefined, { ACL: 'public-read' })
      expect((await infoOf('public')).AccessControlList.Grant).toBe('public-read')
    })

    test('what one has already says so, and leaves its ACL as it is', async () => {
      await create('mine', undefined, { ACL: 'public-read' })
      for (const rest of [{}, { ACL: 'private' }]) {
        const failure = await create('mine', undefined, rest).catch((error) => error)
        expect(failure).toBeInstanceOf(BucketAlreadyOwnedByYou)
        expect(failure).toMatchObject({ BucketName: 'mine', $metadata: { httpStatusCode: 409 } })
      }
      expect((await infoOf('mine')).AccessControlList.Grant).toBe('public-read')
    })

    test('what one has in another region says so too', async () => {
      await create('mine-there', 'cn-beijing')
      await expect(create('mine-there')).rejects.toMatchObject({ name: 'BucketAlreadyOwnedByYou' })
      await expect(create('mine-there', 'cn-shanghai')).rejects.toMatchObject({
        name: 'BucketAlreadyOwnedByYou',
      })
    })

    test.each([
      { ObjectOwnership: 'BucketOwnerEnforced' },
      { CreateBucketConfiguration: { Location: { Type: 'AvailabilityZone', Name: 'x' } } },
      { ACL: 'authenticated-read' },
    ])('with %j is refused, and nothing is made', async (rest) => {
      world.ossRequests()
      await expect(create('never', undefined, rest)).rejects.toMatchObject({ name: 'NotImplemented' })
      expect(world.ossRequests()).not.toContain('PutBucket')
    })
  })

  describe('looking at one', () => {
    beforeAll(() => create('there', 'cn-beijing'))

    test('HeadBucket names its region', async () => {
      const answer = await s3.send(new HeadBucketCommand({ Bucket: 'there' }))
      expect(answer).toMatchObject({ BucketRegion: 'cn-beijing', BucketArn: 'arn:aws:s3:::there' })
    })
    test('GetBucketLocation names its region as S3 does', async () => {
      const answer = await s3.send(new GetBucketLocationCommand({ Bucket: 'there' }))
      expect(answer.LocationConstraint).toBe('cn-beijing')
    })
    test('HeadBucket of none is 404', async () => {
      await expect(s3.send(new HeadBucketCommand({ Bucket: 'nowhere' }))).rejects.toMatchObject({
        name: 'NotFound',
        $metadata: { httpStatusCode: 404 },
      })
    })
    test('GetBucketLocation of none is NoSuchBucket', async () => {
      await expect(s3.send(new GetBucketLocationCommand({ Bucket: 'nowhere' }))).rejects.toMatchObject({
        name: 'NoSuchBucket',
        BucketName: 'nowhere',
      })
    })
  })

  describe('deleting', () => {
    test('an empty one is 204, and it can be made elsewhere', async () => {
      await create('moving', 'cn-beijing')
      const { $metadata } = await s3.send(new DeleteBucketCommand({ Bucket: 'moving' }))
      expect($metadata.httpStatusCode).toBe(204)
      await create('moving', 'cn-shanghai')
      await s3.send(new PutObjectCommand({ Bucket: 'moving', Key: 'k', Body: 'x' }))
      expect((await infoOf('moving', 'cn-shanghai')).Location).toBe('oss-cn-shanghai')
    })
    test('one with objects is BucketNotEmpty', async () => {
      await create('full')
      await s3.send(new PutObjectCommand({ Bucket: 'full', Key: 'k', Body: 'x' }))
      await expect(s3.send(new DeleteBucketCommand({ Bucket: 'full' }))).rejects.toMatchObject({
        name: 'BucketNotEmpty',
        BucketName: 'full',
        $metadata: { httpStatusCode: 409 },
      })
    })
    test('one that is not there is NoSuchBucket', async () => {
      await expect(s3.send(new DeleteBucketCommand({ Bucket: 'nowhere' }))).rejects.toMatchObject({
        name: 'NoSuchBucket',
      })
    })
  })

  describe('listing', () => {
    const names = Array.from({ length: 7 }, (_, i) => `list-${i}`)
    beforeAll(async () => {
      for (const [i, name] of names.entries()) await create(name, i % 2 ? 'cn-beijing' : undefined)
    })
    const list = async (input: ListBucketsCommandInput = {}) => {
      const answer = await s3.send(new ListBucketsCommand({ Prefix: 'list-', ...input }))
      return { ...answer, names: (answer.Buckets ?? []).map(({ Name }) => Name) }
    }

    test('shows those of every region, with region, date and owner', async () => {
      const answer = await list()
      expect(answer.names).toEqual(names)
      expect(answer.Buckets?.[1]).toMatchObject({
        BucketRegion: 'cn-beijing',
        CreationDate: expect.any(Date),
      })
      expect(Math.abs((answer.Buckets?.[0]?.CreationDate?.getTime() ?? 0) - Date.now())).toBeLessThan(
        3_600_000,
      )
      expect(answer.Owner?.ID).toBeTruthy()
      expect(answer.Prefix).toBe('list-')
      expect(answer.ContinuationToken).toBeUndefined()
    })

    test.each([1, 2, 3, 6, 7, 8])('in pages of %i each comes once, in order', async (MaxBuckets) => {
      const seen: (string | undefined)[] = []
      let token: string | undefined
      do {
        const page = await list({ MaxBuckets, ...(token ? { ContinuationToken: token } : {}) })
        expect(page.names.length).toBeLessThanOrEqual(MaxBuckets)
        seen.push(...page.names)
        token = page.ContinuationToken
      } while (token && seen.length < 20)
      expect(seen).toEqual(names)
    })

    test('of one region shows only those', async () => {
      expect((await list({ BucketRegion: 'cn-beijing' })).names).toEqual(['list-1', 'list-3', 'list-5'])
      expect((await list({ BucketRegion: 'cn-beijing', MaxBuckets: 2 })).names).toEqual(['list-1', 'list-3'])
      expect((await list({ BucketRegion: 'eu-west-1' })).names).toEqual([])
    })

    test('with a prefix that none has shows none', async () => {
      expect((await list({ Prefix: 'zzz' })).names).toEqual([])
    })

    test('with a token that is none says so', async () => {
      await expect(list({ ContinuationToken: '%%%' })).rejects.toMatchObject({ name: 'InvalidArgument' })
    })
  })
})
