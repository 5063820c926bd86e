import type { HeaderMap } from './http.ts'
import type { Operation } from './operation.ts'
import { operations } from './operations.ts'
import { UNSUPPORTED_SUBRESOURCES } from './subresources.ts'

/** Every query name that says which operation is asked for, or of what version: `DELETE ?policy` deletes no bucket. */
export const SUBRESOURCES: ReadonlySet<string> = new Set([
  ...UNSUPPORTED_SUBRESOURCES,
  ...operations.flatMap(({ query = [], optional = [] }) => [...query, ...optional]),
])

/** Parameters of writes that select no operation, even without a value. */
const EMPTY_PARAMETERS = new Set([
  'encoding-type',
  'security-token',
  'x-oss-additional-headers',
  'x-oss-request-payer',
  'x-oss-security-token',
  'x-oss-traffic-limit',
])

/** What a request addresses. */
export type Target = { method: string; bucket: string; key: string }

/**
 * The row of the table that takes all of the request's sub-resources; one that needs a header goes before one that does
 * not. Undefined when OSS, or this service, has no such operation.
 */
export function findOperation(
  { method, bucket, key }: Target,
  query: ReadonlyMap<string, string>,
  headers: HeaderMap,
): Operation | undefined {
  const levels = bucket === '' ? ['service'] : key === '' ? ['bucket', 'bucket-name'] : ['object']
  // A preflight has the query of the request that it asks for.
  const isPreflight = method === 'OPTIONS'
  if (!isPreflight && hasUnknownSubresource(method, query)) return undefined
  const asked = isPreflight ? [] : [...query.keys()].filter((name) => SUBRESOURCES.has(name))
  const rows = operations.filter(
    (row) =>
      row.method === method &&
      levels.includes(row.on) &&
      matches(row, asked, headers) &&
      (row.comp === undefined || row.comp === query.get('comp')),
  )
  return rows.find(({ header }) => header !== undefined) ?? rows[0]
}

function matches({ query = [], optional = [], header }: Operation, asked: string[], headers: HeaderMap) {
  return (
    query.every((name) => asked.includes(name)) &&
    asked.every((name) => query.includes(name) || optional.includes(name)) &&
    (header === undefined || headers[header] !== undefined)
  )
}

/**
 * Whether a write has a name without a value that is neither a sub-resource nor a parameter. It may be a sub-resource
 * newer than the list, and must not delete a bucket or empty an object; reads ignore such names, as OSS does.
 */
function hasUnknownSubresource(method: string, query: ReadonlyMap<string, string>): boolean {
  if (method === 'GET' || method === 'HEAD') return false
  for (const [name, value] of query) {
    if (value === '' && !SUBRESOURCES.has(name) && !EMPTY_PARAMETERS.has(name)) return true
  }
  return false
}
