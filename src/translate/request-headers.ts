import type { HeaderMap } from '../ports.ts'
import { invalidArgument, notImplemented, type S3Error } from '../s3/error.ts'
import { type OssAcl, type Ownership, requestedAcl } from './acl.ts'
import { requestedAlgorithm, requestedKeyId } from './encryption.ts'
import { type StorageClassMap, toOssStorageClass } from './storage-class.ts'
import { requestedTagging } from './tags.ts'

/** What a write is translated with besides its headers. */
export type WriteSettings = {
  /** The bucket owner's id at OSS, where the headers grant something to an account. */
  ownerId: string | undefined
  ownership: Ownership
  /** The ACL of an object whose headers name none; undefined: its bucket's. */
  acl: OssAcl | undefined
  /** S3's class for an object whose headers name none; `bucket`: its bucket's. */
  storageClass: string
  storageClassMap: StorageClassMap
}

/** What an object is stored with, in the groups that a copy takes from its source or from its request. */
export type HeaderGroup = 'content' | 'tagging' | 'target' | 'payer'

/** S3's error for a header. */
export type Refusal = (header: string, value: string) => S3Error

/** An operation by its S3 name, or a kind of them; `bodies`: those that take a body. */
type Operations = readonly string[] | 'all' | 'bodies'

/** Which of the operations that do not heed a header refuse it, and how; all others ignore it. */
type Otherwise = readonly [on: 'writes' | readonly string[], error: Refusal]

/** What becomes of a header of a request to S3. */
export type RequestHeader =
  | {
      /** The operations that heed it. */
      on: Operations
      /** OSS's header. */
      to: string
      group: HeaderGroup
      /**
       * The value for OSS, also where the client sent none; undefined: nothing is sent. Absent: the client's value.
       * @throws S3Error for a value that OSS has nothing like.
       */
      value?: (headers: HeaderMap, settings: WriteSettings) => string | undefined
      /** Operations of S3's model that have it, and are the same without it. */
      noEffectOn?: readonly string[]
      otherwise?: Otherwise
    }
  | {
      on: Operations
      /** The files under `src` that read it: it is no header of OSS, or the answer depends on more than the request. */
      readBy: readonly string[]
      otherwise?: Otherwise
    }
  /** Accepted and rightly ignored. */
  | { on: Operations; noEffect: string; otherwise?: Otherwise }
  /** OSS has nothing like it. */
  | { refused: Refusal; on: 'all' | 'writes' }

const writes = ['PutObject', 'CopyObject', 'CreateMultipartUpload']
const conditionalWrites = ['PutObject', 'CopyObject', 'CompleteMultipartUpload']
const reads = ['GetObject', 'HeadObject']
const copies = ['CopyObject', 'UploadPartCopy']
const parts = ['UploadPart', 'UploadPartCopy']
const acls = ['CreateBucket', 'PutBucketAcl', 'PutObjectAcl']
const lists = ['ListObjects', 'ListObjectsV2', 'ListObjectVersions']
const uploads = [
  ...parts,
  'CompleteMultipartUpload',
  'AbortMultipartUpload',
  'ListParts',
  'ListMultipartUploads',
]
const onObjects =
  `GetObjectAcl GetObjectAttributes GetObjectLegalHold GetObjectRetention GetObjectTagging PutObjectAcl
  PutObjectLegalHold PutObjectRetention PutObjectTagging RestoreObject DeleteObject DeleteObjects`.split(
    /\s+/,
  )

/** S3's default type, where OSS would store `application/octet-stream`. */
const DEFAULT_CONTENT_TYPE = 'binary/octet-stream'

const invalidContext: Refusal = (header, value) =>
  invalidArgument('The specified header is not valid in this context', header, value)
const invalidForOperation: Refusal = (header, value) =>
  invalidArgument(`${header} header is not supported for this operation.`, header, value)
const invalidMetadata: Refusal = (header, value) =>
  invalidArgument('Metadata cannot be specified in this context.', header, value)
const unsupported: Refusal = (header) => notImplemented(header)
/** @param name the header as S3 writes it. */
const noCondition =
  (name: string): Refusal =>
  () =>
    notImplemented(name, 'OSS does not do this on a condition')

const notOnParts = [parts, invalidContext] as const
const notOnOtherWrites = ['writes', invalidContext] as const
const notOnReadsAndParts = [[...reads, ...parts], invalidForOperation] as const

/**
 * Every header of a request that S3's model has, and what becomes of it: OSS's header, the file that reads it, or the
 * error. From these rows requests are translated (to-oss-headers.ts) and refused (operations/check-headers.ts). What
 * stands in no row is neither heeded nor sent to OSS.
 * S3: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTCommonRequestHeaders.html and the page of each operation.
 */
