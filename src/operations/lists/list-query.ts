import { replaceCharacters } from '../../bytes/replace-characters.ts'
import { invalidArgument } from '../../s3/error.ts'
import { MAX_LISTED } from '../../s3/limits.ts'
import type { List, RowKinds } from '../../xml/rows.ts'

type Query = ReadonlyMap<string, string>

/**
 * `max-keys` and its kin: more than a page is a page, nothing said is a page.
 * @throws S3Error InvalidArgument.
 */
export const parsePageSize = (query: Query, name: string) =>
  Math.min(parseNumber(query, name) ?? MAX_LISTED, MAX_LISTED)

/** A whole number in the query, in digits alone; empty counts as absent. @throws S3Error InvalidArgument. */
export function parseNumber(query: Query, name: string, least = 0, most = 2147483647): number | undefined {
  const value = query.get(name)
  if (value === undefined || value === '') return undefined
  const number = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN
  if (number >= least && number <= most) return number
  throw invalidArgument(`Argument ${name} must be an integer between ${least} and ${most}`, name, value)
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

/**
 * The list taken out of its answer. A promise that is older than what it resolved with keeps that until V8's next full
 * collection, and a page is half a megabyte: kept, it cost half as much again as the whole request.
 */
export function takeList<Kinds extends RowKinds>(answer: { document: List<Kinds> }): List<Kinds> {
  const list = answer.document
  answer.document = { document: {}, rows: {} as List<Kinds>['rows'] }
  return list
}

/** S3's form: a space is `+`, and `/ - _ . *` stay. */
function encodeKey(key: string): string {
  if (/^[\w./*-]*$/.test(key)) return key
  return /^\p{ASCII}*$/u.test(key) ? replaceCharacters(key, encodedAscii) : encodeAny(key)
}

const encodeAny = (key: string) =>
  encodeURIComponent(key)
    .replace(/[!'()~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/')
    .replaceAll('%20', '+')

/** By code, the characters that do not stay. */
const encodedAscii = Array.from({ length: 0x80 }, (_, code) => {
  const character = String.fromCharCode(code)
  const encoded = encodeAny(character)
  return encoded === character ? undefined : encoded
})
