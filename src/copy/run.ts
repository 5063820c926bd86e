import { OssError, OssUnreachable } from '../oss/error.ts'
import type { HeaderMap } from '../ports.ts'
import { S3Error } from '../s3/error.ts'
import { storedContent } from '../translate/headers.ts'
import {
  conditionOfStatus,
  failedCondition,
  needsSourceFacts,
  preconditionFailed,
} from '../translate/preconditions.ts'
import { toKeptChecksum, withoutKeptChecksums } from '../translate/stored-checksum.ts'
import { attempt, eachInParallel } from './attempt.ts'
import { withValue } from './checksum.ts'
import { type Copy, type CopyResult, isSelfCopy } from './copy.ts'
import { copyNatively } from './native.ts'
import { copyPart } from './parts.ts'
import { type ByteRange, type CopySettings, planCopy } from './plan.ts'
import { mayBeAboutType, notRestored, type Refusal, refusalOf, tooLarge } from './refusal.ts'
import { relayPart, relayWhole } from './relay.ts'
import { readSource, readTagging, type SourceFacts } from './source.ts'
import { abort, complete, initiate, type Part, type UploadPorts } from './upload.ts'

const SOURCE = 'x-amz-copy-source-'

export type CopyPorts = UploadPorts & { settings: CopySettings; keepAliveAfter: number }

/**
 * Copies, by whatever plan OSS leaves.
 * @param decided called when nothing is left that a client would be told with another status than 200 and no retry.
 * @throws S3Error, OssError, OssUnreachable; then the destination is as it was, and no upload is left.
 */
export async function performCopy(ports: CopyPorts, asked: Copy, decided: () => void): Promise<CopyResult> {
  const [copy, known] = needsFacts(asked) ? await withFacts(ports, asked, decided) : [asked, undefined]
  // A native copy of a link gives another link, to a key that the destination's bucket need not have.
  const native: Native =
    known?.type === 'Symlink' ? { refusal: 'symlink' } : await tryNatively(ports, copy, known, decided)
  if ('result' in native) return { ...native.result, checksum: copy.checksum?.value }
  const facts = known ?? (await lookAtSource(ports, copy))
  const plan = planCopy(ports.settings, native.refusal, facts)
  switch (plan.kind) {
    case 'refuse':
      throw plan.error
    case 'parts':
      return copyByUpload(ports, copy, facts, plan.ranges, copyPart, decided)
    case 'relay':
      if (plan.ranges.length === 1) return relayInOne(ports, copy, facts, decided)
      return copyByUpload(
        ports,
        copy,
        facts,
        plan.ranges,
        async (...part) => (await relayPart(...part)).etag ?? '',
        decided,
      )
    case 'native':
      throw new Error('OSS refused the native copy')
  }
}

/**
 * OSS has no `*` condition; its rule for the metadata of self-copies is contradictory in its documents; and it
 * knows no checksum of S3's. There the source is looked at, pinned, and the complete metadata written out.
 */
const needsFacts = (copy: Copy) =>
  keepsOwnContent(copy) || copy.checksum !== undefined || needsSourceFacts(copy.preconditions)

const keepsOwnContent = (copy: Copy) => isSelfCopy(copy) && copy.content === 'copy'

async function withFacts(ports: CopyPorts, copy: Copy, decided: () => void): Promise<[Copy, SourceFacts]> {
  const facts = await lookAtSource(ports, copy)
  const pinned = { ...copy, preconditions: { ifMatch: facts.etag } }
  if (copy.checksum === undefined) {
    return [keepsOwnContent(copy) ? { ...pinned, content: storedContent(facts.headers) } : pinned, facts]
  }
  if (facts.size > ports.settings.maxSize) throw tooLarge(ports.settings.maxSize)
  decided()
  const checksum = await withValue(ports, copy, copy.checksum, facts).catch((error) => {
    throw changedSource(error)
  })
  const content = copy.content === 'copy' ? storedContent(facts.headers) : copy.content
  const kept = toKeptChecksum({ [checksum.header]: checksum.value })
  return [{ ...pinned, checksum, content: { ...withoutKeptChecksums(content), ...kept } }, facts]
}

/** @throws S3Error PreconditionFailed, by S3's rules. */
async function lookAtSource(ports: CopyPorts, copy: Copy): Promise<SourceFacts> {
  const facts = await attempt(ports, copy.signal, (signal) => readSource(ports.oss, copy, signal))
  const failed = failedCondition(copy.preconditions, facts)
  if (failed !== undefined) throw preconditionFailed(failed, SOURCE)
  return facts
}

