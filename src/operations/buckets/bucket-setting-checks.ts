import { getBucketInfo } from '../../oss/bucket-info.ts'
import { OssError } from '../../oss/error.ts'
import { notImplemented, S3Error } from '../../s3/error.ts'
import { isBucketName } from '../../s3/request.ts'
import { child } from '../../translate/elements.ts'
import { children, text, type XmlNode } from '../../xml/index.ts'
import { authorize } from '../authorize.ts'
import { nameOf, placeOf } from '../mapping.ts'
import { readBucketLock } from '../objects/bucket-lock.ts'
import type { BucketRequest, Context } from '../operation.ts'

/** What S3 looks at before it takes a document, besides the document. @throws S3Error */
export type SettingCheck = (request: BucketRequest, context: Context, document: XmlNode) => Promise<void>

/** PutBucketVersioning: no suspending in a bucket with object lock. @throws S3Error InvalidBucketState. */
export const checkVersioningOfLockedBucket: SettingCheck = async (request, context, document) => {
  if (text(document, 'Status') !== 'Suspended') return
  if ((await readBucketLock(request, context)) === undefined) return
  throw new S3Error('InvalidBucketState', {
    message:
      'An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.',
  })
}

/** PutObjectLockConfiguration: only in a bucket with versioning. @throws S3Error InvalidBucketState. */
export const checkVersioningBeforeLock: SettingCheck = async ({ bucket }, { oss }) => {
  const { versioning } = await getBucketInfo(oss, bucket)
  if (versioning === 'Enabled') return
  throw new S3Error('InvalidBucketState', {
    message: "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
  })
}

/**
 * PutBucketLogging: the target is a bucket of the same region, and the client itself may write there under the prefix.
 * @throws S3Error InvalidTargetBucketForLogging, CrossLocationLoggingProhibitted, AccessDenied.
 */
export const checkLoggingTarget: SettingCheck = async ({ bucket }, context, document) => {
  const { client, oss, config, upstream } = context
  const enabled = child(document, 'LoggingEnabled')
  if (enabled === undefined) return
  const target = text(enabled, 'TargetBucket') ?? ''
  const missing = () => new S3Error('InvalidTargetBucketForLogging', { elements: { TargetBucket: target } })
  if (!isBucketName(target)) throw missing()
  authorize(client, 'write', target, text(enabled, 'TargetPrefix') ?? '')
  // Whether it allows all keys that OSS will write there, nobody can say.
  if (client.session?.policy !== undefined) {
    throw new S3Error('AccessDenied', {
      message: "Access Denied: logs are turned on by who is not limited by a session's policy",
    })
  }
  // OSS would take the name for that of another bucket, or for none.
  const place = placeOf(config, client, target)
  if (place.upstream !== upstream || place.bucket !== target || place.prefix !== '') throw missing()
  const { region: source } = await getBucketInfo(oss, bucket)
  const { region } = await getBucketInfo(oss, target).catch((error) => {
    throw error instanceof OssError && ['NoSuchBucket', 'AccessDenied'].includes(error.code)
      ? missing()
      : error
  })
  if (region !== source) {
    throw new S3Error('CrossLocationLoggingProhibitted', {
      elements: { SourceBucketLocation: source, TargetBucketLocation: region },
    })
  }
}

/**
 * GetBucketLogging: where the logs go, by the name that the client has for it.
 * @throws S3Error AccessDenied where it has none: nobody is told a name of OSS's that is not its own.
 */
export function loggingTargetNamed(document: XmlNode, { client, config, upstream }: Context): XmlNode {
  const enabled = child(document, 'LoggingEnabled')
  const bucket = enabled && text(enabled, 'TargetBucket')
  if (!bucket) return document
  const name = nameOf(config, client, { upstream, bucket })
  if (name === undefined) {
    throw new S3Error('AccessDenied', {
      message: 'Access Denied: the logs of this bucket go to one that has no name here',
    })
  }
  return { ...document, LoggingEnabled: [{ ...enabled, TargetBucket: [name] }] }
}

const MINIMUM = 'x-amz-transition-default-minimum-object-size'
const MINIMUMS = ['varies_by_storage_class', 'all_storage_classes_128K']

/**
 * PutBucketLifecycleConfiguration, `x-amz-transition-default-minimum-object-size`: OSS moves objects of any size, unless a
 * rule's own filter says otherwise. @throws S3Error InvalidRequest, NotImplemented.
 */
export const checkTransitionMinimumSize: SettingCheck = async ({ headers }, _, document) => {
  const minimum = headers[MINIMUM]
  if (minimum === undefined) return
  if (!MINIMUMS.includes(minimum)) {
    throw new S3Error('InvalidRequest', {
      message: `Invalid TransitionDefaultMinimumObjectSize found: ${minimum}`,
    })
  }
  const moves = (rule: XmlNode) => 'Transition' in rule || 'NoncurrentVersionTransition' in rule
  if (children(document, 'Rule').some(moves)) {
    throw notImplemented(
      MINIMUM,
      'OSS moves objects of any size: a rule can filter them with ObjectSizeGreaterThan',
    )
  }
}
