import { renderXml } from '../../xml/index.ts'
import type { BucketCall } from '../call.ts'
import type { Reply } from '../http.ts'
import { allVersionsRange, currentRange, type Range, uploadsRange } from '../store/keys.ts'
import type { StorageClass, VersionRecord } from '../store/records.ts'

/** As the elements are called. Of all but the first, objects count as 64 KB at least; `RealStorage` is what they are. */
const NAMES: Record<StorageClass, string> = {
  Standard: 'Standard',
  IA: 'InfrequentAccess',
  Archive: 'Archive',
  ColdArchive: 'ColdArchive',
  DeepColdArchive: 'DeepColdArchive',
}
const LEAST_BILLED = 64 * 1024

type Count = { objects: number; real: number; billed: number }

/** GetBucketStat, counted on demand. */
export async function getBucketStat({ state, bucket }: BucketCall): Promise<Reply> {
  const count = async (range: Range, each: (value: Buffer) => void) => {
    for await (const [, value] of state.store.entries(range)) each(value)
  }
  const counts = new Map<StorageClass, Count>()
  let [uploads, deleteMarkers] = [0, 0]
  const add = (value: Buffer) => {
    const { deleteMarker, storageClass, size } = JSON.parse(value.toString('utf8')) as VersionRecord
    if (deleteMarker) {
      deleteMarkers++
      return
    }
    const { objects, real, billed } = counts.get(storageClass) ?? { objects: 0, real: 0, billed: 0 }
    counts.set(storageClass, {
      objects: objects + 1,
      real: real + size,
      billed: billed + Math.max(size, LEAST_BILLED),
    })
  }
  await count(currentRange(bucket.id), add)
  await count(allVersionsRange(bucket.id), add)
  await count(uploadsRange(bucket.id), () => uploads++)
  const sum = (of: (count: Count) => number) =>
    [...counts.values()].reduce((total, each) => total + of(each), 0)
  return {
    body: renderXml('BucketStat', {
      Storage: sum(({ real }) => real),
      ObjectCount: sum(({ objects }) => objects),
      MultipartUploadCount: uploads,
      LiveChannelCount: 0,
      LastModifiedTime: Math.floor(state.now() / 1000),
      ...classElements(counts),
      DeleteMarkerCount: deleteMarkers,
    }),
  }
}

/** The bytes of all objects and versions of a bucket, counted on demand. */
export async function storedBytes({ state, bucket }: BucketCall): Promise<number> {
  let bytes = 0
  for (const range of [currentRange(bucket.id), allVersionsRange(bucket.id)]) {
    for await (const [, value] of state.store.entries(range)) {
      const { deleteMarker, size } = JSON.parse(value.toString('utf8')) as VersionRecord
      if (!deleteMarker) bytes += size
    }
  }
  return bytes
}

function classElements(counts: ReadonlyMap<StorageClass, Count>): Record<string, number> {
  const elements: Record<string, number> = {}
  for (const [storageClass, name] of Object.entries(NAMES) as [StorageClass, string][]) {
    const { objects, real, billed } = counts.get(storageClass) ?? { objects: 0, real: 0, billed: 0 }
    if (storageClass === 'Standard') elements[`${name}Storage`] = real
    else Object.assign(elements, { [`${name}Storage`]: billed, [`${name}RealStorage`]: real })
    elements[`${name}ObjectCount`] = objects
  }
  return elements
}
