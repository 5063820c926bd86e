import { hmacWith, sha256Hex } from '../../bytes/digest.ts'
import type { HeaderMap } from '../../ports.ts'
import { type AlgorithmName, allAlgorithms } from '../../s3/checksum.ts'
import { bareETag } from '../../s3/completion.ts'
import { notImplemented } from '../../s3/error.ts'
import { DEFAULT_CHECKSUM, type VerifiedChecksum } from '../../s3/upload-checksum.ts'
import type { Upload } from '../../s3/upload-id.ts'
import {
  isRecord,
  RECORD_BYTES,
  type Recorded,
  readRecord,
  recordNumber,
  renderRecord,
} from '../../translate/checksum-record.ts'
import type { Context } from '../operation.ts'
import type { OssPart } from './oss-parts.ts'
import { uploadIdSecret } from './upload-request.ts'

/** The algorithm by which an upload's parts are recorded: its own, or the one that S3 takes where there is none. */
export const recordedAlgorithm = ({ checksum }: Upload): AlgorithmName =>
  (checksum ?? DEFAULT_CHECKSUM).algorithm

/** Whether the checksum of a part is to be recorded. An MD5 is OSS's own ETag of it. */
export const isRecorded = (upload: Upload, number: number, { config }: Context): boolean =>
  config.document.storeChecksums && recordedAlgorithm(upload) !== 'MD5' && recordNumber(number) !== undefined

/**
 * Refuses a part that would be taken for a record: it could not be listed.
 * @param size bytes. @throws S3Error NotImplemented.
 */
export function refuseRecord(number: number, size: number): void {
  if (!isRecord({ number, size })) return
  throw notImplemented('partNumber', `A part above number 5000 cannot have exactly ${RECORD_BYTES} bytes`)
}

type PartAt = { bucket: string; key: string; upload: Upload; number: number; payer: HeaderMap }

/**
 * Records the checksum that a part was verified with, until the upload ends.
 * @param etag the part's. @param value base64.
 * @throws OssError, OssUnreachable.
 */
export async function recordChecksum(
  { bucket, key, upload, number, payer }: PartAt,
  etag: string,
  value: string,
  context: Context,
): Promise<void> {
  const of = recordedPart(upload, number, etag)
  await context.oss.send({
    method: 'PUT',
    bucket,
    key,
    query: { partNumber: String(recordNumber(number)), uploadId: upload.id },
    headers: payer,
    body: renderRecord(of, value, macOf(context)),
  })
}

/**
 * What is known of the checksums of parts.
 * @param parts as OSS lists them, with their records.
 * @returns that of a part by its number; undefined where nothing is known.
 */
export function recordedChecksums(
  upload: Upload,
  parts: ReadonlyMap<number, OssPart>,
  context: Context,
): (number: number) => VerifiedChecksum | undefined {
  const algorithm = recordedAlgorithm(upload)
  const mac = macOf(context)
  return (number) => {
    const part = parts.get(number)
    if (part === undefined) return undefined
    const etag = bareETag(part.etag)
    if (algorithm === 'MD5') {
      const value = Buffer.from(etag, 'hex').toString('base64')
      return { value, is: (other) => other === value }
    }
    const record = parts.get(recordNumber(number) ?? 0)
    if (record === undefined || !isRecord(record) || !context.config.document.storeChecksums) return undefined
    return readRecord(recordedPart(upload, number, etag), record, allAlgorithms[algorithm].bytes, mac)
  }
}

const recordedPart = (upload: Upload, number: number, etag: string): Recorded => ({
  uploadId: upload.id,
  number,
  etag: bareETag(etag),
  algorithm: recordedAlgorithm(upload),
})

const macOf = (context: Context) => hmacWith(Buffer.from(sha256Hex(uploadIdSecret(context)), 'hex'))
