import type { Reply } from '../../ports.ts'
import { toS3Lock } from '../../translate/object-lock.ts'
import { requestPayer } from '../../translate/to-oss-headers.ts'
import { isAnonymous } from '../authorize.ts'
import type { Context, ObjectRequest } from '../operation.ts'
import { recentBucketLock } from './bucket-lock.ts'

/**
 * Adds the retention period and the legal hold to the reply to a GetObject, of which it is not certain that OSS tells them as
 * it does with a HEAD: where it tells neither, the version is asked for by one, in buckets with object lock. What cannot be
 * read is left out, as S3 does for a client without the permission: a reply may show less lock than there is, never more.
 * @param versionId of the version read. OSS returns one only in a bucket with versions, as every bucket with locks is.
 */
export async function withObjectLockHeaders(
  reply: Reply,
  request: ObjectRequest,
  context: Context,
  versionId: string,
): Promise<Reply> {
  // OSS tells a bucket's lock only to who may ask for it, which takes a signature.
  if (isAnonymous(context.client)) return reply
  const { 'x-amz-object-lock-mode': mode, 'x-amz-object-lock-legal-hold': hold } = reply.headers
  if (mode !== undefined || hold !== undefined) return reply
  const { bucket, key, headers } = request
  try {
    if ((await recentBucketLock(request, context, true)) === undefined) return reply
    const call = { bucket, key, query: { versionId }, headers: requestPayer(headers) }
    const version = await context.oss.send({ method: 'HEAD', ...call })
    Object.assign(reply.headers, toS3Lock(version.headers))
  } catch (error) {
    context.log('object lock not read', { cause: (error as Error).message })
  }
  return reply
}
