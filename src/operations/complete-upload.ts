import type { HeaderMap, Reply } from '../ports.ts'
import type { PlainBody } from '../s3/body.ts'
import { bareETag, parseCompletion, type WantedPart } from '../s3/completion.ts'
import { S3Error } from '../s3/error.ts'
import { readDocument } from '../s3/request.ts'
import { objectChecksum } from '../s3/upload-checksum.ts'
import { toS3ETag } from '../translate/etag.ts'
import { refuseUnsupported, toS3Answer } from '../translate/headers.ts'
import { element, text } from '../xml.ts'
import { destinationConditions } from './conditional-write.ts'
import { longCall } from './copy-ports.ts'
import { requestPayer } from './destination.ts'
import { type Context, type ObjectRequest, xmlReply } from './operation.ts'
import { slowReply } from './slow-reply.ts'
import { readStoredParts, type StoredPart } from './stored-parts.ts'
import { uploadOf } from './upload.ts'

/** S3's least for every part but the last; OSS is content with 100 KB. */
const MIN_PART_BYTES = 5 * 1024 ** 2

/**
 * CompleteMultipartUpload: OSS is asked for its parts first, since it has other limits than S3 and no checksums.
 * An upload that is already completed is NoSuchUpload, as it is to OSS.
 * @throws S3Error by the rules of the document, the parts, the checksums and the conditions.
 */
export async function completeMultipartUpload(request: ObjectRequest, context: Context): Promise<Reply> {
  const { bucket, key, query, headers } = request
  refuseUnsupported(headers)
  const uploadId = query.get('uploadId') ?? ''
  const { id, acl, checksum: uploadChecksum } = uploadOf(request, context)
  const document = await readDocument((request.body as PlainBody).body, 'CompleteMultipartUpload')
  const wanted = parseCompletion(document, uploadId)
  const payer = requestPayer(headers)
  const stored = await readStoredParts(context.oss, { bucket, key, id, headers: payer })
  const parts = chooseParts(wanted, stored, uploadId)
  checkSize(headers, parts)
  const checksum = objectChecksum(uploadChecksum, headers, parts)
  const conditions = await destinationConditions(request, context)
  const work = context.oss
    .sendForXml(
      {
        method: 'POST',
        bucket,
        key,
        query: { uploadId: id, 'encoding-type': 'url' },
        headers: {
          'content-type': 'application/xml',
          ...(acl === 'bucket' ? {} : { 'x-oss-object-acl': acl }),
          ...payer,
          ...conditions,
        },
        body: completion(parts),
        patience: longCall(context),
      },
      'CompleteMultipartUploadResult',
    )
    .then((answer) =>
      xmlReply(
        'CompleteMultipartUploadResult',
        {
          Location: locationOf(request, context),
          Bucket: bucket,
          Key: key,
          ETag: toS3ETag(text(answer.document, 'ETag') ?? ''),
          ...(checksum === undefined
            ? {}
            : { [`Checksum${checksum.algorithm}`]: checksum.value, ChecksumType: checksum.type }),
        },
        toS3Answer(answer.headers),
      ),
    )
  // A condition that OSS holds is decided by its answer alone.
  const decided = Object.keys(conditions).length === 0 ? Promise.resolve() : new Promise<void>(() => {})
  return slowReply(work, () => decided, context)
}

/** A part that the client wants and OSS has; its ETag as OSS writes it. */
type ChosenPart = StoredPart & Pick<WantedPart, 'checksums'>

/** @throws S3Error InvalidPart, EntityTooSmall. */
function chooseParts(
  wanted: readonly WantedPart[],
  stored: ReadonlyMap<number, StoredPart>,
  uploadId: string,
): ChosenPart[] {
  return wanted.map(({ number, etag, checksums }, at) => {
    const part = stored.get(number)
    if (part === undefined || bareETag(part.etag) !== etag) {
      throw new S3Error('InvalidPart', {
        elements: { ETag: etag, PartNumber: number, UploadId: uploadId },
      })
    }
    if (part.size < MIN_PART_BYTES && at < wanted.length - 1) {
      throw new S3Error('EntityTooSmall', {
        elements: {
          ETag: etag,
          MinSizeAllowed: MIN_PART_BYTES,
          PartNumber: number,
          ProposedSize: part.size,
        },
      })
    }
    return { ...part, checksums }
  })
}

/** `x-amz-mp-object-size`. @throws S3Error InvalidRequest. */
function checkSize(headers: HeaderMap, parts: readonly ChosenPart[]): void {
  const name = 'x-amz-mp-object-size'
  const expected = headers[name]
  if (expected === undefined) return
  const size = parts.reduce((sum, part) => sum + part.size, 0)
  if (!/^\d+$/.test(expected)) {
    throw new S3Error('InvalidRequest', { message: `Value for ${name} header is invalid: '${expected}'` })
  }
  if (Number(expected) !== size) {
    throw new S3Error('InvalidRequest', {
      message: `The provided '${name}' header value ${expected} does not match what was computed: ${size}`,
    })
  }
}

const completion = (parts: readonly ChosenPart[]) =>
  new TextEncoder().encode(
    element('CompleteMultipartUpload', {
      Part: parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag })),
    }),
  )

/** The object's address as the client spells this endpoint. */
function locationOf({ headers, rawPath }: ObjectRequest, { config }: Context): string {
  const scheme = headers['x-forwarded-proto'] === 'https' || config.listen.tls ? 'https' : 'http'
  return `${scheme}://${headers.host ?? ''}${rawPath}`
}
