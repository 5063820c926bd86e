import { changeObject, type State } from '../call.ts'
import { OssError } from '../errors.ts'
import { iterateVersions } from '../lists/list-page.ts'
import { addDeleteMarker } from '../objects/delete-object.ts'
import { lastAccess } from '../objects/last-access.ts'
import { currentVersion, lookUpVersion, removeVersion, updateVersion } from '../objects/versions.ts'
import { bucketsRange, idOfUpload, keyOfUpload, uploadKey, uploadsRange } from '../store/keys.ts'
import type { BucketRecord, UploadRecord, VersionRecord } from '../store/records.ts'
import type { Transaction } from '../store/transaction.ts'
import { endUpload } from '../uploads/multipart.ts'
import { type Action, actionFor, type Entry, endsUpload } from './decide.ts'
import { type LifecycleRule, lifecycleDocument, parseRules } from './rules.ts'

/** Actions at a time, which share a write to the disk. */
const AT_A_TIME = 100

/** A bucket whose rules are carried out. */
type Bucket = { state: State; bucket: BucketRecord; document: string | undefined; rules: LifecycleRule[] }

/**
 * Does to every bucket what its lifecycle rules say is due now. What is retained or held stays, and is looked at again the next
 * time. Where rules are changed meanwhile, the bucket is left for the next time too.
 * @param signal ends it early.
 * @throws StoreProblem, when all that can be done is done.
 */
export async function runLifecycle(state: State, signal: AbortSignal): Promise<void> {
  let failure: unknown
  const onFailure = (cause: unknown) => {
    failure ??= cause
  }
  for await (const [, value] of state.store.entries(bucketsRange())) {
    const bucket = JSON.parse(value.toString('utf8')) as BucketRecord
    const document = lifecycleDocument(state, bucket)
    const rules = parseRules(document)
    if (rules.length > 0) await runBucket({ state, bucket, document, rules }, signal, onFailure)
  }
  if (failure !== undefined) throw failure
}

async function runBucket(
  target: Bucket,
  signal: AbortSignal,
  onFailure: (cause: unknown) => void,
): Promise<void> {
  const pending: (() => Promise<void>)[] = []
  const finish = async () => {
    const works = pending.splice(0)
    await Promise.all(works.map((work) => work().catch((cause) => isOvertaken(cause) || onFailure(cause))))
  }
  for await (const work of dueWork(target, signal)) {
    pending.push(work)
    if (pending.length === AT_A_TIME) await finish()
  }
  if (!signal.aborted) await finish()
}

/** Immutable, or gone meanwhile: an object, an upload, the bucket. */
const isOvertaken = (cause: unknown) =>
  cause instanceof OssError && ['FileImmutable', 'NoSuchBucket', 'NoSuchUpload'].includes(cause.code)

/** Everything that is due in a bucket, until it is broken off. */
async function* dueWork(target: Bucket, signal: AbortSignal): AsyncGenerator<() => Promise<void>> {
  const { state, bucket, rules } = target
  for await (const entry of entriesOf(state, bucket)) {
    if (signal.aborted) return
    if (actionFor(rules, entry, calendarOf(state)) !== undefined) yield () => act(target, entry)
  }
  for await (const [stored, value] of state.store.entries(uploadsRange(bucket.id))) {
    if (signal.aborted) return
    const { initiated } = JSON.parse(value.toString('utf8')) as UploadRecord
    const [key, uploadId] = [keyOfUpload(stored, bucket.id), idOfUpload(stored)]
    if (!endsUpload(rules, key, initiated, calendarOf(state))) continue
    yield () =>
      endUpload({ state, bucket, key }, uploadId, () => {
        const isPending = state.store.getText(uploadKey(bucket.id, key, uploadId)) !== undefined
        if (!isPending || hasOtherRules(target)) throw new OssError('NoSuchUpload')
      })
  }
}

/** All versions of a bucket, the newest of a key first. */
async function* entriesOf(state: State, bucket: BucketRecord): AsyncGenerator<Entry> {
  const iterator = iterateVersions(state.store, bucket, '', '', undefined)
  try {
    let newer: VersionRecord | undefined
    let found = await iterator.next()
    while (found !== undefined) {
      const next = await iterator.next()
      const { key, version, isLatest } = found
      const oldSince = isLatest ? undefined : newer?.lastModified
      const isOnly = isLatest && next?.key !== key
      yield { key, version, oldSince, isOnly, accessed: lastAccess(bucket, version) }
      newer = version
      found = next
    }
  } finally {
    await iterator.close()
  }
}

/** Does what is due to a version if, now that nobody else changes the key, it still is. */
function act(target: Bucket, entry: Entry): Promise<void> {
  const { state, rules } = target
  return changeObject({ ...target, key: entry.key }, (transaction, bucket) => {
    const version = lookUpVersion(state, bucket, entry.key, entry.version.versionId)
    const isCurrent = currentVersion(state, bucket, entry.key)?.sequence === entry.version.sequence
    const isSame =
      version?.sequence === entry.version.sequence && isCurrent === (entry.oldSince === undefined)
    if (version === undefined || !isSame || hasOtherRules(target)) return
    const now = { ...entry, version, accessed: lastAccess(bucket, version) }
    const action = actionFor(rules, now, calendarOf(state))
    return action && perform(state, transaction, bucket, now, action)
  })
}

async function perform(
  state: State,
  transaction: Transaction,
  bucket: BucketRecord,
  { key, version }: Entry,
  action: Action,
): Promise<void> {
  if (action.kind === 'move') {
    // A restored copy is of the class that it was restored from.
    const { restore: _, transitioned: __, ...rest } = version
    const moved = { ...rest, storageClass: action.to }
    const isBack = action.to === 'Standard'
    updateVersion(state, transaction, bucket, key, isBack ? moved : { ...moved, transitioned: state.now() })
  } else if (action.kind === 'expire' && bucket.versioning !== undefined) {
    addDeleteMarker(state, transaction, bucket, key)
  } else {
    await removeVersion(state, transaction, bucket, key, version, false)
  }
}

const calendarOf = ({ now, day }: State) => ({ now: now(), day })

const hasOtherRules = ({ state, bucket, document }: Bucket) => lifecycleDocument(state, bucket) !== document
