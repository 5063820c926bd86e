import type { HeaderMap } from '../ports.ts'
import { notImplemented } from '../s3/error.ts'
import { toS3Encryption } from './encryption.ts'
import { toS3ETag } from './etag.ts'
import { toOssMetadata, toS3Metadata } from './metadata.ts'
import { toS3StorageClass } from './storage-class.ts'

/** Headers an object keeps that have the same name and meaning on both sides. */
const contentHeaders = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
] as const

/** S3's default, where OSS would store `application/octet-stream`. */
const DEFAULT_CONTENT_TYPE = 'binary/octet-stream'

/**
 * What an object is stored with: content headers and user metadata, complete.
 * @throws S3Error MetadataTooLarge.
 */
export function toOssContent(headers: HeaderMap): HeaderMap {
  const content = toOssMetadata(headers)
  content['content-type'] = DEFAULT_CONTENT_TYPE
  for (const name of contentHeaders) {
    const value = name === 'content-encoding' ? withoutAwsChunked(headers[name]) : headers[name]
    if (value !== undefined) content[name] = value
  }
  return content
}

/** The same set read back from an OSS object, as it is stored: for writing the object again without losing anything. */
export function storedContent(oss: HeaderMap): HeaderMap {
  const metadata = Object.entries(oss).filter(([name]) => name.startsWith('x-oss-meta-'))
  return { ...pick(oss, contentHeaders), ...Object.fromEntries(metadata) }
}

/** `gzip, aws-chunked` → `gzip`: the transfer's coding must not become the object's. All else stays as it was sent. */
function withoutAwsChunked(encoding: string | undefined): string | undefined {
  const kept = encoding
    ?.split(',')
    .filter((coding) => coding.trim().toLowerCase() !== 'aws-chunked')
    .join(',')
    .trim()
  return kept === '' ? undefined : kept
}

// Response headers, OSS's name → S3's. What is in no table does not pass.
const answers = new Map<string, string>([
  ['x-oss-version-id', 'x-amz-version-id'],
  ['x-oss-copy-source-version-id', 'x-amz-copy-source-version-id'],
  ['x-oss-delete-marker', 'x-amz-delete-marker'],
  ['x-oss-tagging-count', 'x-amz-tagging-count'],
  ['x-oss-restore', 'x-amz-restore'],
  ['x-oss-expiration', 'x-amz-expiration'],
  ['x-oss-request-charged', 'x-amz-request-charged'],
  // For support cases.
  ['x-oss-request-id', 'x-amz-id-2'],
])
const objectAnswers = new Map<string, string>([
  ...answers,
  ...[...contentHeaders, 'content-length', 'content-range', 'last-modified', 'accept-ranges'].map(
    (name): [string, string] => [name, name],
  ),
])

/** Headers every answer carries over: version ids, encryption, and OSS's request id for support cases. */
export const toS3Answer = (oss: HeaderMap): HeaderMap => renamed(oss, answers)

/** An object's headers, as GET and HEAD answer them. */
export function toS3Object(oss: HeaderMap): HeaderMap {
  const headers = Object.assign(renamed(oss, objectAnswers), toS3Metadata(oss))
  if (oss.etag !== undefined) headers.etag = toS3ETag(oss.etag)
  const storageClass = oss['x-oss-storage-class']
  // S3 leaves the header out for STANDARD.
  if (storageClass !== undefined && storageClass !== 'Standard') {
    headers['x-amz-storage-class'] = toS3StorageClass(storageClass)
  }
  headers['accept-ranges'] ??= 'bytes'
  return headers
}

function renamed(oss: HeaderMap, names: ReadonlyMap<string, string>): HeaderMap {
  const headers = toS3Encryption(oss)
  for (const name in oss) {
    const target = names.get(name)
    if (target !== undefined) headers[target] = oss[name] as string
  }
  return headers
}

/**
 * Headers that ask for what OSS does not have; their presence is an error before anything is written.
 * Not among them: `…-bucket-key-enabled`, which changes the cost of KMS calls and nothing a client can see.
 */
const refusedHeaders: ReadonlySet<string> = new Set([
  'x-amz-server-side-encryption-customer-algorithm',
  'x-amz-server-side-encryption-customer-key',
  'x-amz-server-side-encryption-customer-key-md5',
  'x-amz-copy-source-server-side-encryption-customer-algorithm',
  'x-amz-copy-source-server-side-encryption-customer-key',
  'x-amz-copy-source-server-side-encryption-customer-key-md5',
  'x-amz-server-side-encryption-context',
  'x-amz-object-lock-mode',
  'x-amz-object-lock-retain-until-date',
  'x-amz-object-lock-legal-hold',
  'x-amz-object-lock-event-hold',
  'x-amz-object-lock-event-hold-duration-days',
  'x-amz-object-lock-event-hold-duration-years',
  'x-amz-object-annotation-directive',
  'x-amz-website-redirect-location',
  'x-amz-write-offset-bytes',
  'x-amz-mfa',
])

/** @throws S3Error NotImplemented 501 naming the first header that OSS has nothing for. */
export function refuseUnsupported(headers: HeaderMap): void {
  for (const name in headers) if (refusedHeaders.has(name)) throw notImplemented(name)
}

function pick(headers: HeaderMap, names: readonly string[]): HeaderMap {
  const picked: HeaderMap = {}
  for (const name of names) {
    const value = headers[name]
    if (value !== undefined) picked[name] = value
  }
  return picked
}
