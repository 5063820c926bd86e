import { createHash } from 'node:crypto'
import type { BucketCall } from '../call.ts'
import type { ByteRange } from '../objects/range.ts'
import { Crc64 } from '../store/crc64.ts'
import type { Segment } from '../store/records.ts'

/** The digests of stored bytes, which are read for them. @throws the reason of the call's signal when it aborts. */
export async function digestOf(
  { state, signal }: BucketCall,
  segments: readonly Segment[],
  { start, end }: ByteRange,
): Promise<{ md5: Buffer; crc64: bigint }> {
  const md5 = createHash('md5')
  const crc64 = new Crc64()
  for await (const chunk of state.blobs.read(segments, start, end)) {
    signal?.throwIfAborted()
    md5.update(chunk)
    crc64.update(chunk)
  }
  return { md5: md5.digest(), crc64: crc64.digest() }
}
