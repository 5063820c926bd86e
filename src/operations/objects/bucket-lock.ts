import type { OssClient } from '../../oss/client.ts'
import { OssError } from '../../oss/error.ts'
import { child } from '../../translate/elements.ts'
import type { Retention } from '../../translate/object-lock.ts'
import { text } from '../../xml/index.ts'
import { BucketCache } from '../bucket-cache.ts'
import type { BucketRequest, Context } from '../operation.ts'
import { callOnBucket } from '../subresource.ts'

/** Object lock of a bucket: what its versions are retained by that say nothing of it. */
export type BucketLock = { default: { mode: Retention['mode']; days: number; years: number } | undefined }

/** `none`: the bucket has no object lock. For a minute, since it can be enabled and changed past this gateway. */
const locks = new BucketCache<BucketLock | 'none'>(60_000)

/** To be called when a bucket's settings may have changed. */
export const forgetObjectLock = (oss: OssClient, bucket: string): void => locks.delete(oss, bucket)

type Bucket = Pick<BucketRequest, 'bucket'>

/**
 * Object lock of a bucket as OSS has it now, or undefined where it has none. @throws OssError NoSuchBucket, AccessDenied.
 */
export async function readBucketLock(request: Bucket, context: Context): Promise<BucketLock | undefined> {
  const lock = await ask(request, context)
  locks.set(context, request.bucket, lock ?? 'none')
  return lock
}

/**
 * The same, by what OSS has said in the last minute where it has. Object lock once enabled stays.
 * @param noneCounts whether an earlier answer that there is none will do.
 */
export async function recentBucketLock(
  request: Bucket,
  context: Context,
  noneCounts: boolean,
): Promise<BucketLock | undefined> {
  const known = locks.get(context, request.bucket)
  if (known === undefined || (known === 'none' && !noneCounts)) return readBucketLock(request, context)
  return known === 'none' ? undefined : known
}

async function ask(request: Bucket, { oss }: Context): Promise<BucketLock | undefined> {
  try {
    const call = callOnBucket(request, 'GET', 'objectWorm')
    const { document } = await oss.sendForXml(call, 'ObjectWormConfiguration')
    const rule = child(child(document, 'Rule') ?? {}, 'DefaultRetention')
    if (rule === undefined) return { default: undefined }
    const mode = text(rule, 'Mode') === 'COMPLIANCE' ? 'COMPLIANCE' : 'GOVERNANCE'
    return {
      default: { mode, days: Number(text(rule, 'Days') ?? 0), years: Number(text(rule, 'Years') ?? 0) },
    }
  } catch (error) {
    if (error instanceof OssError && error.status === 404 && error.code !== 'NoSuchBucket') return undefined
    throw error
  }
}
