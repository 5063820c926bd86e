import { type HeaderMap, headerMap, type Reply } from '../../ports.ts'
import { isRange } from '../../s3/range.ts'
import { partsOfETag } from '../../translate/etag.ts'
import { type IfRange, ifRangeHolds, parseIfRange } from '../../translate/if-range.ts'
import type { PartIndex } from '../../translate/part-index.ts'
import {
  failedCondition,
  hasConditions,
  type Preconditions,
  parsePreconditions,
  preconditionFailed,
} from '../../translate/preconditions.ts'
import { toS3Object } from '../../translate/response-headers.ts'
import type { Context, ObjectRequest } from '../operation.ts'
import { findPart, requestedPart } from './part-number.ts'
import { readPartIndex } from './read-part-index.ts'
import { asksForChecksums, checksumOfPart, mayBeIndexed, wholeChecksums } from './told-checksums.ts'

/** What a read asks for, besides the object. */
export type Read = {
  conditions: Preconditions
  range: string | undefined
  /** Undefined where there is no range. */
  ifRange: IfRange | undefined
  part: number | undefined
}

/** @throws S3Error InvalidArgument, InvalidRequest, NotImplemented. */
export function parseRead(request: ObjectRequest, context: Context): Read {
  const { headers } = request
  const range = headers.range !== undefined && isRange(headers.range) ? headers.range : undefined
  const ifRange = range === undefined ? undefined : headers['if-range']
  return {
    conditions: parsePreconditions(headers, '', context.clock()),
    range,
    ifRange: ifRange === undefined ? undefined : parseIfRange(ifRange),
    part: requestedPart(request),
  }
}

/** Which bytes of an object a read is of, and what the answer says of them besides. */
export type Selected = {
  /** As a Range header; undefined: all of them, or none. */
  range: string | undefined
  /** Whether it is a part without bytes, of an object with some: no range says that. */
  isEmptyPart: boolean
  headers: HeaderMap
}

/**
 * Decides on an object's headers, as OSS has them, which bytes of it are asked for.
 * @throws S3Error of a part; OssError, OssUnreachable.
 */
export async function selectBytes(
  { part, range, ifRange }: Read,
  object: HeaderMap,
  request: ObjectRequest,
  context: Context,
): Promise<Selected> {
  if (part === undefined) {
    const holds = ifRange === undefined || ifRangeHolds(ifRange, described(object))
    return { range: holds ? range : undefined, isEmptyPart: false, headers: {} }
  }
  let index: PartIndex | undefined
  const readIndex = async () => {
    index ??= await readPartIndex(request, context, object, asksForChecksums(request.headers) ? part : 'none')
    return index
  }
  const { range: bytes, count } = await findPart(part, object, readIndex)
  const headers = headerMap()
  if (count !== undefined) headers['x-amz-mp-parts-count'] = String(count)
  if (asksForChecksums(request.headers)) {
    if (count === 1 && mayBeIndexed(context, object)) await readIndex()
    const isWhole = partsOfETag(object.etag ?? '') === undefined
    Object.assign(
      headers,
      isWhole ? await wholeChecksums(request, context, object) : checksumOfPart(index, part),
    )
  }
  return {
    range: bytes && `bytes=${bytes.first}-${bytes.last}`,
    isEmptyPart: bytes === undefined && object['content-length'] !== '0',
    headers,
  }
}

/** S3's answer to a read whose conditions do not hold: 304 for the cache's pair, 412 for the other. */
export function readConditions(object: HeaderMap, conditions: Preconditions): Reply | undefined {
  if (!hasConditions(conditions)) return undefined
  const failed = failedCondition(conditions, described(object))
  if (failed === undefined) return undefined
  if (failed === 'If-Match' || failed === 'If-Unmodified-Since') throw preconditionFailed(failed, '')
  const { 'content-length': _, ...headers } = toS3Object(object)
  return { status: 304, headers }
}

const described = (object: HeaderMap) => ({
  etag: object.etag ?? '',
  lastModified: Date.parse(object['last-modified'] ?? ''),
})