/** A native copy moves all bytes in one call: it may take this many times as long as another. */
const NATIVE_PATIENCE = 5

/** OSS has refused before it began; after any other failure a second attempt could meet the first one's result. */
const wasNotBegun = (error: unknown) => error instanceof OssError && error.status === 503

type Native = { result: CopyResult } | { refusal: Refusal }

async function tryNatively(
  ports: CopyPorts,
  copy: Copy,
  known: SourceFacts | undefined,
  decided: () => void,
): Promise<Native> {
  const began = ports.clock()
  const ended = new AbortController()
  const signal = AbortSignal.any([copy.signal, ended.signal])
  // A copy that takes long: what can be decided is, by a look at the source beside it.
  const slow =
    ports.keepAliveAfter > 0
      ? ports.sleep(ports.keepAliveAfter, ended.signal).then(() => lookAtSource(ports, { ...copy, signal }))
      : undefined
  const failedMeanwhile = new Promise<never>((_, reject) => {
    slow?.then(decided, (error) => {
      if (!ended.signal.aborted) reject(error)
    })
  })
  try {
    const copying = attempt(
      { ...ports, timeout: ports.timeout * NATIVE_PATIENCE },
      signal,
      (signal) => copyNatively(ports.oss, { ...copy, signal }),
      0,
      wasNotBegun,
    )
    return { result: await Promise.race([copying, failedMeanwhile]) }
  } catch (error) {
    if (error instanceof OssUnreachable && !copy.signal.aborted)
      return { result: await settle(ports, copy, known, began, error) }
    return { refusal: await refusalOrThrow(ports, copy, known, error) }
  } finally {
    ended.abort()
  }
}

async function refusalOrThrow(
  ports: CopyPorts,
  copy: Copy,
  known: SourceFacts | undefined,
  error: unknown,
): Promise<Refusal> {
  if (!(error instanceof OssError)) throw error
  // The pin to the source that was looked at, not the client's condition.
  if (error.status === 412 && known !== undefined) throw changedSource(error)
  if (error.status === 304 || error.status === 412) {
    // OSS says 304 where S3 says 412: a client would take a 304 for a success without a body.
    throw preconditionFailed(conditionOfStatus(error.status, copy.preconditions), SOURCE)
  }
  const refusal = refusalOf(error)
  if (refusal !== undefined) return refusal
  if (mayBeAboutType(error)) {
    const { type } = known ?? (await lookAtSource(ports, copy))
    if (type === 'Appendable') return 'appendable'
    if (type === 'Symlink') return 'symlink'
  }
  throw notRestored(error) ?? error
}

/** OSS's clock is not ours, and its times are whole seconds. */
const CLOCK_TOLERANCE = 2000

/**
 * A native attempt whose answer was lost: is the destination the copy, or not?
 * @throws `error`, a retryable one, when it is not, or when that cannot be said.
 */
async function settle(
  ports: CopyPorts,
  copy: Copy,
  known: SourceFacts | undefined,
  began: number,
  error: OssUnreachable,
): Promise<CopyResult> {
  const { destination, content } = copy
  try {
    const source =
      known ?? (await attempt(ports, copy.signal, (signal) => readSource(ports.oss, copy, signal)))
    const written = await attempt(ports, copy.signal, (signal) =>
      readSource(ports.oss, { source: { ...destination, versionId: undefined }, target: {} }, signal),
    )
    const expected = JSON.stringify(sorted(content === 'copy' ? storedContent(source.headers) : content))
    const isTheCopy =
      written.etag === source.etag &&
      written.size === source.size &&
      written.lastModified >= began - CLOCK_TOLERANCE &&
      JSON.stringify(sorted(storedContent(written.headers))) === expected
    if (isTheCopy) return resultOf(written)
  } catch (cause) {
    if (!(cause instanceof OssError || cause instanceof OssUnreachable)) throw cause
  }
  throw error
}

const sorted = (headers: HeaderMap) => Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1))

const resultOf = ({ etag, lastModified, headers }: SourceFacts): CopyResult => ({
  etag,
  lastModified: new Date(lastModified).toUTCString(),
  headers,
})

