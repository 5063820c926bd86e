import type { HeaderMap, OssResponse } from '../../ports.ts'
import type { PlainBody } from '../../s3/body.ts'
import { allAlgorithms, declaredChecksum } from '../../s3/checksum.ts'
import { crcHasher } from '../../s3/hasher.ts'
import { DEFAULT_CHECKSUM } from '../../s3/upload-checksum.ts'
import { laterChecksum, newMark, toStoredChecksum } from '../../translate/stored-checksum.ts'
import { requestPayer } from '../../translate/to-oss-headers.ts'
import type { Context, ObjectRequest } from '../operation.ts'
import { keepPartIndex } from './part-index.ts'
import { removeSomeStale } from './part-index-cleanup.ts'

/** The checksum of an object that is put, and where it is kept. */
export type PutChecksum = {
  /**
   * The headers for OSS, once it is known whether the checksum is.
   * @param verified the client's, in a trailer or none; undefined while the bytes are still to come. @param bytes all of them.
   */
  headersOf(verified: HeaderMap | undefined, bytes: Uint8Array | undefined): HeaderMap
  /** To be shown the bytes as they are sent. */
  watch: ((bytes: Uint8Array) => void) | undefined
  /** Keeps beside the stored object what came too late for its metadata. @returns the headers of the answer. */
  finish(stored: OssResponse): Promise<HeaderMap>
}

/**
 * What becomes of an object's checksum. One in the header is metadata already, and so is a trailer's of a short body. With
 * `storeChecksums` one that comes behind the bytes is kept beside the object, and an object without any gets S3's own.
 */
export function putChecksum(request: ObjectRequest, context: Context): PutChecksum {
  const { bucket, key, headers } = request
  const { oss, config } = context
  const body = request.body as PlainBody
  const { storeChecksums } = config.document
  const declared = storeChecksums ? declaredChecksum(headers) : undefined
  const own = allAlgorithms[DEFAULT_CHECKSUM.algorithm]
  const hasher = storeChecksums && declared === undefined ? crcHasher('CRC64NVME') : undefined
  const { header, name: algorithm } = declared?.algorithm ?? own
  let mark = ''
  let computed: HeaderMap = {}
  let isLater = false
  let size = 0

  async function keep({ headers: { etag = '' } }: OssResponse, value: string): Promise<void> {
    const checksum = { algorithm, type: 'FULL_OBJECT', value }
    const index = { uploadId: '', parts: [{ size, checksum: value }], checksum, mark }
    // The object is stored; what prevents this is no error of it.
    const isKept = await keepPartIndex(oss, { bucket, key, etag, payer: requestPayer(headers) }, index).catch(
      () => false,
    )
    if (isKept) request.waitUntil?.(removeSomeStale(oss, bucket, etag).catch(() => {}))
  }

  return {
    headersOf(verified, bytes) {
      if (verified !== undefined && bytes !== undefined) {
        if (hasher !== undefined) computed = { [header]: hasher.digestOf(bytes) }
        return toStoredChecksum({ ...verified, ...computed })
      }
      isLater = storeChecksums && declared?.expected === undefined
      if (!isLater) return {}
      mark = newMark(context.random)
      return laterChecksum(mark)
    },
    watch:
      storeChecksums && declared?.expected === undefined
        ? (bytes) => {
            if (!isLater) return
            size += bytes.length
            hasher?.update(bytes)
          }
        : undefined,
    async finish(stored) {
      if (isLater && hasher !== undefined) computed = { [header]: hasher.digest() }
      const told = { ...body.checksums(), ...computed }
      if (isLater) await keep(stored, told[header] as string)
      for (const _ in told) return { ...told, 'x-amz-checksum-type': 'FULL_OBJECT' }
      return told
    },
  }
}
