import type { RequestRecord } from './record.ts'

/** Operations whose resource is not in their name as S3's logs have it. */
const resources: Record<string, string> = {
  ListBuckets: 'SERVICE',
  CreateBucket: 'BUCKET',
  HeadBucket: 'BUCKET',
  DeleteBucket: 'BUCKET',
  ListObjects: 'BUCKET',
  ListObjectsV2: 'BUCKET',
  ListObjectVersions: 'BUCKETVERSIONS',
  ListMultipartUploads: 'UPLOADS',
  GetBucketLocation: 'LOCATION',
  DeleteObjects: 'MULTI_OBJECT_DELETE',
  GetObject: 'OBJECT',
  HeadObject: 'OBJECT',
  PutObject: 'OBJECT',
  PostObject: 'BUCKET',
  DeleteObject: 'OBJECT',
  CreateMultipartUpload: 'UPLOADS',
  UploadPart: 'PART',
  CompleteMultipartUpload: 'UPLOAD',
  AbortMultipartUpload: 'UPLOAD',
  ListParts: 'UPLOAD',
  GetBucketPolicy: 'BUCKETPOLICY',
  PutBucketPolicy: 'BUCKETPOLICY',
  DeleteBucketPolicy: 'BUCKETPOLICY',
  GetBucketLogging: 'LOGGING_STATUS',
  PutBucketLogging: 'LOGGING_STATUS',
  GetObjectAcl: 'ACL',
  PutObjectAcl: 'ACL',
  GetObjectRetention: 'OBJECT_LOCK_RETENTION',
  PutObjectRetention: 'OBJECT_LOCK_RETENTION',
  GetObjectLegalHold: 'OBJECT_LOCK_LEGALHOLD',
  PutObjectLegalHold: 'OBJECT_LOCK_LEGALHOLD',
  RestoreObject: 'RESTORE',
  PreflightBucket: 'PREFLIGHT',
  PreflightObject: 'PREFLIGHT',
}

/** Where S3's names of operations end so, its logs leave it out; but for object lock's. */
const CONFIGURATION = /(?<!ObjectLock)Configuration$/

/** A request to STS that names none of its actions, or was not read. */
export const UNKNOWN_ACTION = 'UnknownAction'

/** The gateway's own STS's. */
export const ofSts: ReadonlySet<string> = new Set([
  'AssumeRole',
  'GetSessionToken',
  'GetCallerIdentity',
  UNKNOWN_ACTION,
])

/**
 * An operation as S3's access logs name it, `REST.PUT.OBJECT`: a copy is `REST.COPY.OBJECT`, a sub-resource is named by
 * what S3's name of the operation ends with, and of none, where no bucket was read either, by `-`.
 * @param operation S3's name; undefined where the request is none.
 */
export function awsOperation({ method, operation, bucket, key }: RequestRecord): string {
  if (operation === 'CopyObject') return 'REST.COPY.OBJECT'
  if (operation === 'UploadPartCopy') return 'REST.COPY.PART'
  if (operation !== undefined && ofSts.has(operation)) return `STS.${operation.toUpperCase()}`
  const resource = operation === undefined ? undefined : (resources[operation] ?? subresource(operation))
  return `REST.${method}.${resource ?? (key !== undefined ? 'OBJECT' : bucket !== undefined ? 'BUCKET' : '-')}`
}

/** `GetObjectTagging` → `OBJECT_TAGGING`, `PutBucketCors` → `CORS`, `GetBucketLifecycleConfiguration` → `LIFECYCLE`. */
function subresource(operation: string): string {
  const what = operation
    .replace(/^(?:Get|Put|Delete|Head|Post|List)(?:Bucket)?/, '')
    .replace(CONFIGURATION, '')
  return what.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()
}
