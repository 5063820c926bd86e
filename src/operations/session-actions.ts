import type { HeaderMap } from '../ports.ts'
import { namesAcl } from '../translate/acl.ts'

/**
 * The actions that each operation that is served needs; none where its handler asks for them key by key, or where nobody
 * signs it. https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
 */
const actionsOf: Readonly<Record<string, string>> = {
  ListBuckets: 'ListAllMyBuckets',
  CreateBucket: 'CreateBucket',
  DeleteBucket: 'DeleteBucket',
  HeadBucket: 'ListBucket',
  GetBucketLocation: 'GetBucketLocation',
  ListObjects: 'ListBucket',
  ListObjectsV2: 'ListBucket',
  ListObjectVersions: 'ListBucketVersions',
  ListMultipartUploads: 'ListBucketMultipartUploads',
  GetBucketAccelerateConfiguration: 'GetAccelerateConfiguration',
  PutBucketAccelerateConfiguration: 'PutAccelerateConfiguration',
  GetBucketAcl: 'GetBucketAcl',
  PutBucketAcl: 'PutBucketAcl',
  GetBucketCors: 'GetBucketCORS',
  PutBucketCors: 'PutBucketCORS',
  DeleteBucketCors: 'PutBucketCORS',
  GetBucketEncryption: 'GetEncryptionConfiguration',
  PutBucketEncryption: 'PutEncryptionConfiguration',
  DeleteBucketEncryption: 'PutEncryptionConfiguration',
  GetBucketLifecycleConfiguration: 'GetLifecycleConfiguration',
  PutBucketLifecycleConfiguration: 'PutLifecycleConfiguration',
  DeleteBucketLifecycle: 'PutLifecycleConfiguration',
  GetBucketLogging: 'GetBucketLogging',
  PutBucketLogging: 'PutBucketLogging',
  GetBucketNotificationConfiguration: 'GetBucketNotification',
  PutBucketNotificationConfiguration: 'PutBucketNotification',
  GetBucketOwnershipControls: 'GetBucketOwnershipControls',
  PutBucketOwnershipControls: 'PutBucketOwnershipControls',
  DeleteBucketOwnershipControls: 'PutBucketOwnershipControls',
  GetBucketPolicy: 'GetBucketPolicy',
  PutBucketPolicy: 'PutBucketPolicy',
  DeleteBucketPolicy: 'DeleteBucketPolicy',
  GetBucketPolicyStatus: 'GetBucketPolicyStatus',
  GetPublicAccessBlock: 'GetBucketPublicAccessBlock',
  PutPublicAccessBlock: 'PutBucketPublicAccessBlock',
  DeletePublicAccessBlock: 'PutBucketPublicAccessBlock',
  GetBucketRequestPayment: 'GetBucketRequestPayment',
  PutBucketRequestPayment: 'PutBucketRequestPayment',
  GetBucketTagging: 'GetBucketTagging',
  PutBucketTagging: 'PutBucketTagging',
  DeleteBucketTagging: 'PutBucketTagging',
  GetBucketVersioning: 'GetBucketVersioning',
  PutBucketVersioning: 'PutBucketVersioning',
  GetBucketWebsite: 'GetBucketWebsite',
  PutBucketWebsite: 'PutBucketWebsite',
  DeleteBucketWebsite: 'DeleteBucketWebsite',
  GetObjectLockConfiguration: 'GetBucketObjectLockConfiguration',
  PutObjectLockConfiguration: 'PutBucketObjectLockConfiguration',
  GetObject: 'GetObject',
  HeadObject: 'GetObject',
  GetObjectAcl: 'GetObjectAcl',
  GetObjectAttributes: 'GetObject GetObjectAttributes',
  GetObjectLegalHold: 'GetObjectLegalHold',
  GetObjectRetention: 'GetObjectRetention',
  GetObjectTagging: 'GetObjectTagging',
  PutObject: 'PutObject',
  CopyObject: 'PutObject',
  DeleteObject: 'DeleteObject',
  PutObjectAcl: 'PutObjectAcl',
  PutObjectLegalHold: 'PutObjectLegalHold',
  PutObjectRetention: 'PutObjectRetention',
  PutObjectTagging: 'PutObjectTagging',
  DeleteObjectTagging: 'DeleteObjectTagging',
  RestoreObject: 'RestoreObject',
  CreateMultipartUpload: 'PutObject',
  UploadPart: 'PutObject',
  UploadPartCopy: 'PutObject',
  CompleteMultipartUpload: 'PutObject',
  AbortMultipartUpload: 'AbortMultipartUpload',
  ListParts: 'ListMultipartUploadParts',
  PostObject: '',
  DeleteObjects: '',
  PreflightBucket: '',
  PreflightObject: '',
}

