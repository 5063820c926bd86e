import * as S3 from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runtimes, startWorld, type World } from '../harness.ts'

const Bucket = 'bucket'
const Key = 'k'
const object = { Bucket, Key }

/** What a client does that needs an action of S3; with the id of a version, and of an upload, of the key. */
type Doing = (ids: { VersionId: string; UploadId: string }) => object

const onObjects: Record<string, Doing> = {
  GetObject: () => new S3.GetObjectCommand(object),
  GetObjectVersion: ({ VersionId }) => new S3.GetObjectCommand({ ...object, VersionId }),
  PutObject: () => new S3.PutObjectCommand({ ...object, Key: 'new', Body: 'x' }),
  DeleteObject: () => new S3.DeleteObjectCommand({ ...object, Key: 'none' }),
  DeleteObjectVersion: ({ VersionId }) => new S3.DeleteObjectCommand({ ...object, VersionId }),
  GetObjectAcl: () => new S3.GetObjectAclCommand(object),
  PutObjectAcl: () => new S3.PutObjectAclCommand({ ...object, ACL: 'private' }),
  GetObjectTagging: () => new S3.GetObjectTaggingCommand(object),
  GetObjectVersionTagging: ({ VersionId }) => new S3.GetObjectTaggingCommand({ ...object, VersionId }),
  PutObjectTagging: () => new S3.PutObjectTaggingCommand({ ...object, Tagging: { TagSet: [] } }),
  DeleteObjectTagging: () => new S3.DeleteObjectTaggingCommand(object),
  AbortMultipartUpload: ({ UploadId }) => new S3.AbortMultipartUploadCommand({ ...object, UploadId }),
  ListMultipartUploadParts: ({ UploadId }) => new S3.ListPartsCommand({ ...object, UploadId }),
}
const onBucket: Record<string, Doing> = {
  ListBucket: () => new S3.ListObjectsV2Command({ Bucket }),
  ListBucketVersions: () => new S3.ListObjectVersionsCommand({ Bucket }),
  ListBucketMultipartUploads: () => new S3.ListMultipartUploadsCommand({ Bucket }),
  DeleteBucket: () => new S3.DeleteBucketCommand({ Bucket }),
  GetBucketLocation: () => new S3.GetBucketLocationCommand({ Bucket }),
  GetBucketAcl: () => new S3.GetBucketAclCommand({ Bucket }),
  PutBucketAcl: () => new S3.PutBucketAclCommand({ Bucket, ACL: 'private' }),
  GetBucketVersioning: () => new S3.GetBucketVersioningCommand({ Bucket }),
  PutBucketVersioning: () =>
    new S3.PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }),
  GetBucketPolicyStatus: () => new S3.GetBucketPolicyStatusCommand({ Bucket }),
  GetBucketPublicAccessBlock: () => new S3.GetPublicAccessBlockCommand({ Bucket }),
  PutBucketPublicAccessBlock: () => new S3.DeletePublicAccessBlockCommand({ Bucket }),
  GetBucketCORS: () => new S3.GetBucketCorsCommand({ Bucket }),
  PutBucketCORS: () => new S3.DeleteBucketCorsCommand({ Bucket }),
  GetLifecycleConfiguration: () => new S3.GetBucketLifecycleConfigurationCommand({ Bucket }),
  PutLifecycleConfiguration: () => new S3.DeleteBucketLifecycleCommand({ Bucket }),
  GetBucketTagging: () => new S3.GetBucketTaggingCommand({ Bucket }),
  PutBucketTagging: () => new S3.PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: [] } }),
  GetEncryptionConfiguration: () => new S3.GetBucketEncryptionCommand({ Bucket }),
  PutEncryptionConfiguration: () => new S3.DeleteBucketEncryptionCommand({ Bucket }),
  GetBucketLogging: () => new S3.GetBucketLoggingCommand({ Bucket }),
  PutBucketLogging: () => new S3.PutBucketLoggingCommand({ Bucket, BucketLoggingStatus: {} }),
  GetBucketWebsite: () => new S3.GetBucketWebsiteCommand({ Bucket }),
  DeleteBucketWebsite: () => new S3.DeleteBucketWebsiteCommand({ Bucket }),
  PutBucketWebsite: () =>
    new S3.PutBucketWebsiteCommand({
      Bucket,
      WebsiteConfiguration: { IndexDocument: { Suffix: 'index.html' } },
    }),
  GetBucketRequestPayment: () => new S3.GetBucketRequestPaymentCommand({ Bucket }),
  PutBucketRequestPayment: () =>
    new S3.PutBucketRequestPaymentCommand({
      Bucket,
      RequestPaymentConfiguration: { Payer: 'BucketOwner' },
    }),
  GetAccelerateConfiguration: () => new S3.GetBucketAccelerateConfigurationCommand({ Bucket }),
  PutAccelerateConfiguration: () =>
    new S3.PutBucketAccelerateConfigurationCommand({
      Bucket,
      AccelerateConfiguration: { Status: 'Suspended' },
    }),
  GetBucketObjectLockConfiguration: () => new S3.GetObjectLockConfigurationCommand({ Bucket }),
}

