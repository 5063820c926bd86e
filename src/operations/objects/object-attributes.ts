import type { HeaderMap, Reply } from '../../ports.ts'
import { S3Error } from '../../s3/error.ts'
import { partsOfETag, toS3ETag } from '../../translate/etag.ts'
import type { PartIndex } from '../../translate/part-index.ts'
import { toS3Answer } from '../../translate/response-headers.ts'
import { storageClassOf, toS3StorageClass } from '../../translate/storage-class.ts'
import { comesLater, storedChecksums } from '../../translate/stored-checksum.ts'
import type { XmlTree } from '../../xml/index.ts'
import { parseNumber, parsePageSize } from '../lists/list-query.ts'
import { type Context, type ObjectRequest, xmlReply } from '../operation.ts'
import { attributeNames } from './attribute-names.ts'
import { statObject } from './read-calls.ts'
import { readPartIndex } from './read-part-index.ts'
import { checksumOf } from './told-checksums.ts'

const ASKED = 'x-amz-object-attributes'
const ATTRIBUTES = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize']

/** GetObjectAttributes, from one HEAD, and from the index of the parts where those are asked for. */
export async function getObjectAttributes(request: ObjectRequest, context: Context): Promise<Reply> {
  const { wanted, page } = parseAttributes(request.headers)
  const object = await statObject(request, context)
  const parts = partsOfETag(object.etag ?? '')
  const stored = storedChecksums(object)
  const isStored = stored['x-amz-checksum-type'] !== undefined
  const isIndexed =
    (wanted.has('ObjectParts') && parts !== undefined) ||
    (wanted.has('Checksum') && !isStored && (parts !== undefined || comesLater(object)))
  const index = isIndexed
    ? await readPartIndex(request, context, object, wanted.has('ObjectParts') ? 'all' : 'none')
    : undefined
  const all: XmlTree = {
    // The one place where S3 writes it without quotes.
    ETag: toS3ETag(object.etag ?? '').replaceAll('"', ''),
    Checksum: checksumElement(isStored ? stored : checksumOf(index)),
    // OSS itself keeps their number alone.
    ObjectParts: parts === undefined ? undefined : { PartsCount: parts, ...(index && pageOf(index, page)) },
    StorageClass: toS3StorageClass(storageClassOf(object)),
    ObjectSize: object['content-length'],
  }
  return xmlReply(
    'GetObjectAttributesResponse',
    Object.fromEntries(Object.entries(all).filter(([name]) => wanted.has(name))),
    { ...toS3Answer(object), 'last-modified': object['last-modified'] ?? '' },
  )
}

/** Which of the parts are asked for. */
type Page = { most: number; marker: number }

/** @throws S3Error InvalidRequest, InvalidArgument. */
function parseAttributes(headers: HeaderMap): { wanted: ReadonlySet<string>; page: Page } {
  const wanted = attributeNames(headers, ASKED, ATTRIBUTES)
  if (wanted.size === 0) {
    throw new S3Error('InvalidRequest', {
      message: `The ${ASKED} header specifying the attributes to be retrieved is either missing or empty`,
    })
  }
  const named = new Map(Object.entries(headers))
  const page = {
    most: parsePageSize(named, 'x-amz-max-parts'),
    marker: parseNumber(named, 'x-amz-part-number-marker') ?? 0,
  }
  return { wanted, page }
}

/** A page of an object's parts, numbered in the order of the object. */
function pageOf({ parts, checksum }: PartIndex, { most, marker }: Page): XmlTree {
  const listed = parts.slice(marker, marker + most)
  const last = marker + listed.length
  return {
    PartNumberMarker: marker,
    NextPartNumberMarker: listed.length === 0 ? 0 : last,
    MaxParts: most,
    IsTruncated: last < parts.length,
    Part: listed.map((part, at) => ({
      PartNumber: marker + at + 1,
      Size: part.size,
      ...(checksum && { [`Checksum${checksum.algorithm}`]: part.checksum }),
    })),
  }
}

/** `x-amz-checksum-crc32: …` → `<ChecksumCRC32>…`. */
function checksumElement(checksums: HeaderMap): XmlTree | undefined {
  const { 'x-amz-checksum-type': type, ...values } = checksums
  if (type === undefined) return undefined
  const named = Object.entries(values).map(([header, value]) => [
    `Checksum${header.slice('x-amz-checksum-'.length).toUpperCase()}`,
    // The one place where S3 leaves out the number of parts (recorded for LocalStack).
    type === 'COMPOSITE' ? value.replace(/-\d+$/, '') : value,
  ])
  return { ...Object.fromEntries(named), ChecksumType: type }
}
