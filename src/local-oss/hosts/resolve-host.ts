import { text } from '../../xml/index.ts'
import type { Address } from '../address.ts'
import { storedConfig } from '../buckets/config-document.ts'
import { findBucket, type State } from '../call.ts'
import { OssError } from '../errors.ts'
import { isTrue } from '../http.ts'
import type { BucketRecord } from '../store/records.ts'

/**
 * An address with the bucket that its host is bound to. A custom domain and the acceleration host name no region: it is
 * the bucket's own.
 */
export function resolveHost(address: Address, state: Pick<State, 'cnames' | 'store'>): Address {
  const bound = state.cnames.bucketOf(address.host.replace(/:\d+$/, ''))
  if (bound === undefined && !address.accelerated) return address
  const bucket = bound ?? address.bucket
  return { ...address, bucket, region: findBucket(state, bucket)?.region }
}

/**
 * The acceleration host serves the buckets alone that have it switched on.
 * @throws OssError TransferAccelerationDisabled.
 */
export function checkAcceleration({ accelerated }: Address, bucket: BucketRecord, state: State): void {
  if (!accelerated || isAccelerated(state, bucket)) return
  throw new OssError('TransferAccelerationDisabled', { elements: { BucketName: bucket.name } })
}

/** Whether a bucket has transfer acceleration switched on. */
export function isAccelerated(state: Pick<State, 'store'>, bucket: BucketRecord): boolean {
  const setting = storedConfig(state, bucket, 'transferAcceleration', 'TransferAccelerationConfiguration')
  return setting !== undefined && isTrue(text(setting, 'Enabled'))
}
