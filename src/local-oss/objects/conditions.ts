import { OssError } from '../errors.ts'
import type { HeaderMap } from '../http.ts'

/** What conditions are checked against. */
export type Validators = { etag: string; lastModified: number }

/**
 * Checks the four conditional headers, under the given prefix, against an object.
 * If-Match and If-Unmodified-Since come first and fail with 412, then the other two with 304. Each counts on its own:
 * OSS does not document S3's exceptions for pairs, nor `*` or lists of tags, so a tag is compared as text. An empty header is
 * as none (tests of ali-oss copy parts so).
 * @throws OssError PreconditionFailed with its Condition, or NotModified.
 */
export function checkConditions(
  headers: HeaderMap,
  prefix: '' | 'x-oss-copy-source-',
  object: Validators,
): void {
  const ifMatch = headers[`${prefix}if-match`]
  if (ifMatch && unquoted(ifMatch) !== object.etag) throw failed('If-Match')
  const unmodifiedSince = dateOf(headers[`${prefix}if-unmodified-since`])
  if (unmodifiedSince !== undefined && seconds(object.lastModified) > seconds(unmodifiedSince)) {
    throw failed('If-Unmodified-Since')
  }
  const ifNoneMatch = headers[`${prefix}if-none-match`]
  const modifiedSince = dateOf(headers[`${prefix}if-modified-since`])
  const sameTag = ifNoneMatch !== undefined && unquoted(ifNoneMatch) === object.etag
  const unchanged = modifiedSince !== undefined && seconds(object.lastModified) <= seconds(modifiedSince)
  if (sameTag || unchanged) {
    const headers = { etag: `"${object.etag}"`, 'last-modified': new Date(object.lastModified).toUTCString() }
    throw new OssError('NotModified', { headers })
  }
}

const unquoted = (tag: string) => tag.trim().replace(/^"(.*)"$/, '$1')
const seconds = (milliseconds: number) => Math.floor(milliseconds / 1000)

/** RFC 1123, or the ISO form of the documentation's example; a header with anything else is ignored. */
function dateOf(value: string | undefined): number | undefined {
  const date = Date.parse(value ?? '')
  return Number.isNaN(date) ? undefined : date
}

function failed(condition: string): OssError {
  return new OssError('PreconditionFailed', { elements: { Condition: condition } })
}
