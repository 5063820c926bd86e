import { retainedUntil } from '../buckets/bucket-worm.ts'
import type { State } from '../call.ts'
import { OssError } from '../errors.ts'
import type { HeaderMap } from '../http.ts'
import { currentKey, versionKey, versionsRange } from '../store/keys.ts'
import type { BucketRecord, Content, ObjectProperties, VersionRecord } from '../store/records.ts'
import type { Transaction } from '../store/transaction.ts'
import { checkVersionId, newVersionId, sequenceOf } from './version-id.ts'

/** A version before it has an id and a sequence number. */
export type NewVersion = ObjectProperties &
  Content &
  Pick<VersionRecord, 'lastModified' | 'deleteMarker' | 'retention' | 'legalHold'>

/** The newest version of a key, be it a delete marker. */
export function currentVersion(state: State, bucket: BucketRecord, key: string): VersionRecord | undefined {
  return state.store.get<VersionRecord>(currentKey(bucket.id, key))
}

/** The object that a key has now; undefined where it has none, or a delete marker. */
export function currentObject(state: State, bucket: BucketRecord, key: string): VersionRecord | undefined {
  const current = currentVersion(state, bucket, key)
  return current?.deleteMarker ? undefined : current
}

/** The named version of a key, or its newest; undefined when there is none. */
export function lookUpVersion(
  state: State,
  bucket: BucketRecord,
  key: string,
  versionId: string | undefined,
): VersionRecord | undefined {
  const current = currentVersion(state, bucket, key)
  if (current === undefined || versionId === undefined || current.versionId === versionId) return current
  const sequence = versionId === 'null' ? current.nullSequence : sequenceOf(versionId)
  if (sequence === undefined) return undefined
  const older = state.store.get<VersionRecord>(versionKey(bucket.id, key, sequence))
  return older?.versionId === versionId ? older : undefined
}

/**
 * The object a request means: a version by id, or the current one. Never a delete marker.
 * @throws OssError NoSuchKey, NoSuchVersion, MethodNotAllowed for a delete marker named by its id.
 */
export function requireObject(
  state: State,
  bucket: BucketRecord,
  key: string,
  versionId: string | undefined,
): VersionRecord {
  const version = lookUpVersion(state, bucket, key, versionId)
  if (version === undefined) {
    if (versionId === undefined) throw new OssError('NoSuchKey', { elements: { Key: key } })
    throw new OssError('NoSuchVersion', { elements: { Key: key, VersionId: versionId } })
  }
  if (!version.deleteMarker) return version
  const headers = { 'x-oss-delete-marker': 'true', 'x-oss-version-id': version.versionId }
  if (versionId === undefined) throw new OssError('NoSuchKey', { elements: { Key: key }, headers })
  throw new OssError('MethodNotAllowed', {
    elements: { Method: 'GET', ResourceType: 'DeleteMarker' },
    headers,
  })
}

/** `?versionId=`. @throws OssError InvalidArgument for the empty one, and for one that cannot be. */
export function versionIdOf(query: ReadonlyMap<string, string>): string | undefined {
  return checkVersionId(query.get('versionId'))
}

/**
 * Makes a version the current one. Where versioning is enabled the former one is kept as noncurrent; otherwise the null
 * version is replaced, be it current or noncurrent.
 * @throws OssError FileImmutable when what would be replaced is under retention or legal hold.
 */
export function addVersion(
  state: State,
  transaction: Transaction,
  bucket: BucketRecord,
  key: string,
  version: NewVersion,
): VersionRecord {
  const current = currentVersion(state, bucket, key)
  const sequence = nextSequence(current?.sequence)
  const isNull = bucket.versioning !== 'Enabled'
  const added: VersionRecord = { ...version, versionId: isNull ? 'null' : newVersionId(sequence), sequence }
  if (current !== undefined) {
    const replacesCurrent = isNull && current.versionId === 'null'
    if (replacesCurrent) releaseVersion(state, transaction, bucket, current)
    else {
      const { nullSequence, ...older } = current
      transaction.put(versionKey(bucket.id, key, current.sequence), older)
      const keptNull = current.versionId === 'null' ? current.sequence : nullSequence
      if (isNull) releaseNullVersion(state, transaction, bucket, key, nullSequence)
      else if (keptNull !== undefined) added.nullSequence = keptNull
    }
  }
  if (
    !version.deleteMarker &&
    bucket.objectWorm?.mode !== undefined &&
    bucket.objectWorm.days !== undefined
  ) {
    const until = version.lastModified + bucket.objectWorm.days * state.day
    added.retention ??= { mode: bucket.objectWorm.mode, until }
  }
  transaction.put(currentKey(bucket.id, key), added)
  return added
}

