import { decodeKey } from '../../bytes/percent.ts'
import { getBucketInfo } from '../../oss/bucket-info.ts'
import { OssError } from '../../oss/error.ts'
import type { HeaderMap, Reply } from '../../ports.ts'
import { invalidArgument, S3Error } from '../../s3/error.ts'
import { DEFAULT_CHECKSUM } from '../../s3/upload-checksum.ts'
import { parseUploadId } from '../../s3/upload-id.ts'
import { toS3Time } from '../../translate/date.ts'
import { toS3ETag } from '../../translate/etag.ts'
import { toS3Answer } from '../../translate/response-headers.ts'
import { toS3StorageClass } from '../../translate/storage-class.ts'
import { requestPayer } from '../../translate/to-oss-headers.ts'
import { children, text, type XmlNode, type XmlTree } from '../../xml/index.ts'
import { type KeyForm, keyForm } from '../lists/keys.ts'
import { parseNumber, parsePageSize } from '../lists/list-query.ts'
import { nextMarker } from '../lists/reserved-rows.ts'
import { bucketName, keyName, ossMarker, ossPrefix } from '../mapping.ts'
import { type BucketRequest, type Context, type ObjectRequest, xmlReply } from '../operation.ts'
import { isReserved, LAST_RESERVED } from '../reserved-keys.ts'
import { readRecords, recordedAlgorithm, verifiedChecksum } from './checksum-records.ts'
import { listOssParts, parseOssParts } from './oss-parts.ts'
import { uploadIdSecret, uploadOf } from './upload-request.ts'

/** ListParts. OSS names no initiator of the upload: the bucket's owner is given, whose key the gateway uses. */
export async function listParts(request: ObjectRequest, context: Context): Promise<Reply> {
  const { bucket, key, query, headers } = request
  const { oss } = context
  const upload = uploadOf(request, context)
  const payer = requestPayer(headers)
  const maxParts = parsePageSize(query, 'max-parts')
  const marker = parseNumber(query, 'part-number-marker') ?? 0
  // OSS wants at least 1.
  const answer = await listOssParts(
    oss,
    { bucket, key, id: upload.id, headers: payer },
    marker,
    maxParts || 1,
  )
  const parts = maxParts === 0 ? [] : parseOssParts(answer.document)
  const records = await readRecords(oss, { bucket, key, payer }, upload, marker + 1, parts.at(-1)?.number)
  const values = parts.map((part) => verifiedChecksum(upload, part, records.get(part.number))?.value)
  const isKnown = values.some((value) => value !== undefined)
  const checksum = upload.checksum ?? (isKnown ? DEFAULT_CHECKSUM : undefined)
  return xmlReply(
    'ListPartsResult',
    {
      Bucket: bucketName(request),
      Key: keyName(request, key),
      UploadId: query.get('uploadId'),
      PartNumberMarker: marker,
      NextPartNumberMarker: parts.at(-1)?.number ?? 0,
      MaxParts: maxParts,
      IsTruncated: maxParts > 0 && text(answer.document, 'IsTruncated') === 'true',
      ChecksumAlgorithm: checksum?.algorithm,
      ChecksumType: checksum?.type,
      Part: parts.map(({ number, lastModified, etag, size }, at) => ({
        PartNumber: number,
        LastModified: toS3Time(lastModified),
        ETag: toS3ETag(etag),
        Size: size,
        [`Checksum${recordedAlgorithm(upload)}`]: values[at],
      })),
      ...(await ownership(bucket, context)),
      ...storageClassOf(answer.document),
    },
    toS3Answer(answer.headers),
  )
}

/** ListMultipartUploads, with the ids OSS has: the parts' operations take them as well as those handed out. */
export async function listMultipartUploads(request: BucketRequest, context: Context): Promise<Reply> {
  const { bucket, query, headers } = request
  const maxUploads = parsePageSize(query, 'max-uploads')
  const form = keyForm(request)
  const { encode } = form
  const named = (name: string) => query.get(name) || undefined
  const [prefix, delimiter, keyMarker] = ['prefix', 'delimiter', 'key-marker'].map(named)
  const idMarker = named('upload-id-marker')
  const ask = (behind?: string) =>
    context.oss.sendForXml(
      {
        method: 'GET',
        bucket,
        query: {
          uploads: null,
          prefix: ossPrefix(request, prefix),
          delimiter,
          'key-marker': ossMarker(request, behind ?? keyMarker),
          // Without a key marker S3 ignores it.
          'upload-id-marker':
            behind === undefined && keyMarker && idMarker ? storedId(idMarker, context) : undefined,
          'max-uploads': String(Math.max(1, maxUploads)),
          'encoding-type': 'url',
        },
        headers: requestPayer(headers),
      },
      'ListMultipartUploadsResult',
    )
  const { document, uploads, prefixes, ...answer } = await withoutRecords(ask, maxUploads > 0, form)
  const truncated = maxUploads > 0 && text(document, 'IsTruncated') === 'true'
  const owner = uploads.length === 0 ? {} : await ownership(bucket, context)
  const keyIn = (node: XmlNode, name: string) => encode(keyName(request, decodeKey(text(node, name) ?? '')))
  return xmlReply(
    'ListMultipartUploadsResult',
    {
      Bucket: bucketName(request),
      KeyMarker: encode(keyMarker ?? ''),
      UploadIdMarker: idMarker ?? '',
      NextKeyMarker: truncated ? encode(nextMarker(text(document, 'NextKeyMarker'), form) ?? '') : undefined,
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

/** A page of uploads without those of records; one of those alone is asked for once more, from behind them. */
async function withoutRecords(
  ask: (behind?: string) => Promise<{ headers: HeaderMap; document: XmlNode }>,
  isShown: boolean,
  { prefix }: KeyForm,
): Promise<{ headers: HeaderMap; document: XmlNode; uploads: XmlNode[]; prefixes: XmlNode[] }> {
  const rowsOf = (document: XmlNode, name: string, of: string) =>
    children(document, name).filter(
      (row) => isShown && !isReserved(decodeKey(text(row, of) ?? '').slice(prefix.length)),
    )
  const listed = ({ headers, document }: Awaited<ReturnType<typeof ask>>) => ({
    headers,
    document,
    uploads: rowsOf(document, 'Upload', 'Key'),
    prefixes: rowsOf(document, 'CommonPrefixes', 'Prefix'),
  })
  const first = listed(await ask())
  const isEmpty = first.uploads.length === 0 && first.prefixes.length === 0
  const hasRows = ['Upload', 'CommonPrefixes'].some((name) => children(first.document, name).length > 0)
  return isShown && isEmpty && hasRows ? listed(await ask(LAST_RESERVED)) : first
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
