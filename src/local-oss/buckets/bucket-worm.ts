import { randomBytes } from 'node:crypto'
import { renderXml } from '../../xml/index.ts'
import { readXml } from '../body.ts'
import { type BucketCall, changeBucket, type State } from '../call.ts'
import { DAY, isoSeconds } from '../document-values.ts'
import { OssError } from '../errors.ts'
import type { Reply } from '../http.ts'
import { bucketKey } from '../store/keys.ts'
import type { BucketRecord, BucketWorm } from '../store/records.ts'
import { numberOf } from './config-document.ts'

const MAX_DAYS = 25_550

/** The retention policy that is in force: one that was not locked within a day is none (OSS's documents). */
export function wormInForce({ worm }: BucketRecord, now: number): BucketWorm | undefined {
  return worm !== undefined && (worm.locked || now < worm.created + DAY) ? worm : undefined
}

/** Until when a bucket's retention policy keeps what was last modified then; 0 without one. */
export function retainedUntil(
  { now, day }: Pick<State, 'now' | 'day'>,
  bucket: BucketRecord,
  lastModified: number,
): number {
  const worm = wormInForce(bucket, now())
  return worm === undefined ? 0 : lastModified + worm.days * day
}

/** InitiateBucketWorm. @throws OssError WORMConfigurationAlreadyExists, InvalidWORMConfiguration where there are versions. */
export async function initiateBucketWorm(call: BucketCall): Promise<Reply> {
  const days = await readDays(call, 'InitiateWormConfiguration')
  const id = randomBytes(16).toString('hex').toUpperCase()
  await changeBucket(call, (transaction, bucket) => {
    if (wormInForce(bucket, call.state.now())) throw new OssError('WORMConfigurationAlreadyExists')
    if (bucket.versioning !== undefined) throw new OssError('InvalidWORMConfiguration')
    const worm = { id, days, created: call.state.now(), locked: false }
    transaction.put(bucketKey(bucket.name), { ...bucket, worm })
  })
  return { headers: { 'x-oss-worm-id': id } }
}

/** CompleteBucketWorm: locks it. @throws OssError NoSuchWORMConfiguration, WORMConfigurationLocked. */
export function completeBucketWorm(call: BucketCall): Promise<Reply> {
  return changeWorm(call, (worm) => {
    if (worm.locked) throw new OssError('WORMConfigurationLocked')
    return { ...worm, locked: true }
  })
}

/** ExtendBucketWorm, of one that is locked (a test of the Python SDK). @throws OssError InvalidWORMConfiguration. */
export async function extendBucketWorm(call: BucketCall): Promise<Reply> {
  const days = await readDays(call, 'ExtendWormConfiguration')
  return changeWorm(call, (worm) => {
    if (!worm.locked || days <= worm.days) throw new OssError('InvalidWORMConfiguration')
    return { ...worm, days }
  })
}

/** AbortBucketWorm. @throws OssError NoSuchWORMConfiguration, WORMConfigurationLocked. */
export async function abortBucketWorm(call: BucketCall): Promise<Reply> {
  await changeBucket(call, (transaction, bucket) => {
    const { worm: _, ...without } = bucket
    if (requireWorm(call, bucket).locked) throw new OssError('WORMConfigurationLocked')
    transaction.put(bucketKey(bucket.name), without)
  })
  return { status: 204 }
}

/** GetBucketWorm. @throws OssError NoSuchWORMConfiguration. */
export async function getBucketWorm(call: BucketCall): Promise<Reply> {
  const { id, days, created, locked } = requireWorm(call, call.bucket)
  return {
    body: renderXml('WormConfiguration', {
      WormId: id,
      State: locked ? 'Locked' : 'InProgress',
      RetentionPeriodInDays: days,
      CreationDate: isoSeconds(created),
      ...(!locked && { ExpirationDate: isoSeconds(created + DAY) }),
    }),
  }
}

async function changeWorm(call: BucketCall, edit: (worm: BucketWorm) => BucketWorm): Promise<Reply> {
  await changeBucket(call, (transaction, bucket) => {
    const worm = requireWorm(call, bucket)
    if (worm.id !== call.query.get('wormId')) throw new OssError('NoSuchWORMConfiguration')
    transaction.put(bucketKey(bucket.name), { ...bucket, worm: edit(worm) })
  })
  return {}
}

function requireWorm({ state }: BucketCall, bucket: BucketRecord): BucketWorm {
  const worm = wormInForce(bucket, state.now())
  if (worm === undefined) throw new OssError('NoSuchWORMConfiguration')
  return worm
}

const readDays = async (call: BucketCall, root: string) =>
  numberOf(await readXml(call, root), 'RetentionPeriodInDays', 1, MAX_DAYS)
