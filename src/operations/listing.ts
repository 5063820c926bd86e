import { invalidArgument } from '../s3/error.ts'

/** The most entries of one page, with S3 and with OSS. */
export const MAX_LISTED = 1000

type Query = ReadonlyMap<string, string>

/**
 * `max-keys` and its kin: more than a page is a page, nothing said is a page.
 * @throws S3Error InvalidArgument.
 */
export const parsePageSize = (query: Query, name: string) =>
  Math.min(parseNumber(query, name) ?? MAX_LISTED, MAX_LISTED)

/** A number in the query; empty counts as absent. @throws S3Error InvalidArgument. */
export function parseNumber(query: Query, name: string): number | undefined {
  const value = query.get(name)
  if (value === undefined || value === '') return undefined
  if (!/^\d{1,10}$/.test(value) || Number(value) > 2147483647) {
    throw invalidArgument(`Argument ${name} must be an integer between 0 and 2147483647`, name, value)
  }
  return Number(value)
}

/**
 * How an answer writes keys: as they are, or with `encoding-type=url`, in S3's own form of it.
 * @throws S3Error InvalidArgument.
 */
export function keyEncoding(query: Query): (key: string) => string {
  const encodingType = query.get('encoding-type')
  if (encodingType === undefined) return (key) => key
  if (encodingType !== 'url') {
    throw invalidArgument('Invalid Encoding Method specified in Request', 'encoding-type', encodingType)
  }
  return encodeKey
}

/** S3's form: a space is `+`, and `/ - _ . *` stay. */
function encodeKey(key: string): string {
  return encodeURIComponent(key)
    .replace(/[!'()~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/')
    .replaceAll('%20', '+')
}
