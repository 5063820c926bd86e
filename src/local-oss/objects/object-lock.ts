import { renderXml, text } from '../../xml/index.ts'
import { readXml } from '../body.ts'
import { type BucketCall, changeObject } from '../call.ts'
import { invalidArgument, OssError } from '../errors.ts'
import { type HeaderMap, isTrue, type Reply } from '../http.ts'
import type { BucketRecord, Retention, VersionRecord } from '../store/records.ts'
import { requireObject, updateVersion, versionHeaders, versionIdOf } from './versions.ts'

const MODE = 'x-oss-object-worm-mode'
const UNTIL = 'x-oss-object-worm-retain-until-date'
const HOLD = 'x-oss-object-worm-legal-hold'

/** PutObjectRetention: a compliance period only grows; a governance one shrinks with the bypass header. */
export async function putObjectRetention(call: BucketCall): Promise<Reply> {
  const document = await readXml(call, 'Retention')
  const mode = text(document, 'Mode')
  const until = Date.parse(text(document, 'RetainUntilDate') ?? '')
  if (!isMode(mode) || Number.isNaN(until)) throw new OssError('MalformedXML')
  checkFuture(call, until)
  return changeLocked(call, (version) => {
    checkChange(call, version.retention, { mode, until })
    return { ...version, retention: { mode, until } }
  })
}

/** GetObjectRetention. What it answers for an object that has none is a reading. */
export async function getObjectRetention({ state, bucket, key, query }: BucketCall): Promise<Reply> {
  const { retention } = requireObject(state, bucket, key, versionIdOf(query))
  if (retention === undefined && !(state.readings.noRetentionIsEmpty && bucket.objectWorm !== undefined))
    throw new OssError('NoSuchObjectRetentionConfiguration')
  const RetainUntilDate = retention === undefined ? '' : new Date(retention.until).toISOString()
  return { body: renderXml('Retention', { Mode: retention?.mode ?? '', RetainUntilDate }) }
}

/** PutObjectLegalHold. */
export async function putObjectLegalHold(call: BucketCall): Promise<Reply> {
  const status = text(await readXml(call, 'LegalHold'), 'Status')
  if (status !== 'ON' && status !== 'OFF') throw new OssError('MalformedXML')
  return changeLocked(call, (version) => ({ ...version, legalHold: status }))
}

/** GetObjectLegalHold. */
export async function getObjectLegalHold({ state, bucket, key, query }: BucketCall): Promise<Reply> {
  const { legalHold } = requireObject(state, bucket, key, versionIdOf(query))
  if (legalHold === undefined) throw new OssError('NoSuchObjectLegalHoldConfiguration')
  return { body: renderXml('LegalHold', { Status: legalHold }) }
}

/** The response headers that tell an object's retention and legal hold. */
export function lockHeaders({
  retention,
  legalHold,
}: Pick<VersionRecord, 'retention' | 'legalHold'>): HeaderMap {
  const headers: HeaderMap = {}
  if (retention !== undefined) {
    headers[MODE] = retention.mode
    headers[UNTIL] = new Date(retention.until).toISOString()
  }
  if (legalHold !== undefined) headers[HOLD] = legalHold
  return headers
}

/**
 * The retention that PutObject's headers ask for; it counts instead of the bucket's own.
 * @throws OssError InvalidArgument; InvalidRequest in a bucket without object WORM.
 */
export function requestedRetention(call: BucketCall): { retention?: Retention } {
  const { [MODE]: mode, [UNTIL]: date } = call.headers
  if (mode === undefined && date === undefined) return {}
  const until = Date.parse(date ?? '')
  if (!isMode(mode)) throw invalidArgument('The object WORM mode is invalid.', MODE, mode)
  if (Number.isNaN(until)) throw invalidArgument('The retain until date is invalid.', UNTIL, date)
  requireWorm(call.bucket)
  checkFuture(call, until)
  return { retention: { mode, until } }
}

const isMode = (mode: string | undefined): mode is Retention['mode'] =>
  mode === 'GOVERNANCE' || mode === 'COMPLIANCE'

/** @throws OssError InvalidArgument, in the words that Alibaba's Terraform provider reports. */
function checkFuture({ state }: BucketCall, until: number): void {
  if (until <= state.now())
    throw invalidArgument('The retain until date must be in the future.', 'RetainUntilDate')
}

function changeLocked(call: BucketCall, edit: (version: VersionRecord) => VersionRecord): Promise<Reply> {
  const { state, key } = call
  return changeObject(call, (transaction, bucket) => {
    requireWorm(bucket)
    const version = requireObject(state, bucket, key, versionIdOf(call.query))
    updateVersion(state, transaction, bucket, key, edit(version))
    return { headers: versionHeaders(bucket, version) }
  })
}

function requireWorm(bucket: BucketRecord): void {
  if (bucket.objectWorm !== undefined) return
  throw new OssError('InvalidRequest', { message: 'The bucket has no object WORM configuration.' })
}

/** A mode in force is never changed, not even by who bypasses governance (a suite of multicloudj against the service). */
function checkChange(call: BucketCall, former: Retention | undefined, next: Retention): void {
  if (former === undefined || former.until <= call.state.now()) return
  const bypassed = former.mode === 'GOVERNANCE' && isTrue(call.headers['x-oss-bypass-governance-retention'])
  if (next.mode !== former.mode || (next.until < former.until && !bypassed))
    throw new OssError('FileImmutable')
}
