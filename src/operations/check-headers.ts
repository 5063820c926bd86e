import type { HeaderMap } from '../ports.ts'
import { invalidArgument } from '../s3/error.ts'
import { type Refusal, requestHeaders } from '../translate/request-headers.ts'
import type { Operation } from './operation.ts'
import { isWrite } from './selectors.ts'

const COPY_SOURCE = 'x-amz-copy-source'
const METADATA = 'x-amz-meta-'

/** By the operation's name: the headers it refuses. */
const refusals = new Map<string, ReadonlyMap<string, Refusal>>()

/** The rows of the table that an operation refuses; there are as many operations as S3 has. */
function refusalsOf({ name, method }: Pick<Operation, 'name' | 'method'>): ReadonlyMap<string, Refusal> {
  const known = refusals.get(name)
  if (known !== undefined) return known
  const refused = new Map<string, Refusal>()
  for (const [header, row] of Object.entries(requestHeaders)) {
    if ('refused' in row) {
      if (row.on === 'all' || isWrite(method)) refused.set(header, row.refused)
    } else if (row.otherwise !== undefined && !row.on.includes(name)) {
      const [on, refusal] = row.otherwise
      if (on === 'writes' ? isWrite(method) : on.includes(name)) refused.set(header, refusal)
    }
  }
  refusals.set(name, refused)
  return refused
}

/**
 * Refuses the headers that the table of request headers (translate/request-headers.ts) refuses for an operation: what OSS
 * has no counterpart of, and what would be ignored silently although its client relies on it: a condition, a range of a
 * whole copy, metadata of a part.
 * @param headers the request's, with those that a presigned query stands for.
 * @param sent the headers alone.
 * @throws S3Error InvalidArgument, NotImplemented.
 */
export function checkHeaders(
  operation: Pick<Operation, 'name' | 'method' | 'auth' | 'isRefused'>,
  headers: HeaderMap,
  sent: HeaderMap,
): void {
  // A preflight is about another request; what is refused by its name is so whatever its headers.
  if (operation.auth === 'none' || operation.isRefused) return
  const refused = refusalsOf(operation)
  const metadata = refused.get(`${METADATA}*`)
  for (const header in headers) {
    const refusal =
      refused.get(header) ?? (metadata !== undefined && header.startsWith(METADATA) ? metadata : undefined)
    if (refusal !== undefined) throw refusal(header, headers[header] as string)
  }
  // S3 stores an empty object then, never what was meant by presigning a copy (aws-sdk-php#1275).
  if (isWrite(operation.method) && COPY_SOURCE in headers && !(COPY_SOURCE in sent)) {
    throw invalidArgument(
      'The copy source of a presigned request must be one of its signed headers, not a query parameter',
      COPY_SOURCE,
      headers[COPY_SOURCE],
    )
  }
}
