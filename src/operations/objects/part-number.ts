import type { HeaderMap } from '../../ports.ts'
import { notImplemented, S3Error } from '../../s3/error.ts'
import { partsOfETag } from '../../translate/etag.ts'
import type { ObjectRequest } from '../operation.ts'
import { partNumberOf } from '../uploads/upload-request.ts'

/**
 * The part a read asks for with `partNumber`, or undefined when it asks for none.
 * @throws S3Error InvalidArgument, InvalidRequest.
 */
export function requestedPart(request: ObjectRequest): number | undefined {
  if (!request.query.has('partNumber')) return undefined
  const number = partNumberOf(request)
  if (request.headers.range !== undefined) {
    throw new S3Error('InvalidRequest', {
      message: 'Cannot specify both Range header and partNumber query parameter',
    })
  }
  return number
}

/**
 * Checks that the part can be answered with the whole object: of an object in several parts OSS keeps only their number,
 * and part 1 is answered with all of it.
 * @param oss the object's headers.
 * @returns what the answer says of the parts: how many, where the object was uploaded in parts.
 * @throws S3Error InvalidPartNumber; NotImplemented for a later part.
 */
export function checkPart(number: number, oss: HeaderMap): HeaderMap {
  const parts = partsOfETag(oss.etag ?? '')
  if (number > (parts ?? 1)) {
    throw new S3Error('InvalidPartNumber', {
      elements: { ActualPartCount: parts ?? 1, PartNumberRequested: number },
    })
  }
  if (parts !== undefined && parts > 1) {
    // Download managers read part 1 first, and take an object without a parts count for one that was uploaded whole.
    if (number === 1) return {}
    throw notImplemented('partNumber', 'OSS does not keep where the parts of an object begin and end')
  }
  return parts === undefined ? {} : { 'x-amz-mp-parts-count': String(parts) }
}
