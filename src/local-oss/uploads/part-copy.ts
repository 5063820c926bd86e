import { renderXml } from '../../xml/index.ts'
import { MAX_UPLOAD } from '../body.ts'
import { type BucketCall, sourceLock, transact } from '../call.ts'
import { isoSeconds } from '../document-values.ts'
import { invalidArgument, OssError } from '../errors.ts'
import type { HeaderMap, Reply } from '../http.ts'
import { checkConditions } from '../objects/conditions.ts'
import { parseCopySource, requireSourceBucket, requireSourceVersion } from '../objects/copy-source.ts'
import { encryptionHeaders } from '../objects/object-properties.ts'
import type { ByteRange } from '../objects/range.ts'
import { slice } from '../store/blobs.ts'
import type { VersionRecord } from '../store/records.ts'
import { digestOf } from './digest.ts'
import { partLocks, partNumberOf, putPart, requireUpload } from './multipart.ts'
import { checkSequence } from './sequence.ts'

/** UploadPartCopy: a part that shares the source's bytes. */
export async function uploadPartCopy(call: BucketCall): Promise<Reply> {
  const { state, headers } = call
  const number = partNumberOf(call)
  const source = parseCopySource(call, '0042-00000301')
  // Beside the source's own the SDKs send it as a parameter, too (a test of the Python SDK).
  const versionId = call.query.get('versionId')
  if (versionId !== undefined && versionId !== source.versionId) {
    throw invalidArgument("versionId is another than the copy source's.", 'versionId', versionId)
  }
  const upload = requireUpload(call)
  checkSequence(call, upload, number)
  const sourceBucket = requireSourceBucket(call, source)
  const locks = [...partLocks(call, number), sourceLock(sourceBucket, source.key)]
  return transact(call, locks, async (transaction) => {
    const original = requireSourceVersion(call, sourceBucket, source)
    checkSourceType(original)
    checkConditions(headers, 'x-oss-copy-source-', original)
    const range = copiedRange(headers['x-oss-copy-source-range'], original.size)
    const { start, end } = range ?? { start: 0, end: original.size }
    if (end - start > MAX_UPLOAD) throw new OssError('EntityTooLarge')
    const segments = slice(original.segments, start, end)
    const { etag, crc64 } = await digestOfRange(call, original, { start, end })
    const lastModified = state.now()
    transaction.share(segments)
    putPart(call, transaction, { number, size: end - start, etag, crc64, segments, lastModified })
    const answer: HeaderMap = {
      etag: `"${etag}"`,
      'x-oss-hash-crc64ecma': crc64,
      ...encryptionHeaders(upload),
    }
    if (range !== undefined) answer['content-range'] = `bytes ${start}-${end - 1}/${original.size}`
    if (sourceBucket.versioning !== undefined) answer['x-oss-copy-source-version-id'] = original.versionId
    return {
      headers: answer,
      body: renderXml('CopyPartResult', { LastModified: isoSeconds(lastModified), ETag: `"${etag}"` }),
    }
  })
}

/**
 * `bytes=a-b` within the source, or `bytes=a-` to its end (a test of the Python SDK); anything else means all of it,
 * silently (OSS's documents of 2018, in both languages).
 */
function copiedRange(header: string | undefined, size: number): ByteRange | undefined {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(header ?? '') ?? []
  const start = Number(first)
  const end = last === '' ? size : Number(last) + 1
  return start < end && end <= size ? { start, end } : undefined
}

/**
 * Links cannot be copied into a part (EC 0042-00000308), nor, by the older pages, appendable objects; the latter's
 * code is undocumented.
 */
function checkSourceType({ type }: VersionRecord): void {
  if (type === 'Symlink') {
    throw invalidArgument(
      'The copy source can not be a symlink.',
      'x-oss-copy-source',
      undefined,
      '0042-00000308',
    )
  }
  if (type === 'Appendable') throw new OssError('OperationNotSupported')
}

/** The digests of a whole object are stored; a range must be read for them. */
async function digestOfRange(call: BucketCall, source: VersionRecord, range: ByteRange) {
  if (range.end - range.start === source.size && source.type === 'Normal' && source.crc64 !== undefined) {
    return { etag: source.etag, crc64: source.crc64 }
  }
  const { md5, crc64 } = await digestOf(call, source.segments, range)
  return { etag: md5.toString('hex').toUpperCase(), crc64: String(crc64) }
}
