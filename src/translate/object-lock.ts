import { parseIsoTime } from '../bytes/parse-date.ts'
import { type HeaderMap, headerMap } from '../ports.ts'
import { invalidArgument } from '../s3/error.ts'
import { toS3Time } from './date.ts'

/** Until when a version is kept, in milliseconds since the epoch, and whether that can be bypassed. */
export type Retention = { mode: 'GOVERNANCE' | 'COMPLIANCE'; until: number }

/** What keeps a version from being deleted, of its own or to be given to it. */
export type ObjectLock = { retention: Retention | undefined; legalHold: 'ON' | 'OFF' | undefined }

/** Both services and the reserved metadata of uploads name the three values alike, each in its own headers. */
type Names = Record<'mode' | 'until' | 'hold', string>

const S3: Names = {
  mode: 'x-amz-object-lock-mode',
  until: 'x-amz-object-lock-retain-until-date',
  hold: 'x-amz-object-lock-legal-hold',
}
const OSS: Names = {
  mode: 'x-oss-object-worm-mode',
  until: 'x-oss-object-worm-retain-until-date',
  hold: 'x-oss-object-worm-legal-hold',
}
const KEPT: Names = {
  mode: 'x-oss-meta-s3gw-lock-mode',
  until: 'x-oss-meta-s3gw-lock-until',
  hold: 'x-oss-meta-s3gw-lock-hold',
}

/**
 * The lock that a write's headers ask for, or undefined when they ask for none.
 * @param now milliseconds since the epoch.
 * @throws S3Error InvalidArgument, in S3's words.
 */
export function requestedLock(headers: HeaderMap, now: number): ObjectLock | undefined {
  const { [S3.mode]: mode, [S3.until]: date, [S3.hold]: hold } = headers
  if (mode === undefined && date === undefined && hold === undefined) return undefined
  if ((mode === undefined) !== (date === undefined)) {
    throw invalidArgument(`${S3.until} and ${S3.mode} must both be supplied`, mode ? S3.until : S3.mode)
  }
  if (mode !== undefined && !isMode(mode)) {
    throw invalidArgument('Unknown wormMode directive.', S3.mode, mode)
  }
  if (hold !== undefined && !isHold(hold)) {
    throw invalidArgument("Legal Hold must be either of 'ON' or 'OFF'", S3.hold, hold)
  }
  const until = date === undefined ? undefined : parseIsoTime(date.trim())
  if (date !== undefined && until === undefined) {
    throw invalidArgument('The retain until date must be provided in ISO 8601 format', S3.until, date)
  }
  if (until !== undefined && until <= now) {
    throw invalidArgument('The retain until date must be in the future!', S3.until, date)
  }
  return {
    retention: mode === undefined || until === undefined ? undefined : { mode, until },
    legalHold: hold,
  }
}

const isMode = (word: string): word is Retention['mode'] => word === 'GOVERNANCE' || word === 'COMPLIANCE'
const isHold = (word: string): word is 'ON' | 'OFF' => word === 'ON' || word === 'OFF'

/** The lock that OSS tells with an object (HeadObject), as S3 does. */
export function toS3Lock(oss: HeaderMap): HeaderMap {
  const headers = headerMap()
  const { [OSS.mode]: mode, [OSS.until]: until, [OSS.hold]: hold } = oss
  if (mode && until) {
    headers[S3.mode] = mode
    headers[S3.until] = toS3Time(until)
  }
  if (hold) headers[S3.hold] = hold
  return headers
}

/** Whether a version has all of a lock already. @param oss OSS's answer to a HEAD of it. */
export function hasLock(oss: HeaderMap, { retention, legalHold }: ObjectLock): boolean {
  const told = lockIn(oss, OSS)
  const isRetained =
    retention === undefined ||
    (told.retention?.mode === retention.mode && told.retention.until >= retention.until)
  return isRetained && (legalHold === undefined || told.legalHold === legalHold)
}

/** Lets OSS delete, or shorten the retention of, what is retained in governance mode. */
export const bypassGovernanceHeader = (): HeaderMap => ({ 'x-oss-bypass-governance-retention': 'true' })

/** A lock as reserved metadata of an upload, whose object is to have it when it is there. */
export function toKeptLock({ retention, legalHold }: ObjectLock): HeaderMap {
  const headers = headerMap()
  if (retention !== undefined) {
    headers[KEPT.mode] = retention.mode
    headers[KEPT.until] = new Date(retention.until).toISOString()
  }
  if (legalHold !== undefined) headers[KEPT.hold] = legalHold
  return headers
}

/** The lock that an upload was begun with, by the metadata of its object. */
export function keptLock(oss: HeaderMap): ObjectLock | undefined {
  const lock = lockIn(oss, KEPT)
  return lock.retention === undefined && lock.legalHold === undefined ? undefined : lock
}

function lockIn(headers: HeaderMap, names: Names): ObjectLock {
  const { [names.mode]: mode, [names.until]: date, [names.hold]: hold } = headers
  const until = date === undefined ? undefined : parseIsoTime(date)
  return {
    retention: mode === undefined || !isMode(mode) || until === undefined ? undefined : { mode, until },
    legalHold: hold === undefined || !isHold(hold) ? undefined : hold,
  }
}
