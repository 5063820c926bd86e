import {
  mayBeAboutType,
  notRestored,
  type Refusal,
  refusalByType,
  refusalOf,
  tooLarge,
} from '../../copy/oss-refusal.ts'
import { type ByteRange, rerouteForbidden } from '../../copy/plan.ts'
import { readRange, relayPart } from '../../copy/relay.ts'
import { readSource, type SourceFacts } from '../../copy/source.ts'
import { retryAfterSourceChange } from '../../copy/source-changed.ts'
import { OssError } from '../../oss/error.ts'
import { copiedVersion, copySource, copySourceRange } from '../../oss/headers.ts'
import type { HeaderMap, Reply } from '../../ports.ts'
import { type AlgorithmName, allAlgorithms } from '../../s3/checksum.ts'
import { type CopyRange, checkCopyRange, parseCopyRange } from '../../s3/copy-range.ts'
import type { CopySource } from '../../s3/copy-source.ts'
import { MAX_UPLOAD_BYTES } from '../../s3/limits.ts'
import type { Upload } from '../../s3/upload-id.ts'
import { toS3Time } from '../../translate/date.ts'
import { toS3Error } from '../../translate/errors.ts'
import { toS3ETag } from '../../translate/etag.ts'
import {
  copyConditionFailed,
  failedCondition,
  needsSourceFacts,
  type Preconditions,
  parsePreconditions,
  preconditionFailed,
  toOssPreconditions,
} from '../../translate/preconditions.ts'
import { toS3Answer } from '../../translate/response-headers.ts'
import { requestPayer } from '../../translate/to-oss-headers.ts'
import { text, type XmlTree } from '../../xml/index.ts'
import { keepAliveReply } from '../keep-alive-reply.ts'
import { type Context, type ObjectRequest, xmlReply } from '../operation.ts'
import { recordChecksum } from '../uploads/checksum-records.ts'
import { listOssParts } from '../uploads/oss-parts.ts'
import { encryptionOf, partNumberOf, uploadOf } from '../uploads/upload-request.ts'
import { copyPorts, longCallLimit, recordRoute } from './copy-ports.ts'
import { requireSourceOwner, sourceOf } from './source-of.ts'

const SOURCE = 'x-amz-copy-source'

/** A part to copy, in OSS's words. */
type PartCopy = {
  source: CopySource
  /** The upstream of the source. */
  from: string | undefined
  /** `x-oss-request-payer`, or nothing. */
  payer: HeaderMap
  preconditions: Preconditions
  range: CopyRange | undefined
  upload: { bucket: string; key: string; uploadId: string }
  number: number
  signal: () => AbortSignal
}

/** ETag and time as OSS gave them. */
type CopiedPart = { etag: string; lastModified: string; headers: HeaderMap }

/**
 * UploadPartCopy: one OSS UploadPartCopy, after a look at the source where the request needs one: OSS copies the
 * whole source for a range that it cannot satisfy, has no `*` condition, and no checksum of a part.
 * @throws S3Error for the source, the range, the conditions, the upload.
 */
export async function uploadPartCopy(request: ObjectRequest, context: Context): Promise<Reply> {
  const { bucket, key, headers, query } = request
  const from = sourceOf(request, context)
  const upload = uploadOf(request, context)
  const part: PartCopy = {
    source: from.source,
    from: from.upstream,
    payer: requestPayer(headers),
    preconditions: parsePreconditions(headers, `${SOURCE}-`, context.clock()),
    range: parseCopyRange(headers[`${SOURCE}-range`]),
    upload: { bucket, key, uploadId: upload.id },
    number: partNumberOf(request),
    signal: request.signal,
  }
  await requireSourceOwner(request, context, from)
  const work = copyPart(part, upload, context).catch((error) => {
    // The key that is missing is the source's.
    throw error instanceof OssError
      ? toS3Error(error, { ...from.named, uploadId: query.get('uploadId') })
      : error
  })
  return keepAliveReply(work, () => decideStatusEarly(part, context), context)
}

/** @throws S3Error, OssError. */
async function copyPart(part: PartCopy, upload: Upload, context: Context): Promise<Reply> {
  const algorithm = upload.checksum?.algorithm
  const needsFacts = part.range !== undefined || algorithm !== undefined
  const facts =
    needsFacts || needsSourceFacts(part.preconditions) ? await checkSource(part, context) : undefined
  const copied = isAcross(part, context)
    ? await relay('crossUpstream', part, facts ?? (await checkSource(part, context)), context)
    : await copyNatively(part, facts, context).catch((error) => reroute(error, part, facts, context))
  const result: XmlTree = { LastModified: toS3Time(copied.lastModified), ETag: toS3ETag(copied.etag) }
  if (algorithm !== undefined && facts !== undefined) {
    const value = await digest(algorithm, part, facts, context)
    result[`Checksum${algorithm}`] = value
    const at = { ...part.upload, payer: part.payer }
    await recordChecksum(context.oss, at, upload, { number: part.number, etag: copied.etag }, value)
  }
  return xmlReply('CopyPartResult', result, { ...encryptionOf(upload), ...toS3Answer(copied.headers) })
}

/**
 * While a copy takes long: checks what would give its response another status than 200, so that it may begin. The source
 * exists and its conditions hold, the upload exists, and no setting forbids to reroute.
 * @throws where a check fails; the response then waits for the copy.
 */
