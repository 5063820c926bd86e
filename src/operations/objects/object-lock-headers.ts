import type { OssClient } from '../../oss/client.ts'
import { OssError } from '../../oss/error.ts'
import type { HeaderMap, Reply } from '../../ports.ts'
import { toS3Time } from '../../translate/date.ts'
import { requestPayer } from '../../translate/to-oss-headers.ts'
import { text, type XmlNode } from '../../xml/index.ts'
import { isAnonymous } from '../authorize.ts'
import { BucketCache } from '../bucket-cache.ts'
import type { Context, ObjectRequest } from '../operation.ts'
import { hasObjectLock } from './retention.ts'

/** Whether buckets have object lock: for a minute, since it can be enabled past this gateway. */
const objectLocks = new BucketCache<boolean>(60_000)

/** To be called when a bucket's settings may have changed. */
export const forgetObjectLock = (oss: OssClient, bucket: string): void => objectLocks.delete(oss, bucket)

/**
 * Adds the retention period and the legal hold to the reply to a read. OSS returns neither with the object: in buckets
 * with object lock both are asked for, in all others nothing. What cannot be read is left out, as S3 does for a
 * client without the permission: a reply may show less lock than there is, never more.
 * @param versionId of the version read. OSS returns one only in a bucket with versions, as every bucket with locks is.
 */
export async function withObjectLockHeaders(
  reply: Reply,
  request: ObjectRequest,
  context: Context,
  versionId: string,
): Promise<Reply> {
  // OSS tells locks only to who may ask for them, which takes a signature.
  if (isAnonymous(context.client) || !(await isLocked(request, context))) return reply
  const ask = (subresource: string, root: string) => readLock(request, context, versionId, subresource, root)
  const [retention, legalHold] = await Promise.all([
    ask('retention', 'Retention'),
    ask('legalHold', 'LegalHold'),
  ])
  const mode = retention && text(retention, 'Mode')
  const until = retention && text(retention, 'RetainUntilDate')
  const status = legalHold && text(legalHold, 'Status')
  if (mode && until) {
    reply.headers['x-amz-object-lock-mode'] = mode
    reply.headers['x-amz-object-lock-retain-until-date'] = toS3Time(until)
  }
  if (status) reply.headers['x-amz-object-lock-legal-hold'] = status
  return reply
}

/** Whether the bucket has object lock, by the cache or by OSS. */
async function isLocked(request: ObjectRequest, context: Context): Promise<boolean> {
  const known = objectLocks.get(context, request.bucket)
  if (known !== undefined) return known
  const locked = await hasObjectLock(request, context).catch((error) => {
    report(error, context)
    return false
  })
  objectLocks.set(context, request.bucket, locked)
  return locked
}

async function readLock(
  { bucket, key, headers }: { bucket: string; key: string; headers: HeaderMap },
  context: Context,
  versionId: string,
  subresource: string,
  root: string,
): Promise<XmlNode | undefined> {
  try {
    const { document } = await context.oss.sendForXml(
      {
        method: 'GET',
        bucket,
        key,
        query: { [subresource]: null, versionId },
        headers: requestPayer(headers),
      },
      root,
    )
    return document
  } catch (error) {
    report(error, context)
    return undefined
  }
}

/** Logs an error; a 404 says that the object has no lock, which is none. */
function report(error: unknown, { log }: Context): void {
  if (error instanceof OssError && error.status === 404) return
  log('object lock not read', { cause: (error as Error).message })
}
