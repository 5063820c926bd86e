/**
 * The keys of the store's records: one letter for each kind of record, then what identifies it. A range holds all
 * records of one kind in a bucket, of one key, or of keys with one prefix. Object keys sort as their UTF-8 bytes, as OSS
 * lists them.
 */

const MAX_SEQUENCE = 2n ** 64n - 1n

/** Every key from `gte` and below `lt`. */
export type Range = { gte: Buffer; lt: Buffer }

/** What an account has set for all its buckets. */
export const accountKey = (account: string) => Buffer.from(`a${account}`)

/** A bucket's own record. */
export const bucketKey = (name: string) => Buffer.from(`B${name}`)
/** All buckets, by name. */
export const bucketsRange = (): Range => prefixRange(Buffer.from('B'))

/** A bucket's sub-resource document, e.g. its CORS rules. */
export const configKey = (bucketId: string, name: string) => Buffer.from(`g${bucketId}${name}`)
/** All sub-resource documents of a bucket. */
export const configRange = (bucketId: string) => prefixRange(Buffer.from(`g${bucketId}`))

/** A key's newest version, be it an object or a delete marker. */
export const currentKey = (bucketId: string, key: string) => Buffer.from(`c${bucketId}${key}`)
/** The newest versions of all keys that begin with `prefix`. */
export const currentRange = (bucketId: string, prefix = '') => prefixRange(currentKey(bucketId, prefix))

/** The object key within a {@link currentKey}. */
export const keyOfCurrent = (stored: Buffer, bucketId: string) => stored.toString('utf8', 1 + bucketId.length)

/** A key's older versions, newest first. */
export function versionKey(bucketId: string, key: string, sequence: number): Buffer {
  const descending = Buffer.alloc(8)
  descending.writeBigUInt64BE(MAX_SEQUENCE - BigInt(sequence))
  return Buffer.concat([versionsPrefix(bucketId, key), descending])
}
/** The older versions of one key. */
export const versionsRange = (bucketId: string, key: string) => prefixRange(versionsPrefix(bucketId, key))

/** The older versions of all keys that begin with `prefix`. */
export function allVersionsRange(bucketId: string, prefix = ''): Range {
  return prefixRange(Buffer.concat([Buffer.from(`v${bucketId}`), escapeZeros(prefix)]))
}

const versionsPrefix = (bucketId: string, key: string) =>
  Buffer.concat([Buffer.from(`v${bucketId}`), escapeZeros(key), Buffer.alloc(2)])

/** A pending multipart upload; they sort by key, then by id. */
export const uploadKey = (bucketId: string, key: string, uploadId: string) =>
  Buffer.concat([Buffer.from(`u${bucketId}`), escapeZeros(key), Buffer.alloc(2), Buffer.from(uploadId)])
/** The pending uploads of all keys that begin with `prefix`. */
export const uploadsRange = (bucketId: string, prefix = '') =>
  prefixRange(Buffer.concat([Buffer.from(`u${bucketId}`), escapeZeros(prefix)]))
/** Hex digits. */
export const UPLOAD_ID_LENGTH = 32
/** The object key within an {@link uploadKey}. */
export const keyOfUpload = (stored: Buffer, bucketId: string) =>
  unescapeZeros(stored.subarray(1 + bucketId.length, -2 - UPLOAD_ID_LENGTH))
/** The upload id within an {@link uploadKey}. */
export const idOfUpload = (stored: Buffer) => stored.toString('latin1', stored.length - UPLOAD_ID_LENGTH)

/** A part of an upload; they sort by number. */
export function partKey(uploadId: string, number: number): Buffer {
  const suffix = Buffer.alloc(2)
  suffix.writeUInt16BE(number)
  return Buffer.concat([Buffer.from(`p${uploadId}`), suffix])
}
/** All parts of an upload. */
export const partsRange = (uploadId: string) => prefixRange(Buffer.from(`p${uploadId}`))

/** A blob's reference count and, when it is small, its bytes. */
export const blobKey = (id: string) => Buffer.from(`b${id}`)

/** All keys that begin with `prefix`. */
export function prefixRange(prefix: Buffer): Range {
  return { gte: prefix, lt: successor(prefix) }
}

/** The first key after all keys that begin with `prefix`. */
export function successor(prefix: Buffer): Buffer {
  let end = prefix.length
  while (end > 0 && prefix[end - 1] === 0xff) end--
  const next = Buffer.from(prefix.subarray(0, end))
  if (end > 0) next[end - 1] = (next[end - 1] as number) + 1
  return next
}

// A key ends with two zero bytes, which must sort before every longer key: its own zeros are escaped.
function escapeZeros(key: string): Buffer {
  return Buffer.from(key.includes('\0') ? key.replaceAll('\0', '\0\x01') : key)
}

function unescapeZeros(bytes: Buffer): string {
  return bytes.toString('utf8').replaceAll('\0\x01', '\0')
}
