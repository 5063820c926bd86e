import { renderXml } from '../../xml/index.ts'
import { type BucketCall, objectLocks, type State, sourceLock, transact } from '../call.ts'
import { isoSeconds } from '../document-values.ts'
import { invalidArgument, OssError } from '../errors.ts'
import type { HeaderMap, Reply } from '../http.ts'
import type { ObjectProperties, VersionRecord } from '../store/records.ts'
import { checkConditions } from './conditions.ts'
import { parseCopySource, requireSourceBucket, requireSourceVersion } from './copy-source.ts'
import { parseObjectProperties } from './object-properties.ts'
import { checkOverwrite, writtenHeaders } from './put-object.ts'
import { addVersion } from './versions.ts'

/** CopyObject: a new version that shares the source's bytes. */
export async function copyObject(call: BucketCall): Promise<Reply> {
  const { state, key, headers } = call
  const directives = parseDirectives(headers)
  const requested = parseObjectProperties(headers, call.bucket)
  const source = parseCopySource(call)
  const sourceBucket = requireSourceBucket(call, source)
  const locks = [...objectLocks(call.bucket, key), sourceLock(sourceBucket, source.key)]
  return transact(call, locks, (transaction, bucket) => {
    const original = requireSourceVersion(call, sourceBucket, source)
    checkConditions(headers, 'x-oss-copy-source-', original)
    checkOverwrite(call, bucket, headers)
    const isSelf = sourceBucket.id === bucket.id && source.key === key
    const properties = copiedProperties(
      original,
      requested,
      directives,
      isSelf && bucket.versioning === undefined,
    )
    checkCopyable(state, original, properties, isSelf)
    transaction.share(original.segments)
    const { type, size, etag, md5, crc64, segments, target } = original
    const copy = addVersion(state, transaction, bucket, key, {
      ...properties,
      ...defined({ md5, crc64, target }),
      type,
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
 * The copy's properties: ACL, class and encryption never come from the source, metadata and tags unless replaced.
 * An unversioned object copied onto itself takes the request's metadata whatever the directive says: documented
 * (OSS's documents of 2018 and 2021), though a test of the Python SDK contradicts: this is the stricter reading.
 */
function copiedProperties(
  source: ObjectProperties,
  requested: ObjectProperties,
  { replaceMetadata, replaceTags }: Directives,
  ontoItself: boolean,
): ObjectProperties {
  const metadata = replaceMetadata || ontoItself ? requested : source
  return {
    ...requested,
    headers: metadata.headers,
    meta: metadata.meta,
    tags: replaceTags ? requested.tags : source.tags,
  }
}

/**
 * @throws OssError EntityTooLarge past the copy limit, unless only the metadata of one object changes;
 * OperationNotSupported for an appendable object, which can only be copied onto itself (the code is undocumented).
 */
function checkCopyable(state: State, source: VersionRecord, copy: ObjectProperties, isSelf: boolean): void {
  const sameForm =
    copy.storageClass === source.storageClass &&
    copy.encryption?.algorithm === source.encryption?.algorithm &&
    copy.encryption?.keyId === source.encryption?.keyId
  const metadataOnly = isSelf && sameForm
  if (source.type === 'Appendable' && !metadataOnly) throw new OssError('OperationNotSupported')
  if (source.size > state.copyLimit && !metadataOnly) {
    throw new OssError('EntityTooLarge', {
      message: 'Source object Length exceeds the maximum allowed size.',
      elements: { MaxSizeAllowed: state.copyLimit, ProposedSize: source.size },
    })
  }
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
