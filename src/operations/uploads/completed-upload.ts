import { OssError } from '../../oss/error.ts'
import type { HeaderMap, Reply } from '../../ports.ts'
import type { WantedPart } from '../../s3/completion.ts'
import { S3Error } from '../../s3/error.ts'
import {
  DEFAULT_CHECKSUM,
  type ObjectChecksum,
  objectChecksum,
  type VerifiedChecksum,
} from '../../s3/upload-checksum.ts'
import type { Upload } from '../../s3/upload-id.ts'
import { isETagOfParts, toS3ETag } from '../../translate/etag.ts'
import type { PartIndex } from '../../translate/part-index.ts'
import { toS3Answer } from '../../translate/response-headers.ts'
import { requestPayer } from '../../translate/to-oss-headers.ts'
import { bucketName, keyName } from '../mapping.ts'
import { readPartIndex } from '../objects/read-part-index.ts'
import { lockUploaded } from '../objects/write-lock.ts'
import { type Context, type ObjectRequest, xmlReply } from '../operation.ts'
import { requestOrigin } from '../request-origin.ts'
import { endRecords } from './checksum-records.ts'

/** The reply to a completion. @param etag the object's, as OSS has it. @param headers OSS's. */
export const completionReply = (
  request: ObjectRequest,
  context: Context,
  etag: string,
  headers: HeaderMap,
  checksum: ObjectChecksum | undefined,
): Reply =>
  xmlReply(
    'CompleteMultipartUploadResult',
    {
      Location: `${requestOrigin(request, context)}${request.rawPath}`,
      Bucket: bucketName(request),
      Key: keyName(request, request.key),
      ETag: toS3ETag(etag),
      ...(checksum === undefined
        ? {}
        : { [`Checksum${checksum.algorithm}`]: checksum.value, ChecksumType: checksum.type }),
    },
    toS3Answer(headers),
  )

/**
 * The reply to a completion that is repeated because its first response was lost: OSS no longer has the upload, and the
 * object is the one that these parts make.
 * @param error why it could not be completed now.
 * @throws `error` where it is another object, or none; S3Error for a size or a checksum that is not the object's.
 */
export async function completedBefore(
  request: ObjectRequest,
  context: Context,
  upload: Upload,
  wanted: readonly WantedPart[],
  error: unknown,
): Promise<Reply> {
  if (!(error instanceof OssError) || error.code !== 'NoSuchUpload') throw error
  const { bucket, key, headers } = request
  // What the object replaced is not known any more.
  if (headers['if-match'] !== undefined) throw error
  const { headers: object } = await context.oss
    .send({ method: 'HEAD', bucket, key, headers: requestPayer(headers) })
    .catch((failure) => {
      throw failure instanceof OssError && failure.status < 500 ? error : failure
    })
  const { etag = '', 'content-length': length } = object
  const etags = wanted.map((part) => part.etag)
  if (!isETagOfParts(etag, etags)) throw error
  checkSize(headers, Number(length))
  // OSS no longer knows the sizes of the parts; a single one has the object's.
  const index = await readPartIndex(request, context, object, 'all')
  const parts = wanted.map((part, at) => ({
    ...part,
    size: wanted.length === 1 ? Number(length) : index?.parts[at]?.size,
    verified: verifiedBefore(upload, index, at),
  }))
  const checksum = objectChecksum(upload.checksum, headers, parts)
  await lockUploaded(request, context, object)
  request.waitUntil?.(endRecords(context.oss, { bucket, key, payer: requestPayer(headers) }, upload))
  return completionReply(request, context, etag, object, checksum)
}

/** `x-amz-mp-object-size`. @throws S3Error InvalidRequest. */
export function checkSize(headers: HeaderMap, size: number): void {
  const name = 'x-amz-mp-object-size'
  const expected = headers[name]
  if (expected === undefined) return
  if (!/^\d+$/.test(expected)) {
    throw new S3Error('InvalidRequest', { message: `Value for ${name} header is invalid: '${expected}'` })
  }
  if (Number(expected) !== size) {
    throw new S3Error('InvalidRequest', {
      message: `The provided '${name}' header value ${expected} does not match what was computed: ${size}`,
    })
  }
}

/** What a part was verified with when the upload was completed. */
function verifiedBefore(
  { checksum }: Upload,
  index: PartIndex | undefined,
  at: number,
): VerifiedChecksum | undefined {
  const { algorithm, type } = checksum ?? DEFAULT_CHECKSUM
  const kept = index?.checksum
  const value = kept?.algorithm === algorithm && kept.type === type ? index?.parts[at]?.checksum : undefined
  return value === undefined ? undefined : { value, is: (other) => other === value }
}
