import { checkAccess } from '../access/access.ts'
import { formDecode, parseQuery } from '../address.ts'
import { type BucketCall, type Call, requireBucket } from '../call.ts'
import { type ErrorDetails, invalidArgument, OssError } from '../errors.ts'
import { checkBucketName } from '../name-rules.ts'
import type { BucketRecord, VersionRecord } from '../store/records.ts'
import { isReadable } from './restore.ts'
import { checkVersionId } from './version-id.ts'
import { lookUpVersion } from './versions.ts'

/** What `x-oss-copy-source` names. */
export type CopySource = { bucketName: string; key: string; versionId: string | undefined }

/**
 * Reads `/bucket/encoded-key[?versionId=id]`; the key is decoded exactly once, as a form is: a plus is a blank
 * (aliyun-oss-ruby-sdk#98; ossutil encodes it so).
 * @throws OssError InvalidArgument for another form (EC `malformed`) or any other query.
 */
export function parseCopySource(call: Call, malformed?: string): CopySource {
  const header = call.headers['x-oss-copy-source'] ?? ''
  const question = header.indexOf('?')
  const path = question < 0 ? header : header.slice(0, question)
  const [, bucketName = '', rawKey = ''] = /^\/([^/]+)\/(.+)$/s.exec(path) ?? []
  if (rawKey === '') {
    const message = 'Copy Source must mention the source bucket and key: /sourcebucket/sourcekey.'
    throw invalidArgument(message, 'x-oss-copy-source', header, malformed)
  }
  checkBucketName(bucketName)
  const query = parseQuery(question < 0 ? '' : header.slice(question + 1))
  for (const name of query.keys()) {
    if (name !== 'versionId') {
      throw invalidArgument(
        'Unsupported query in the copy source.',
        'x-oss-copy-source',
        header,
        '0016-00000304',
      )
    }
  }
  const versionId = checkVersionId(query.get('versionId'), 'x-oss-copy-source')
  return { bucketName, key: formDecode(rawKey), versionId }
}

/**
 * The bucket of the source, which the caller may read.
 * @throws OssError NoSuchBucket, or AccessDenied, also for a bucket in another region: OSS copies within one (EC
 * 0016-00000306).
 */
export function requireSourceBucket(call: BucketCall, source: CopySource): BucketRecord {
  const bucket = requireBucket(call.state, source.bucketName)
  if (bucket.region === call.bucket.region) {
    const { key, versionId } = source
    checkAccess(call, { bucket, key, versionId, action: 'GetObject', acl: 'read', signed: true })
    return bucket
  }
  throw new OssError('AccessDenied', {
    message: 'Target object does not reside in the same data center as source object.',
    ec: '0016-00000306',
  })
}

/**
 * The version to copy. A delete marker is none: 404 when it is the current version, 400 when it is named by its id
 * (EC 0016-00000307; an older page says 404).
 * @throws OssError NoSuchKey, NoSuchVersion, InvalidArgument, InvalidObjectState for an archive not restored.
 */
export function requireSourceVersion(
  call: BucketCall,
  bucket: BucketRecord,
  source: CopySource,
): VersionRecord {
  const { key, versionId } = source
  const version = lookUpVersion(call.state, bucket, key, versionId)
  const details: ErrorDetails = { elements: { Key: key } }
  if (version === undefined)
    throw new OssError(versionId === undefined ? 'NoSuchKey' : 'NoSuchVersion', details)
  if (version.deleteMarker) {
    if (versionId === undefined) throw new OssError('NoSuchKey', details)
    const message =
      'The source of a copy request may not specifically refer to a delete marker by version id.'
    throw invalidArgument(message, 'x-oss-copy-source', call.headers['x-oss-copy-source'], '0016-00000307')
  }
  if (!isReadable(version, call.state.now())) throw new OssError('InvalidObjectState')
  return version
}
