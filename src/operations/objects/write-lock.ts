import { withRetries } from '../../copy/retry.ts'
import type { OssCall } from '../../oss/call.ts'
import { OssError } from '../../oss/error.ts'
import { versionIdOf } from '../../oss/headers.ts'
import type { HeaderMap } from '../../ports.ts'
import { invalidRequest, notImplemented, S3Error } from '../../s3/error.ts'
import {
  bypassGovernanceHeader,
  hasLock,
  keptLock,
  type ObjectLock,
  requestedLock,
} from '../../translate/object-lock.ts'
import { requestPayer } from '../../translate/to-oss-headers.ts'
import { copyPorts } from '../copies/copy-ports.ts'
import { keyName } from '../mapping.ts'
import type { Context, ObjectRequest } from '../operation.ts'
import { withDocument } from '../subresource.ts'
import { type BucketLock, recentBucketLock } from './bucket-lock.ts'

/**
 * The lock that a write asks for by its headers, if it does: `x-amz-object-lock-mode`, `-retain-until-date`, `-legal-hold`.
 * @throws S3Error InvalidArgument; InvalidRequest for a bucket without object lock; NotImplemented for what OSS does not
 * do beside the bucket's default retention.
 */
export async function lockOfWrite(request: ObjectRequest, context: Context): Promise<ObjectLock | undefined> {
  const now = context.clock()
  const lock = requestedLock(request.headers, now)
  if (lock === undefined) return undefined
  const ofBucket = await recentBucketLock(request, context, false)
  if (ofBucket === undefined) throw invalidRequest('Bucket is missing ObjectLockConfiguration')
  if (lock.retention !== undefined && ofBucket.default !== undefined) {
    refuseWeaker(lock.retention, ofBucket.default, now)
  }
  return lock
}

/** OSS retains a version by its bucket's default as it is written, and only ever lengthens that afterwards. */
function refuseWeaker(
  { mode, until }: NonNullable<ObjectLock['retention']>,
  byDefault: NonNullable<BucketLock['default']>,
  now: number,
): void {
  const reason = 'beside the default retention of the bucket OSS takes a longer one of the same mode'
  if (mode !== byDefault.mode) throw notImplemented('x-amz-object-lock-mode', reason)
  const end = new Date(now)
  end.setUTCFullYear(end.getUTCFullYear() + byDefault.years)
  end.setUTCDate(end.getUTCDate() + byDefault.days)
  if (until < end.getTime()) throw notImplemented('x-amz-object-lock-retain-until-date', reason)
}

/** @throws S3Error InvalidRequest for a PutObject with a lock and nothing to verify its body by, as S3. */
export function requireChecksum(headers: HeaderMap): void {
  const isChecksum = (name: string) =>
    name === 'content-md5' || /^x-amz-checksum-(?!algorithm|type)/.test(name)
  const trailers = (headers['x-amz-trailer'] ?? '').split(',').map((name) => name.trim().toLowerCase())
  if ([...Object.keys(headers), ...trailers].some(isChecksum)) return
  throw invalidRequest(
    'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters',
  )
}

/**
 * Writes, and locks the version that was written: OSS takes no lock with every kind of write. Goes on to its end when the
 * client has gone.
 * @param lock undefined: the write alone.
 * @param write what OSS answers to it has the version's id.
 * @throws what the write throws; else the error of a lock that OSS does not take, and then the version is removed.
 */
export async function writeLocked<Written extends { headers: HeaderMap }>(
  request: ObjectRequest,
  context: Context,
  lock: ObjectLock | undefined,
  write: () => Promise<Written>,
): Promise<Written> {
  if (lock === undefined) return write()
  const work = write().then(async (written) => {
    await lockVersion(request, context, lock, versionIdOf(written.headers))
    return written
  })
  request.waitUntil?.(work)
  return work
}

/**
 * Locks the object that an upload in parts has become, if its creation asked for that: OSS keeps what it asked for in
 * the object's reserved metadata.
 * @param completed what OSS says of the object: its version's id.
 * @throws as {@link writeLocked}; a retryable error where it cannot be known, and then the object stays.
 */
