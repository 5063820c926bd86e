import type { BucketCall } from '../call.ts'
import { OssError } from '../errors.ts'
import { partKey } from '../store/keys.ts'
import type { PartRecord, UploadRecord } from '../store/records.ts'
import { uploadIdOf } from './upload-id.ts'

/**
 * Of an upload begun with `?sequential` only the part after the last may come. Refused as OSS does to clients that
 * others have watched (wiserain/rclone#46, tickstep/aliyunpan#445); the EC of PartNotSequential is not known.
 * @throws OssError PartAlreadyExist, PartNotSequential.
 */
export function checkSequence(call: BucketCall, upload: UploadRecord, number: number): void {
  if (!upload.sequential) return
  const partOf = (other: number) => call.state.store.get<PartRecord>(partKey(uploadIdOf(call), other))
  const former = partOf(number)
  if (former !== undefined) {
    throw new OssError('PartAlreadyExist', { elements: { ETag: `"${former.etag}"`, PartNumber: number } })
  }
  if (number > 1 && partOf(number - 1) === undefined) throw notSequential(number)
}

/** The parts that become an object uploaded in sequence leave no gap. @throws OssError PartNotSequential. */
export function checkCompleteSequence(upload: UploadRecord, parts: readonly PartRecord[]): void {
  if (!upload.sequential) return
  const stray = parts.find(({ number }, index) => number !== index + 1)
  if (stray !== undefined) throw notSequential(stray.number)
}

const notSequential = (number: number) =>
  new OssError('PartNotSequential', { elements: { PartNumber: number } })
