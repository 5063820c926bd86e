import { endingTurn } from '../../copy/write-turn.ts'
import type { HeaderMap, Reply } from '../../ports.ts'
import type { PlainBody } from '../../s3/body.ts'
import { bareETag, parseCompletion, type WantedPart } from '../../s3/completion.ts'
import { S3Error } from '../../s3/error.ts'
import { MIN_PART_BYTES } from '../../s3/limits.ts'
import { readDocument } from '../../s3/read-document.ts'
import { type ObjectChecksum, objectChecksum } from '../../s3/upload-checksum.ts'
import type { Upload } from '../../s3/upload-id.ts'
import { objectAclHeader } from '../../translate/acl.ts'
import { etagOfParts } from '../../translate/etag.ts'
import type { PartIndex } from '../../translate/part-index.ts'
import { requestPayer } from '../../translate/to-oss-headers.ts'
import { element, text } from '../../xml/index.ts'
import { longCallLimit } from '../copies/copy-ports.ts'
import { keepAliveReply } from '../keep-alive-reply.ts'
import { keepPartIndex } from '../objects/part-index.ts'
import { removeSomeStale } from '../objects/part-index-cleanup.ts'
import { lockUploaded } from '../objects/write-lock.ts'
import type { Context, ObjectRequest } from '../operation.ts'
import { refuseCondition, writeTurn } from '../writes/turns.ts'
import { endRecords, readRecords, verifiedChecksum } from './checksum-records.ts'
import { checkSize, completedBefore, completionReply } from './completed-upload.ts'
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
  const records = await readRecords(context.oss, { bucket, key, payer }, upload)
  const checked = parts.map((part) => ({
    ...part,
    verified: verifiedChecksum(upload, part, records.get(part.number)),
  }))
  const checksum = objectChecksum(upload.checksum, headers, checked)
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
  checksum: ObjectChecksum | undefined
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
  const indexed = await keepParts(request, context, upload, parts, checksum)
  const answer = await context.oss.sendForXml(
    {
      method: 'POST',
      bucket,
      key,
      query: { uploadId: upload.id, 'encoding-type': 'url' },
      headers: {
        'content-type': 'application/xml',
        ...(upload.acl === 'bucket' ? {} : objectAclHeader(upload.acl)),
        ...requestPayer(headers),
        ...conditions,
      },
      body: completion(parts),
      answerTimeout: longCallLimit(context),
    },
    'CompleteMultipartUploadResult',
  )
  await lockUploaded(request, context, answer.headers)
  request.waitUntil?.(cleanUp(request, context, upload, indexed))
  return completionReply(request, context, text(answer.document, 'ETag') ?? '', answer.headers, checksum)
}

/** Removes what the upload no longer needs, and some of what others have left. What prevents it is not the client's concern. */
async function cleanUp(
  { bucket, key, headers }: ObjectRequest,
  { oss }: Context,
  upload: Upload,
  indexed: string | undefined,
): Promise<void> {
  await endRecords(oss, { bucket, key, payer: requestPayer(headers) }, upload)
  if (indexed !== undefined) await removeSomeStale(oss, bucket, indexed).catch(() => {})
}

/**
 * Keeps where the parts begin and end, which OSS forgets, and their checksums where the gateway has verified each. Before
 * the completion, so that no object is ever without it; a single part without a checksum is the object.
 * @returns the ETag that the object will have, where something is kept.
 */
async function keepParts(
  { bucket, key, headers }: ObjectRequest,
  { oss, config }: Context,
  { id: uploadId, mark }: Upload,
  parts: readonly ChosenPart[],
  checksum: ObjectChecksum | undefined,
): Promise<string | undefined> {
  const { storeParts, storeChecksums } = config.document
  const kept = checksum?.isVerified ? checksum : undefined
  if (!storeParts || (parts.length === 1 && !(storeChecksums && kept))) return undefined
  const etag = etagOfParts(parts.map((part) => bareETag(part.etag)))
  const object = { bucket, key, etag, payer: requestPayer(headers) }
  const indexed = parts.map(({ size }, at) => ({ size, checksum: kept?.ofParts[at] }))
  const index: PartIndex = { uploadId, parts: indexed, checksum: kept, mark }
  return (await keepPartIndex(oss, object, index)) ? etag : undefined
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

const completion = (parts: readonly ChosenPart[]) =>
  new TextEncoder().encode(
    element('CompleteMultipartUpload', {
      Part: parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag })),
    }),
  )
