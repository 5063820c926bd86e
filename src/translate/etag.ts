import { digestOf } from '../bytes/digest.ts'

const md5 = /^"?([0-9a-fA-F]{32}(-\d+)?)"?$/

/** OSS's ETag as S3 writes it: hex in lower case, in one pair of quotes. Clients compare it with lower-case MD5 sums. */
export function toS3ETag(etag: string): string {
  const hex = md5.exec(etag)?.[1]
  if (hex !== undefined) return `"${hex.toLowerCase()}"`
  return etag.startsWith('"') ? etag : `"${etag}"`
}

/** A client's ETag as OSS compares it: quoted, hex in upper case. Anything else passes as it is. */
export function toOssETag(etag: string): string {
  const hex = md5.exec(etag.trim())?.[1]
  return hex === undefined ? etag : `"${hex.toUpperCase()}"`
}

/** Whether a condition's ETag names this object's; `*` names any. Case and quotes do not count. */
export function etagMatches(condition: string, etag: string): boolean {
  const bare = (text: string) => text.trim().replace(/^"|"$/g, '').toLowerCase()
  return condition.split(',').some((one) => one.trim() === '*' || bare(one) === bare(etag))
}

/**
 * How many parts an object was uploaded in, as its ETag says (`…-3`), or undefined for one uploaded whole. OSS completes
 * an upload without parts to an empty object (`…-0`); S3 does not, and such an object is whole.
 */
export function partsOfETag(etag: string): number | undefined {
  const suffix = md5.exec(etag)?.[2]
  return suffix === undefined ? undefined : Number(suffix.slice(1)) || undefined
}

/**
 * The ETag of the object that OSS makes of parts: the MD5 of their ETags' text, in upper case as it shows them, and their
 * number (ali-oss Java's TestUtils.calcMultipartsETag).
 * @param parts their ETags without quotes, in any case. @returns as S3 writes it.
 */
export const etagOfParts = (parts: readonly string[]): string =>
  countedMd5(parts.join('').toUpperCase(), parts.length)

/**
 * Whether an object's ETag is the one that these parts make: by OSS's formula, or by S3's, which takes the MD5 of the
 * ETags' bytes.
 * @param parts their ETags without quotes, in any case.
 */
export function isETagOfParts(etag: string, parts: readonly string[]): boolean {
  if (!parts.every((part) => /^[0-9a-fA-F]{32}$/.test(part))) return false
  const known = [etagOfParts(parts), countedMd5(Buffer.from(parts.join(''), 'hex'), parts.length)]
  return known.includes(toS3ETag(etag))
}

const countedMd5 = (bytes: string | Uint8Array, count: number) =>
  `"${digestOf('md5', bytes, 'hex')}-${count}"`
