import { MAX_COPIED_PART_BYTES, MAX_PARTS } from '../oss/limits.ts'
import type { S3Error } from '../s3/error.ts'
import { type Refusal, refusedBySetting, tooLarge, tooManyRequests } from './oss-refusal.ts'
import type { SourceFacts } from './source.ts'

/** Bytes of the source, both ends included. */
export type ByteRange = { first: number; last: number }

/** How a copy is done. */
export type Plan =
  /** One CopyObject. */
  | { kind: 'native' }
  /** UploadPartCopy of each range: OSS moves the bytes. */
  | { kind: 'parts'; ranges: readonly ByteRange[] }
  /** The gateway moves the bytes, range by range; a single range goes as one PutObject. */
  | { kind: 'relay'; ranges: readonly ByteRange[] }
  /** Nothing is written. */
  | { kind: 'refuse'; error: S3Error }

/** The settings of the document's `copy` that decide how a copy is made. */
export type CopySettings = {
  oversize: 'reroute' | 'reject'
  crossRegion: 'reroute' | 'reject'
  crossUpstream: 'reroute' | 'reject'
  appendable: 'reroute' | 'reject'
  symlink: 'reroute' | 'reject'
  /** Bytes. */
  maxSize: number
  /** Bytes of a part, unless there would be too many. */
  partSize: number
  /** Requests to OSS that one copy may make, where the platform counts them. */
  maxRequests?: number | undefined
}

/** Requests of a copy that are no part's: CopyObject, two HEADs, tags, list of uploads, Initiate, Complete, the look at the result, an abort and its repetition. */
const FIXED_REQUESTS = 10

/**
 * What to do, from what is known. Native first whenever nothing is known against it: OSS's limits differ by
 * bucket, class and year, so only its own refusal says what it will not copy.
 * @param facts the source, where it was looked at; always there with a refusal.
 * @param refusal what OSS would not do, once it has been asked.
 */
export function planCopy(
  settings: CopySettings,
  refusal: Refusal | undefined,
  facts: SourceFacts | undefined,
): Plan {
  if (refusal === undefined || facts === undefined) return { kind: 'native' }
  const error = rerouteForbidden(settings, refusal, facts)
  if (error !== undefined) return { kind: 'refuse', error }
  if (facts.size > settings.maxSize) return { kind: 'refuse', error: tooLarge(settings.maxSize) }
  const kind = reasonOf(refusal, facts) === 'oversize' ? 'parts' : 'relay'
  const ranges = splitSource(facts.size, settings, kind === 'relay' ? 2 : 1)
  return ranges === undefined ? { kind: 'refuse', error: tooManyRequests(settings) } : { kind, ranges }
}

/** Why OSS does not copy: its refusal, or the source's type, which its error does not name. */
const reasonOf = (refusal: Refusal, { type }: Pick<SourceFacts, 'type'>): Refusal =>
  type === 'Symlink' ? 'symlink' : type === 'Appendable' ? 'appendable' : refusal

/** The error of a copy that a setting forbids to reroute, or undefined. */
export function rerouteForbidden(
  settings: CopySettings,
  refusal: Refusal,
  facts: Pick<SourceFacts, 'type'>,
): S3Error | undefined {
  const why = [reasonOf(refusal, facts), refusal].find((why) => settings[why] === 'reject')
  return why && refusedBySetting(why, settings.maxSize)
}

/**
 * The source in parts of the size set, or larger where there would be too many of them.
 * @param requestsPerPart counted against `maxRequests`.
 * @returns undefined when no part size fits.
 */
export function splitSource(
  size: number,
  { partSize, maxRequests = Number.POSITIVE_INFINITY }: Pick<CopySettings, 'partSize' | 'maxRequests'>,
  requestsPerPart: number,
): ByteRange[] | undefined {
  const most = Math.min(MAX_PARTS, Math.floor((maxRequests - FIXED_REQUESTS) / requestsPerPart))
  if (most < 1) return undefined
  const length = Math.max(partSize, Math.ceil(size / most))
  if (length > Math.max(partSize, MAX_COPIED_PART_BYTES)) return undefined
  const ranges: ByteRange[] = []
  for (let first = 0; first < size; first += length) {
    ranges.push({ first, last: Math.min(first + length, size) - 1 })
  }
  // An empty object has one part without bytes.
  return ranges.length === 0 ? [{ first: 0, last: -1 }] : ranges
}
