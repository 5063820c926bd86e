import { percentEncode } from '../address.ts'
import { invalidArgument } from '../errors.ts'

const DEFAULT_MAX_KEYS = 100
const MAX_KEYS = 1000
const MAX_NAME_BYTES = 1023

/** The parameters that all listings of keys have. */
export type ListQuery = { prefix: string; delimiter: string; maxKeys: number; encoding: 'url' | undefined }

/** @throws OssError InvalidArgument for a limit outside 1 to 1000 or a name too long. */
export function parseListQuery(query: ReadonlyMap<string, string>): ListQuery {
  return {
    prefix: parseName(query, 'prefix') ?? '',
    delimiter: parseName(query, 'delimiter') ?? '',
    maxKeys: parseLimit(query, 'max-keys', DEFAULT_MAX_KEYS),
    encoding: parseEncoding(query),
  }
}

/** A count from 1 to 1000. @throws OssError InvalidArgument. */
export function parseLimit(query: ReadonlyMap<string, string>, name: string, fallback: number): number {
  const value = query.get(name)
  if (value === undefined || value === '') return fallback
  const limit = /^\d+$/.test(value) ? Number(value) : 0
  if (limit < 1 || limit > MAX_KEYS) {
    throw invalidArgument(`Argument ${name} must be an integer between 1 and ${MAX_KEYS}.`, name, value)
  }
  return limit
}

/** A key, or a prefix of one. @throws OssError InvalidArgument when it is longer than a key can be. */
export function parseName(query: ReadonlyMap<string, string>, name: string): string | undefined {
  const value = query.get(name)
  if (value !== undefined && Buffer.byteLength(value) > MAX_NAME_BYTES) {
    throw invalidArgument(`The length of ${name} must be less than 1024.`, name, value)
  }
  return value
}

/** `encoding-type`. @throws OssError InvalidArgument for any but `url`. */
export function parseEncoding(query: ReadonlyMap<string, string>): 'url' | undefined {
  const value = query.get('encoding-type')
  if (value === undefined || value === '') return undefined
  if (value.toLowerCase() === 'url') return 'url'
  throw invalidArgument('Invalid Encoding Method specified in Request.', 'encoding-type', value)
}

/** A name as a listing shows it: as it is, or percent-encoded. */
export function encodeName(name: string, encoding: 'url' | undefined): string {
  return encoding === 'url' ? percentEncode(name) : name
}
