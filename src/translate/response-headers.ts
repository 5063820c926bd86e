import { type HeaderMap, headerMap } from '../ports.ts'
import { toS3Algorithm } from './encryption.ts'
import { toS3ETag } from './etag.ts'
import { toS3Metadata } from './metadata.ts'
import { toS3Lock } from './object-lock.ts'
import { toS3StorageClass } from './storage-class.ts'

/** What a header of OSS's answer becomes. */
type ResponseHeader = {
  /** S3's header. */
  to: string
  /** Whether every answer carries it, or only those that describe an object: GET and HEAD. */
  on: 'all' | 'object'
  /** S3's value; undefined: S3 leaves the header out. Absent: OSS's value. */
  value?: (oss: string) => string | undefined
}

const same = (name: string): [string, ResponseHeader] => [name, { to: name, on: 'object' }]

/**
 * Every header of OSS's answers that a client sees, by OSS's name; what stands in no row does not pass. Metadata
 * (`x-oss-meta-*`) is metadata.ts, checksums stored-checksum.ts, object lock object-lock.ts.
 * OSS: the response headers on the page of each operation, and of GetObject and HeadObject above all.
 */
export const responseHeaders: Readonly<Record<string, ResponseHeader>> = {
  'x-oss-version-id': { to: 'x-amz-version-id', on: 'all' },
  'x-oss-copy-source-version-id': { to: 'x-amz-copy-source-version-id', on: 'all' },
  'x-oss-delete-marker': { to: 'x-amz-delete-marker', on: 'all' },
  'x-oss-tagging-count': { to: 'x-amz-tagging-count', on: 'all' },
  'x-oss-restore': { to: 'x-amz-restore', on: 'all' },
  'x-oss-expiration': { to: 'x-amz-expiration', on: 'all' },
  'x-oss-request-charged': { to: 'x-amz-request-charged', on: 'all' },
  'x-oss-server-side-encryption': { to: 'x-amz-server-side-encryption', on: 'all', value: toS3Algorithm },
  'x-oss-server-side-encryption-key-id': { to: 'x-amz-server-side-encryption-aws-kms-key-id', on: 'all' },
  // For support cases: OSS's own id of the request.
  'x-oss-request-id': { to: 'x-amz-id-2', on: 'all' },

  etag: { to: 'etag', on: 'object', value: toS3ETag },
  'x-oss-storage-class': {
    to: 'x-amz-storage-class',
    on: 'object',
    value: (oss) => (oss === 'Standard' ? undefined : toS3StorageClass(oss)),
  },
  ...Object.fromEntries(
    [
      'accept-ranges',
      'cache-control',
      'content-disposition',
      'content-encoding',
      'content-language',
      'content-length',
      'content-range',
      'content-type',
      'expires',
      'last-modified',
    ].map(same),
  ),
}

const all = new Map(Object.entries(responseHeaders).filter(([, { on }]) => on === 'all'))
const ofObjects = new Map(Object.entries(responseHeaders))

function translated(oss: HeaderMap, rows: ReadonlyMap<string, ResponseHeader>): HeaderMap {
  const headers = headerMap()
  for (const name in oss) {
    const row = rows.get(name)
    if (row === undefined) continue
    const value = oss[name] as string
    const shown = row.value === undefined ? value : row.value(value)
    if (shown !== undefined) headers[row.to] = shown
  }
  return headers
}

/** Headers that every answer carries over: version ids, encryption, and OSS's request id. */
export const toS3Answer = (oss: HeaderMap): HeaderMap => translated(oss, all)

/** An object's headers, as GET and HEAD answer them. */
export function toS3Object(oss: HeaderMap): HeaderMap {
  const headers = Object.assign(translated(oss, ofObjects), toS3Metadata(oss), toS3Lock(oss))
  headers['accept-ranges'] ??= 'bytes'
  return headers
}
