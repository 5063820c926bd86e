import { OssError } from '../oss/error.ts'
import { type HeaderMap, headerMap, type Reply } from '../ports.ts'
import type { PlainBody } from '../s3/body.ts'
import { S3Error } from '../s3/error.ts'
import { isRange, resolveRange } from '../s3/range.ts'
import { toS3ETag } from '../translate/etag.ts'
import { refuseUnsupported, toOssContent, toS3Answer, toS3Object } from '../translate/headers.ts'
import {
  conditionOfStatus,
  failedCondition,
  hasConditions,
  needsSourceFacts,
  type Preconditions,
  parsePreconditions,
  preconditionFailed,
  toOssPreconditions,
} from '../translate/preconditions.ts'
import { keptChecksums, toKeptChecksum } from '../translate/stored-checksum.ts'
import { parseTagging, toOssTagging } from '../translate/tagging.ts'
import { destinationConditions } from './conditional-write.ts'
import { refuseDeleteConditions } from './delete-objects.ts'
import { destinationHeaders, requestPayer } from './destination.ts'
import { bypassGovernance } from './object-lock.ts'
import { checkPart, requestedPart } from './object-part.ts'
import type { Context, ObjectRequest } from './operation.ts'
import { overriddenHeaders, responseOverrides } from './response-overrides.ts'
import { sendBody } from './send-body.ts'

/** PutObject: one OSS PutObject, the body streamed and verified on its way. */
export async function putObject(request: ObjectRequest, context: Context): Promise<Reply> {
  const { bucket, key, headers } = request
  const body = request.body as PlainBody
  const tagging = headers['x-amz-tagging']
  const ossHeaders = Object.assign(toOssContent(headers), toKeptChecksum(headers))
  if (tagging !== undefined) ossHeaders['x-oss-tagging'] = toOssTagging(parseTagging(tagging))
  Object.assign(ossHeaders, await destinationHeaders(request, context))
  Object.assign(ossHeaders, await destinationConditions(request, context))
  const call = { method: 'PUT', bucket, key, headers: ossHeaders } as const
  // A checksum in a trailer is known in time only where the body is short.
  const stored = await sendBody(context.oss, body, call, toKeptChecksum)
  const answer = toS3Answer(stored.headers)
  answer.etag = toS3ETag(stored.headers.etag ?? '')
  const verified = body.checksums()
  for (const _ in verified) answer['x-amz-checksum-type'] = 'FULL_OBJECT'
  return { status: 200, headers: Object.assign(answer, verified) }
}

/** GetObject: one OSS GetObject; the body is passed on unread. */
export async function getObject(request: ObjectRequest, context: Context): Promise<Reply> {
  const { bucket, key, query, headers } = request
  refuseUnsupported(headers)
  const part = requestedPart(request)
  const conditions = parsePreconditions(headers, '', context.clock())
  const looksFirst = needsSourceFacts(conditions)
  const stat = part !== undefined || looksFirst ? await statObject(request, context) : {}
  if (looksFirst) {
    const failed = readConditions(stat, conditions)
    if (failed !== undefined) return failed
  }
  const parts = part === undefined ? {} : checkPart(part, stat)
  const range = part === undefined ? requestedRange(headers) : wholeRange(stat)
  const asked = looksFirst ? headerMap() : toOssPreconditions(conditions, '')
  if (range !== undefined) {
    asked.range = range
    // Without it OSS answers a range it cannot satisfy with the whole object.
    asked['x-oss-range-behavior'] = 'standard'
  }
  // Or OSS compresses some types, and drops ETag and length.
  asked['accept-encoding'] = 'identity'
  Object.assign(asked, requestPayer(headers))
  try {
    const object = await context.oss.send({
      method: 'GET',
      bucket,
      key,
      query: { versionId: query.get('versionId'), ...responseOverrides(query) },
      headers: asked,
    })
    const answer = Object.assign(toS3Object(object.headers), parts)
    // Of a part of the object the sum of the whole would be a wrong one: SDKs check it against what they got.
    if (object.status === 200) Object.assign(answer, checksums(headers, object.headers))
    return { status: object.status, headers: answer, body: object.body }
  } catch (error) {
    throwUnlessOss(error)
    if (error.status === 304) return { status: 304, headers: toS3Object(error.headers) }
    if (error.status === 412) throw preconditionFailed(conditionOfStatus(412, conditions), '')
    if (error.status === 416) throw await invalidRange(request, context, headers.range ?? '')
    if (error.code === 'InvalidObjectState') throw await archived(request, context, error)
    throw error
  }
}