export const requestHeaders: Readonly<Record<string, RequestHeader>> = {
  // What an object keeps, and answers when it is read. A copy has all of it from one side (metadata directive).
  'cache-control': { on: writes, to: 'cache-control', group: 'content' },
  'content-disposition': { on: writes, to: 'content-disposition', group: 'content' },
  'content-encoding': {
    on: writes,
    to: 'content-encoding',
    group: 'content',
    value: (headers) => withoutAwsChunked(headers['content-encoding']),
  },
  'content-language': { on: writes, to: 'content-language', group: 'content' },
  'content-type': {
    on: writes,
    to: 'content-type',
    group: 'content',
    value: (headers) => headers['content-type'] ?? DEFAULT_CONTENT_TYPE,
  },
  expires: { on: writes, to: 'expires', group: 'content' },
  'x-amz-meta-*': {
    on: writes,
    readBy: ['translate/metadata.ts'],
    otherwise: [parts, invalidMetadata],
  },

  'x-amz-tagging': {
    on: writes,
    to: 'x-oss-tagging',
    group: 'tagging',
    value: (headers) => requestedTagging(headers),
    otherwise: notOnParts,
  },

  // Who may read it, how it is kept, who pays.
  'x-amz-acl': {
    on: [...writes, ...acls],
    to: 'x-oss-object-acl',
    group: 'target',
    // All grants together make one ACL.
    value: (headers, settings) => requestedAcl(headers, settings.ownership, settings.ownerId) ?? settings.acl,
    otherwise: notOnParts,
  },
  'x-amz-grant-full-control': {
    on: [...writes, ...acls],
    readBy: ['translate/acl.ts'],
    otherwise: notOnParts,
  },
  'x-amz-grant-read': { on: [...writes, ...acls], readBy: ['translate/acl.ts'], otherwise: notOnParts },
  'x-amz-grant-read-acp': { on: [...writes, ...acls], readBy: ['translate/acl.ts'], otherwise: notOnParts },
  'x-amz-grant-write': { on: acls, readBy: ['translate/acl.ts'], otherwise: notOnParts },
  'x-amz-grant-write-acp': { on: [...writes, ...acls], readBy: ['translate/acl.ts'], otherwise: notOnParts },
  'x-amz-storage-class': {
    on: writes,
    to: 'x-oss-storage-class',
    group: 'target',
    value: (headers, { storageClass, storageClassMap }) => {
      const wanted = headers['x-amz-storage-class'] ?? storageClass
      return wanted === 'bucket' ? undefined : toOssStorageClass(wanted, storageClassMap)
    },
    otherwise: notOnParts,
  },
  'x-amz-server-side-encryption': {
    on: writes,
    to: 'x-oss-server-side-encryption',
    group: 'target',
    value: (headers) => requestedAlgorithm(headers),
    otherwise: notOnReadsAndParts,
  },
  'x-amz-server-side-encryption-aws-kms-key-id': {
    on: writes,
    to: 'x-oss-server-side-encryption-key-id',
    group: 'target',
    value: (headers) => requestedKeyId(headers),
    otherwise: notOnReadsAndParts,
  },
  'x-amz-server-side-encryption-bucket-key-enabled': {
    on: writes,
    noEffect: 'changes the cost of calls to KMS, and nothing that a client can see',
    otherwise: notOnReadsAndParts,
  },
  'x-amz-request-payer': {
    on: [...reads, ...writes, ...lists, ...onObjects, ...uploads],
    to: 'x-oss-request-payer',
    group: 'payer',
    // Settings of a bucket cost nobody but its owner.
    noEffectOn: ['GetBucketAccelerateConfiguration', 'PutObjectLockConfiguration'],
  },

  // Copies. What OSS is told of the directives depends on how the copy is made: copy/native.ts.
  'x-amz-copy-source': { on: copies, readBy: ['s3/copy-source.ts'] },
  'x-amz-copy-source-if-match': {
    on: copies,
    readBy: ['translate/preconditions.ts'],
    otherwise: notOnOtherWrites,
  },
  'x-amz-copy-source-if-none-match': {
    on: copies,
    readBy: ['translate/preconditions.ts'],
    otherwise: notOnOtherWrites,
  },
  'x-amz-copy-source-if-modified-since': {
    on: copies,
    readBy: ['translate/preconditions.ts'],
    otherwise: notOnOtherWrites,
  },
  'x-amz-copy-source-if-unmodified-since': {
    on: copies,
    readBy: ['translate/preconditions.ts'],
    otherwise: notOnOtherWrites,
  },
  'x-amz-copy-source-range': {
    on: ['UploadPartCopy'],
    readBy: ['s3/copy-range.ts'],
    otherwise: notOnOtherWrites,
  },
  'x-amz-metadata-directive': {
    on: ['CopyObject'],
    readBy: ['operations/copies/copy-object.ts'],
    otherwise: notOnOtherWrites,
  },
  'x-amz-tagging-directive': {
    on: ['CopyObject'],
    readBy: ['operations/copies/copy-object.ts'],
    otherwise: notOnOtherWrites,
  },
  'x-amz-source-expected-bucket-owner': {
    on: copies,
    readBy: ['operations/expected-owner.ts'],
    otherwise: notOnOtherWrites,
  },

  // Conditions. If-Modified-Since is about reads alone (RFC 9110 13.1.3); a write without its condition must not happen.
  'if-match': {
    on: [...reads, ...conditionalWrites, 'DeleteObject'],
    readBy: ['translate/preconditions.ts', 'operations/writes/write-condition.ts'],
    otherwise: ['writes', noCondition('If-Match')],
  },
  'if-none-match': {
    on: [...reads, ...conditionalWrites],
    readBy: ['translate/preconditions.ts', 'operations/writes/write-condition.ts'],
    otherwise: ['writes', noCondition('If-None-Match')],
  },
  'if-modified-since': { on: reads, readBy: ['translate/preconditions.ts'] },
  'if-unmodified-since': {
    on: reads,
    readBy: ['translate/preconditions.ts'],
    otherwise: ['writes', noCondition('If-Unmodified-Since')],
  },
  'x-amz-if-match-initiated-time': { refused: noCondition('x-amz-if-match-initiated-time'), on: 'writes' },
  'x-amz-if-match-last-modified-time': {
    refused: noCondition('x-amz-if-match-last-modified-time'),
    on: 'writes',
  },
  'x-amz-if-match-size': { refused: noCondition('x-amz-if-match-size'), on: 'writes' },
  'x-amz-object-if-match': { refused: noCondition('x-amz-object-if-match'), on: 'writes' },
  'x-amz-rename-source': {
    on: ['RenameObject'],
    readBy: ['operations/refused.ts'],
    otherwise: ['writes', noCondition('x-amz-rename-source')],
  },

  // Reads.
  range: { on: reads, readBy: ['s3/range.ts'] },
  'if-range': { on: reads, readBy: ['translate/if-range.ts'] },
  'x-amz-checksum-mode': { on: reads, readBy: ['operations/objects/told-checksums.ts'] },
  'x-amz-object-attributes': {
    on: ['GetObjectAttributes'],
    readBy: ['operations/objects/object-attributes.ts'],
  },
  'x-amz-max-parts': { on: ['GetObjectAttributes'], readBy: ['operations/objects/object-attributes.ts'] },
  'x-amz-part-number-marker': {
    on: ['GetObjectAttributes'],
    readBy: ['operations/objects/object-attributes.ts'],
  },
  'x-amz-optional-object-attributes': { on: lists, readBy: ['operations/lists/rows.ts'] },

  // Bodies, and checksums, which OSS has none of: they are kept in metadata (translate/stored-checksum.ts).
  'content-length': { on: 'bodies', readBy: ['s3/body.ts'] },
  'content-md5': { on: 'bodies', readBy: ['s3/checksum.ts'] },
  'x-amz-sdk-checksum-algorithm': { on: 'bodies', readBy: ['s3/checksum.ts'] },
  'x-amz-checksum-crc32': { on: 'bodies', readBy: ['s3/checksum.ts'] },
  'x-amz-checksum-crc32c': { on: 'bodies', readBy: ['s3/checksum.ts'] },
  'x-amz-checksum-crc64nvme': { on: 'bodies', readBy: ['s3/checksum.ts'] },
  'x-amz-checksum-md5': { on: 'bodies', readBy: ['s3/checksum.ts'] },
  'x-amz-checksum-sha1': { on: 'bodies', readBy: ['s3/checksum.ts'] },
  'x-amz-checksum-sha256': { on: 'bodies', readBy: ['s3/checksum.ts'] },
  'x-amz-checksum-sha512': { on: 'bodies', readBy: ['s3/checksum.ts'] },
  'x-amz-checksum-xxhash128': { on: 'bodies', readBy: ['s3/checksum.ts'] },
  'x-amz-checksum-xxhash3': { on: 'bodies', readBy: ['s3/checksum.ts'] },
  'x-amz-checksum-xxhash64': { on: 'bodies', readBy: ['s3/checksum.ts'] },
  'x-amz-checksum-algorithm': {
    on: ['CopyObject', 'CreateMultipartUpload'],
    readBy: ['operations/copies/copy-object.ts', 's3/upload-checksum.ts'],
  },
  'x-amz-checksum-type': {
    on: ['CreateMultipartUpload', 'CompleteMultipartUpload'],
    readBy: ['s3/upload-checksum.ts'],
  },
  'x-amz-mp-object-size': {
    on: ['CompleteMultipartUpload'],
    readBy: ['operations/uploads/completed-upload.ts'],
  },

  // Buckets.
  'x-amz-expected-bucket-owner': { on: 'all', readBy: ['operations/expected-owner.ts'] },
  'x-amz-bucket-namespace': { on: ['CreateBucket'], readBy: ['operations/buckets/create-bucket.ts'] },
  'x-amz-bucket-object-lock-enabled': {
    on: ['CreateBucket'],
    readBy: ['operations/buckets/create-bucket.ts'],
  },
  'x-amz-object-ownership': { on: ['CreateBucket'], readBy: ['operations/buckets/create-bucket.ts'] },
  'x-amz-transition-default-minimum-object-size': {
    on: ['PutBucketLifecycleConfiguration'],
    readBy: ['operations/buckets/bucket-setting-checks.ts'],
  },
  'x-amz-bucket-object-lock-token': {
    on: ['PutObjectLockConfiguration'],
    noEffect: 'once a permission of AWS support, which S3 no longer asks for',
  },
  'x-amz-confirm-remove-self-bucket-access': {
    on: ['PutBucketPolicy'],
    noEffect: 'OSS has no rule against policies that lock their author out',
  },
  'x-amz-skip-destination-validation': {
    on: ['PutBucketNotificationConfiguration'],
    noEffect: 'no destination is taken that could be validated',
  },

  // Object lock.
  'x-amz-bypass-governance-retention': {
    on: ['DeleteObject', 'DeleteObjects', 'PutObjectRetention'],
    readBy: ['operations/objects/retention.ts'],
  },
  'x-amz-object-lock-mode': {
    on: writes,
    readBy: ['translate/object-lock.ts'],
    otherwise: notOnOtherWrites,
  },
  'x-amz-object-lock-retain-until-date': {
    on: writes,
    readBy: ['translate/object-lock.ts'],
    otherwise: notOnOtherWrites,
  },
  'x-amz-object-lock-legal-hold': {
    on: writes,
    readBy: ['translate/object-lock.ts'],
    otherwise: notOnOtherWrites,
  },
  'x-amz-object-lock-event-hold': { refused: unsupported, on: 'all' },
  'x-amz-object-lock-event-hold-duration-days': { refused: unsupported, on: 'all' },
  'x-amz-object-lock-event-hold-duration-years': { refused: unsupported, on: 'all' },
  'x-amz-mfa': { refused: unsupported, on: 'all' },

  // OSS has no keys of clients (SSE-C), no encryption context, no redirect of an object, no annotations, no appending
  // by PutObject.
  'x-amz-server-side-encryption-customer-algorithm': { refused: unsupported, on: 'all' },
  'x-amz-server-side-encryption-customer-key': { refused: unsupported, on: 'all' },
  'x-amz-server-side-encryption-customer-key-md5': { refused: unsupported, on: 'all' },
  'x-amz-copy-source-server-side-encryption-customer-algorithm': { refused: unsupported, on: 'all' },
  'x-amz-copy-source-server-side-encryption-customer-key': { refused: unsupported, on: 'all' },
  'x-amz-copy-source-server-side-encryption-customer-key-md5': { refused: unsupported, on: 'all' },
  'x-amz-server-side-encryption-context': { refused: unsupported, on: 'all' },
  'x-amz-website-redirect-location': { refused: unsupported, on: 'all' },
  'x-amz-object-annotation-directive': { refused: unsupported, on: 'all' },
  'x-amz-write-offset-bytes': { refused: unsupported, on: 'all' },
}

/** `gzip, aws-chunked` → `gzip`: the transfer's coding must not become the object's. All else stays as it was sent. */
function withoutAwsChunked(encoding: string | undefined): string | undefined {
  if (encoding === undefined) return undefined
  const kept = encoding
    .split(',')
    .filter((coding) => coding.trim().toLowerCase() !== 'aws-chunked')
    .join(',')
    .trim()
  return kept === '' ? undefined : kept
}
