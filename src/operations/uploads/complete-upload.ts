import { endingTurn } from '../../copy/write-turn.ts'
import { OssError } from '../../oss/error.ts'
import type { HeaderMap, Reply } from '../../ports.ts'
import type { PlainBody } from '../../s3/body.ts'
import { bareETag, parseCompletion, type WantedPart } from '../../s3/completion.ts'
import { S3Error } from '../../s3/error.ts'
import { MIN_PART_BYTES } from '../../s3/limits.ts'
import { readDocument } from '../../s3/read-document.ts'
import { type ObjectChecksum, objectChecksum } from '../../s3/upload-checksum.ts'
import type { Upload } from '../../s3/upload-id.ts'
import { etagOfParts, isETagOfParts, toS3ETag } from '../../translate/etag.ts'
import { toS3Answer } from '../../translate/response-headers.ts'
import { requestPayer } from '../../translate/to-oss-headers.ts'
import { element, text } from '../../xml/index.ts'
import { longCallLimit } from '../copies/copy-ports.ts'
import { keepAliveReply } from '../keep-alive-reply.ts'
import { keepPartIndex } from '../objects/part-index.ts'
import { removeSomeStaleIndexes } from '../objects/part-index-cleanup.ts'
import { lockUploaded } from '../objects/write-lock.ts'
import { type Context, type ObjectRequest, xmlReply } from '../operation.ts'
import { requestOrigin } from '../request-origin.ts'
import { refuseCondition, writeTurn } from '../writes/turns.ts'
import { type OssPart, readOssParts } from './oss-parts.ts'
import { uploadOf } from './upload-request.ts'

/**
 * CompleteMultipartUpload: OSS is asked for its parts first, since it has other limits than S3 and no checksums.
 * @throws S3Error by the rules of the document, the parts, the checksums and the conditions.
 */
export async function completeMultipartUpload(request: ObjectRequest, context: Context): Promise<Reply> {
  const { bucket, key, query, headers } = request
  // Before the completion that may have happened already is looked for: no completion holds such a condition.
  refuseCondition(request, context)
  const uploadId = query.get('uploadId') ?? ''
  const upload = uploadOf(request, context)
  const document = await readDocument((request.body as PlainBody).body, 'CompleteMultipartUpload')
  const wanted = parseCompletion(document, uploadId)
  const payer = requestPayer(headers)
  let stored: Map<number, OssPart>
  try {
    stored = await readOssParts(context.oss, { bucket, key, id: upload.id, headers: payer })
  } catch (error) {
    return completedBefore(request, context, upload, wanted, error)
  }
  const parts = chooseParts(wanted, stored, uploadId)
  checkSize(
    headers,
    parts.reduce((sum, part) => sum + part.size, 0),
  )
  const checksum = await known(objectChecksum(upload.checksum, headers, parts))
  const turn = await writeTurn(request, context)
  // Before the answer may begin with a 200.
  await turn.begin()
  const completing = complete(request, context, { upload, parts, checksum, conditions: turn.headers })
  // Another completion may have come to its end meanwhile.
  const completed = completing.catch((error) => completedBefore(request, context, upload, wanted, error))
  const work = endingTurn(turn, completed)
  // What has been completed may still have to be locked.
  request.waitUntil?.(work)
  // A condition that OSS holds is decided by its answer alone.
  const statusDecided =
    Object.keys(turn.headers).length === 0 ? Promise.resolve() : new Promise<void>(() => {})
  return keepAliveReply(work, () => statusDecided, context)
}

type Completion = {
  upload: Upload
  parts: readonly ChosenPart[]
  checksum: KnownChecksum | undefined
  /** By which OSS holds the client's condition. */
  conditions: HeaderMap
}

