import { renderXml } from '../../xml/index.ts'
import type { BucketCall } from '../call.ts'
import type { Reply } from '../http.ts'
import { allVersionsRange, currentRange, type Range, uploadsRange } from '../store/keys.ts'
import type { VersionRecord } from '../store/records.ts'

/** GetBucketStat, counted on demand. */
export async function getBucketStat({ state, bucket }: BucketCall): Promise<Reply> {
  const count = async (range: Range, each: (value: Buffer) => void) => {
    const cursor = state.store.cursor(range)
    for (let entry = await cursor.next(); entry; entry = await cursor.next()) each(entry[1])
    await cursor.close()
  }
  const stat = { Storage: 0, ObjectCount: 0, MultipartUploadCount: 0, DeleteMarkerCount: 0 }
  const add = (value: Buffer) => {
    const version = JSON.parse(value.toString('utf8')) as VersionRecord
    stat.Storage += version.size
    if (version.deleteMarker) stat.DeleteMarkerCount++
    else stat.ObjectCount++
  }
  await count(currentRange(bucket.id), add)
  await count(allVersionsRange(bucket.id), add)
  await count(uploadsRange(bucket.id), () => stat.MultipartUploadCount++)
  return { body: renderXml('BucketStat', stat) }
}
