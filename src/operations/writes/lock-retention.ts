import { OssError } from '../../oss/error.ts'
import { notImplemented } from '../../s3/error.ts'
import { BucketCache } from '../bucket-cache.ts'
import { recentBucketLock } from '../objects/bucket-lock.ts'
import type { Context } from '../operation.ts'
import { callOnBucket } from '../subresource.ts'

/** Why there is no lock in a bucket with object lock. */
export const NO_APPEND =
  'OSS appends to no object in a bucket with object lock, and so has no lock as conditionalWrites: lock needs'

/** Whether buckets have a retention policy: for a minute, since that can be changed past this gateway. */
const policies = new BucketCache<boolean>(60_000)

/**
 * A bucket with a retention policy would keep a lock for as long as it retains objects; to one with object lock OSS appends
 * nothing
 * (https://help.aliyun.com/en/oss/user-guide/object-level-retention-policy-object-worm), so that there is no lock at all.
 * @param header that needs a lock.
 * @throws S3Error NotImplemented for such a bucket.
 */
export async function refuseRetention(context: Context, bucket: string, header: string): Promise<void> {
  const [hasPolicy, objectLock] = await Promise.all([
    recentPolicy(context, bucket),
    orDenied(recentBucketLock({ bucket }, context, true)),
  ])
  if (objectLock !== undefined) throw notImplemented(header, NO_APPEND)
  if (!hasPolicy) return
  throw notImplemented(
    header,
    'The bucket retains what is written to it, and so would keep the lock that conditionalWrites: lock needs',
  )
}

async function recentPolicy(context: Context, bucket: string): Promise<boolean> {
  const known = policies.get(context, bucket)
  if (known !== undefined) return known
  const call = callOnBucket({ bucket }, 'GET', 'worm')
  const hasPolicy = (await orDenied(context.oss.sendForXml(call, 'WormConfiguration'))) !== undefined
  policies.set(context, bucket, hasPolicy)
  return hasPolicy
}

/** What OSS says of a setting; undefined where there is none, or the gateway may not know. */
const orDenied = <T>(asked: Promise<T>): Promise<T | undefined> =>
  asked.catch((error) => {
    if (error instanceof OssError && error.code !== 'NoSuchBucket' && [403, 404].includes(error.status))
      return undefined
    throw error
  })
