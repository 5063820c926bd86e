import {
  allVersionsRange,
  currentKey,
  currentRange,
  keyOfCurrent,
  successor,
  versionsRange,
} from '../store/keys.ts'
import type { BucketRecord, VersionRecord } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import type { ListQuery } from './list-query.ts'

/** One entry of a listing: a thing with a key, or the common prefix of many. */
export type Entry<T> = T | { prefix: string }

/** The entries up to the limit, and whether there are more. */
export type Page<T> = { entries: Entry<T>[]; truncated: boolean }

/** An iterator over things in the order of their keys' bytes. */
export type KeyIterator<T> = {
  next: () => Promise<T | undefined>
  /** Goes on after every key that begins with `prefix`. */
  skipPrefix: (prefix: string) => void
  close: () => Promise<void>
}

type Rollup = Pick<ListQuery, 'prefix' | 'delimiter'>

/**
 * One page of a listing: things, and common prefixes, each counted once; the other keys of a prefix are skipped unread.
 * `after` is the name the last page ended with; where that was a common prefix, all its keys are skipped.
 */
export async function readPage<T extends { key: string }>(
  iterator: KeyIterator<T>,
  query: ListQuery,
  after: string,
): Promise<Page<T>> {
  const entries: Entry<T>[] = []
  try {
    if (after.startsWith(query.prefix) && commonPrefix(after, query) === after) iterator.skipPrefix(after)
    for (;;) {
      const found = await iterator.next()
      if (found === undefined) return { entries, truncated: false }
      if (entries.length === query.maxKeys) return { entries, truncated: true }
      const prefix = commonPrefix(found.key, query)
      if (prefix === undefined) entries.push(found)
      else {
        entries.push({ prefix })
        iterator.skipPrefix(prefix)
      }
    }
  } finally {
    await iterator.close()
  }
}

/** The common prefix of a key: up to and including the first delimiter after the prefix asked for. */
function commonPrefix(key: string, { prefix, delimiter }: Rollup): string | undefined {
  if (delimiter === '') return undefined
  const at = key.indexOf(delimiter, prefix.length)
  return at < 0 ? undefined : key.slice(0, at + delimiter.length)
}

/** A version with its key. */
export type Found = { key: string; version: VersionRecord; isLatest: boolean }

/** The current objects of a bucket after a key; a key whose current version is a delete marker has none. */
export function iterateObjects(
  store: Store,
  bucket: BucketRecord,
  prefix: string,
  after: string,
): KeyIterator<Found> {
  const range = currentRange(bucket.id, prefix)
  const cursor = store.cursor(range)
  // The first key after a key is the same with a zero byte.
  const start = Buffer.concat([currentKey(bucket.id, after), Buffer.alloc(1)])
  if (after !== '' && Buffer.compare(start, range.gte) > 0) cursor.seek(start)
  return {
    async next() {
      for (;;) {
        const entry = await cursor.next()
        if (entry === undefined) return undefined
        const version = JSON.parse(entry[1].toString('utf8')) as VersionRecord
        if (!version.deleteMarker) return { key: keyOfCurrent(entry[0], bucket.id), version, isLatest: true }
      }
    },
    skipPrefix: (prefix) => cursor.seek(successor(currentKey(bucket.id, prefix))),
    close: () => cursor.close(),
  }
}

/**
 * All versions of a bucket's keys, newest first within a key. Starts after all versions of `after`, or after
 * those of `after` that are not older than `afterSequence`.
 */
export function iterateVersions(
  store: Store,
  bucket: BucketRecord,
  prefix: string,
  after: string,
  afterSequence: number | undefined,
): KeyIterator<Found> {
  const range = currentRange(bucket.id, prefix)
  const newest = store.cursor(range)
  const older = store.cursor(allVersionsRange(bucket.id, prefix))
  const start = currentKey(bucket.id, after)
  if (after !== '' && Buffer.compare(start, range.gte) > 0) newest.seek(start)
  let pending: Found[] = []
  return {
    async next() {
      for (;;) {
        const found = pending.shift()
        if (found !== undefined) {
          if (found.key !== after) return found
          if (afterSequence !== undefined && found.version.sequence < afterSequence) return found
          continue
        }
        const entry = await newest.next()
        if (entry === undefined) return undefined
        const key = keyOfCurrent(entry[0], bucket.id)
        const current = JSON.parse(entry[1].toString('utf8')) as VersionRecord
        pending = [{ key, version: current, isLatest: true }, ...(await olderOf(key))]
      }
    },
    skipPrefix(prefix) {
      pending = []
      newest.seek(successor(currentKey(bucket.id, prefix)))
    },
    async close() {
      await newest.close()
      await older.close()
    },
  }

  async function olderOf(key: string): Promise<Found[]> {
    if (bucket.versioning === undefined) return []
    const { gte, lt } = versionsRange(bucket.id, key)
    const found: Found[] = []
    older.seek(gte)
    for (;;) {
      const entry = await older.peek()
      if (entry === undefined || Buffer.compare(entry[0], lt) >= 0) return found
      found.push({ key, version: JSON.parse(entry[1].toString('utf8')) as VersionRecord, isLatest: false })
      await older.next()
    }
  }
}
