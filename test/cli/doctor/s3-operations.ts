import * as S3 from '@aws-sdk/client-s3'
import { postForm, signFields } from '../../gateway/form.ts'

/** Where operations are tried: two buckets in two regions, the first with an object `k` that has a tag. */
export type Place = {
  endpoint: string
  s3: S3.S3Client
  Bucket: string
  far: string
  /** The keys that clients sign with. */
  keys: { accessKeyId: string; secretAccessKey: string }
}

/** Does what its name says, and nothing else that would need more of OSS. */
export type Doing = (place: Place) => Promise<unknown>

/** What a write streams. */
const long = Buffer.alloc(300_000, 'long ')
/** The least that a part may have before the last, and more than one copy may be of (accounts-world.ts). */
const part = Buffer.alloc(5 * 1024 ** 2, 'part ')

async function begun({ s3, Bucket }: Place, Key: string) {
  const { UploadId } = await s3.send(new S3.CreateMultipartUploadCommand({ Bucket, Key }))
  return { Bucket, Key, UploadId }
}

async function uploaded(place: Place, Key: string, bodies: readonly Buffer[]) {
  const upload = await begun(place, Key)
  const Parts = await Promise.all(
    bodies.map(async (Body, i) => {
      const PartNumber = i + 1
      const { ETag } = await place.s3.send(new S3.UploadPartCommand({ ...upload, PartNumber, Body }))
      return { PartNumber, ETag }
    }),
  )
  return { ...upload, MultipartUpload: { Parts } }
}

