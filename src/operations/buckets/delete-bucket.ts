import { decodeKey } from '../../bytes/percent.ts'
import { OssError } from '../../oss/error.ts'
import { MAX_LISTED } from '../../oss/limits.ts'
import type { Reply } from '../../ports.ts'
import { S3Error } from '../../s3/error.ts'
import { toS3Answer } from '../../translate/response-headers.ts'
import { children, text, type XmlNode } from '../../xml/index.ts'
import type { BucketRequest, Context } from '../operation.ts'
import { isReserved, LAST_RESERVED, RESERVED_PREFIX } from '../reserved-keys.ts'
import { callOnBucket } from '../subresource.ts'

/**
 * DeleteBucket. Unfinished uploads do not keep a bucket in S3; in OSS they do, so they are aborted first. So are the
 * gateway's own objects deleted, which no client sees.
 */
export async function deleteBucket(request: BucketRequest, context: Context): Promise<Reply> {
  const { bucket } = request
  const { oss } = context
  const remove = () => oss.send({ method: 'DELETE', bucket })
  const { headers } = await remove().catch(async (error) => {
    if (!(error instanceof OssError) || error.code !== 'BucketNotEmpty') throw error
    await requireNoVersions(request, context)
    const reserved = await deleteReserved(request, context)
    if ((await abortUploads(request, context)) + reserved === 0) throw error
    return remove()
  })
  oss.forgetRegion(bucket)
  return { status: 204, headers: toS3Answer(headers) }
}

/** @throws S3Error BucketNotEmpty, in S3's words for what is left. */
async function requireNoVersions(request: BucketRequest, context: Context): Promise<void> {
  const first = await listVersions(request, context, {})
  const isAnyOwn = first.some(isOwn)
  const behind = isAnyOwn ? await listVersions(request, context, { 'key-marker': LAST_RESERVED }) : []
  const other = [...first, ...behind].find((version) => !isOwn(version))
  if (other === undefined) return
  throw new S3Error('BucketNotEmpty', {
    elements: { BucketName: request.bucket },
    ...(text(other, 'VersionId') === 'null' ? {} : { message: VERSIONS_LEFT }),
  })
}

/** @returns how many there were. */
async function deleteReserved(request: BucketRequest, context: Context): Promise<number> {
  for (let deleted = 0; ; ) {
    const own = await listVersions(request, context, { prefix: RESERVED_PREFIX })
    for (const version of own) {
      const query = { versionId: text(version, 'VersionId') }
      await context.oss.send({ method: 'DELETE', bucket: request.bucket, key: keyOf(version), query })
    }
    if (own.length === 0) return deleted
    deleted += own.length
  }
}

const keyOf = (version: XmlNode) => decodeKey(text(version, 'Key') ?? '')
const isOwn = (version: XmlNode) => isReserved(keyOf(version))

/** A page of versions and delete markers. */
async function listVersions(
  request: BucketRequest,
  { oss }: Context,
  query: Record<string, string>,
): Promise<XmlNode[]> {
  const call = callOnBucket(request, 'GET', 'versions')
  const { document } = await oss.sendForXml(
    { ...call, query: { ...call.query, ...query, 'encoding-type': 'url' } },
    'ListVersionsResult',
  )
  return [...children(document, 'Version'), ...children(document, 'DeleteMarker')]
}

const VERSIONS_LEFT =
  'The bucket you tried to delete is not empty. You must delete all versions in the bucket.'

/** @returns how many there were. */
async function abortUploads(request: BucketRequest, { oss }: Context): Promise<number> {
  const { bucket } = request
  const call = callOnBucket(request, 'GET', 'uploads')
  for (let aborted = 0; ; ) {
    const { document } = await oss.sendForXml(
      { ...call, query: { ...call.query, 'max-uploads': String(MAX_LISTED), 'encoding-type': 'url' } },
      'ListMultipartUploadsResult',
    )
    const uploads = children(document, 'Upload')
    for (const upload of uploads) {
      const key = decodeKey(text(upload, 'Key') ?? '')
      const query = { uploadId: text(upload, 'UploadId') }
      await oss.send({ method: 'DELETE', bucket, key, query }).catch((error) => {
        // Completed or aborted by another client meanwhile.
        if (!(error instanceof OssError) || error.code !== 'NoSuchUpload') throw error
      })
    }
    aborted += uploads.length
    if (text(document, 'IsTruncated') !== 'true') return aborted
  }
}
