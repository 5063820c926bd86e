import type { BucketInfo } from '../../oss/bucket-info.ts'
import { errorCauses, OssError } from '../../oss/error.ts'
import { forbidsOverwrite } from '../../oss/headers.ts'
import type { HeaderMap } from '../../ports.ts'
import { ossEncryptionOf } from '../../translate/encryption.ts'
import type { CopyFacts, ObjectFacts, Side } from './facts.ts'

/** The error that OSS is expected to answer to a write. */
export type Refusal = {
  status: number
  code: string
  message?: string
  ec?: string
  bucketName?: string
  of: Side
  why: string
}

/** In what OSS and the embedded OSS differ. */
export type OssRules = {
  /** Bytes that one CopyObject may copy; undefined: as OSS's documents have it. */
  copyLimit: number | undefined
}

const GiB = 1024 ** 3
// https://www.alibabacloud.com/help/doc-detail/31979.htm (2025-12-23)
const LIMIT_CHANGING_FORM = GiB
const LIMIT_BETWEEN_BUCKETS = 5 * GiB

/**
 * Why OSS would not do a CopyObject, in the order in which it looks.
 * @param headers the call's.
 * @returns undefined where nothing is known against it.
 */
export function copyRefusal(headers: HeaderMap, facts: CopyFacts, rules: OssRules): Refusal | undefined {
  const { source, destination } = facts
  return (
    writeRefusal(headers, { ...destination, exists: false }) ??
    bucketRefusal(source, 'source') ??
    otherRegion(source.bucket, destination.bucket) ??
    (source.object instanceof OssError
      ? unreadable(source.object, source.versioned)
      : (objectRefusal(headers, source.object) ??
        overwriteRefusal(headers, destination) ??
        formRefusal(headers, source.object, facts, rules)))
  )
}

/** Why OSS would refuse to write an object, whatever its bytes; undefined where nothing is known against it. */
export function writeRefusal(headers: HeaderMap, destination: CopyFacts['destination']): Refusal | undefined {
  const refused = bucketRefusal(destination, 'destination')
  if (refused !== undefined) return refused
  const { bucket } = destination
  const acl = headers['x-oss-object-acl'] ?? ''
  if (!(bucket instanceof OssError) && bucket.blocksPublicAccess && acl.startsWith('public')) {
    return {
      status: 403,
      code: 'AccessDenied',
      message: 'Put public object acl is not allowed',
      of: 'destination',
      why: "the destination's bucket blocks public access, and the ACL is public",
    }
  }
  return overwriteRefusal(headers, destination)
}

function bucketRefusal(
  { name, bucket }: { name: string; bucket: BucketInfo | OssError },
  of: Side,
): Refusal | undefined {
  // GetBucketInfo may be forbidden to a key that may write to the bucket.
  if (!(bucket instanceof OssError) || bucket.code === 'AccessDenied') return undefined
  if (bucket.code === 'NoSuchBucket')
    return { ...wordsOf(bucket), bucketName: name, of, why: `the ${of}'s bucket does not exist` }
  return { ...wordsOf(bucket), of, why: `OSS does not show the ${of}'s bucket: ${bucket.message}` }
}

function otherRegion(from: BucketInfo | OssError, to: BucketInfo | OssError): Refusal | undefined {
  if (from instanceof OssError || to instanceof OssError || from.region === to.region) return undefined
  return {
    status: 403,
    code: 'AccessDenied',
    message: 'Target object does not reside in the same data center as source object.',
    ec: errorCauses.otherRegion,
    of: 'source',
    why: `the source is in ${from.region}, the destination in ${to.region}, and OSS copies within one region`,
  }
}

function unreadable(error: OssError, versioned: boolean): Refusal {
  if (versioned && error.status === 405) {
    return {
      status: 400,
      code: 'InvalidArgument',
      message: 'The source of a copy request may not specifically refer to a delete marker by version id.',
      ec: errorCauses.sourceIsDeleteMarker,
      of: 'source',
      why: 'the version of the source is a delete marker',
    }
  }
  const why = error.isDeleteMarker
    ? 'the source is deleted: its current version is a delete marker'
    : error.status === 404
      ? 'the source does not exist'
      : `OSS does not show the source: ${error.message}`
  return { ...wordsOf(error), of: 'source', why }
}

