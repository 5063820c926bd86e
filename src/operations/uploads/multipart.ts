import { noTurn } from '../../copy/write-turn.ts'
import { OssUnreachable } from '../../oss/error.ts'
import type { HeaderMap, Reply } from '../../ports.ts'
import type { PlainBody } from '../../s3/body.ts'
import { allAlgorithms, declaredChecksum } from '../../s3/checksum.ts'
import {
  checkPartChecksum,
  checksumHeaders,
  parseUploadChecksum,
  type UploadChecksum,
} from '../../s3/upload-checksum.ts'
import { renderUploadId, type Upload, type UploadEncryption } from '../../s3/upload-id.ts'
import { ossEncryptionOf, toS3Algorithm } from '../../translate/encryption.ts'
import { toS3ETag } from '../../translate/etag.ts'
import { toKeptLock } from '../../translate/object-lock.ts'
import { toS3Answer } from '../../translate/response-headers.ts'
import { laterChecksum, newMark } from '../../translate/stored-checksum.ts'
import { requestPayer, splitForUpload, toOssWrite } from '../../translate/to-oss-headers.ts'
import { text } from '../../xml/index.ts'
import { bucketName, keyName } from '../mapping.ts'
import { sendBody } from '../objects/send-body.ts'
import { lockOfWrite } from '../objects/write-lock.ts'
import { writeSettings } from '../objects/write-settings.ts'
import { type Context, type ObjectRequest, xmlReply } from '../operation.ts'
import { beginRecords, endRecords, recordChecksum, recordedAlgorithm } from './checksum-records.ts'
import { encryptionOf, partNumberOf, uploadIdSecret, uploadOf } from './upload-request.ts'

/**
 * CreateMultipartUpload. OSS takes the ACL only on completion, and a checksum never; what it says of encryption
 * differs by answer: all three travel in the id, and so does the mark of its checksum. A lock, which must not be lost with an id, is kept in the object's metadata.
 * @throws S3Error for what OSS has nothing like, and for a checksum that S3 does not take.
 */
export async function createMultipartUpload(request: ObjectRequest, context: Context): Promise<Reply> {
  const { bucket, key, headers } = request
  const checksum = parseUploadChecksum(headers)
  const lock = await lockOfWrite(request, context)
  const kept = lock === undefined ? {} : toKeptLock(lock)
  const mark = context.config.document.storeChecksums ? newMark(context.random) : undefined
  const marked = mark === undefined ? {} : laterChecksum(mark)
  const settings = await writeSettings(request, context)
  const { initial, acl = 'bucket' } = splitForUpload(toOssWrite(headers, settings))
  const answer = await context.oss.sendForXml(
    {
      method: 'POST',
      bucket,
      key,
      // Some characters of keys do not survive XML.
      query: { uploads: null, 'encoding-type': 'url' },
      headers: { ...initial, ...kept, ...marked },
      body: new Uint8Array(0),
    },
    'InitiateMultipartUploadResult',
  )
  const id = text(answer.document, 'UploadId')
  if (!id) throw new OssUnreachable('OSS initiated an upload without an id')
  const records = await recordsFor(id, checksum, request, context)
  const encryption = requestedEncryption(initial)
  const upload: Upload = { id, acl, checksum, encryption, records, mark }
  const uploadId = renderUploadId(upload, uploadIdSecret(context))
  return xmlReply(
    'InitiateMultipartUploadResult',
    { Bucket: bucketName(request), Key: keyName(request, key), UploadId: uploadId },
    { ...encryptionOf(upload), ...toS3Answer(answer.headers), ...checksumHeaders(checksum) },
  )
}

/**
 * OSS's id of the records of the parts' checksums, where those are kept.
 * @param id of the upload; it is aborted where the records cannot be begun. @throws OssError, OssUnreachable.
 */
async function recordsFor(
  id: string,
  checksum: UploadChecksum | undefined,
  { bucket, key, headers }: ObjectRequest,
  { oss, config }: Context,
): Promise<string | undefined> {
  if (!config.document.storeChecksums) return undefined
  const payer = requestPayer(headers)
  try {
    return await beginRecords(oss, { bucket, key, payer }, id, checksum)
  } catch (error) {
    const abort = { method: 'DELETE', bucket, key, query: { uploadId: id }, headers: payer } as const
    await oss.send(abort).catch(() => {})
    throw error
  }
}

/** The encryption that OSS is asked for. */
function requestedEncryption(oss: HeaderMap): UploadEncryption | undefined {
  const { algorithm, keyId } = ossEncryptionOf(oss)
  return algorithm === undefined ? undefined : { algorithm: toS3Algorithm(algorithm), keyId }
}

/**
 * UploadPart: one OSS UploadPart, the body streamed and verified on its way, and another for the record of its checksum,
 * where checksums are kept.
 * @throws S3Error InvalidArgument, NoSuchUpload, InvalidRequest, EntityTooLarge, and what the body is not.
 */
export async function uploadPart(request: ObjectRequest, context: Context): Promise<Reply> {
  const { bucket, key, headers } = request
  const body = request.body as PlainBody
  const number = partNumberOf(request)
  const upload = uploadOf(request, context)
  checkPartChecksum(upload.checksum, headers)
  const payer = requestPayer(headers)
  const query = { partNumber: String(number), uploadId: upload.id }
  const { header, create } = allAlgorithms[recordedAlgorithm(upload)]
  const isRecorded = upload.records !== undefined
  const hasher = isRecorded && declaredChecksum(headers)?.algorithm.header !== header ? create() : undefined
  const call = { method: 'PUT', bucket, key, query, headers: payer } as const
  const stored = await sendBody(context.oss, body, call, noTurn, undefined, hasher?.update)
  const answer = Object.assign(encryptionOf(upload), toS3Answer(stored.headers))
  if (isRecorded) {
    const value = (hasher === undefined ? body.checksums()[header] : hasher.digest()) as string
    const part = { number, etag: stored.headers.etag ?? '' }
    await recordChecksum(context.oss, { bucket, key, payer }, upload, part, value)
    // S3 tells what it computes of a part that came without, for an upload that has an algorithm.
    if (upload.checksum !== undefined) answer[header] = value
  }
  answer.etag = toS3ETag(stored.headers.etag ?? '')
  return { status: 200, headers: Object.assign(answer, body.checksums()) }
}

/** AbortMultipartUpload. @throws S3Error NoSuchUpload. */
export async function abortMultipartUpload(request: ObjectRequest, context: Context): Promise<Reply> {
  const { bucket, key, headers } = request
  const { oss } = context
  const upload = uploadOf(request, context)
  const payer = requestPayer(headers)
  const query = { uploadId: upload.id }
  const aborted = await oss.send({ method: 'DELETE', bucket, key, query, headers: payer })
  await endRecords(oss, { bucket, key, payer }, upload)
  return { status: 204, headers: toS3Answer(aborted.headers) }
}
