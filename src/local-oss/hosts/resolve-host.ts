import { text } from '../../xml/index.ts'
import type { Address } from '../address.ts'
import { parseDocument } from '../body.ts'
import type { State } from '../call.ts'
import { OssError } from '../errors.ts'
import { bucketKey, configKey } from '../store/keys.ts'
import type { BucketRecord } from '../store/records.ts'

/**
 * An address with the bucket that its host is bound to. A custom domain and the acceleration host name no region: it is
 * the bucket's own.
 */
export function resolveHost(address: Address, state: Pick<State, 'cnames' | 'store'>): Address {
  const bound = state.cnames.bucketOf(address.host.replace(/:\d+$/, ''))
  if (bound === undefined && !address.accelerated) return address
  const bucket = bound ?? address.bucket
  return { ...address, bucket, region: state.store.get<BucketRecord>(bucketKey(bucket))?.region }
}

/**
 * The acceleration host serves the buckets alone that have it switched on.
 * @throws OssError TransferAccelerationDisabled.
 */
export function checkAcceleration({ accelerated }: Address, bucket: BucketRecord, { store }: State): void {
  if (!accelerated) return
  const document = store.getText(configKey(bucket.id, 'transferAcceleration'))
  const setting = document && parseDocument(document, 'TransferAccelerationConfiguration')
  if (setting && text(setting, 'Enabled')?.toLowerCase() === 'true') return
  throw new OssError('TransferAccelerationDisabled', { elements: { BucketName: bucket.name } })
}