describe.each(runtimes)('what a policy denies to everyone on %s', (runtime) => {
  let world: World
  let s3: S3.S3Client
  let ids: Parameters<Doing>[0]

  beforeAll(async () => {
    world = await startWorld(runtime)
    s3 = world.s3()
    await s3.send(new S3.CreateBucketCommand({ Bucket }))
    await s3.send(
      new S3.PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }),
    )
    const { VersionId = '' } = await s3.send(new S3.PutObjectCommand({ ...object, Body: 'x' }))
    const { UploadId = '' } = await s3.send(new S3.CreateMultipartUploadCommand(object))
    ids = { VersionId, UploadId }
  })
  afterAll(() => world.stop())

  const deny = (statement: object) =>
    s3.send(
      new S3.PutBucketPolicyCommand({
        Bucket,
        Policy: JSON.stringify({ Statement: [{ Effect: 'Deny', Principal: '*', ...statement }] }),
      }),
    )
  const undo = () => s3.send(new S3.DeleteBucketPolicyCommand({ Bucket }))
  const codeOf = (doing: Doing) =>
    s3.send(doing(ids) as never).then(
      () => 'done',
      (error: S3.S3ServiceException) => `${error.$metadata.httpStatusCode} ${error.name}`,
    )
  const Resource = [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`]
  const rows = Object.entries({ ...onObjects, ...onBucket })

  test.each(rows)('s3:%s, the client may not', async (name, doing) => {
    await deny({ Action: `s3:${name}`, Resource })
    expect(await codeOf(doing)).toBe('403 AccessDenied')
    await undo()
  })

  test('all of it, and the policy stays in the owner’s hands', async () => {
    await deny({ Action: 's3:*', Resource })
    for (const [name, doing] of rows)
      expect(`${name}: ${await codeOf(doing)}`).toBe(`${name}: 403 AccessDenied`)
    expect(await codeOf(() => new S3.HeadBucketCommand({ Bucket }))).toMatch(/^403/)
    const { Policy = '' } = await s3.send(new S3.GetBucketPolicyCommand({ Bucket }))
    expect(JSON.parse(Policy).Statement).toEqual([
      { Effect: 'Deny', Principal: '*', Action: ['s3:*'], Resource },
    ])
    await undo()
    expect(await codeOf(() => new S3.GetObjectCommand(object))).toBe('done')
  })

  test('under a prefix, as a copy’s source, and one key of many', async () => {
    await s3.send(new S3.PutObjectCommand({ Bucket, Key: 'closed/k', Body: 'x' }))
    await deny({ Action: ['s3:GetObject', 's3:DeleteObject'], Resource: `arn:aws:s3:::${Bucket}/closed/*` })
    const copy = (from: string) => () =>
      new S3.CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/${from}` })
    expect(await codeOf(copy('closed/k'))).toBe('403 AccessDenied')
    expect(await codeOf(copy(Key))).toBe('done')
    const Objects = [{ Key: 'copy' }, { Key: 'closed/k' }]
    expect(await codeOf(() => new S3.DeleteObjectsCommand({ Bucket, Delete: { Objects } }))).toBe(
      '403 AccessDenied',
    )
    expect(await codeOf(() => new S3.HeadObjectCommand({ Bucket, Key: 'copy' }))).toBe('done')
    await undo()
  })

  test('an ACL that is public, by whatever words', async () => {
    const Condition = { StringLike: { 's3:x-amz-acl': 'public*' } }
    await deny({ Action: ['s3:PutObject', 's3:PutObjectAcl'], Resource: Resource[1], Condition })
    const put = (more: object) => () => new S3.PutObjectCommand({ ...object, Body: 'x', ...more })
    const everyone = 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'
    expect(await codeOf(put({ ACL: 'public-read' }))).toBe('403 AccessDenied')
    expect(await codeOf(put({ GrantRead: everyone }))).toBe('403 AccessDenied')
    expect(await codeOf(() => new S3.PutObjectAclCommand({ ...object, ACL: 'public-read' }))).toBe(
      '403 AccessDenied',
    )
    for (const more of [{}, { ACL: 'private' }, { ACL: 'bucket-owner-full-control' }]) {
      expect(await codeOf(put(more))).toBe('done')
    }
    await undo()
  })

  test('tags that an object has, and that it would get', async () => {
    const on = (Tagging: string) => () =>
      new S3.PutObjectCommand({ Bucket, Key: 'tagged', Body: 'x', Tagging })
    await deny({
      Action: 's3:PutObject',
      Resource: Resource[1],
      Condition: { StringEquals: { 's3:RequestObjectTag/level': 'high' } },
    })
    expect(await codeOf(on('level=high'))).toBe('403 AccessDenied')
    expect(await codeOf(on('level=low'))).toBe('done')
    await deny({ Action: 's3:PutObjectTagging', Resource: Resource[1] })
    expect(await codeOf(on('level=low'))).toBe('403 AccessDenied')
    await deny({
      Action: 's3:GetObject',
      Resource: Resource[1],
      Condition: { StringEquals: { 's3:ExistingObjectTag/level': 'low' } },
    })
    expect(await codeOf(() => new S3.GetObjectCommand({ Bucket, Key: 'tagged' }))).toBe('403 AccessDenied')
    expect(await codeOf(() => new S3.GetObjectCommand(object))).toBe('done')
    await undo()
  })

  test('lists but for a prefix', async () => {
    const Condition = { StringNotLike: { 's3:prefix': ['open/*', 'a'] } }
    await deny({ Action: ['s3:ListBucket', 's3:ListBucketVersions'], Resource: Resource[0], Condition })
    const list = (Prefix?: string) => () => new S3.ListObjectsV2Command({ Bucket, Prefix })
    expect(await codeOf(list('open/x'))).toBe('done')
    expect(await codeOf(list('closed/'))).toBe('403 AccessDenied')
    expect(await codeOf(list())).toBe('403 AccessDenied')
    expect(await codeOf(() => new S3.ListObjectVersionsCommand({ Bucket, Prefix: 'a' }))).toBe('done')
    await undo()
  })
})
