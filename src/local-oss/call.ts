import type { Keyring } from './auth/accounts.ts'
import type { SendCallback } from './callback/send-callback.ts'
import { OssError } from './errors.ts'
import type { Cnames } from './hosts/cnames.ts'
import type { Bytes, HeaderMap } from './http.ts'
import { checkBucketName } from './name-rules.ts'
import type { Readings } from './readings.ts'
import type { Blobs } from './store/blobs.ts'
import { bucketKey } from './store/keys.ts'
import type { LockRequest, Locks } from './store/locks.ts'
import type { BucketRecord } from './store/records.ts'
import type { Store } from './store/store.ts'
import { Transaction } from './store/transaction.ts'
import type { TrafficLimit } from './traffic-limit.ts'

/** What one running service has: its data, its clock and its limits. */
export type State = {
  store: Store
  blobs: Blobs
  locks: Locks
  /** Custom domains. */
  cnames: Cnames
  /** The time of what is stored, and of what becomes of it; signatures are judged by the real one. */
  now: () => number
  /** Bytes; CopyObject refuses larger sources. */
  copyLimit: number
  /** Milliseconds a restore of an archived object takes at priority Standard. */
  restoreDelay: number
  /** Milliseconds of a day, wherever OSS counts days. */
  day: number
  /** Delivers the callbacks of uploads. */
  sendCallback: SendCallback
  /** Whether buckets are made with public access blocked. */
  newBucketsBlockPublicAccess: boolean
  readings: Readings
}

/** One authenticated request, taken apart. */
export type Call = {
  state: State
  operation: string
  method: string
  headers: HeaderMap
  query: ReadonlyMap<string, string>
  body: Bytes
  signal: AbortSignal | undefined
  bucketName: string
  key: string
  /** The region addressed. */
  region: string
  /** The host addressed, for Location elements. */
  host: string
  /** The caller's; undefined in an unsigned request. */
  account: string | undefined
  /** The id of the key that signed it. */
  accessKeyId: string | undefined
  /** Of those who may sign; for what is signed in its body. */
  keyring: Keyring
  /** Whether the request came by HTTPS. */
  secure: boolean
  /** The caller's IP address, where it is known. */
  remoteAddress: string | undefined
  /** How fast its body, or the answer's, may go. */
  trafficLimit: TrafficLimit | undefined
}

/** A call on a bucket that exists, in the region addressed. */
export type BucketCall = Call & { bucket: BucketRecord }

const WRONG_ENDPOINT =
  'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.'

/** Alibaba's own, whoever asks for it (tests of its SDKs take it for a stranger's). */
const ALIBABAS: BucketRecord = {
  id: 'oss',
  owner: '0',
  name: 'oss',
  region: 'cn-hangzhou',
  created: 0,
  storageClass: 'Standard',
  redundancy: 'LRS',
  acl: 'private',
}

/** The bucket of that name, whosever it is; undefined where there is none. */
export const findBucket = ({ store }: Pick<State, 'store'>, name: string): BucketRecord | undefined =>
  store.get<BucketRecord>(bucketKey(name)) ?? (name === ALIBABAS.name ? ALIBABAS : undefined)

/** The bucket of that name. @throws OssError InvalidBucketName, NoSuchBucket. */
export function requireBucket(state: State, name: string): BucketRecord {
  checkBucketName(name)
  const bucket = findBucket(state, name)
  if (bucket === undefined) throw new OssError('NoSuchBucket', { elements: { BucketName: name } })
  return bucket
}

/** @throws OssError AccessDenied with the bucket's Endpoint when it is in another region than the one addressed. */
export function checkRegion({ bucket, region }: BucketCall): void {
  if (bucket.region === region) return
  const elements = { Bucket: bucket.name, Endpoint: `oss-${bucket.region}.aliyuncs.com` }
  throw new OssError('AccessDenied', { message: WRONG_ENDPOINT, elements })
}

/** The caller's account. @throws OssError AccessDenied in an unsigned request. */
export function accountOf({ account }: Call): string {
  if (account !== undefined) return account
  throw new OssError('AccessDenied', { message: 'Anonymous access is forbidden for this operation.' })
}

/** The locks for changing one key: exclusive on the key, shared on its bucket, which must not be deleted meanwhile. */
export function objectLocks(bucket: BucketRecord, key: string): LockRequest[] {
  return [{ name: `B${bucket.name}`, shared: true }, { name: `O${bucket.id}${key}` }]
}

/** The lock for reading a key that must not change meanwhile. */
export function sourceLock(bucket: BucketRecord, key: string): LockRequest {
  return { name: `O${bucket.id}${key}`, shared: true }
}

/**
 * Runs `work` while holding `locks`, one of which is on the bucket, and commits the transaction that it fills.
 * `work` gets the bucket as it is now; if it throws, nothing is written.
 * @throws OssError NoSuchBucket when the bucket has been deleted since the call began.
 */
export function transact<T>(
  { state, bucket: former }: Pick<BucketCall, 'state' | 'bucket'>,
  locks: readonly LockRequest[],
  work: (transaction: Transaction, bucket: BucketRecord) => T | Promise<T>,
): Promise<T> {
  return state.locks.run(locks, async () => {
    const bucket = requireBucket(state, former.name)
    // One of the same name that was created meanwhile is another bucket.
    if (bucket.id !== former.id) throw new OssError('NoSuchBucket')
    const transaction = new Transaction()
    const result = await work(transaction, bucket)
    await state.store.commit(transaction)
    return result
  })
}

/** A transaction on the call's key, under an exclusive lock on it. */
export function changeObject<T>(
  call: Pick<BucketCall, 'state' | 'bucket' | 'key'>,
  work: (transaction: Transaction, bucket: BucketRecord) => T | Promise<T>,
): Promise<T> {
  return transact(call, objectLocks(call.bucket, call.key), work)
}

/** A transaction on the bucket's own record and documents, under an exclusive lock on the bucket. */
export function changeBucket<T>(
  call: BucketCall,
  work: (transaction: Transaction, bucket: BucketRecord) => T | Promise<T>,
): Promise<T> {
  return transact(call, [{ name: `B${call.bucket.name}` }], work)
}
