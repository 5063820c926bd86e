import { invalidArgument } from '../../s3/error.ts'
import { MAX_LISTED } from '../../s3/limits.ts'

type Query = ReadonlyMap<string, string>

/**
 * `max-keys` and its kin: more than a page is a page, nothing said is a page.
 * @throws S3Error InvalidArgument.
 */
export const parsePageSize = (query: Query, name: string) =>
  Math.min(parseNumber(query, name) ?? MAX_LISTED, MAX_LISTED)

/** What every list of keys asks OSS for. @param pageSize as {@link parsePageSize} gives it. */
export const pageQuery = (pageSize: number) => ({
  // OSS wants at least 1, and without the parameter lists 100.
  'max-keys': String(Math.max(1, pageSize)),
  // Some characters of keys do not survive XML.
  'encoding-type': 'url',
})

/** A whole number in the query, in digits alone; empty counts as absent. @throws S3Error InvalidArgument. */
export function parseNumber(query: Query, name: string, least = 0, most = 2147483647): number | undefined {
  const value = query.get(name)
  if (value === undefined || value === '') return undefined
  const number = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN
  if (number >= least && number <= most) return number
  throw invalidArgument(`Argument ${name} must be an integer between ${least} and ${most}`, name, value)
}