/** Why OSS would refuse to read an object for a copy with these conditions. */
export function objectRefusal(headers: HeaderMap, object: ObjectFacts): Refusal | undefined {
  if (!object.readable) {
    return {
      status: 403,
      code: 'InvalidObjectState',
      of: 'source',
      why: `the source is in ${object.storageClass} and not restored`,
    }
  }
  const failed = failedCondition(headers, object)
  if (failed === undefined) return undefined
  const [status, code] =
    failed.startsWith('if-none') || failed.startsWith('if-modified')
      ? [304, 'NotModified']
      : [412, 'PreconditionFailed']
  return {
    status: status as number,
    code: code as string,
    of: 'source',
    why: `the source has the ETag ${object.etag} and was last modified ${new Date(object.lastModified).toUTCString()}: x-oss-copy-source-${failed} does not hold`,
  }
}

/** OSS compares ETags as text and checks each condition on its own, those that answer 412 first. */
function failedCondition(headers: HeaderMap, { etag, lastModified }: ObjectFacts): string | undefined {
  const bare = (tag: string) => tag.trim().replace(/^"(.*)"$/, '$1')
  const is = (name: string, holds: (value: string) => boolean) => {
    const value = headers[`x-oss-copy-source-${name}`]
    return value !== undefined && !holds(value) ? name : undefined
  }
  const seconds = (time: number) => Math.floor(time / 1000)
  const since = (value: string) => seconds(Date.parse(value))
  return (
    is('if-match', (tag) => bare(tag) === bare(etag)) ??
    is('if-unmodified-since', (date) => seconds(lastModified) <= since(date)) ??
    is('if-none-match', (tag) => bare(tag) !== bare(etag)) ??
    is('if-modified-since', (date) => seconds(lastModified) > since(date))
  )
}

function overwriteRefusal(
  headers: HeaderMap,
  { bucket, exists }: CopyFacts['destination'],
): Refusal | undefined {
  const known = bucket instanceof OssError ? undefined : bucket.versioning
  // OSS ignores the header in a bucket that has, or had, versions.
  if (!forbidsOverwrite(headers) || !exists || known !== undefined) return undefined
  return {
    status: 409,
    code: 'FileAlreadyExists',
    of: 'destination',
    why: 'the destination exists and must not be overwritten',
  }
}

function formRefusal(
  headers: HeaderMap,
  { size, storageClass, encryption }: ObjectFacts,
  { source, destination, isSelf }: CopyFacts,
  { copyLimit }: OssRules,
): Refusal | undefined {
  const { bucket } = destination
  const defaults = bucket instanceof OssError ? undefined : bucket
  const requested = ossEncryptionOf(headers)
  const form = requested.algorithm ? requested : defaults?.encryption
  const keepsForm =
    (headers['x-oss-storage-class'] ?? defaults?.storageClass ?? storageClass) === storageClass &&
    (form === undefined || (form.algorithm === encryption.algorithm && form.keyId === encryption.keyId))
  const changesMetadataOnly = isSelf && keepsForm
  const documented = !keepsForm
    ? LIMIT_CHANGING_FORM
    : source.name === destination.name
      ? Number.POSITIVE_INFINITY
      : LIMIT_BETWEEN_BUCKETS
  const limit = changesMetadataOnly ? Number.POSITIVE_INFINITY : (copyLimit ?? documented)
  if (size <= limit) return undefined
  return {
    status: 400,
    code: 'EntityTooLarge',
    message: 'Source object Length exceeds the maximum allowed size.',
    of: 'source',
    why: `the source has ${size} bytes, and OSS is expected to refuse more than ${limit} in one CopyObject`,
  }
}

const wordsOf = ({ status, code, message, ec }: OssError) => ({
  status,
  code,
  message,
  ...(ec === undefined ? {} : { ec }),
})
