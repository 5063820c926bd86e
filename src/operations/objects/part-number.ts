import type { HeaderMap } from '../../ports.ts'
import { notImplemented, S3Error } from '../../s3/error.ts'
import type { ByteRange } from '../../s3/range.ts'
import { partsOfETag } from '../../translate/etag.ts'
import type { PartIndex } from '../../translate/part-index.ts'
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

/** A part of an object. */
export type Part = {
  /** Undefined for a part without bytes. */
  range: ByteRange | undefined
  /** How many parts the object has, where that may be told. */
  count: number | undefined
}

/**
 * Where a part of an object is. Of an object in several parts OSS keeps only their number: without an index part 1 is
 * all of it, told as an object uploaded whole, which download managers take it for; later parts cannot be read.
 * @param number in the order of the object, from 1. @param object its headers, as OSS has them.
 * @param readIndex what is kept of its parts; asked for where it is needed.
 * @throws S3Error InvalidPartNumber; NotImplemented for a later part of an object without an index.
 */
export async function findPart(
  number: number,
  object: HeaderMap,
  readIndex: () => Promise<PartIndex | undefined>,
): Promise<Part> {
  const size = Number(object['content-length'])
  const count = partsOfETag(object.etag ?? '')
  if (number > (count ?? 1)) {
    throw new S3Error('InvalidPartNumber', {
      elements: { ActualPartCount: count ?? 1, PartNumberRequested: number },
    })
  }
  if (count === undefined || count === 1) return { range: rangeOf(0, size), count }
  const index = await readIndex()
  if (index !== undefined) {
    const before = index.parts.slice(0, number - 1).reduce((sum, part) => sum + part.size, 0)
    return { range: rangeOf(before, index.parts[number - 1]?.size ?? 0), count }
  }
  if (number === 1) return { range: rangeOf(0, size), count: undefined }
  throw notImplemented('partNumber', 'It is not known where the parts of this object begin and end')
}

const rangeOf = (first: number, size: number): ByteRange | undefined =>
  size === 0 ? undefined : { first, last: first + size - 1 }
