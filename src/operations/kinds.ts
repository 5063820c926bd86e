import type { OperationKind } from '../config/index.ts'
import type { HeaderMap } from '../ports.ts'
import { asksForOthers } from '../translate/acl.ts'
import type { Operation } from './operation.ts'

/**
 * What each operation is about, by the names that the settings have for it (`operations` of a client). An operation that
 * stands nowhere no client does who is limited to some.
 */
const operationsOf: Readonly<Record<OperationKind, readonly string[]>> = {
  objects: [
    ...['ListObjects', 'ListObjectsV2', 'ListObjectVersions', 'ListMultipartUploads', 'ListParts'],
    ...['GetObject', 'HeadObject', 'GetObjectAttributes', 'RestoreObject'],
    ...['PutObject', 'PostObject', 'CopyObject', 'DeleteObject', 'DeleteObjects'],
    ...['CreateMultipartUpload', 'UploadPart', 'UploadPartCopy'],
    ...['CompleteMultipartUpload', 'AbortMultipartUpload'],
    ...['GetObjectTagging', 'PutObjectTagging', 'DeleteObjectTagging'],
    ...['GetObjectRetention', 'PutObjectRetention', 'GetObjectLegalHold', 'PutObjectLegalHold'],
  ],
  buckets: ['CreateBucket', 'DeleteBucket'],
  bucketSettings: [
    ...['GetBucketAccelerateConfiguration', 'PutBucketAccelerateConfiguration'],
    ...['GetBucketCors', 'PutBucketCors', 'DeleteBucketCors'],
    ...['GetBucketEncryption', 'PutBucketEncryption', 'DeleteBucketEncryption'],
    ...['GetBucketLifecycleConfiguration', 'PutBucketLifecycleConfiguration', 'DeleteBucketLifecycle'],
    ...['GetBucketLogging', 'PutBucketLogging'],
    ...['GetBucketNotificationConfiguration', 'PutBucketNotificationConfiguration'],
    ...['GetBucketRequestPayment', 'PutBucketRequestPayment'],
    ...['GetBucketTagging', 'PutBucketTagging', 'DeleteBucketTagging'],
    ...['GetBucketVersioning', 'PutBucketVersioning'],
    ...['GetBucketWebsite', 'PutBucketWebsite', 'DeleteBucketWebsite'],
    ...['GetObjectLockConfiguration', 'PutObjectLockConfiguration'],
  ],
  acls: ['GetBucketAcl', 'PutBucketAcl', 'GetObjectAcl', 'PutObjectAcl'],
  policies: [
    ...['GetBucketPolicy', 'PutBucketPolicy', 'DeleteBucketPolicy', 'GetBucketPolicyStatus'],
    ...['GetPublicAccessBlock', 'PutPublicAccessBlock', 'DeletePublicAccessBlock'],
    ...['GetBucketOwnershipControls', 'PutBucketOwnershipControls', 'DeleteBucketOwnershipControls'],
  ],
}

/** What every client may ask of the buckets that it may use, and what no client has to sign. */
const forAll = ['ListBuckets', 'HeadBucket', 'GetBucketLocation', 'PreflightBucket', 'PreflightObject']

const kindOf = new Map<string, OperationKind | 'any'>([
  ...Object.entries(operationsOf).flatMap(([kind, names]) =>
    names.map((name) => [name, kind as OperationKind] as const),
  ),
  ...forAll.map((name) => [name, 'any'] as const),
])

/**
 * The kinds of operations that a request is of: what it is about, and `acls` where its headers give others access.
 * @param headers of the request; of a form, what its fields stand for.
 * @returns `unknown` for an operation that has no kind.
 */
export function kindsOf(
  { name, access }: Pick<Operation, 'name' | 'access'>,
  headers: HeaderMap,
): readonly (OperationKind | 'any' | 'unknown')[] {
  const kind = kindOf.get(name) ?? 'unknown'
  return isChange(access) && asksForOthers(headers) ? [kind, 'acls'] : [kind]
}

/** Whether an operation changes something. */
export const isChange = (access: Operation['access']) => access === 'write' || access === 'keys'
