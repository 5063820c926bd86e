import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeletePublicAccessBlockCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutBucketAclCommand,
  PutBucketPolicyCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { setups, startWorld, type World } from '../harness.ts'

const ACL = 'public-read'
const Bucket = 'made'

describe.each(setups)('where OSS blocks public access to new buckets, %s', (runtime) => {
  let world: World
  beforeAll(async () => {
    world = await startWorld(runtime, {}, { newBucketsBlockPublicAccess: true })
    await world.s3().send(new CreateBucketCommand({ Bucket }))
    await world.s3().send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'x' }))
  })
  afterAll(() => world.stop())

  const everyone = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/*` },
    ],
  })
  const publications = {
    PutBucketAcl: () => new PutBucketAclCommand({ Bucket, ACL }),
    PutObjectAcl: () => new PutObjectAclCommand({ Bucket, Key: 'key', ACL }),
    PutBucketPolicy: () => new PutBucketPolicyCommand({ Bucket, Policy: everyone }),
    PutObject: () => new PutObjectCommand({ Bucket, Key: 'new', Body: 'x', ACL }),
    CopyObject: () => new CopyObjectCommand({ Bucket, Key: 'new', CopySource: `${Bucket}/key`, ACL }),
  }

  test('a new bucket says so, and takes nothing public until that is deleted', async () => {
    const s3 = world.s3()
    const { PublicAccessBlockConfiguration: block } = await s3.send(
      new GetPublicAccessBlockCommand({ Bucket }),
    )
    expect(block).toEqual({
      BlockPublicAcls: true,
      IgnorePublicAcls: true,
      BlockPublicPolicy: true,
      RestrictPublicBuckets: true,
    })
    const refused = { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } }
    for (const [name, command] of Object.entries(publications)) {
      await expect(s3.send(command() as PutObjectCommand), name).rejects.toMatchObject(refused)
    }
    // OSS takes the ACL with the completion.
    const parts = { Bucket, Key: 'new' }
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...parts, ACL }))
    const upload = { ...parts, UploadId }
    const { ETag } = await s3.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: 'x' }))
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
    const complete = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload })
    await expect(s3.send(complete)).rejects.toMatchObject({ name: 'AccessDenied' })
    await expect(s3.send(new HeadObjectCommand({ Bucket, Key: 'new' }))).rejects.toMatchObject({
      name: 'NotFound',
    })
    await s3.send(new DeletePublicAccessBlockCommand({ Bucket }))
    for (const command of Object.values(publications)) await s3.send(command() as PutObjectCommand)
  })

  test('no bucket is made public', async () => {
    const s3 = world.s3()
    const made = { Bucket: 'never-made', ACL } as const
    await expect(s3.send(new CreateBucketCommand(made))).rejects.toMatchObject({ name: 'AccessDenied' })
    await expect(s3.send(new HeadBucketCommand({ Bucket: 'never-made' }))).rejects.toMatchObject({
      name: 'NotFound',
    })
  })
})
