import { type HeaderMap, headerMap } from '../../ports.ts'
import { partsOfETag } from '../../translate/etag.ts'
import type { PartIndex } from '../../translate/part-index.ts'
import { comesLater, storedChecksums } from '../../translate/stored-checksum.ts'
import type { Context, ObjectRequest } from '../operation.ts'
import { readPartIndex } from './read-part-index.ts'

/** Whether a read asks for checksums. */
export const asksForChecksums = (headers: HeaderMap): boolean =>
  headers['x-amz-checksum-mode']?.toUpperCase() === 'ENABLED'

/**
 * The checksum of an object that is kept beside it, as headers: of one uploaded in parts, and of one whose checksum came
 * behind its bytes.
 * @param object its headers, as OSS has them. @throws OssError, OssUnreachable.
 */
export async function indexedChecksums(
  request: ObjectRequest,
  context: Context,
  object: HeaderMap,
): Promise<HeaderMap> {
  return checksumOf(await readPartIndex(request, context, object, 'none'))
}

/** Whether a checksum of the object may be kept beside it, and is told at the cost of a call. */
export const mayBeIndexed = ({ config }: Context, object: HeaderMap): boolean =>
  config.document.storeChecksums && (partsOfETag(object.etag ?? '') !== undefined || comesLater(object))

/**
 * The checksums of a whole object, as headers, for a read that asks for them. What is kept beside the object and cannot be
 * read now is left out: no client depends on it.
 */
export function wholeChecksums(
  request: ObjectRequest,
  context: Context,
  object: HeaderMap,
): HeaderMap | Promise<HeaderMap> {
  if (!asksForChecksums(request.headers)) return {}
  const stored = storedChecksums(object)
  const isStored = stored['x-amz-checksum-type'] !== undefined
  if (isStored || !mayBeIndexed(context, object)) return stored
  return indexedChecksums(request, context, object).catch(() => ({}))
}

/** An index's checksum of its object as headers. */
export const checksumOf = (index: PartIndex | undefined): HeaderMap =>
  headersOf(index, index?.checksum?.value)

/**
 * An index's checksum of one part as headers. S3 tells no CRC64NVME of one of several parts (as versitygw's suite and
 * minio-go's functional tests have it from AWS; the latter want a part's CRC32C where the object's is a full-object one).
 * @param number from 1.
 */
export function checksumOfPart(index: PartIndex | undefined, number: number): HeaderMap {
  if (index === undefined || (index.checksum?.algorithm === 'CRC64NVME' && index.parts.length > 1)) return {}
  return headersOf(index, index.parts[number - 1]?.checksum)
}

function headersOf(index: PartIndex | undefined, value: string | undefined): HeaderMap {
  const headers = headerMap()
  if (index?.checksum === undefined || value === undefined) return headers
  const { algorithm, type } = index.checksum
  headers[`x-amz-checksum-${algorithm.toLowerCase()}`] = value
  headers['x-amz-checksum-type'] = type
  return headers
}
