import { decodeKey } from '../../bytes/percent.ts'
import { OssError } from '../../oss/error.ts'
import { MAX_LISTED } from '../../oss/limits.ts'
import type { Reply } from '../../ports.ts'
import { S3Error } from '../../s3/error.ts'
import { toS3Answer } from '../../translate/response-headers.ts'
import { children, text } from '../../xml/index.ts'
import type { BucketRequest, Context } from '../operation.ts'
import { callOnBucket } from '../subresource.ts'

/** DeleteBucket. Unfinished uploads do not keep a bucket in S3; in OSS they do, so they are aborted first. */
export async function deleteBucket(request: BucketRequest, context: Context): Promise<Reply> {
  const { bucket } = request
  const { oss } = context
  const remove = () => oss.send({ method: 'DELETE', bucket })
  const { headers } = await remove().catch(async (error) => {
    if (!(error instanceof OssError) || error.code !== 'BucketNotEmpty') throw error
    await requireNoVersions(request, context)
    if ((await abortUploads(request, context)) === 0) throw error
    return remove()
  })
  oss.forgetRegion(bucket)
  return { status: 204, headers: toS3Answer(headers) }
}

/** @throws S3Error BucketNotEmpty, in S3's words for what is left. */
async function requireNoVersions(request: BucketRequest, { oss }: Context): Promise<void> {
  const call = callOnBucket(request, 'GET', 'versions')
  const { document } = await oss.sendForXml(
    { ...call, query: { ...call.query, 'max-keys': '1', 'encoding-type': 'url' } },
    'ListVersionsResult',
  )
  const [left] = [...children(document, 'Version'), ...children(document, 'DeleteMarker')]
  if (left === undefined) return
  throw new S3Error('BucketNotEmpty', {
    elements: { BucketName: request.bucket },
    ...(text(left, 'VersionId') === 'null' ? {} : { message: VERSIONS_LEFT }),
  })
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
