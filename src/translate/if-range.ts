import { parseDate } from '../bytes/parse-date.ts'
import { toOssETag } from './etag.ts'

/** What an object must still be for a range of it to be sent: an ETag as OSS writes it, a time in milliseconds, or what no object is. */
export type IfRange = { etag: string } | { lastModified: number } | 'nothing'

// One ETag in quotes, without `W/`; or the bare sum that S3 takes in its conditions, too.
const strongETag = /^(?:"[^"]*"|[0-9a-f]{32}(?:-\d+)?)$/i

/** `If-Range`. A weak ETag never holds (RFC 9110 13.1.5), nor does what is neither ETag nor date: the whole object is always right. */
export function parseIfRange(header: string): IfRange {
  const text = header.trim()
  if (strongETag.test(text)) return { etag: toOssETag(text) }
  const lastModified = parseDate(text)
  return lastModified === undefined ? 'nothing' : { lastModified }
}

/**
 * Whether the object is still the one. A date has to be its Last-Modified to the second.
 * @param object its ETag, and its Last-Modified in milliseconds.
 */
export function ifRangeHolds(ifRange: IfRange, object: { etag: string; lastModified: number }): boolean {
  if (ifRange === 'nothing') return false
  if ('etag' in ifRange) return ifRange.etag === toOssETag(object.etag)
  return Math.floor(ifRange.lastModified / 1000) === Math.floor(object.lastModified / 1000)
}
