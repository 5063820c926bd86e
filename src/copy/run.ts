import { OssError, OssUnreachable } from '../oss/error.ts'
import { isOutcomeUnknown, isRefusedUnbegun } from '../oss/retry.ts'
import { S3Error } from '../s3/error.ts'
import { copyConditionFailed, needsSourceFacts } from '../translate/preconditions.ts'
import { storedChecksumsOf, toStoredChecksum, withoutStoredChecksums } from '../translate/stored-checksum.ts'
import { storedContent } from '../translate/to-oss-headers.ts'
import { awaitCall } from './await-call.ts'
import { checkDestination, checkSource, decideStatusEarly } from './conditions.ts'
import { type Copy, type CopyResult, isSelfCopy } from './copy.ts'
import type { UploadPorts } from './multipart-upload.ts'
import { copyNatively } from './native.ts'
import {
  mayBeAboutType,
  notRestored,
  type Refusal,
  refusalByType,
  refusalOf,
  tooLarge,
} from './oss-refusal.ts'
import { copyPart } from './parts.ts'
import { type CopySettings, planCopy } from './plan.ts'
import { relayPart } from './relay.ts'
import { copyByUpload, copyInOne } from './reroute.ts'
import { findLostResult } from './result.ts'
import { nativeTimeout, repeat, withRetries } from './retry.ts'
import { readSource, type SourceFacts } from './source.ts'
import { asSourceChanged, SourceChanged, sourceChangedError } from './source-changed.ts'
import { withComputedValue } from './source-checksum.ts'
import { endingTurn } from './write-turn.ts'

/** What a copy is made with. Times are milliseconds. */
export type CopyPorts = UploadPorts & {
  settings: CopySettings
  /** Parts at a time. */
  parallel: number
  /** Parts relayed at a time, each over two connections. */
  parallelRelays: number
  /** Until the answer of a copy begins before its end; 0: never. */
  keepAliveAfter: number
  /** Told how a copy is done when it begins so, and the object's size where that is known. */
  onRoute: (route: 'native' | 'parts' | 'relay', size: number | undefined) => void
}

/**
 * Copies natively where OSS does, and by the plan that its refusal calls for where it does not.
 * @param onStatusDecided called once no error is left that would need another status than 200, but retryable ones.
 * @throws S3Error, OssError, OssUnreachable; then the destination is as it was, and no upload is left.
 */
export function performCopy(ports: CopyPorts, asked: Copy, onStatusDecided: () => void): Promise<CopyResult> {
  return perform(ports, asked, onStatusDecided).catch((error) => failure(ports, asked, error))
}

/** @throws the error of a failed copy as its client gets it. */
async function failure(ports: CopyPorts, asked: Copy, error: unknown): Promise<never> {
  if (asked.signal().aborted) throw new OssUnreachable('the copy was given up', { cause: error })
  if (!(error instanceof SourceChanged)) throw notRestored(error) ?? error
  const now = await withRetries(ports, asked.signal(), (signal) =>
    readSource(ports.sourceOss, asked, signal),
  ).catch(() => undefined)
  throw sourceChangedError(error, asked.preconditions, now)
}

async function perform(ports: CopyPorts, asked: Copy, onStatusDecided: () => void): Promise<CopyResult> {
  const [copy, known] = needsFacts(asked)
    ? await withFacts(ports, asked, onStatusDecided)
    : [asked, undefined]
  const native = isNotNative(copy, known) ?? (await tryNatively(ports, copy, known, onStatusDecided))
  if ('result' in native) return { ...native.result, isNative: true }
  const facts = known ?? (await checkSource(ports, copy))
  const plan = planCopy(ports.settings, native.refusal, facts)
  switch (plan.kind) {
    case 'refuse':
      throw plan.error
    case 'parts': {
      ports.onRoute('parts', facts.size)
      const how = { ranges: plan.ranges, parallel: ports.parallel, copyRange: copyPart }
      return copyByUpload(ports, copy, facts, how, onStatusDecided)
    }
    case 'relay': {
      ports.onRoute('relay', facts.size)
      if (plan.ranges.length === 1) return copyInOne(ports, copy, facts, onStatusDecided)
      const how = { ranges: plan.ranges, parallel: ports.parallelRelays, copyRange: relayPart }
      return copyByUpload(ports, copy, facts, how, onStatusDecided)
    }
    case 'native':
      throw new Error('OSS refused the native copy')
  }
}

/** Why a native copy need not be tried. One of a link gives another link, to a key that the destination's bucket need not have. */
function isNotNative({ isAcross }: Copy, known: SourceFacts | undefined): Native | undefined {
  if (isAcross) return { refusal: 'crossUpstream' }
  return known?.type === 'Symlink' ? { refusal: 'symlink' } : undefined
}

/**
 * Whether the source must be read first: OSS has no `*` condition, its documents contradict each other on the metadata of
 * self-copies, and it has none of S3's checksums, which would be lost with the metadata. Then the copy is pinned to the source's ETag, and its metadata is sent
 * complete.
 */
