import { renderXml, text } from '../../xml/index.ts'
import { readXml } from '../body.ts'
import { type BucketCall, changeObject } from '../call.ts'
import { OssError } from '../errors.ts'
import { isTrue, type Reply } from '../http.ts'
import type { BucketRecord, Retention, VersionRecord } from '../store/records.ts'
import { requireObject, updateVersion, versionHeaders, versionIdOf } from './versions.ts'

/** PutObjectRetention: a compliance period only grows; a governance one shrinks with the bypass header. */
export async function putObjectRetention(call: BucketCall): Promise<Reply> {
  const document = await readXml(call, 'Retention')
  const mode = text(document, 'Mode')
  const until = Date.parse(text(document, 'RetainUntilDate') ?? '')
  if ((mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE') || Number.isNaN(until))
    throw new OssError('MalformedXML')
  if (until <= call.state.now()) throw new OssError('InvalidWORMConfiguration')
  return changeLocked(call, (version) => {
    checkChange(call, version.retention, { mode, until })
    return { ...version, retention: { mode, until } }
  })
}

/** GetObjectRetention. The code of its 404 is undocumented. */
export async function getObjectRetention({ state, bucket, key, query }: BucketCall): Promise<Reply> {
  const { retention } = requireObject(state, bucket, key, versionIdOf(query))
  if (retention === undefined) throw new OssError('NoSuchWORMConfiguration')
  const RetainUntilDate = new Date(retention.until).toISOString()
  return { body: renderXml('Retention', { Mode: retention.mode, RetainUntilDate }) }
}

/** PutObjectLegalHold. */
export async function putObjectLegalHold(call: BucketCall): Promise<Reply> {
  const status = text(await readXml(call, 'LegalHold'), 'Status')
  if (status !== 'ON' && status !== 'OFF') throw new OssError('MalformedXML')
  return changeLocked(call, (version) => ({ ...version, legalHold: status }))
}

/** GetObjectLegalHold. The code of its 404 is undocumented. */
export async function getObjectLegalHold({ state, bucket, key, query }: BucketCall): Promise<Reply> {
  const { legalHold } = requireObject(state, bucket, key, versionIdOf(query))
  if (legalHold === undefined) throw new OssError('NoSuchWORMConfiguration')
  return { body: renderXml('LegalHold', { Status: legalHold }) }
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

function checkChange(call: BucketCall, former: Retention | undefined, next: Retention): void {
  if (former === undefined || former.until <= call.state.now()) return
  const bypassed = isTrue(call.headers['x-oss-bypass-governance-retention'])
  const weaker = next.until < former.until || (former.mode === 'COMPLIANCE' && next.mode === 'GOVERNANCE')
  if (weaker && !(former.mode === 'GOVERNANCE' && bypassed)) throw new OssError('FileImmutable')
}
