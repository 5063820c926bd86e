import { decodeKey } from '../../bytes/percent.ts'
import { eachInParallel } from '../../copy/each-in-parallel.ts'
import { OssError } from '../../oss/error.ts'
import { MAX_LISTED } from '../../oss/limits.ts'
import type { Reply } from '../../ports.ts'
import { S3Error } from '../../s3/error.ts'
import { toS3Answer } from '../../translate/response-headers.ts'
import { children, text, type XmlNode } from '../../xml/index.ts'
import { deleteFromOss } from '../objects/delete-objects.ts'
import type { BucketRequest, Context } from '../operation.ts'
import { isReserved, LAST_RESERVED, RESERVED_PREFIX } from '../reserved-keys.ts'
import { callOnBucket } from '../subresource.ts'
import { LEASE } from '../writes/lease.ts'
import { LOCKS, lockObject } from '../writes/lock-object.ts'
import { takeLock } from '../writes/take-lock.ts'

/**
 * DeleteBucket. Unfinished uploads do not keep a bucket in S3; in OSS they do, so they are aborted first. So are the
 * gateway's own objects deleted, which no client sees: of locks, only those whose owners have died, which takes time to tell.
 */
export async function deleteBucket(request: BucketRequest, context: Context): Promise<Reply> {
  const { bucket } = request
  const { oss } = context
  const remove = () => oss.send({ method: 'DELETE', bucket })
  const { headers } = await remove().catch(async (error) => {
    if (!(error instanceof OssError) || error.code !== 'BucketNotEmpty') throw error
    await requireNoVersions(request, context)
    await removeLocks(request, context)
    await deleteReserved(request, context)
    await abortUploads(request, context)
    return remove()
  })
  oss.forgetRegion(bucket)
  return { status: 204, headers: toS3Answer(headers) }
}

/** @throws S3Error BucketNotEmpty where a write is under way that holds one. */
async function removeLocks(request: BucketRequest, context: Context): Promise<void> {
  const { bucket } = request
  const wait = { most: 2 * LEASE, signal: request.signal(), waitUntil: request.waitUntil ?? (() => {}) }
  const listed = await listVersions(request, context, { prefix: LOCKS, 'max-keys': String(MAX_LISTED) })
  const names = listed.filter(isHeld).map(keyOf)
  await eachInParallel(names, LOCKS_AT_A_TIME, request.signal(), async (name) => {
    const lease = await takeLock(lockObject({ bucket, name }, {}, context), context, wait).catch((error) => {
      if (!(error instanceof S3Error) || error.code !== 'SlowDown') throw error
      throw new S3Error('BucketNotEmpty', { elements: { BucketName: bucket } })
    })
    await lease.release()
  })
}

const LOCKS_AT_A_TIME = 16
/** Whether a version is that of a lock, and not what is left below it. */
const isHeld = (version: XmlNode) =>
  keyOf(version).startsWith(LOCKS) &&
  text(version, 'IsLatest') === 'true' &&
  text(version, 'Size') !== undefined

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

/** @throws S3Error BucketNotEmpty where a lock was taken meanwhile, or a retention period keeps them. */
async function deleteReserved(request: BucketRequest, context: Context): Promise<void> {
  const page = { prefix: RESERVED_PREFIX, 'max-keys': String(MAX_LISTED) }
  for (;;) {
    const own = await listVersions(request, context, page)
    if (own.length === 0) return
    const objects = own.map((version) => ({ key: keyOf(version), versionId: text(version, 'VersionId') }))
    const isKept = own.some(isHeld) || (await deleteFromOss(request, context, objects)).deleted.size === 0
    if (isKept) throw new S3Error('BucketNotEmpty', { elements: { BucketName: request.bucket } })
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

async function abortUploads(request: BucketRequest, { oss }: Context): Promise<void> {
  const { bucket } = request
  const call = callOnBucket(request, 'GET', 'uploads')
  for (;;) {
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
    if (text(document, 'IsTruncated') !== 'true') return
  }
}
