import type { BucketMapping } from '../config/index.ts'
import { S3Error } from '../s3/error.ts'
import type { Operation } from './operation.ts'

/**
 * What an operation on a bucket is where the bucket is a part of OSS's, by a prefix: `answered`, since its answer is true of
 * the part and it changes nothing but objects there; or `refused`, since it changes the whole bucket or tells of keys
 * outside. Operations on objects are all answered. An operation that stands nowhere is refused.
 */
export const bucketOperations: Readonly<Record<'answered' | 'refused', readonly string[]>> = {
  answered: [
    ...['HeadBucket', 'GetBucketLocation', 'ListObjects', 'ListObjectsV2', 'ListObjectVersions'],
    ...['ListMultipartUploads', 'DeleteObjects', 'PostObject', 'PreflightBucket'],
    ...['GetBucketVersioning', 'GetBucketCors', 'GetBucketTagging', 'GetBucketEncryption', 'GetBucketAcl'],
    ...['GetPublicAccessBlock', 'GetBucketRequestPayment', 'GetBucketAccelerateConfiguration'],
    ...['GetObjectLockConfiguration', 'GetBucketOwnershipControls', 'GetBucketNotificationConfiguration'],
    // It only ever says that the bucket is there already (create-bucket.ts).
    'CreateBucket',
  ],
  refused: [
    'DeleteBucket',
    ...[
      'PutBucketVersioning',
      'PutBucketCors',
      'DeleteBucketCors',
      'PutBucketTagging',
      'DeleteBucketTagging',
    ],
    ...['PutBucketEncryption', 'DeleteBucketEncryption', 'PutPublicAccessBlock', 'DeletePublicAccessBlock'],
    ...['PutBucketRequestPayment', 'PutBucketAccelerateConfiguration', 'PutObjectLockConfiguration'],
    ...['PutBucketAcl', 'PutBucketOwnershipControls', 'DeleteBucketOwnershipControls'],
    'PutBucketNotificationConfiguration',
    // These name keys and prefixes of the whole bucket, or other buckets.
    ...['GetBucketLifecycleConfiguration', 'PutBucketLifecycleConfiguration', 'DeleteBucketLifecycle'],
    ...['GetBucketPolicy', 'PutBucketPolicy', 'DeleteBucketPolicy', 'GetBucketPolicyStatus'],
    ...['GetBucketLogging', 'PutBucketLogging'],
    ...['GetBucketWebsite', 'PutBucketWebsite', 'DeleteBucketWebsite'],
  ],
}

const answered = new Set(bucketOperations.answered)

/** @throws S3Error AccessDenied for an operation that is about the whole of a bucket of which the mapping is a part. */
export function refuseWhole({ name, on, isRefused }: Operation, mapping: BucketMapping): void {
  // What nobody may ask of any bucket is refused by its own words.
  if (mapping.prefix === '' || on !== 'bucket' || isRefused || answered.has(name)) return
  throw partOnly(name, mapping)
}

/** The refusal of an operation on the whole bucket. */
export const partOnly = (operation: string, { name }: BucketMapping): S3Error =>
  new S3Error('AccessDenied', {
    message: `Access Denied: ${name} is a part of a bucket (a prefix of its keys), and ${operation} is about the whole bucket`,
  })