/** OSS's completion, and what the gateway keeps of it. @throws OssError, OssUnreachable; S3Error of a lock not taken. */
async function complete(
  request: ObjectRequest,
  context: Context,
  { upload, parts, checksum, conditions }: Completion,
): Promise<Reply> {
  const { bucket, key, headers } = request
  const indexed = await keepParts(request, context, upload, parts)
  const answer = await context.oss.sendForXml(
    {
      method: 'POST',
      bucket,
      key,
      query: { uploadId: upload.id, 'encoding-type': 'url' },
      headers: {
        'content-type': 'application/xml',
        ...(upload.acl === 'bucket' ? {} : { 'x-oss-object-acl': upload.acl }),
        ...requestPayer(headers),
        ...conditions,
      },
      body: completion(parts),
      answerTimeout: longCallLimit(context),
    },
    'CompleteMultipartUploadResult',
  )
  await lockUploaded(request, context, answer.headers)
  // What prevents it is not the client's concern; another upload does it.
  if (indexed !== undefined)
    request.waitUntil?.(removeSomeStaleIndexes(context.oss, bucket, indexed).catch(() => {}))
  return completionReply(request, context, text(answer.document, 'ETag') ?? '', answer.headers, checksum)
}

/**
 * Keeps where the parts begin and end, which OSS forgets. Before the completion, so that no object is ever without it; a
 * single part is the object.
 * @returns the ETag that the object will have, where something is kept.
 */
async function keepParts(
  { bucket, key, headers }: ObjectRequest,
  { oss, config }: Context,
  { id: uploadId }: Upload,
  parts: readonly ChosenPart[],
): Promise<string | undefined> {
  if (!config.document.storeParts || parts.length === 1) return undefined
  const etag = etagOfParts(parts.map((part) => bareETag(part.etag)))
  const object = { bucket, key, etag, payer: requestPayer(headers) }
  return (await keepPartIndex(oss, object, { uploadId, parts })) ? etag : undefined
}

type KnownChecksum = { algorithm: string; type: string; value: string }

/** @throws S3Error BadDigest. */
const known = async (checksum: ObjectChecksum | undefined): Promise<KnownChecksum | undefined> =>
  checksum && { ...checksum, value: await checksum.value }

const completionReply = (
  request: ObjectRequest,
  context: Context,
  etag: string,
  headers: HeaderMap,
  checksum: KnownChecksum | undefined,
): Reply =>
  xmlReply(
    'CompleteMultipartUploadResult',
    {
      Location: `${requestOrigin(request, context)}${request.rawPath}`,
      Bucket: request.bucket,
      Key: request.key,
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
async function completedBefore(
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
  const size = wanted.length === 1 ? Number(length) : undefined
  const parts = wanted.map((part) => ({ ...part, size }))
  const checksum = await known(objectChecksum(upload.checksum, headers, parts))
  await lockUploaded(request, context, object)
  return completionReply(request, context, etag, object, checksum)
}

/** A part that the client wants and OSS has; its ETag as OSS writes it. */
type ChosenPart = OssPart & Pick<WantedPart, 'checksums'>

/** @throws S3Error InvalidPart, EntityTooSmall. */
function chooseParts(
  wanted: readonly WantedPart[],
  stored: ReadonlyMap<number, OssPart>,
  uploadId: string,
): ChosenPart[] {
  return wanted.map(({ number, etag, checksums }, at) => {
    const part = stored.get(number)
    if (part === undefined || bareETag(part.etag) !== etag) {
      throw new S3Error('InvalidPart', {
        elements: { ETag: etag, PartNumber: number, UploadId: uploadId },
      })
    }
    if (part.size < MIN_PART_BYTES && at < wanted.length - 1) {
      throw new S3Error('EntityTooSmall', {
        elements: {
          ETag: etag,
          MinSizeAllowed: MIN_PART_BYTES,
          PartNumber: number,
          ProposedSize: part.size,
        },
      })
    }
    return { ...part, checksums }
  })
}

/** `x-amz-mp-object-size`. @throws S3Error InvalidRequest. */
function checkSize(headers: HeaderMap, size: number): void {
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

const completion = (parts: readonly ChosenPart[]) =>
  new TextEncoder().encode(
    element('CompleteMultipartUpload', {
      Part: parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag })),
    }),
  )
