import { decodeKey } from '../../bytes/percent.ts'
import { getBucketInfo } from '../../oss/bucket-info.ts'
import { OssError } from '../../oss/error.ts'
import type { Reply } from '../../ports.ts'
import { invalidArgument, S3Error } from '../../s3/error.ts'
import { DEFAULT_CHECKSUM } from '../../s3/upload-checksum.ts'
import { parseUploadId } from '../../s3/upload-id.ts'
import { isRecord, recordNumber } from '../../translate/checksum-record.ts'
import { toS3Time } from '../../translate/date.ts'
import { toS3ETag } from '../../translate/etag.ts'
import { toS3Answer } from '../../translate/response-headers.ts'
import { toS3StorageClass } from '../../translate/storage-class.ts'
import { requestPayer } from '../../translate/to-oss-headers.ts'
import { children, text, type XmlNode, type XmlTree } from '../../xml/index.ts'
import { keyEncoding } from '../lists/keys.ts'
import { parseNumber, parsePageSize } from '../lists/list-query.ts'
import { type BucketRequest, type Context, type ObjectRequest, xmlReply } from '../operation.ts'
import { recordedAlgorithm, recordedChecksums } from './checksum-records.ts'
import { type OssPart, type OssUpload, readOssPartsBehind } from './oss-parts.ts'
import { uploadIdSecret, uploadOf } from './upload-request.ts'

/**
 * ListParts. The records of checksums, which OSS lists as parts, are left out, and what they say is told of the parts. OSS
 * names no initiator of the upload: the bucket's owner is given, whose key the gateway uses.
 */
export async function listParts(request: ObjectRequest, context: Context): Promise<Reply> {
  const { bucket, key, query, headers } = request
  const upload = uploadOf(request, context)
  const maxParts = parsePageSize(query, 'max-parts')
  const marker = parseNumber(query, 'part-number-marker') ?? 0
  const at = { bucket, key, id: upload.id, headers: requestPayer(headers) }
  const ownOf = (parts: ReadonlyMap<number, OssPart>) => [...parts.values()].filter((part) => !isRecord(part))
  const listed = await readOssPartsBehind(context.oss, at, marker, (parts) => ownOf(parts).length > maxParts)
  const own = ownOf(listed.parts)
  const page = own.slice(0, maxParts)
  const known = await withRecords(listed, page, at, context)
  const checksumOf = recordedChecksums(upload, known, context)
  const algorithm = recordedAlgorithm(upload)
  const checksums = page.map(({ number }) => checksumOf(number)?.value)
  const told =
    upload.checksum ?? (checksums.some((value) => value !== undefined) ? DEFAULT_CHECKSUM : undefined)
  return xmlReply(
    'ListPartsResult',
    {
      Bucket: bucket,
      Key: key,
      UploadId: query.get('uploadId'),
      PartNumberMarker: marker,
      NextPartNumberMarker: page.at(-1)?.number ?? 0,
      MaxParts: maxParts,
      IsTruncated: maxParts > 0 && own.length > page.length,
      ChecksumAlgorithm: told?.algorithm,
      ChecksumType: told?.type,
      Part: page.map(({ number, lastModified, etag, size }, index) => ({
        PartNumber: number,
        LastModified: toS3Time(lastModified),
        ETag: toS3ETag(etag),
        Size: size,
        [`Checksum${algorithm}`]: checksums[index],
      })),
      ...(await ownership(bucket, context)),
      ...storageClassOf(listed.document),
    },
    toS3Answer(listed.headers),
  )
}

/** The parts of a page with their records: those have higher numbers, and may be pages behind. */
async function withRecords(
  { parts, isComplete }: { parts: Map<number, OssPart>; isComplete: boolean },
  page: readonly OssPart[],
  at: OssUpload,
  { oss, config }: Context,
): Promise<ReadonlyMap<number, OssPart>> {
  const [first, last] = [page[0], page.at(-1)].map((part) => part && recordNumber(part.number))
  if (isComplete || !config.document.storeChecksums || first === undefined) return parts
  const until = last ?? Number.POSITIVE_INFINITY
  const isEnough = (records: ReadonlyMap<number, OssPart>) => ([...records.keys()].at(-1) ?? 0) >= until
  const records = await readOssPartsBehind(oss, at, first - 1, isEnough)
  return new Map([...parts, ...records.parts])
}