const requestedRange = ({ range }: HeaderMap) => (range !== undefined && isRange(range) ? range : undefined)

/** The only part of an object, which S3 answers as a range; of nothing there is none. */
const wholeRange = (object: HeaderMap) => (object['content-length'] === '0' ? undefined : 'bytes=0-')

/** HeadObject. OSS's HEAD knows no Range, so the one asked for is worked out here. */
export async function headObject(request: ObjectRequest, context: Context): Promise<Reply> {
  refuseUnsupported(request.headers)
  const wanted = requestedPart(request)
  const object = await statObject(request, context)
  const failed = readConditions(object, parsePreconditions(request.headers, '', context.clock()))
  if (failed !== undefined) return failed
  const parts = wanted === undefined ? {} : checkPart(wanted, object)
  const headers = Object.assign(toS3Object(object), overriddenHeaders(request.query), parts)
  const range = wanted === undefined ? requestedRange(request.headers) : wholeRange(object)
  if (range === undefined) {
    return { status: 200, headers: Object.assign(headers, checksums(request.headers, object)) }
  }
  const size = Number(object['content-length'])
  const part = resolveRange(range, size)
  if (part === undefined) throw new S3Error('InvalidRange')
  headers['content-length'] = String(part.last - part.first + 1)
  headers['content-range'] = `bytes ${part.first}-${part.last}/${size}`
  return { status: 206, headers }
}

/** DeleteObject: 204 also for a key that is not there, as S3. */
export async function deleteObject(request: ObjectRequest, context: Context): Promise<Reply> {
  const { bucket, key, query, headers } = request
  refuseUnsupported(headers)
  refuseDeleteConditions(headers)
  const deleted = await context.oss.send({
    method: 'DELETE',
    bucket,
    key,
    query: { versionId: query.get('versionId') },
    headers: Object.assign(await bypassGovernance(request, context), requestPayer(headers)),
  })
  return { status: 204, headers: toS3Answer(deleted.headers) }
}

/** The checksums kept with the object, for a client that asks for them. */
const checksums = (asked: HeaderMap, oss: HeaderMap): HeaderMap =>
  asked['x-amz-checksum-mode']?.toUpperCase() === 'ENABLED' ? keptChecksums(oss) : {}

/** The object's headers, as OSS has them. */
export async function statObject(
  { bucket, key, query, headers }: ObjectRequest,
  { oss }: Context,
): Promise<HeaderMap> {
  const object = await oss.send({
    method: 'HEAD',
    bucket,
    key,
    query: { versionId: query.get('versionId') },
    headers: requestPayer(headers),
  })
  return object.headers
}

/** S3's answer to a read whose conditions do not hold: 304 for the cache's pair, 412 for the other. */
function readConditions(object: HeaderMap, conditions: Preconditions): Reply | undefined {
  if (!hasConditions(conditions)) return undefined
  const failed = failedCondition(conditions, {
    etag: object.etag ?? '',
    lastModified: Date.parse(object['last-modified'] ?? ''),
  })
  if (failed === undefined) return undefined
  if (failed === 'If-Match' || failed === 'If-Unmodified-Since') throw preconditionFailed(failed, '')
  const { 'content-length': _, ...headers } = toS3Object(object)
  return { status: 304, headers }
}

/** S3 names the class of an object that is not restored; OSS does not. */
async function archived(request: ObjectRequest, context: Context, cause: OssError): Promise<S3Error> {
  const headers = toS3Object(await statObject(request, context))
  return new S3Error('InvalidObjectState', {
    elements: { StorageClass: headers['x-amz-storage-class'] ?? '' },
    cause,
  })
}

async function invalidRange(request: ObjectRequest, context: Context, range: string): Promise<S3Error> {
  const size = (await statObject(request, context))['content-length'] ?? ''
  return new S3Error('InvalidRange', { elements: { RangeRequested: range, ActualObjectSize: size } })
}

function throwUnlessOss(error: unknown): asserts error is OssError {
  if (!(error instanceof OssError)) throw error
}
