import type { HeaderMap } from '../../ports.ts'
import { invalidArgument } from '../../s3/error.ts'

/** Parameters of a read, each of which sets a header of its answer. OSS takes the same names. */
export const overrideNames = [
  'response-cache-control',
  'response-content-disposition',
  'response-content-encoding',
  'response-content-language',
  'response-content-type',
  'response-expires',
] as const

const headerValue = /^[\t\x20-\x7e\xa0-\xff]*$/

/**
 * The `response-*` parameters of a read that are there.
 * @throws S3Error InvalidArgument for a value that no header can have.
 */
export function responseOverrides(query: ReadonlyMap<string, string>): Record<string, string> {
  const overrides: Record<string, string> = {}
  for (const name of overrideNames) {
    const value = query.get(name)
    if (value === undefined) continue
    if (!headerValue.test(value)) {
      throw invalidArgument('Header value cannot be represented using ISO-8859-1.', name, value)
    }
    overrides[name] = value
  }
  return overrides
}

/** The same as the headers they write. */
export function overriddenHeaders(query: ReadonlyMap<string, string>): HeaderMap {
  const overrides = responseOverrides(query)
  const headers: HeaderMap = {}
  for (const name in overrides) headers[name.slice('response-'.length)] = overrides[name] as string
  return headers
}