/** ListMultipartUploads, with the ids OSS has: the parts' operations take them as well as those handed out. */
export async function listMultipartUploads(request: BucketRequest, context: Context): Promise<Reply> {
  const { bucket, query, headers } = request
  const maxUploads = parsePageSize(query, 'max-uploads')
  const encode = keyEncoding(query)
  const named = (name: string) => query.get(name) || undefined
  const [prefix, delimiter, keyMarker] = ['prefix', 'delimiter', 'key-marker'].map(named)
  const idMarker = named('upload-id-marker')
  const { document, ...answer } = await context.oss.sendForXml(
    {
      method: 'GET',
      bucket,
      query: {
        uploads: null,
        prefix,
        delimiter,
        'key-marker': keyMarker,
        // Without a key marker S3 ignores it.
        'upload-id-marker': keyMarker && idMarker && storedId(idMarker, context),
        'max-uploads': String(Math.max(1, maxUploads)),
        'encoding-type': 'url',
      },
      headers: requestPayer(headers),
    },
    'ListMultipartUploadsResult',
  )
  const uploads = maxUploads === 0 ? [] : children(document, 'Upload')
  const prefixes = maxUploads === 0 ? [] : children(document, 'CommonPrefixes')
  const truncated = maxUploads > 0 && text(document, 'IsTruncated') === 'true'
  const owner = uploads.length === 0 ? {} : await ownership(bucket, context)
  const keyIn = (node: XmlNode, name: string) => encode(decodeKey(text(node, name) ?? ''))
  return xmlReply(
    'ListMultipartUploadsResult',
    {
      Bucket: bucket,
      KeyMarker: encode(keyMarker ?? ''),
      UploadIdMarker: idMarker ?? '',
      NextKeyMarker: truncated ? keyIn(document, 'NextKeyMarker') : undefined,
      NextUploadIdMarker: truncated ? text(document, 'NextUploadIdMarker') : undefined,
      Delimiter: delimiter === undefined ? undefined : encode(delimiter),
      Prefix: encode(prefix ?? ''),
      EncodingType: query.get('encoding-type'),
      MaxUploads: maxUploads,
      IsTruncated: truncated,
      Upload: uploads.map((upload) => ({
        Key: keyIn(upload, 'Key'),
        UploadId: text(upload, 'UploadId'),
        ...owner,
        ...storageClassOf(upload),
        Initiated: toS3Time(text(upload, 'Initiated') ?? ''),
      })),
      CommonPrefixes: prefixes.map((one) => ({ Prefix: keyIn(one, 'Prefix') })),
    },
    toS3Answer(answer.headers),
  )
}

/**
 * A marker as OSS orders by it. It must have the form of OSS's ids, but the upload need not exist: a client that aborts
 * uploads page by page goes on from one that it has aborted.
 * @throws S3Error InvalidArgument.
 */
function storedId(marker: string, context: Context): string {
  try {
    const { id } = parseUploadId(marker, uploadIdSecret(context))
    if (/^[0-9A-Fa-f]{32}$/.test(id)) return id
  } catch (error) {
    if (!(error instanceof S3Error)) throw error
  }
  throw invalidArgument('Invalid uploadId marker', 'upload-id-marker', marker)
}

/** Whose an upload is, and its class unless it has one of its own; left out where the gateway may not ask for either. */
async function ownership(bucket: string, { oss }: Context): Promise<XmlTree> {
  try {
    const { ownerId, storageClass } = await getBucketInfo(oss, bucket)
    return {
      Initiator: { ID: ownerId, DisplayName: ownerId },
      Owner: { ID: ownerId },
      StorageClass: storageClass && toS3StorageClass(storageClass),
    }
  } catch (error) {
    if (error instanceof OssError && error.code === 'AccessDenied') return {}
    throw error
  }
}

/** OSS says it of some uploads only. */
function storageClassOf(node: XmlNode): XmlTree {
  const storageClass = text(node, 'StorageClass')
  return storageClass === undefined ? {} : { StorageClass: toS3StorageClass(storageClass) }
}
