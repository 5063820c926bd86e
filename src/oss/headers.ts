import { encodeStrictly } from '../bytes/percent.ts'
import type { HeaderMap } from '../ports.ts'
import { encodePath } from './sign.ts'

const COPY_SOURCE = 'x-oss-copy-source'
const FORBID_OVERWRITE = 'x-oss-forbid-overwrite'

/** The id of the version that an answer is about; undefined in a bucket that never had versions. */
export const versionIdOf = (headers: HeaderMap): string | undefined => headers['x-oss-version-id']

/** OSS's CRC-64 of an object or part, decimal; it does not have it for every object. */
export const crc64Of = (headers: HeaderMap): string | undefined => headers['x-oss-hash-crc64ecma']

/** OSS refuses bytes that have another CRC-64. @param crc64 decimal; undefined: it takes any. */
export const expectCrc64 = (crc64: string | undefined): HeaderMap =>
  crc64 === undefined ? {} : { 'x-oss-hash-crc64ecma': crc64 }

/** `Normal`, `Multipart`, `Appendable` or `Symlink`. */
export const objectTypeOf = (headers: HeaderMap): string => headers['x-oss-object-type'] ?? 'Normal'

/** Whether a call copies: CopyObject, UploadPartCopy. */
export const isCopy = (headers: HeaderMap): boolean => headers[COPY_SOURCE] !== undefined

/** What a call copies: the key percent-encoded once, the version behind it. */
export function copySource(
  { bucket, key }: { bucket: string; key: string },
  versionId: string | undefined,
): HeaderMap {
  const version = versionId === undefined ? '' : `?versionId=${encodeStrictly(versionId)}`
  return { [COPY_SOURCE]: `/${bucket}/${encodePath(key)}${version}` }
}

/** Which bytes of its source an UploadPartCopy copies. @param range as in `Range`: `bytes=0-9`. */
export const copySourceRange = (range: string): HeaderMap => ({ [`${COPY_SOURCE}-range`]: range })

/** What OSS answers to a copy of a version. @param versionId undefined: the client named none. */
export const copiedVersion = (versionId: string | undefined): HeaderMap =>
  versionId === undefined ? {} : { [`${COPY_SOURCE}-version-id`]: versionId }

/** Adds a range to the headers of a read. Without the second header OSS answers one it cannot satisfy with the whole object. */
export function addRange(headers: HeaderMap, range: string): HeaderMap {
  headers.range = range
  headers['x-oss-range-behavior'] = 'standard'
  return headers
}

/** A write that must not replace an object; OSS ignores it in a bucket that has, or had, versions. */
export const forbidOverwrite = (): HeaderMap => ({ [FORBID_OVERWRITE]: 'true' })

/** Whether a write must not replace an object. */
export const forbidsOverwrite = (headers: HeaderMap): boolean => headers[FORBID_OVERWRITE] === 'true'