const needsFacts = (copy: Copy) =>
  keepsOwnContent(copy) ||
  copy.checksum !== undefined ||
  (copy.keepsChecksum && copy.content !== 'copy') ||
  needsSourceFacts(copy.preconditions)

const keepsOwnContent = (copy: Copy) => isSelfCopy(copy) && copy.content === 'copy'

async function withFacts(
  ports: CopyPorts,
  copy: Copy,
  onStatusDecided: () => void,
): Promise<[Copy, SourceFacts]> {
  const facts = await checkSource(ports, copy)
  const pinned = { ...copy, preconditions: { ifMatch: facts.etag } }
  if (copy.checksum === undefined) {
    return [{ ...pinned, content: contentFrom(copy, facts) }, facts]
  }
  if (facts.size > ports.settings.maxSize) throw tooLarge(ports.settings.maxSize)
  await checkDestination(ports, copy)
  onStatusDecided()
  const checksum = await withComputedValue(ports, copy, copy.checksum, facts).catch((error) => {
    throw asSourceChanged(error)
  })
  const content = copy.content === 'copy' ? storedContent(facts.headers) : copy.content
  const kept = toStoredChecksum({ [checksum.header]: checksum.value })
  return [{ ...pinned, checksum, content: { ...withoutStoredChecksums(content), ...kept } }, facts]
}

/** The destination's content, where the source is known. */
function contentFrom(copy: Copy, { headers }: SourceFacts): Copy['content'] {
  if (keepsOwnContent(copy)) return storedContent(headers)
  if (copy.content === 'copy' || !copy.keepsChecksum) return copy.content
  return { ...copy.content, ...storedChecksumsOf(headers) }
}

type Native = { result: CopyResult } | { refusal: Refusal }

async function tryNatively(
  ports: CopyPorts,
  copy: Copy,
  known: SourceFacts | undefined,
  onStatusDecided: () => void,
): Promise<Native> {
  ports.onRoute('native', known?.size)
  await beginTurn(ports, copy, known)
  const began = ports.clock()
  const limit = nativeTimeout(ports.timeout)
  let over = false
  let earlyDecision: AbortController | undefined
  // After any other failure a second attempt could be refused because of the first one's result.
  const copying = repeat(ports, isRefusedUnbegun, undefined, () => {
    if (over) throw new Error('the copy was given up')
    return copyNatively(ports.oss, copy, limit)
  })
  // It ends with OSS's call, also when its client has gone and nobody waits for that.
  const work = endingTurn(copy.turn, copying)
  try {
    const result = await awaitCall(work, {
      timer: ports.timer,
      signal: copy.signal,
      limit,
      onSlow: () => {
        earlyDecision = new AbortController()
        const either = AbortSignal.any([copy.signal(), earlyDecision.signal])
        void decideStatusEarly(ports, { ...copy, signal: () => either }, onStatusDecided)
      },
      slowAfter: ports.keepAliveAfter,
    })
    return { result }
  } catch (error) {
    if (isOutcomeUnknown(error) && !copy.signal().aborted)
      return { result: await findOutcome(ports, copy, known, began, error) }
    return { refusal: await refusalOrThrow(ports, copy, known, error) }
  } finally {
    over = true
    earlyDecision?.abort()
  }
}

/**
 * Begins the turn of a native copy. S3 looks at the source before it looks at what is there (LocalStack's copy_object, whose
 * answers are validated on AWS): where both are wrong, the source's error is told.
 */
async function beginTurn(ports: CopyPorts, copy: Copy, known: SourceFacts | undefined): Promise<void> {
  try {
    await copy.turn.begin()
  } catch (error) {
    const isOfCondition = error instanceof S3Error && ['NoSuchKey', 'PreconditionFailed'].includes(error.code)
    if (isOfCondition && known === undefined) await checkSource(ports, copy)
    throw error
  }
}

async function refusalOrThrow(
  ports: CopyPorts,
  copy: Copy,
  known: SourceFacts | undefined,
  error: unknown,
): Promise<Refusal> {
  if (!(error instanceof OssError)) throw error
  // Of the source's ETag as it was read first, not of the client's condition.
  if (error.status === 412 && known !== undefined) throw asSourceChanged(error)
  const failed = copyConditionFailed(error, copy.preconditions)
  if (failed !== undefined) throw failed
  const refusal = refusalOf(error)
  if (refusal !== undefined) return refusal
  if (mayBeAboutType(error)) {
    const byType = refusalByType(error, known ?? (await checkSource(ports, copy)))
    if (byType !== undefined) return byType
  }
  throw notRestored(error) ?? error
}

/**
 * The result of a native copy whose answer was lost, found by reading the destination.
 * @throws `error`, a retryable one, when it is not, or when that cannot be said.
 */
async function findOutcome(
  ports: CopyPorts,
  copy: Copy,
  known: SourceFacts | undefined,
  began: number,
  error: unknown,
): Promise<CopyResult> {
  const find = async () => findLostResult(ports, copy, known ?? (await checkSource(ports, copy)), began)
  const found = await find().catch(() => undefined)
  if (found === undefined) throw error
  return found
}
