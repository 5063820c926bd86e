import { children, text } from '../../xml/index.ts'
import { parseDocument, readText } from '../body.ts'
import { type BucketCall, changeObject } from '../call.ts'
import { invalidArgument, OssError } from '../errors.ts'
import type { HeaderMap, Reply } from '../http.ts'
import type { BucketRecord, VersionRecord } from '../store/records.ts'
import { requireObject, updateVersion, versionHeaders, versionIdOf } from './versions.ts'

const DAY = 86_400_000
const ARCHIVED = ['Archive', 'ColdArchive', 'DeepColdArchive']

/** Whether an object's bytes can be read: its class is no archive, or it is restored and the restore has not expired. */
export function isReadable({ storageClass, restore }: VersionRecord, now: number): boolean {
  if (!ARCHIVED.includes(storageClass)) return true
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

/** RestoreObject: 202 when it begins, 200 when it already is restored (and then lasts longer), 409 in between. */
export async function restoreObject(call: BucketCall): Promise<Reply> {
  const days = restoreDays(await readText(call))
  const { state, key } = call
  return changeObject(call, (transaction, bucket) => {
    const version = requireObject(state, bucket, key, versionIdOf(call.query))
    if (!ARCHIVED.includes(version.storageClass)) {
      throw new OssError('OperationNotSupported', { ec: '0016-00000702' })
    }
    const now = state.now()
    if (version.restore !== undefined && version.restore.readyAt > now)
      throw new OssError('RestoreAlreadyInProgress')
    const restored = isReadable(version, now)
    const readyAt = restored ? now : now + state.restoreDelay
    updateVersion(state, transaction, bucket, key, {
      ...version,
      restore: { readyAt, expires: readyAt + days * DAY },
    })
    return { status: restored ? 200 : 202, headers: versionHeaders(bucket, version) }
  })
}

/** CleanRestoredObject: ends a restore early. The codes of the two refusals are not documented. */
export async function cleanRestoredObject(call: BucketCall): Promise<Reply> {
  const { state, key } = call
  return changeObject(call, (transaction, bucket) => {
    const version = requireObject(state, bucket, key, versionIdOf(call.query))
    if (!ARCHIVED.includes(version.storageClass)) throw new OssError('OperationNotSupported')
    const { restore, ...frozen } = version
    if (restore === undefined || restore.expires <= state.now()) throw new OssError('ArchiveRestoreFileStale')
    if (restore.readyAt > state.now()) throw new OssError('ArchiveRestoreNotFinished')
    updateVersion(state, transaction, bucket, key, frozen)
    return { headers: versionHeaders(bucket, version) }
  })
}

/** The body may be missing: then one day. @throws OssError MalformedXML, InvalidArgument for an unknown tier. */
function restoreDays(body: string): number {
  if (body.trim() === '') return 1
  const request = parseDocument(body, 'RestoreRequest')
  const tier = children(request, 'JobParameters').map((parameters) => text(parameters, 'Tier'))[0]
  if (tier !== undefined && !['Expedited', 'Standard', 'Bulk'].includes(tier)) {
    throw invalidArgument('The restore tier is invalid.', 'Tier', tier, '0016-00000703')
  }
  const days = text(request, 'Days') ?? '1'
  if (!/^\d+$/.test(days) || Number(days) < 1 || Number(days) > 365) throw new OssError('MalformedXML')
  return Number(days)
}