/** S3's operations on objects, and those that tell of a bucket what every client asks, in the ways that differ for OSS. */
export const onObjects: Record<string, Doing> = {
  ListBuckets: ({ s3 }) => s3.send(new S3.ListBucketsCommand()),
  HeadBucket: ({ s3, Bucket }) => s3.send(new S3.HeadBucketCommand({ Bucket })),
  GetBucketLocation: ({ s3, Bucket }) => s3.send(new S3.GetBucketLocationCommand({ Bucket })),
  ListObjects: ({ s3, Bucket }) => s3.send(new S3.ListObjectsCommand({ Bucket })),
  ListObjectsV2: ({ s3, Bucket }) => s3.send(new S3.ListObjectsV2Command({ Bucket, FetchOwner: true })),
  ListObjectVersions: ({ s3, Bucket }) => s3.send(new S3.ListObjectVersionsCommand({ Bucket })),
  'PutObject, short': ({ s3, Bucket }) =>
    s3.send(new S3.PutObjectCommand({ Bucket, Key: 'short', Body: 'x', Metadata: { a: 'b' } })),
  'PutObject, in a stream': ({ s3, Bucket }) =>
    s3.send(new S3.PutObjectCommand({ Bucket, Key: 'long', Body: long })),
  'PutObject with tags and an ACL': ({ s3, Bucket }) =>
    s3.send(new S3.PutObjectCommand({ Bucket, Key: 'short', Body: 'x', Tagging: 'a=b', ACL: 'public-read' })),
  'PutObject on If-None-Match': ({ s3, Bucket }) =>
    s3.send(new S3.PutObjectCommand({ Bucket, Key: 'first', Body: 'x', IfNoneMatch: '*' })),
  'PutObject on If-Match': async ({ s3, Bucket }) => {
    const { ETag } = await s3.send(new S3.PutObjectCommand({ Bucket, Key: 'again', Body: 'x' }))
    await s3.send(new S3.PutObjectCommand({ Bucket, Key: 'again', Body: 'y', IfMatch: ETag }))
  },
  PostObject: async ({ endpoint, Bucket, keys }) => {
    const { target, method, headers, body } = postForm(signFields({ key: 'form' }, Bucket, keys), 'x', {
      target: `/${Bucket}`,
    })
    const { status } = await fetch(endpoint + target, { method, headers, body } as RequestInit)
    if (status >= 300) throw new Error(String(status))
  },
  GetObject: ({ s3, Bucket }) => s3.send(new S3.GetObjectCommand({ Bucket, Key: 'k' })),
  'GetObject of a part': ({ s3, Bucket }) =>
    s3.send(new S3.GetObjectCommand({ Bucket, Key: 'k', PartNumber: 1 })),
  HeadObject: ({ s3, Bucket }) => s3.send(new S3.HeadObjectCommand({ Bucket, Key: 'k' })),
  'PreflightBucket and PreflightObject': async ({ endpoint, Bucket }) => {
    const headers = { origin: 'https://example.com', 'access-control-request-method': 'GET' }
    for (const path of [Bucket, `${Bucket}/k`]) {
      const { status } = await fetch(`${endpoint}/${path}`, { method: 'OPTIONS', headers })
      if (status >= 300) throw new Error(String(status))
    }
  },
  GetObjectAttributes: ({ s3, Bucket }) =>
    s3.send(
      new S3.GetObjectAttributesCommand({
        Bucket,
        Key: 'k',
        ObjectAttributes: ['ObjectSize', 'ObjectParts'],
      }),
    ),
  CopyObject: ({ s3, Bucket }) =>
    s3.send(new S3.CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/k` })),
  'CopyObject with new tags': ({ s3, Bucket }) =>
    s3.send(
      new S3.CopyObjectCommand({
        Bucket,
        Key: 'copy',
        CopySource: `${Bucket}/k`,
        TaggingDirective: 'REPLACE',
        Tagging: 'a=b',
      }),
    ),
  'CopyObject from another region': ({ s3, Bucket, far }) =>
    s3.send(new S3.CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${far}/k` })),
  'CopyObject of what is larger than one copy may be': async ({ s3, Bucket }) => {
    await s3.send(new S3.PutObjectCommand({ Bucket, Key: 'large', Body: part }))
    await s3.send(new S3.CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/large` }))
  },
  DeleteObject: ({ s3, Bucket }) => s3.send(new S3.DeleteObjectCommand({ Bucket, Key: 'none' })),
  DeleteObjects: ({ s3, Bucket }) =>
    s3
      .send(new S3.DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'none' }] } }))
      .then(({ Errors = [] }) => {
        if (Errors.length > 0) throw new Error(Errors[0]?.Code)
      }),
  GetObjectAcl: ({ s3, Bucket }) => s3.send(new S3.GetObjectAclCommand({ Bucket, Key: 'k' })),
  PutObjectAcl: ({ s3, Bucket }) => s3.send(new S3.PutObjectAclCommand({ Bucket, Key: 'k', ACL: 'private' })),
  GetObjectTagging: ({ s3, Bucket }) => s3.send(new S3.GetObjectTaggingCommand({ Bucket, Key: 'k' })),
  PutObjectTagging: ({ s3, Bucket }) =>
    s3.send(
      new S3.PutObjectTaggingCommand({ Bucket, Key: 'k', Tagging: { TagSet: [{ Key: 'a', Value: 'b' }] } }),
    ),
  DeleteObjectTagging: ({ s3, Bucket }) => s3.send(new S3.DeleteObjectTaggingCommand({ Bucket, Key: 'k' })),
  RestoreObject: async ({ s3, Bucket }) => {
    await s3.send(new S3.PutObjectCommand({ Bucket, Key: 'cold', Body: 'x', StorageClass: 'GLACIER' }))
    await s3.send(new S3.RestoreObjectCommand({ Bucket, Key: 'cold', RestoreRequest: { Days: 1 } }))
  },
  CreateMultipartUpload: (place) => begun(place, 'upload'),
  UploadPart: async (place) => {
    const upload = await begun(place, 'upload')
    await place.s3.send(new S3.UploadPartCommand({ ...upload, PartNumber: 1, Body: 'x' }))
  },
  UploadPartCopy: async (place) => {
    const upload = await begun(place, 'upload')
    const CopySource = `${place.Bucket}/k`
    await place.s3.send(new S3.UploadPartCopyCommand({ ...upload, PartNumber: 1, CopySource }))
  },
  CompleteMultipartUpload: async (place) => {
    const upload = await uploaded(place, 'in-parts', [long])
    await place.s3.send(new S3.CompleteMultipartUploadCommand(upload))
  },
  'CompleteMultipartUpload on If-None-Match, and what is kept of its parts read': async (place) => {
    const { s3, Bucket } = place
    const upload = await uploaded(place, 'in-parts-once', [part, Buffer.from('end')])
    await s3.send(new S3.CompleteMultipartUploadCommand({ ...upload, IfNoneMatch: '*' }))
    const second = { Bucket, Key: 'in-parts-once', PartNumber: 2 }
    const { ContentLength } = await s3.send(new S3.HeadObjectCommand(second))
    if (ContentLength !== 3) throw new Error(`part 2 has ${ContentLength} bytes`)
  },
  AbortMultipartUpload: async (place) =>
    place.s3.send(new S3.AbortMultipartUploadCommand(await begun(place, 'upload'))),
  ListParts: async (place) => place.s3.send(new S3.ListPartsCommand(await begun(place, 'upload'))),
  ListMultipartUploads: ({ s3, Bucket }) => s3.send(new S3.ListMultipartUploadsCommand({ Bucket })),
}

async function version({ s3, Bucket }: Place) {
  const { VersionId } = await s3.send(new S3.PutObjectCommand({ Bucket, Key: 'versioned', Body: 'x' }))
  return { Bucket, Key: 'versioned', VersionId }
}
/** The operations that name a version, in a bucket with versions. */
export const onVersions: Record<string, Doing> = {
  'GetObject of a version': async (place) => place.s3.send(new S3.GetObjectCommand(await version(place))),
  'DeleteObject of a version': async (place) =>
    place.s3.send(new S3.DeleteObjectCommand(await version(place))),
  'GetObjectAcl of a version': async (place) =>
    place.s3.send(new S3.GetObjectAclCommand(await version(place))),
  'PutObjectAcl of a version': async (place) =>
    place.s3.send(new S3.PutObjectAclCommand({ ...(await version(place)), ACL: 'private' })),
  'GetObjectTagging of a version': async (place) =>
    place.s3.send(new S3.GetObjectTaggingCommand(await version(place))),
  'PutObjectTagging of a version': async (place) =>
    place.s3.send(new S3.PutObjectTaggingCommand({ ...(await version(place)), Tagging: { TagSet: [] } })),
  'DeleteObjectTagging of a version': async (place) =>
    place.s3.send(new S3.DeleteObjectTaggingCommand(await version(place))),
  'CopyObject of a version': async (place) => {
    const { Bucket, Key, VersionId } = await version(place)
    const CopySource = `${Bucket}/${Key}?versionId=${VersionId}`
    await place.s3.send(new S3.CopyObjectCommand({ Bucket, Key: 'copy', CopySource }))
  },
  'CopyObject of a version from another region': async (place) => {
    const { s3, Bucket, far } = place
    const { VersionId } = await s3.send(
      new S3.PutObjectCommand({ Bucket: far, Key: 'v', Body: 'x', Tagging: 'a=b' }),
    )
    const CopySource = `${far}/v?versionId=${VersionId}`
    await s3.send(new S3.CopyObjectCommand({ Bucket, Key: 'copy', CopySource }))
  },
  'RestoreObject of a version': async ({ s3, Bucket }) => {
    const object = { Bucket, Key: 'cold' }
    const { VersionId } = await s3.send(
      new S3.PutObjectCommand({ ...object, Body: 'x', StorageClass: 'GLACIER' }),
    )
    await s3.send(new S3.RestoreObjectCommand({ ...object, VersionId, RestoreRequest: { Days: 1 } }))
  },
}

const Retention = { Mode: 'GOVERNANCE', RetainUntilDate: new Date(Date.now() + 86_400_000) } as const

/** The operations of object lock, in a bucket with it. */
export const onLocked: Record<string, Doing> = {
  'PutObject with a lock': ({ s3, Bucket }) =>
    s3.send(
      new S3.PutObjectCommand({
        Bucket,
        Key: 'locked',
        Body: 'x',
        ObjectLockMode: Retention.Mode,
        ObjectLockRetainUntilDate: Retention.RetainUntilDate,
        ObjectLockLegalHoldStatus: 'ON',
      }),
    ),
  PutObjectRetention: async (place) =>
    place.s3.send(new S3.PutObjectRetentionCommand({ ...(await version(place)), Retention })),
  GetObjectRetention: async (place) => {
    const object = await version(place)
    await place.s3.send(new S3.PutObjectRetentionCommand({ ...object, Retention }))
    await place.s3.send(new S3.GetObjectRetentionCommand(object))
  },
  PutObjectLegalHold: async (place) =>
    place.s3.send(
      new S3.PutObjectLegalHoldCommand({ ...(await version(place)), LegalHold: { Status: 'ON' } }),
    ),
  GetObjectLegalHold: async (place) => {
    const object = await version(place)
    await place.s3.send(new S3.PutObjectLegalHoldCommand({ ...object, LegalHold: { Status: 'ON' } }))
    await place.s3.send(new S3.GetObjectLegalHoldCommand(object))
  },
}

/** That there is none is an answer, too. */
const orNone = (answer: Promise<unknown>) =>
  answer.catch((error: S3.S3ServiceException) => {
    if (error.$metadata.httpStatusCode !== 404) throw error
  })

const policy = (Bucket: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Deny', Principal: '*', Action: 's3:RestoreObject', Resource: `arn:aws:s3:::${Bucket}/*` },
    ],
  })

/** S3's operations on buckets and their settings. */
export const onBuckets: Record<string, Doing> = {
  GetBucketVersioning: ({ s3, Bucket }) => s3.send(new S3.GetBucketVersioningCommand({ Bucket })),
  PutBucketVersioning: ({ s3, Bucket }) =>
    s3.send(new S3.PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } })),
  GetBucketCors: ({ s3, Bucket }) => orNone(s3.send(new S3.GetBucketCorsCommand({ Bucket }))),
  PutBucketCors: ({ s3, Bucket }) =>
    s3.send(
      new S3.PutBucketCorsCommand({
        Bucket,
        CORSConfiguration: { CORSRules: [{ AllowedMethods: ['GET'], AllowedOrigins: ['*'] }] },
      }),
    ),
  DeleteBucketCors: ({ s3, Bucket }) => s3.send(new S3.DeleteBucketCorsCommand({ Bucket })),
  GetBucketLifecycleConfiguration: ({ s3, Bucket }) =>
    orNone(s3.send(new S3.GetBucketLifecycleConfigurationCommand({ Bucket }))),
  PutBucketLifecycleConfiguration: ({ s3, Bucket }) =>
    s3.send(
      new S3.PutBucketLifecycleConfigurationCommand({
        Bucket,
        LifecycleConfiguration: {
          Rules: [{ Status: 'Enabled', Filter: { Prefix: 'old/' }, Expiration: { Days: 30 } }],
        },
      }),
    ),
  DeleteBucketLifecycle: ({ s3, Bucket }) => s3.send(new S3.DeleteBucketLifecycleCommand({ Bucket })),
  GetBucketTagging: ({ s3, Bucket }) => orNone(s3.send(new S3.GetBucketTaggingCommand({ Bucket }))),
  PutBucketTagging: ({ s3, Bucket }) =>
    s3.send(new S3.PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: [{ Key: 'a', Value: 'b' }] } })),
  DeleteBucketTagging: ({ s3, Bucket }) => s3.send(new S3.DeleteBucketTaggingCommand({ Bucket })),
  GetBucketEncryption: ({ s3, Bucket }) => orNone(s3.send(new S3.GetBucketEncryptionCommand({ Bucket }))),
  PutBucketEncryption: ({ s3, Bucket }) =>
    s3.send(
      new S3.PutBucketEncryptionCommand({
        Bucket,
        ServerSideEncryptionConfiguration: {
          Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
        },
      }),
    ),
  DeleteBucketEncryption: ({ s3, Bucket }) => s3.send(new S3.DeleteBucketEncryptionCommand({ Bucket })),
  GetPublicAccessBlock: ({ s3, Bucket }) => orNone(s3.send(new S3.GetPublicAccessBlockCommand({ Bucket }))),
  PutPublicAccessBlock: ({ s3, Bucket }) =>
    s3.send(
      new S3.PutPublicAccessBlockCommand({
        Bucket,
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
      }),
    ),
  DeletePublicAccessBlock: ({ s3, Bucket }) => s3.send(new S3.DeletePublicAccessBlockCommand({ Bucket })),
  GetBucketLogging: ({ s3, Bucket }) => s3.send(new S3.GetBucketLoggingCommand({ Bucket })),
  PutBucketLogging: async ({ s3, Bucket }) => {
    const LoggingEnabled = { TargetBucket: Bucket, TargetPrefix: 'log/' }
    await s3.send(new S3.PutBucketLoggingCommand({ Bucket, BucketLoggingStatus: { LoggingEnabled } }))
    await s3.send(new S3.PutBucketLoggingCommand({ Bucket, BucketLoggingStatus: {} }))
  },
  GetBucketWebsite: ({ s3, Bucket }) => orNone(s3.send(new S3.GetBucketWebsiteCommand({ Bucket }))),
  PutBucketWebsite: ({ s3, Bucket }) =>
    s3.send(
      new S3.PutBucketWebsiteCommand({
        Bucket,
        WebsiteConfiguration: { IndexDocument: { Suffix: 'index.html' } },
      }),
    ),
  DeleteBucketWebsite: ({ s3, Bucket }) => s3.send(new S3.DeleteBucketWebsiteCommand({ Bucket })),
  GetBucketRequestPayment: ({ s3, Bucket }) => s3.send(new S3.GetBucketRequestPaymentCommand({ Bucket })),
  PutBucketRequestPayment: ({ s3, Bucket }) =>
    s3.send(
      new S3.PutBucketRequestPaymentCommand({
        Bucket,
        RequestPaymentConfiguration: { Payer: 'BucketOwner' },
      }),
    ),
  GetBucketAccelerateConfiguration: ({ s3, Bucket }) =>
    s3.send(new S3.GetBucketAccelerateConfigurationCommand({ Bucket })),
  PutBucketAccelerateConfiguration: ({ s3, Bucket }) =>
    s3.send(
      new S3.PutBucketAccelerateConfigurationCommand({
        Bucket,
        AccelerateConfiguration: { Status: 'Suspended' },
      }),
    ),
  GetObjectLockConfiguration: ({ s3, Bucket }) =>
    orNone(s3.send(new S3.GetObjectLockConfigurationCommand({ Bucket }))),
  GetBucketAcl: ({ s3, Bucket }) => s3.send(new S3.GetBucketAclCommand({ Bucket })),
  PutBucketAcl: ({ s3, Bucket }) => s3.send(new S3.PutBucketAclCommand({ Bucket, ACL: 'private' })),
  // Of the policy that lets the gateway in it says that S3 has no words for it.
  GetBucketPolicy: ({ s3, Bucket }) =>
    s3.send(new S3.GetBucketPolicyCommand({ Bucket })).catch((error: S3.S3ServiceException) => {
      if (error.name !== 'NotImplemented') throw error
    }),
  GetBucketPolicyStatus: ({ s3, Bucket }) => orNone(s3.send(new S3.GetBucketPolicyStatusCommand({ Bucket }))),
  PutBucketPolicy: ({ s3, Bucket }) =>
    s3.send(new S3.PutBucketPolicyCommand({ Bucket, Policy: policy(Bucket) })),
  DeleteBucketPolicy: ({ s3, Bucket }) => s3.send(new S3.DeleteBucketPolicyCommand({ Bucket })),
  GetBucketNotificationConfiguration: ({ s3, Bucket }) =>
    s3.send(new S3.GetBucketNotificationConfigurationCommand({ Bucket })),
  PutBucketNotificationConfiguration: ({ s3, Bucket }) =>
    s3.send(new S3.PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration: {} })),
  GetBucketOwnershipControls: ({ s3, Bucket }) =>
    orNone(s3.send(new S3.GetBucketOwnershipControlsCommand({ Bucket }))),
  PutBucketOwnershipControls: ({ s3, Bucket }) =>
    s3.send(
      new S3.PutBucketOwnershipControlsCommand({
        Bucket,
        OwnershipControls: { Rules: [{ ObjectOwnership: 'ObjectWriter' }] },
      }),
    ),
  // There is no place to delete them from.
  DeleteBucketOwnershipControls: ({ s3, Bucket }) =>
    s3.send(new S3.DeleteBucketOwnershipControlsCommand({ Bucket })).catch((error: S3.S3ServiceException) => {
      if (error.name !== 'NotImplemented') throw error
    }),
}

/** Those of a bucket's life, and object lock, which is switched on for good: each in a bucket of its own. */
export const onOwnBuckets: Record<string, Doing> = {
  'CreateBucket and DeleteBucket': async ({ s3 }) => {
    const Bucket = 'of-its-own'
    await s3.send(new S3.CreateBucketCommand({ Bucket }))
    await s3.send(new S3.DeleteBucketCommand({ Bucket }))
  },
  PutObjectLockConfiguration: async ({ s3 }) => {
    const Bucket = 'to-be-locked'
    await s3.send(new S3.CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }))
    await s3.send(
      new S3.PutObjectLockConfigurationCommand({
        Bucket,
        ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' },
      }),
    )
  },
}
