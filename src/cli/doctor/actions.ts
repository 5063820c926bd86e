/** What an action is about, which decides what its resource is. */
export type Level = 'service' | 'bucket' | 'object'

/** An action of RAM that the gateway's identity needs. */
export type ActionRow = {
  /** RAM's name, without `oss:`. */
  action: string
  on: Level
  /** The calls to OSS that need it, by their names in oss/call-record.ts. */
  calls: readonly string[]
  /** Only in buckets that have this. */
  only?: Kind
  /** Also below the gateway's own prefix: locks of conditional writes, the index of parts. */
  reserved?: true
  /** Of a setting: also where clients have a part of the bucket, whose settings they may read. */
  part?: true
  /** What becomes of the gateway without it, where it goes on. */
  without?: string
}

/** What a bucket may have that some actions are for. */
export type Kind = 'versions' | 'object lock'

const row = (
  on: Level,
  action: string,
  calls = action,
  more: Omit<ActionRow, 'on' | 'action' | 'calls'> = {},
): ActionRow => ({
  action,
  on,
  calls: calls.split(' '),
  ...more,
})
const LOCKS_STAY =
  'where the bucket retains what is written, the gateway does not know it, and locks of conditional writes stay'
const versions = { only: 'versions' } as const
const objectLock = { only: 'object lock' } as const

/**
 * What S3's operations on objects need of OSS, lists and what the gateway looks up for them among these. Which action a
 * call needs is OSS's table (https://www.alibabacloud.com/help/en/oss/user-guide/authorization-syntax-and-elements), of
 * copies its page on CopyObject; the actions of object lock are named as their API.
 */
export const objectActions: readonly ActionRow[] = [
  row('service', 'ListBuckets'),
  row('bucket', 'GetBucketInfo'),
  row('bucket', 'GetBucketLocation'),
  // What an object without an ACL of its own has.
  row('bucket', 'GetBucketAcl'),
  row('bucket', 'GetBucketCors'),
  row('bucket', 'GetBucketWorm', 'GetBucketWorm', { without: LOCKS_STAY }),
  row('bucket', 'GetBucketObjectWormConfiguration', 'GetBucketObjectWorm', { without: LOCKS_STAY }),
  row('bucket', 'ListObjects'),
  row('bucket', 'ListObjectVersions'),
  row('bucket', 'ListMultipartUploads'),
  row('object', 'GetObject', 'GetObject HeadObject CopyObject UploadPartCopy', { reserved: true }),
  row(
    'object',
    'PutObject',
    'PutObject CopyObject AppendObject InitiateMultipartUpload UploadPart UploadPartCopy CompleteMultipartUpload',
    { reserved: true },
  ),
  row('object', 'DeleteObject', 'DeleteObject DeleteMultipleObjects', { reserved: true }),
  row('object', 'AbortMultipartUpload'),
  row('object', 'ListParts'),
  row('object', 'GetObjectTagging', 'GetObjectTagging CopyObject'),
  row('object', 'PutObjectTagging', 'PutObjectTagging PutObject CopyObject InitiateMultipartUpload'),
  row('object', 'DeleteObjectTagging'),
  row('object', 'GetObjectAcl'),
  row('object', 'PutObjectAcl'),
  row('object', 'RestoreObject'),
  row('object', 'GetObjectVersion', 'GetObject HeadObject CopyObject', versions),
  row('object', 'DeleteObjectVersion', 'DeleteObject', { ...versions, reserved: true }),
  row('object', 'GetObjectVersionTagging', 'GetObjectTagging', versions),
  row('object', 'PutObjectVersionTagging', 'PutObjectTagging', versions),
  row('object', 'DeleteObjectVersionTagging', 'DeleteObjectTagging', versions),
  row('object', 'GetObjectVersionAcl', 'GetObjectAcl', versions),
  row('object', 'PutObjectVersionAcl', 'PutObjectAcl', versions),
  row('object', 'RestoreObjectVersion', 'RestoreObject', versions),
  row('object', 'GetObjectRetention', 'GetObjectRetention', objectLock),
  row('object', 'PutObjectRetention', 'PutObjectRetention', objectLock),
  row('object', 'GetObjectLegalHold', 'GetObjectLegalHold', objectLock),
  row('object', 'PutObjectLegalHold', 'PutObjectLegalHold', objectLock),
]

/** Of settings: what is asked for where clients have a part of the bucket (operations/part-of-bucket.ts). */
const readInParts = new Set([
  ...['GetBucketVersioning', 'GetBucketTagging', 'GetBucketEncryption', 'GetBucketPublicAccessBlock'],
  'GetBucketRequestPayment',
])

/** What the operations on buckets and on their settings need besides, by the calls that they make; which are the actions' names. */
export const settingActions: readonly ActionRow[] = [
  ...`PutBucket DeleteBucket PutBucketAcl GetBucketVersioning PutBucketVersioning PutBucketCors
  DeleteBucketCors GetBucketLifecycle PutBucketLifecycle DeleteBucketLifecycle GetBucketTagging PutBucketTagging
  DeleteBucketTagging GetBucketEncryption PutBucketEncryption DeleteBucketEncryption GetBucketPublicAccessBlock
  PutBucketPublicAccessBlock DeleteBucketPublicAccessBlock GetBucketLogging PutBucketLogging DeleteBucketLogging
  GetBucketWebsite PutBucketWebsite DeleteBucketWebsite GetBucketRequestPayment PutBucketRequestPayment
  GetBucketPolicy PutBucketPolicy DeleteBucketPolicy GetBucketPolicyStatus`
    .split(/\s+/)
    .map((action) => row('bucket', action, action, readInParts.has(action) ? { part: true } : {})),
  row('bucket', 'GetBucketTransferAcceleration', 'GetBucketTransferAcceleration', { part: true }),
  row('bucket', 'PutBucketTransferAcceleration'),
  row('bucket', 'PutBucketObjectWormConfiguration', 'PutBucketObjectWorm'),
]
