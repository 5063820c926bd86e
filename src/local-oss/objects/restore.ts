import { children, text } from '../../xml/index.ts'
import { parseDocument, readText } from '../body.ts'
import { type BucketCall, changeObject, type State } from '../call.ts'
import { invalidArgument, OssError } from '../errors.ts'
import type { HeaderMap, Reply } from '../http.ts'
import type { BucketRecord, Restore, StorageClass, Tier, VersionRecord } from '../store/records.ts'
import { requireObject, updateVersion, versionHeaders, versionIdOf } from './versions.ts'

/** What a restore may ask for, and the EC of wrong days (https://help.aliyun.com/en/oss/developer-reference/restoreobject). */
type Archive = { maxDays: number; wrongDays: string; tiers: readonly Tier[] }
const COLD = { maxDays: 365, wrongDays: '0016-00000704' }
const archives: Partial<Record<StorageClass, Archive>> = {
  Archive: { maxDays: 7, wrongDays: '0016-00000708', tiers: [] },
  ColdArchive: { ...COLD, tiers: ['Expedited', 'Standard', 'Bulk'] },
  DeepColdArchive: { ...COLD, tiers: ['Expedited', 'Standard'] },
}

/** From the slowest to the fastest, with the part of the time that Standard takes: about OSS's one, five and twelve hours. */
const pace: Record<Tier, number> = { Bulk: 2, Standard: 1, Expedited: 1 / 4 }

/** Whether an object's bytes can be read: its class is no archive, or it is restored and the restore has not expired. */
export function isReadable({ storageClass, restore }: VersionRecord, now: number): boolean {
  if (archives[storageClass] === undefined) return true
  return restore !== undefined && restore.readyAt <= now && now < restore.expires
}

/** Whether a bucket lets its archived objects be read without a restore (ArchiveDirectRead): those of class Archive alone. */
export function isReadDirectly(
  { archiveDirectRead }: BucketRecord,
  { storageClass }: Pick<VersionRecord, 'storageClass'>,
): boolean {
  return archiveDirectRead === true && storageClass === 'Archive'
}

/** `x-oss-restore` while a restore is under way or lasts. */
export function restoreHeaders({ restore }: VersionRecord, now: number): HeaderMap {
  if (restore === undefined || restore.expires <= now) return {}
  if (restore.readyAt > now) return { 'x-oss-restore': 'ongoing-request="true"' }
  const expiry = new Date(restore.expires).toUTCString()
  return { 'x-oss-restore': `ongoing-request="false", expiry-date="${expiry}"` }
}

/**
 * RestoreObject: 202 when it begins or is to be faster, 200 when it already is restored (and then lasts longer), 409 in
 * between.
 */
export async function restoreObject(call: BucketCall): Promise<Reply> {
  const body = await readText(call)
  const { state, key } = call
  return changeObject(call, (transaction, bucket) => {
    const version = requireObject(state, bucket, key, versionIdOf(call.query))
    const archive = archives[version.storageClass]
    if (archive === undefined) throw new OssError('OperationNotSupported', { ec: '0016-00000702' })
    const wanted = parseRestore(body, archive)
    const { begins, restore } = nextRestore(version.restore, wanted, state)
    updateVersion(state, transaction, bucket, key, { ...version, restore })
    // Archive has no priorities.
    const priority: HeaderMap =
      wanted.tier === undefined ? {} : { 'x-oss-object-restore-priority': wanted.tier }
    return { status: begins ? 202 : 200, headers: { ...versionHeaders(bucket, version), ...priority } }
  })
}

type Wanted = { days: number; tier: Tier | undefined }

/**
 * The restore that follows one.
 * @throws OssError RestoreAlreadyInProgress unless it is to be faster; EC 0016-00000715 is for what would be slower.
 */
function nextRestore(
  former: Restore | undefined,
  { days, tier }: Wanted,
  state: Pick<State, 'now' | 'day' | 'restoreDelay'>,
): { begins: boolean; restore: Restore } {
  const now = state.now()
  const lasting = (readyAt: number, atLeastUntil = 0): Restore => ({
    readyAt,
    expires: Math.max(readyAt + days * state.day, atLeastUntil),
    ...(tier && { tier }),
  })
  const readyAt = now + state.restoreDelay * pace[tier ?? 'Standard']
  if (former === undefined || former.expires <= now) return { begins: true, restore: lasting(readyAt) }
  if (former.readyAt <= now) return { begins: false, restore: lasting(now, former.expires) }
  const faster = pace[former.tier ?? 'Standard'] - pace[tier ?? 'Standard']
  if (faster > 0) return { begins: true, restore: lasting(Math.min(readyAt, former.readyAt)) }
  throw new OssError('RestoreAlreadyInProgress', faster < 0 ? { ec: '0016-00000715' } : {})
}

/** CleanRestoredObject: ends a restore early. The code of the refusal of what is no archive is not documented. */
export async function cleanRestoredObject(call: BucketCall): Promise<Reply> {
  const { state, key } = call
  return changeObject(call, (transaction, bucket) => {
    const version = requireObject(state, bucket, key, versionIdOf(call.query))
    if (archives[version.storageClass] === undefined) throw new OssError('OperationNotSupported')
    const { restore, ...frozen } = version
    if (restore === undefined || restore.expires <= state.now()) throw new OssError('ArchiveRestoreFileStale')
    if (restore.readyAt > state.now()) throw new OssError('ArchiveRestoreNotFinished')
    updateVersion(state, transaction, bucket, key, frozen)
    return { headers: versionHeaders(bucket, version) }
  })
}

/**
 * What a class takes. The body may be missing: then one day.
 * @throws OssError MalformedXML, also for a tier of what knows none (tests of ali-oss, the Python and the Java SDK);
 * InvalidArgument for an unknown tier (a test of the Python SDK) and for wrong days, whose code is not documented.
 */
function parseRestore(body: string, { maxDays, wrongDays, tiers }: Archive): Wanted {
  const byDefault = tiers.find((tier) => tier === 'Standard')
  if (body.trim() === '') return { days: 1, tier: byDefault }
  const request = parseDocument(body, 'RestoreRequest')
  const [parameters] = children(request, 'JobParameters')
  if (parameters !== undefined && tiers.length === 0) throw new OssError('MalformedXML')
  const named = parameters && text(parameters, 'Tier')
  const tier = named === undefined ? byDefault : tiers.find((one) => one === named)
  if (named !== undefined && tier === undefined) {
    throw invalidArgument('The restore tier is invalid.', 'Tier', named, '0016-00000703')
  }
  const days = text(request, 'Days')
  if (days === undefined) throw new OssError('MalformedXML')
  if (!/^\d{1,3}$/.test(days) || Number(days) < 1 || Number(days) > maxDays) {
    throw invalidArgument(`Days must be between 1 and ${maxDays}.`, 'Days', days, wrongDays)
  }
  return { days: Number(days), tier }
}
