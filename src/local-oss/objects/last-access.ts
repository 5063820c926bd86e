import { type BucketCall, changeObject } from '../call.ts'
import type { HeaderMap } from '../http.ts'
import type { BucketRecord, VersionRecord } from '../store/records.ts'
import { lookUpVersion, updateVersion } from './versions.ts'

/**
 * When a version was last read: until it is, when its bucket began to keep account, or it was written
 * (https://help.aliyun.com/en/oss/developer-reference/putbucketaccessmonitor).
 * @returns undefined in a bucket that keeps no account.
 */
export function lastAccess(
  { accessMonitor, accessMonitorSince = 0 }: BucketRecord,
  { accessed, lastModified }: VersionRecord,
): number | undefined {
  return accessMonitor ? Math.max(accessed ?? 0, accessMonitorSince, lastModified) : undefined
}

/** `x-oss-last-access-time`, where there is such a time. */
export function accessHeaders(bucket: BucketRecord, version: VersionRecord): HeaderMap {
  const time = lastAccess(bucket, version)
  return time === undefined ? {} : { 'x-oss-last-access-time': new Date(time).toUTCString() }
}

/**
 * Keeps account of a read, of several within a day of the first. OSS does so later; what hinders it is no reason to refuse the
 * read, and is told of where the store's problems are.
 */
export async function recordAccess(
  { state, bucket }: BucketCall,
  key: string,
  { versionId, sequence, accessed }: VersionRecord,
): Promise<void> {
  const now = state.now()
  if (!bucket.accessMonitor || (accessed !== undefined && now < accessed + state.day)) return
  const record = changeObject({ state, bucket, key }, (transaction, bucket) => {
    const version = lookUpVersion(state, bucket, key, versionId)
    if (version?.sequence !== sequence) return
    updateVersion(state, transaction, bucket, key, { ...version, accessed: now })
  })
  await record.catch(() => {})
}
