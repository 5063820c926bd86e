import type { OssClient } from '../../oss/client.ts'
import { OssError } from '../../oss/error.ts'
import type { HeaderMap, Reply } from '../../ports.ts'
import { toS3Time } from '../../translate/date.ts'
import { requestPayer } from '../../translate/to-oss-headers.ts'
import { text, type XmlNode } from '../../xml/index.ts'
import type { Context, ObjectRequest } from '../operation.ts'
import { hasObjectLock } from './retention.ts'

const MAX_KNOWN_BUCKETS = 10_000
/** How long a bucket counts as one without object lock, should somebody else give it one. */
const REMEMBER_MS = 60_000
type Known = { locked: boolean; until: number }
/** By the client of OSS, so that every gateway in a process has its own. */
const knownBuckets = new WeakMap<OssClient, Map<string, Known>>()

/** To be called when a bucket's settings may have changed. */
export const forgetObjectLock = (oss: OssClient, bucket: string) => void knownBuckets.get(oss)?.delete(bucket)

/**
 * Adds the retention period and the legal hold to the answer of a read. OSS tells neither with the object: in buckets
 * with object lock both are asked for, in all others nothing. What cannot be read is left out, as S3 does for a
 * client without the permission: an answer may tell of less lock than there is, never of more.
 * @param versionId the version read, which only a bucket with versions tells, and only such a bucket can have locks.
 */
export async function withObjectLockHeaders(
  reply: Reply,
  request: ObjectRequest,
  context: Context,
  versionId: string,
): Promise<Reply> {
  if (!(await isLocked(request, context))) return reply
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

/** Whether the bucket has object lock; asked for once in a while. */
async function isLocked(request: ObjectRequest, context: Context): Promise<boolean> {
  const { oss, clock } = context
  const buckets = knownBuckets.get(oss) ?? new Map<string, Known>()
  knownBuckets.set(oss, buckets)
  const known = buckets.get(request.bucket)
  if (known !== undefined && known.until > clock()) return known.locked
  const locked = await hasObjectLock(request, context).catch((error) => {
    report(error, context)
    return false
  })
  if (buckets.size >= MAX_KNOWN_BUCKETS) buckets.clear()
  buckets.set(request.bucket, { locked, until: clock() + REMEMBER_MS })
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

/** Logs what hinders; that there is no lock does not. */
function report(error: unknown, { log }: Context): void {
  if (error instanceof OssError && error.status === 404) return
  log('object lock not read', { cause: (error as Error).message })
}