/** Rewrites a version in place: its ACL, tags or state, not its bytes. */
export function updateVersion(
  state: State,
  transaction: Transaction,
  bucket: BucketRecord,
  key: string,
  version: VersionRecord,
): void {
  const isCurrent = currentVersion(state, bucket, key)?.sequence === version.sequence
  const stored = isCurrent ? currentKey(bucket.id, key) : versionKey(bucket.id, key, version.sequence)
  transaction.put(stored, version)
}

/**
 * Removes one version permanently; where that was the current one, its predecessor becomes current.
 * @throws OssError FileImmutable.
 */
export async function removeVersion(
  state: State,
  transaction: Transaction,
  bucket: BucketRecord,
  key: string,
  version: VersionRecord,
  bypassGovernance: boolean,
): Promise<void> {
  releaseVersion(state, transaction, bucket, version, bypassGovernance)
  const current = currentVersion(state, bucket, key)
  if (current === undefined) return
  if (current.sequence !== version.sequence) {
    transaction.delete(versionKey(bucket.id, key, version.sequence))
    if (version.versionId !== 'null') return
    const { nullSequence: _, ...withoutNull } = current
    transaction.put(currentKey(bucket.id, key), withoutNull)
    return
  }
  const next = await state.store.first(versionsRange(bucket.id, key))
  if (next === undefined) {
    transaction.delete(currentKey(bucket.id, key))
    return
  }
  const promoted = JSON.parse(next[1].toString('utf8')) as VersionRecord
  if (current.nullSequence !== undefined && promoted.versionId !== 'null') {
    promoted.nullSequence = current.nullSequence
  }
  transaction.delete(next[0])
  transaction.put(currentKey(bucket.id, key), promoted)
}

/** @throws OssError FileImmutable while a retention period, be it the bucket's, or a legal hold is in force. */
export function checkMutable(
  state: State,
  bucket: BucketRecord,
  version: VersionRecord,
  bypassGovernance = false,
): void {
  const { retention, legalHold, lastModified } = version
  const now = state.now()
  const bypassed = bypassGovernance && retention?.mode === 'GOVERNANCE'
  const retained = retention !== undefined && retention.until > now && !bypassed
  if (retained || retainedUntil(state, bucket, lastModified) > now || legalHold === 'ON')
    throw new OssError('FileImmutable')
}

/** `x-oss-version-id`, in buckets that know versions. */
export function versionHeaders(bucket: BucketRecord, version: VersionRecord): HeaderMap {
  return bucket.versioning === undefined ? {} : { 'x-oss-version-id': version.versionId }
}

function releaseVersion(
  state: State,
  transaction: Transaction,
  bucket: BucketRecord,
  version: VersionRecord,
  bypassGovernance = false,
): void {
  checkMutable(state, bucket, version, bypassGovernance)
  transaction.release(version.segments)
}

function releaseNullVersion(
  state: State,
  transaction: Transaction,
  bucket: BucketRecord,
  key: string,
  sequence: number | undefined,
) {
  if (sequence === undefined) return
  const stored = versionKey(bucket.id, key, sequence)
  const version = state.store.get<VersionRecord>(stored)
  if (version === undefined) return
  releaseVersion(state, transaction, bucket, version)
  transaction.delete(stored)
}

let lastSequence = 0

/** Greater than that of every earlier version of the key, even if the clock is set back. Microseconds, about. */
function nextSequence(after = 0): number {
  lastSequence = Math.max(Date.now() * 1000, lastSequence + 1, after + 1)
  return lastSequence
}