async function decideStatusEarly(part: PartCopy, context: Context): Promise<void> {
  const facts = await checkSource(part, context)
  const { settings } = copyPorts(context, part.from)
  const error = isAcross(part, context)
    ? rerouteForbidden(settings, 'crossUpstream', facts)
    : (rerouteForbidden(settings, 'oversize', facts) ?? rerouteForbidden(settings, 'crossRegion', facts))
  if (error !== undefined) throw error
  checkRelayed(rangeOf(part, facts))
  const { bucket, key, uploadId: id } = part.upload
  await listOssParts(context.oss, { bucket, key, id, headers: part.payer }, 0, 1)
}

/** Whether the source is at another upstream than the upload: no key of OSS's can copy from the one to the other. */
const isAcross = ({ from }: PartCopy, { upstream }: Context) => from !== upstream

/** The bytes to copy. */
const rangeOf = ({ range }: PartCopy, { size }: SourceFacts): ByteRange =>
  range ?? { first: 0, last: size - 1 }

const bytesIn = ({ first, last }: ByteRange) => last - first + 1

/** @throws S3Error for more bytes than one call may send. */
function checkRelayed({ first, last }: ByteRange): void {
  if (last - first >= MAX_UPLOAD_BYTES) throw tooLarge(MAX_UPLOAD_BYTES)
}

/** @throws S3Error PreconditionFailed, by S3's rules, and for a range that is not within the source. */
async function checkSource(part: PartCopy, context: Context): Promise<SourceFacts> {
  const facts = await readSource(context.at(part.from).oss, part, part.signal())
  const failed = failedCondition(part.preconditions, facts)
  if (failed !== undefined) throw preconditionFailed(failed, `${SOURCE}-`)
  if (part.range !== undefined) checkCopyRange(part.range, facts.size)
  return facts
}

/** One OSS UploadPartCopy; with facts, of the very source that was looked at. */
async function copyNatively(
  part: PartCopy,
  facts: SourceFacts | undefined,
  context: Context,
): Promise<CopiedPart> {
  const { source, payer, range, upload, number, signal } = part
  recordRoute(context, 'native', facts?.size, range === undefined ? facts?.size : bytesIn(range))
  const preconditions = facts === undefined ? part.preconditions : { ifMatch: facts.etag }
  try {
    const { document, headers } = await context.oss.sendForXml(
      {
        method: 'PUT',
        bucket: upload.bucket,
        key: upload.key,
        query: { partNumber: String(number), uploadId: upload.uploadId },
        headers: {
          ...copySource(source, facts?.versionId ?? source.versionId),
          ...toOssPreconditions(preconditions, 'x-oss-copy-source-'),
          ...(range === undefined ? {} : copySourceRange(range.text)),
          ...payer,
        },
        body: new Uint8Array(0),
        signal: signal(),
        answerTimeout: longCallLimit(context),
      },
      'CopyPartResult',
    )
    return { etag: text(document, 'ETag') ?? '', lastModified: text(document, 'LastModified') ?? '', headers }
  } catch (error) {
    const failed = error instanceof OssError ? copyConditionFailed(error, part.preconditions) : undefined
    if (failed !== undefined && facts !== undefined) throw retryAfterSourceChange(error)
    throw failed ?? error
  }
}

/**
 * What OSS will not copy into a part is streamed into it.
 * @throws what OSS said, when it is not about the source's size, region or type; S3Error when a setting forbids it.
 */
async function reroute(
  error: unknown,
  part: PartCopy,
  known: SourceFacts | undefined,
  context: Context,
): Promise<CopiedPart> {
  if (!(error instanceof OssError)) throw error
  const named = refusalOf(error)
  if (named === undefined && !mayBeAboutType(error)) throw notRestored(error) ?? error
  const facts = known ?? (await checkSource(part, context))
  const refusal = named ?? refusalByType(error, facts)
  if (refusal === undefined) throw error
  return relay(refusal, part, facts, context)
}

/** Streams the source into the part. @throws S3Error when a setting forbids it. */
async function relay(
  refusal: Refusal,
  part: PartCopy,
  facts: SourceFacts,
  context: Context,
): Promise<CopiedPart> {
  const ports = copyPorts(context, part.from)
  const forbiddenError = rerouteForbidden(ports.settings, refusal, facts)
  if (forbiddenError !== undefined) throw forbiddenError
  const range = rangeOf(part, facts)
  checkRelayed(range)
  recordRoute(context, 'relay', facts.size, bytesIn(range))
  const etag = await relayPart(ports, part, facts, part.upload, part.number, range).catch((error) => {
    throw error instanceof OssError && error.status === 412
      ? retryAfterSourceChange(error)
      : (notRestored(error) ?? error)
  })
  const lastModified = new Date(context.clock()).toUTCString()
  return { etag, lastModified, headers: copiedVersion(part.source.versionId) }
}

/** The copied part's checksum, from its bytes: the client has to name it on completion, and OSS has none but its own. */
async function digest(
  algorithm: AlgorithmName,
  part: PartCopy,
  facts: SourceFacts,
  context: Context,
): Promise<string> {
  const hasher = allAlgorithms[algorithm].create()
  const range = rangeOf(part, facts)
  if (range.last < range.first) return hasher.digest()
  try {
    const ports = { sourceOss: context.at(part.from).oss }
    for await (const bytes of await readRange(ports, part, facts, range, part.signal())) hasher.update(bytes)
  } catch (error) {
    throw error instanceof OssError && error.status === 412 ? retryAfterSourceChange(error) : error
  }
  return hasher.digest()
}