/** What the same native copy would have given the destination, written out. */
async function destinationHeaders(
  ports: CopyPorts,
  { source, content, tagging, target, signal }: Copy,
  facts: SourceFacts,
): Promise<HeaderMap> {
  const tags =
    tagging === 'copy'
      ? await attempt(ports, signal, (signal) => readTagging(ports.oss, { source, target }, facts, signal))
      : tagging
  return {
    ...(content === 'copy' ? storedContent(facts.headers) : content),
    ...(tags ? { 'x-oss-tagging': tags } : {}),
    ...target,
  }
}

async function relayInOne(
  ports: CopyPorts,
  copy: Copy,
  facts: SourceFacts,
  decided: () => void,
): Promise<CopyResult> {
  const headers = { ...(await destinationHeaders(ports, copy, facts)), ...copy.condition }
  decided()
  const written = await relayWhole(ports, copy, facts, headers).catch((error) => {
    throw changedSource(error)
  })
  return lookAtResult(ports, copy, written)
}

type CopyRange = (
  ports: UploadPorts,
  copy: Copy,
  facts: SourceFacts,
  upload: { bucket: string; key: string; uploadId: string },
  number: number,
  range: ByteRange,
) => Promise<string>

async function copyByUpload(
  ports: CopyPorts,
  copy: Copy,
  facts: SourceFacts,
  ranges: readonly ByteRange[],
  copyRange: CopyRange,
  decided: () => void,
): Promise<CopyResult> {
  const { 'x-oss-object-acl': acl, ...headers } = await destinationHeaders(ports, copy, facts)
  copy.signal.throwIfAborted()
  const upload = await initiate(ports, copy.destination, { ...headers, ...copy.condition })
  try {
    decided()
    const parts = await eachInParallel(
      ranges,
      ports.settings.parallel,
      async (range, index): Promise<Part> => {
        const number = index + 1
        return { number, etag: await copyRange(ports, copy, facts, upload, number, range) }
      },
    )
    copy.signal.throwIfAborted()
    // OSS refuses an ACL at Initiate and takes it here.
    const atEnd = { ...copy.condition, ...(acl === undefined ? {} : { 'x-oss-object-acl': acl }) }
    const completed = await complete(ports, upload, parts, atEnd)
    return await verifiedResult(ports, copy, facts, completed)
  } catch (error) {
    await abort(ports, upload, (error as Error).message)
    throw changedSource(error)
  }
}

/** A pin that no longer holds is not the client's condition: what it copies has changed under the copy. */
function changedSource(error: unknown): unknown {
  if (!(error instanceof OssError) || error.status !== 412) return error
  return new S3Error('SlowDown', {
    message: 'The source of the copy was changed while it was being copied. Please try again.',
    headers: { 'retry-after': '1' },
    cause: error,
  })
}

async function verifiedResult(
  ports: CopyPorts,
  copy: Copy,
  facts: SourceFacts,
  completed: HeaderMap | undefined,
): Promise<CopyResult> {
  const result = await lookAtResult(ports, copy, completed ?? {})
  const crc64 = result.headers['x-oss-hash-crc64ecma'] ?? completed?.['x-oss-hash-crc64ecma']
  // Absent on either side it cannot be verified, which is no failure.
  if (crc64 === undefined || facts.crc64 === undefined || crc64 === facts.crc64) return result
  const { bucket, key } = copy.destination
  await attempt(ports, copy.signal, (signal) =>
    ports.oss.send({
      method: 'DELETE',
      bucket,
      key,
      query: { versionId: completed?.['x-oss-version-id'] },
      signal,
    }),
  )
  throw new S3Error('InternalError', {
    cause: new Error(
      `the copy of ${facts.size} bytes has CRC-64 ${crc64}, its source ${facts.crc64}; it was deleted`,
    ),
  })
}

/** The time and ETag of what was written, which neither Complete nor PutObject tells. */
async function lookAtResult(ports: CopyPorts, copy: Copy, written: HeaderMap): Promise<CopyResult> {
  const { destination, source } = copy
  const versionId = written['x-oss-version-id']
  const seen = await attempt(ports, undefined, (signal) =>
    readSource(ports.oss, { source: { ...destination, versionId }, target: {} }, signal),
  )
  return {
    ...resultOf(seen),
    checksum: copy.checksum?.value,
    headers: {
      ...seen.headers,
      ...written,
      ...(source.versionId === undefined ? {} : { 'x-oss-copy-source-version-id': source.versionId }),
    },
  }
}
