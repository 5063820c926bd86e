import type { HeaderMap, Reply } from '../../ports.ts'
import { S3Error } from '../../s3/error.ts'
import { partsOfETag, toS3ETag } from '../../translate/etag.ts'
import { toS3Answer } from '../../translate/response-headers.ts'
import { toS3StorageClass } from '../../translate/storage-class.ts'
import { storedChecksums } from '../../translate/stored-checksum.ts'
import type { XmlTree } from '../../xml/index.ts'
import { parseNumber } from '../lists/list-query.ts'
import { type Context, type ObjectRequest, xmlReply } from '../operation.ts'
import { attributeNames } from './attribute-names.ts'
import { statObject } from './read-calls.ts'

const ASKED = 'x-amz-object-attributes'
const ATTRIBUTES = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize']
/** Which of the parts are asked for: none is listed here, but what is no number is still wrong. */
const pageHeaders = ['x-amz-max-parts', 'x-amz-part-number-marker']

/** GetObjectAttributes, from one HEAD. OSS does not keep the parts of an object, only how many there were. */
export async function getObjectAttributes(request: ObjectRequest, context: Context): Promise<Reply> {
  const wanted = parseAttributes(request.headers)
  const object = await statObject(request, context)
  const parts = partsOfETag(object.etag ?? '')
  const all: XmlTree = {
    // The one place where S3 writes it without quotes.
    ETag: toS3ETag(object.etag ?? '').replaceAll('"', ''),
    Checksum: checksumElement(storedChecksums(object)),
    ObjectParts: parts === undefined ? undefined : { PartsCount: parts },
    StorageClass: toS3StorageClass(object['x-oss-storage-class'] ?? 'Standard'),
    ObjectSize: object['content-length'],
  }
  return xmlReply(
    'GetObjectAttributesResponse',
    Object.fromEntries(Object.entries(all).filter(([name]) => wanted.has(name))),
    { ...toS3Answer(object), 'last-modified': object['last-modified'] ?? '' },
  )
}

/** @throws S3Error InvalidRequest, InvalidArgument. */
function parseAttributes(headers: HeaderMap): ReadonlySet<string> {
  const names = attributeNames(headers, ASKED, ATTRIBUTES)
  if (names.size === 0) {
    throw new S3Error('InvalidRequest', {
      message: `The ${ASKED} header specifying the attributes to be retrieved is either missing or empty`,
    })
  }
  const page = new Map(Object.entries(headers))
  for (const name of pageHeaders) parseNumber(page, name)
  return names
}

/** `x-amz-checksum-crc32: …` → `<ChecksumCRC32>…`. */
function checksumElement(checksums: HeaderMap): XmlTree | undefined {
  const { 'x-amz-checksum-type': type, ...values } = checksums
  if (type === undefined) return undefined
  const named = Object.entries(values).map(([header, value]) => [
    `Checksum${header.slice('x-amz-checksum-'.length).toUpperCase()}`,
    value,
  ])
  return { ...Object.fromEntries(named), ChecksumType: type }
}
