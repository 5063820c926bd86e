import { decodeKey } from '../../bytes/percent.ts'
import { toS3Time } from '../../translate/date.ts'
import type { WrittenRows } from '../../xml/rows.ts'

/** What of OSS's rows decides on their order: to be kept beside those written. */
export const ORDERED_BY = ['Key', 'IsLatest', 'LastModified']

/**
 * Delete markers and versions in one order, which some clients rely on: by key, and within one the newest first.
 * @param kinds the rows of each, in order as OSS lists them, with {@link ORDERED_BY} kept.
 */
export function inS3Order(...kinds: readonly WrittenRows[]): Buffer[] {
  const some = kinds.filter(({ count }) => count > 0)
  if (some.length < 2) return some.flatMap((rows) => rows.take())
  // Sorting keeps the order within a kind; OSS's times, in seconds, decide between the kinds.
  return some
    .flatMap(entriesOf)
    .sort(compare)
    .map(({ bytes }) => bytes)
}

type Entry = { key: string; isLatest: boolean; modified: string; bytes: Buffer }

const entriesOf = (rows: WrittenRows): Entry[] =>
  rows.takeEach().map(({ bytes, kept: [key = '', isLatest, time = ''] }) => ({
    key: decodeKey(key),
    isLatest: isLatest === 'true',
    modified: toS3Time(time),
    bytes,
  }))

function compare(a: Entry, b: Entry): number {
  if (a.key !== b.key) return compareBytes(a.key, b.key)
  if (a.isLatest !== b.isLatest) return a.isLatest ? -1 : 1
  return a.modified === b.modified ? 0 : a.modified > b.modified ? -1 : 1
}

/** By the bytes of UTF-8, as S3 and OSS order keys: not by UTF-16 units, which sort surrogates too low. */
function compareBytes(a: string, b: string): number {
  if (surrogate.test(a) || surrogate.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b))
  return a < b ? -1 : 1
}

const surrogate = /[\ud800-\udfff]/