/** Actions that are others on a version that is named. */
const ofVersion: Readonly<Record<string, string>> = {
  GetObject: 'GetObjectVersion',
  GetObjectAcl: 'GetObjectVersionAcl',
  GetObjectAttributes: 'GetObjectVersionAttributes',
  GetObjectTagging: 'GetObjectVersionTagging',
  PutObjectAcl: 'PutObjectVersionAcl',
  PutObjectTagging: 'PutObjectVersionTagging',
  DeleteObject: 'DeleteObjectVersion',
  DeleteObjectTagging: 'DeleteObjectVersionTagging',
}

/** Headers that need an action besides the operation's, where a request has one of them. */
type Further = readonly [actions: string, on: readonly string[], needs: (headers: HeaderMap) => boolean]

const has =
  (...names: string[]) =>
  (headers: HeaderMap) =>
    names.some((name) => name in headers)
const namesETag = ({ 'if-match': etag }: HeaderMap) => etag !== undefined && etag.trim() !== '*'

/** The operations that store an object with what their headers say. */
const storing = ['PutObject', 'CopyObject', 'CreateMultipartUpload']

const further: readonly Further[] = [
  ['PutObjectAcl', storing, namesAcl],
  ['PutObjectTagging', storing, has('x-amz-tagging')],
  ['PutObjectRetention', storing, has('x-amz-object-lock-mode', 'x-amz-object-lock-retain-until-date')],
  ['PutObjectLegalHold', storing, has('x-amz-object-lock-legal-hold')],
  [
    'BypassGovernanceRetention',
    ['DeleteObject', 'PutObjectRetention'],
    has('x-amz-bypass-governance-retention'),
  ],
  // Such a condition tells what is there (S3's guide, conditional-writes.html and conditional-deletes.html).
  ['GetObject', ['PutObject', 'CopyObject', 'CompleteMultipartUpload', 'DeleteObject'], namesETag],
  ['PutBucketAcl', ['CreateBucket'], namesAcl],
  [
    'PutBucketVersioning PutBucketObjectLockConfiguration',
    ['CreateBucket'],
    has('x-amz-bucket-object-lock-enabled'),
  ],
  ['PutBucketOwnershipControls', ['CreateBucket'], has('x-amz-object-ownership')],
]

/** What a request is about. */
export type Target = {
  /** Undefined: no bucket. */
  bucket?: string | undefined
  key?: string | undefined
  query?: ReadonlyMap<string, string>
  /** With those that a presigned query, or a form's fields, stand for. */
  headers?: HeaderMap
}

/**
 * The actions of S3 that an operation needs, by the request's headers, too.
 * @returns undefined for one that stands in no table.
 */
export function requiredActions(
  name: string,
  { query, headers = {} }: Pick<Target, 'query' | 'headers'>,
): readonly string[] | undefined {
  const own = Object.hasOwn(actionsOf, name) ? actionsOf[name] : undefined
  if (own === undefined) return undefined
  const isOfVersion = query?.has('versionId') === true
  const named = own.split(' ').filter((action) => action !== '')
  const versioned = isOfVersion ? named.map((action) => ofVersion[action] ?? action) : named
  const added = further.flatMap(([actions, on, needs]) =>
    on.includes(name) && needs(headers) ? actions.split(' ') : [],
  )
  return [...new Set([...versioned, ...added])].map((action) => `s3:${action}`)
}
