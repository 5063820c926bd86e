import { renderXml } from '../../xml/index.ts'
import { type BucketCall, objectLocks, type State, sourceLock, transact } from '../call.ts'
import { isoSeconds } from '../document-values.ts'
import { invalidArgument, OssError } from '../errors.ts'
import type { HeaderMap, Reply } from '../http.ts'
import type { ObjectProperties, VersionRecord } from '../store/records.ts'
import { checkConditions } from './conditions.ts'
import { parseCopySource, requireSourceBucket, requireSourceVersion } from './copy-source.ts'
import { hasMetadata, parseObjectProperties } from './object-properties.ts'
import { checkOverwrite, writtenHeaders } from './put-object.ts'
import { addVersion } from './versions.ts'

/** CopyObject: a new version that shares the source's bytes. */
export async function copyObject(call: BucketCall): Promise<Reply> {
  const { state, key, headers } = call
  const directives = parseDirectives(headers)
  const requested = parseObjectProperties(call, call.bucket)
  const source = parseCopySource(call)
  const sourceBucket = requireSourceBucket(call, source)
  const locks = [...objectLocks(call.bucket, key), sourceLock(sourceBucket, source.key)]
  return transact(call, locks, (transaction, bucket) => {
    const original = requireSourceVersion(call, sourceBucket, source)
    checkConditions(headers, 'x-oss-copy-source-', original)
    checkOverwrite(call, bucket, headers)
    const isSelf = sourceBucket.id === bucket.id && source.key === key
    const ontoItself = isSelf && bucket.versioning === undefined
    const metadata = replacesMetadata(call, directives, ontoItself) ? requested : original
    const properties: ObjectProperties = {
      // Class and encryption never come from the source, nor does the ACL of another key.
      ...requested,
      acl: isSelf && keepsAcl(call) ? original.acl : requested.acl,
      headers: metadata.headers,
      meta: metadata.meta,
      tags: directives.replaceTags ? requested.tags : original.tags,
    }
    const metadataOnly = isSelf && isSameForm(original, properties)
    if (!metadataOnly) checkSize(state, original)
    transaction.share(original.segments)
    const { type, size, etag, md5, crc64, segments, target, sealed } = original
    const copy = addVersion(state, transaction, bucket, key, {
      ...properties,
      ...defined({ md5, crc64, target }),
      // A copy of an appendable object is one no more, but for what only has its metadata changed.
      ...(type === 'Appendable' && !metadataOnly ? { type: 'Normal' } : { type, ...defined({ sealed }) }),
      size,
      etag,
      segments,
      lastModified: state.now(),
    })
    const fromVersion: HeaderMap =
      sourceBucket.versioning === undefined ? {} : { 'x-oss-copy-source-version-id': original.versionId }
    return { headers: { ...writtenHeaders(bucket, copy), ...fromVersion }, body: renderResult(copy) }
  })
}

type Directives = { replaceMetadata: boolean; replaceTags: boolean }

/** `COPY` or `REPLACE`; of the tags' directive OSS takes either case. @throws OssError InvalidArgument. */
function parseDirectives(headers: HeaderMap): Directives {
  const metadata = headers['x-oss-metadata-directive'] ?? 'COPY'
  if (metadata !== 'COPY' && metadata !== 'REPLACE') {
    throw invalidArgument('Unknown metadata directive.', 'x-oss-metadata-directive', metadata)
  }
  const tagging = (headers['x-oss-tagging-directive'] ?? 'Copy').toUpperCase()
  if (tagging !== 'COPY' && tagging !== 'REPLACE') {
    throw invalidArgument('Unknown tagging directive.', 'x-oss-tagging-directive', tagging)
  }
  return { replaceMetadata: metadata === 'REPLACE', replaceTags: tagging === 'REPLACE' }
}

/**
 * Whether the copy's metadata are the request's. An unversioned object copied onto itself takes them whatever the
 * directive says (OSS's documents), if the request has any (a reading).
 */
function replacesMetadata(
  { headers, state }: BucketCall,
  { replaceMetadata }: Directives,
  ontoItself: boolean,
): boolean {
  if (replaceMetadata || !ontoItself) return replaceMetadata
  return hasMetadata(headers) || !state.readings.selfCopyKeepsMetadata
}

const keepsAcl = ({ headers, state }: BucketCall) =>
  !headers['x-oss-object-acl'] && state.readings.selfCopyKeepsAcl

/** Whether the object is stored as it was: of one copied onto itself, then, only the metadata changes. */
function isSameForm(source: ObjectProperties, copy: ObjectProperties): boolean {
  return (
    copy.storageClass === source.storageClass &&
    copy.encryption?.algorithm === source.encryption?.algorithm &&
    copy.encryption?.keyId === source.encryption?.keyId
  )
}

/** @throws OssError EntityTooLarge past the copy limit. */
function checkSize({ copyLimit }: State, { size }: VersionRecord): void {
  if (size <= copyLimit) return
  throw new OssError('EntityTooLarge', {
    message: 'Source object Length exceeds the maximum allowed size.',
    elements: { MaxSizeAllowed: copyLimit, ProposedSize: size },
  })
}

function renderResult({ etag, lastModified }: VersionRecord): string {
  return renderXml('CopyObjectResult', { ETag: `"${etag}"`, LastModified: isoSeconds(lastModified) })
}

/** The same without what is undefined. */
function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as typeof values
}