export async function lockUploaded(
  request: ObjectRequest,
  context: Context,
  completed: HeaderMap,
): Promise<void> {
  const versionId = versionIdOf(completed)
  // Only where there are versions there are locks.
  if (versionId === undefined) return
  const object = await headVersion(request, context, versionId)
  const lock = keptLock(object)
  if (lock === undefined) return
  const { retention } = lock
  // It was in the future when the upload began; a period that is over keeps nothing.
  const isOver = retention !== undefined && retention.until <= context.clock()
  const wanted = isOver ? { ...lock, retention: undefined } : lock
  if (!hasLock(object, wanted)) await lockVersion(request, context, wanted, versionId)
}

/** @throws the error of a lock that OSS does not take; then the version is removed, or the error says that it is there. */
async function lockVersion(
  request: ObjectRequest,
  context: Context,
  lock: ObjectLock,
  versionId: string | undefined,
): Promise<void> {
  if (versionId === undefined) {
    throw leftUnlocked(request, undefined, new Error('OSS named no version of what it wrote'))
  }
  try {
    for (const call of lockCalls(request, lock, versionId)) await send(context, call)
  } catch (error) {
    // Of a call that was repeated the first attempt may have done it.
    const object = await headVersion(request, context, versionId).catch(() => undefined)
    if (object !== undefined && hasLock(object, lock)) return
    await removeVersion(request, context, lock, versionId).catch((hindrance) => {
      throw leftUnlocked(request, versionId, error, hindrance)
    })
    context.log('a write was taken back', { key: request.key, versionId, cause: (error as Error).message })
    throw error
  }
}

/** The retention comes last: a hold can be lifted again, a retention cannot. */
function lockCalls(
  request: ObjectRequest,
  { retention, legalHold }: ObjectLock,
  versionId: string,
): OssCall[] {
  const calls: OssCall[] = []
  if (legalHold !== undefined) calls.push(holdCall(request, legalHold, versionId))
  if (retention !== undefined) {
    const document = { Mode: retention.mode, RetainUntilDate: new Date(retention.until).toISOString() }
    calls.push(withDocument(callOnVersion(request, 'PUT', versionId, 'retention'), 'Retention', document))
  }
  return calls
}

const holdCall = (request: ObjectRequest, Status: 'ON' | 'OFF', versionId: string) =>
  withDocument(callOnVersion(request, 'PUT', versionId, 'legalHold'), 'LegalHold', { Status })

async function removeVersion(
  request: ObjectRequest,
  context: Context,
  { legalHold }: ObjectLock,
  versionId: string,
): Promise<void> {
  // It may have been refused; whether the version can be removed its removal shows.
  if (legalHold === 'ON') await send(context, holdCall(request, 'OFF', versionId)).catch(() => undefined)
  const remove = callOnVersion(request, 'DELETE', versionId)
  // The bucket's default may retain it. It is this write's own, and nobody has been told of it.
  const headers = { ...remove.headers, ...bypassGovernanceHeader() }
  await send(context, { ...remove, headers })
}

const headVersion = (request: ObjectRequest, context: Context, versionId: string): Promise<HeaderMap> =>
  send(context, callOnVersion(request, 'HEAD', versionId))

const callOnVersion = (
  { bucket, key, headers }: ObjectRequest,
  method: OssCall['method'],
  versionId: string,
  subresource?: string,
): OssCall => ({
  method,
  bucket,
  key,
  query: { ...(subresource === undefined ? {} : { [subresource]: null }), versionId },
  headers: requestPayer(headers),
})

/** A call that may be repeated, and comes to its end whatever the client does. @returns the headers of the answer. */
async function send(context: Context, call: OssCall): Promise<HeaderMap> {
  const ports = copyPorts(context, context.upstream)
  const { headers } = await withRetries(ports, undefined, (signal) => ports.oss.send({ ...call, signal }))
  return headers
}

/** @param hindrance why the version could not be removed. */
function leftUnlocked(
  request: ObjectRequest,
  versionId: string | undefined,
  cause: unknown,
  hindrance?: unknown,
) {
  const removal =
    hindrance === undefined ? 'It stays' : `It could not be removed, and stays (${said(hindrance)})`
  return new S3Error('InternalError', {
    message: `The object was written, but is not locked as asked (${said(cause)}). ${removal}.`,
    elements: {
      Key: keyName(request, request.key),
      ...(versionId === undefined ? {} : { VersionId: versionId }),
    },
    cause,
  })
}

const said = (error: unknown) =>
  error instanceof OssError ? `OSS: ${error.code}, ${error.message}` : (error as Error).message
