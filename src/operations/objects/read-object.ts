import { OssError } from '../../oss/error.ts'
import { versionIdOf } from '../../oss/headers.ts'
import { type HeaderMap, headerMap, type OssResponse, type Reply } from '../../ports.ts'
import { S3Error, slowDown } from '../../s3/error.ts'
import { isSuffixRange, resolveRange } from '../../s3/range.ts'
import {
  conditionOfStatus,
  needsSourceFacts,
  type Preconditions,
  preconditionFailed,
  toOssPreconditions,
} from '../../translate/preconditions.ts'
import { toS3Object } from '../../translate/response-headers.ts'
import type { Context, ObjectRequest } from '../operation.ts'
import { withDeleteMarkerTime } from './delete-marker.ts'
import { withObjectLockHeaders } from './object-lock-headers.ts'
import { mayBeIndexPage, requireNoIndexPage, sendGet, statObject } from './read-calls.ts'
import { parseRead, type Read, readConditions, selectBytes } from './read-request.ts'
import { overriddenHeaders } from './response-overrides.ts'
import { wholeChecksums } from './told-checksums.ts'

/**
 * GetObject: one OSS GetObject, after a look at the object where OSS cannot hold what is asked for; the body is passed
 * on unread.
 */
export async function getObject(request: ObjectRequest, context: Context): Promise<Reply> {
  const read = parseRead(request, context)
  const looking = requireNoIndexPage(request, context)
  if (looking !== undefined) await looking
  const { conditions, range, ifRange, part } = read
  if (part !== undefined || needsSourceFacts(conditions) || mayBeIndexPage(request)) {
    return getAfterHead(request, context, read)
  }
  if (ifRange === undefined) return getDirectly(request, context, conditions, range)
  if (ifRange === 'nothing') return getDirectly(request, context, conditions, undefined)
  // OSS knows no If-Range. For an ETag its If-Match serves, where the client sends no condition that fails like it.
  const { ifMatch, ifUnmodifiedSince } = conditions
  if (!('etag' in ifRange) || ifMatch !== undefined || ifUnmodifiedSince !== undefined) {
    return getAfterHead(request, context, read)
  }
  const asked = toOssPreconditions({ ...conditions, ifMatch: ifRange.etag }, '')
  try {
    return await toReply(request, context, await sendGet(request, context, asked, range))
  } catch (error) {
    if (error instanceof OssError && error.status === 412) {
      return getDirectly(request, context, conditions, undefined)
    }
    return refusedRead(request, context, conditions, error)
  }
}

/** HeadObject. OSS's HEAD knows no Range, so the one asked for is worked out here. */
export async function headObject(request: ObjectRequest, context: Context): Promise<Reply> {
  const read = parseRead(request, context)
  const looking = requireNoIndexPage(request, context)
  if (looking !== undefined) await looking
  const object = await statObject(request, context)
  const failed = readConditions(object, read.conditions)
  if (failed !== undefined) return failed
  const { range, isEmptyPart, headers: ofPart } = await selectBytes(read, object, request, context)
  const headers = Object.assign(toS3Object(object), overriddenHeaders(request.query), ofPart)
  if (isEmptyPart) {
    headers['content-length'] = '0'
    return { status: 206, headers }
  }
  const size = Number(object['content-length'])
  if (range === undefined || (size === 0 && isSuffixRange(range))) {
    Object.assign(headers, await wholeChecksums(request, context, object))
    return { status: 200, headers }
  }
  const bytes = resolveRange(range, size)
  if (bytes === undefined) throw new S3Error('InvalidRange')
  headers['content-length'] = String(bytes.last - bytes.first + 1)
  headers['content-range'] = `bytes ${bytes.first}-${bytes.last}/${size}`
  return { status: 206, headers }
}

/** A read that OSS decides. */
async function getDirectly(
  request: ObjectRequest,
  context: Context,
  conditions: Preconditions,
  range: string | undefined,
): Promise<Reply> {
  try {
    return await toReply(
      request,
      context,
      await sendGet(request, context, toOssPreconditions(conditions, ''), range),
    )
  } catch (error) {
    return refusedRead(request, context, conditions, error)
  }
}

/** How often an object may be replaced between the look at it and the read. */
const MAX_ATTEMPTS = 3

/** A read that is decided on the object's headers, and then of the very object that was looked at. */
async function getAfterHead(request: ObjectRequest, context: Context, read: Read): Promise<Reply> {
  for (let look = 1; ; look++) {
    const stat = await statObject(request, context)
    const failed = readConditions(stat, read.conditions)
    if (failed !== undefined) return failed
    const { range, isEmptyPart, headers } = await selectBytes(read, stat, request, context)
    if (isEmptyPart) return headObject(request, context)
    const pin = headerMap()
    if (stat.etag !== undefined) pin['if-match'] = stat.etag
    try {
      const reply = await toReply(request, context, await sendGet(request, context, pin, range))
      Object.assign(reply.headers, headers)
      return reply
    } catch (error) {
      if (!(error instanceof OssError) || error.status !== 412) {
        return refusedRead(request, context, {}, error)
      }
      if (look === MAX_ATTEMPTS) throw slowDown({ cause: error })
    }
  }
}

function toReply(request: ObjectRequest, context: Context, object: OssResponse): Reply | Promise<Reply> {
  const reply: Reply = { status: object.status, headers: toS3Object(object.headers), body: object.body }
  // Of a part of the object the sum of the whole would be a wrong one: SDKs check it against what they got.
  const checksums = object.status === 200 ? wholeChecksums(request, context, object.headers) : {}
  const versionId = versionIdOf(object.headers)
  const complete = (told: HeaderMap) => {
    Object.assign(reply.headers, told)
    return versionId === undefined ? reply : withObjectLockHeaders(reply, request, context, versionId)
  }
  return checksums instanceof Promise ? checksums.then(complete) : complete(checksums)
}

/** What OSS has refused to read, as S3 would have. @throws the error; 304 is an answer. */
async function refusedRead(
  request: ObjectRequest,
  context: Context,
  conditions: Preconditions,
  error: unknown,
): Promise<Reply> {
  if (!(error instanceof OssError)) throw error
  if (error.status === 304) return { status: 304, headers: toS3Object(error.headers) }
  if (error.status === 412) throw preconditionFailed(conditionOfStatus(412, conditions), '')
  if (error.status === 416) return emptyOrInvalid(request, context)
  if (error.code === 'InvalidObjectState') throw await archived(request, context, error)
  throw await withDeleteMarkerTime(error, request, context)
}

/** S3 names the class of an object that is not restored; OSS does not. */
async function archived(request: ObjectRequest, context: Context, cause: OssError): Promise<S3Error> {
  const headers = toS3Object(await statObject(request, context))
  return new S3Error('InvalidObjectState', {
    elements: { StorageClass: headers['x-amz-storage-class'] ?? '' },
    cause,
  })
}

/** The answer to a range that OSS cannot satisfy. @throws S3Error InvalidRange. */
async function emptyOrInvalid(request: ObjectRequest, context: Context): Promise<Reply> {
  const object = await statObject(request, context)
  const { range = '' } = request.headers
  const size = object['content-length'] ?? ''
  if (size !== '0' || !isSuffixRange(range)) {
    throw new S3Error('InvalidRange', { elements: { RangeRequested: range, ActualObjectSize: size } })
  }
  const headers = Object.assign(toS3Object(object), overriddenHeaders(request.query))
  return { status: 200, headers: Object.assign(headers, await wholeChecksums(request, context, object)) }
}
