import { noTurn, type WriteTurn } from '../../copy/write-turn.ts'
import { getBucketInfo } from '../../oss/bucket-info.ts'
import { forbidOverwrite } from '../../oss/headers.ts'
import { notImplemented, S3Error } from '../../s3/error.ts'
import { unreachable } from '../../translate/errors.ts'
import { requestPayer } from '../../translate/to-oss-headers.ts'
import { keyName } from '../mapping.ts'
import type { BucketRequest, Context, ObjectRequest } from '../operation.ts'
import type { KeyQueue, WaitLimits } from './key-queue.ts'
import type { Lease } from './lease.ts'
import { lockName, lockObject } from './lock-object.ts'
import { refuseRetention } from './lock-retention.ts'
import { busy, takeLock } from './take-lock.ts'
import { checkCondition, parseWriteCondition, type WriteCondition } from './write-condition.ts'

/** Milliseconds for which a write waits for others of its key: longer than for a lock whose owner has died. */
const LONGEST_WAIT = 25_000
/** Milliseconds until OSS has ended a write whose answer was lost. */
const SETTLED = 5000
/** Milliseconds for which an answer waits until the lock is given back. */
const RELEASED = 1000

/**
 * The turn of a write of an object by the setting `conditionalWrites`, with the condition of its headers.
 * @throws S3Error NotImplemented for a condition that is not held; those of {@link parseWriteCondition}.
 */
export function writeTurn(request: ObjectRequest, context: Context): Promise<WriteTurn> | WriteTurn {
  return turnOf(request, parseWriteCondition(request.headers), context)
}

/** The turn of a write or a deletion. @throws S3Error NotImplemented for a condition that is not held. */
export function turnOf(
  request: ObjectRequest,
  condition: WriteCondition | undefined,
  context: Context,
): Promise<WriteTurn> | WriteTurn {
  return condition === undefined ? unconditional(request, context) : conditional(request, condition, context)
}

async function conditional(
  request: ObjectRequest,
  condition: WriteCondition,
  context: Context,
): Promise<WriteTurn> {
  const { conditionalWrites } = context.config.document
  const header = condition === 'absent' ? 'If-None-Match' : 'If-Match'
  if (condition === 'absent') {
    const { versioning } = await getBucketInfo(context.oss, request.bucket)
    if (versioning === undefined) {
      return { ...unconditional(request, context), headers: forbidOverwrite() }
    }
  }
  if (conditionalWrites === 'refuse') {
    const why = condition === 'absent' ? ' in a bucket with versioning' : ''
    throw notImplemented(header, `OSS holds no such condition${why}; the setting conditionalWrites can`)
  }
  if (conditionalWrites === 'lock') await refuseRetention(context, request.bucket, header)
  return exclusive(request, condition, context)
}

/**
 * @throws S3Error NotImplemented where no write is held to the request's condition. For what has to be refused before
 * anything is looked at.
 */
export function refuseCondition(request: ObjectRequest, { config }: Context): void {
  const condition = parseWriteCondition(request.headers)
  if (condition === undefined || condition === 'absent' || config.document.conditionalWrites !== 'refuse')
    return
  throw notImplemented('If-Match', 'OSS holds no such condition; the setting conditionalWrites can')
}

const nameOf = (bucket: string, key: string) => `${bucket}/${key}`

const limitsOf = (signal: () => AbortSignal, { timer }: Context): WaitLimits => ({
  timer,
  most: LONGEST_WAIT,
  signal,
  error: busy,
})

function unconditional(request: ObjectRequest, context: Context): WriteTurn {
  const { writes: queue } = context
  return queue === undefined
    ? noTurn
    : sharedTurn(queue, [nameOf(request.bucket, request.key)], request, context)
}

/** A streamed write may fail while it waits for its turn, which is then ended before it has begun. */
const endedEarly = () => new Error('the write failed before its turn had begun')

/** The turn of an unconditional deletion of many keys. */
export function turnOfMany(request: BucketRequest, keys: readonly string[], context: Context): WriteTurn {
  const { writes: queue } = context
  if (queue === undefined) return noTurn
  // In one order, or two of them could wait for each other.
  const names = [...new Set(keys)].sort().map((key) => nameOf(request.bucket, key))
  return sharedTurn(queue, names, request, context)
}

function sharedTurn(
  queue: KeyQueue,
  names: readonly string[],
  request: BucketRequest,
  context: Context,
): WriteTurn {
  /** How many of the names have begun. */
  let begun = 0
  let isWanted = false
  let stopWaiting = () => {}
  const limits = limitsOf(() => {
    const stopped = new AbortController()
    stopWaiting = () => stopped.abort()
    return AbortSignal.any([request.signal(), stopped.signal])
  }, context)
  const end = () => {
    while (begun > 0) queue.leave(names[--begun] as string, 'shared')
  }
  /** @returns undefined when all have begun; else the wait for the next one. */
  const next = (): Promise<void> | undefined => {
    for (; begun < names.length; begun++) {
      const waiting = queue.enter(names[begun] as string, 'shared', limits)
      if (waiting !== undefined) {
        return waiting
          .then(() => {
            begun++
            if (!isWanted) throw endedEarly()
            return next()
          })
          .catch((error) => {
            end()
            throw error
          })
      }
    }
    return undefined
  }
  return {
    ...noTurn,
    begin: () => {
      isWanted = true
      return next()
    },
    end: (isUnknown) => {
      isWanted = false
      stopWaiting()
      if (isUnknown && begun === names.length) settleLater(request, context, end)
      else end()
      return undefined
    },
  }
}

function exclusive(request: ObjectRequest, condition: WriteCondition, context: Context): WriteTurn {
  const { bucket, key } = request
  const { writes: queue } = context
  const name = nameOf(bucket, key)
  const lost = new AbortController()
  let ended = new AbortController()
  let lease: Lease | undefined
  let hasBegun = false

  async function begin(): Promise<void> {
    ended = new AbortController()
    const { signal: stopped } = ended
    const signal = () => AbortSignal.any([request.signal(), stopped])
    await queue?.enter(name, 'exclusive', limitsOf(signal, context))
    try {
      if (context.config.document.conditionalWrites === 'lock') {
        lease = await lock(request, signal(), context)
        lease.signal.addEventListener('abort', () => lost.abort(lease?.signal.reason))
      }
      await checkCondition(condition, request, context)
      if (lease?.isHeld() === false) throw conflict(condition, keyName(request, key))
      if (stopped.aborted) throw endedEarly()
      hasBegun = true
    } catch (error) {
      await giveBack()
      throw error
    }
  }

  async function giveBack(): Promise<void> {
    const leave = () => queue?.leave(name, 'exclusive')
    if (lease === undefined) return leave()
    const released = lease.release().then(leave)
    request.waitUntil?.(released)
    await soonest(released, context)
  }

  return {
    headers: {},
    check: () => checkCondition(condition, request, context),
    begin,
    signal: lost.signal,
    end: async (isUnknown) => {
      ended.abort()
      if (!hasBegun) return
      hasBegun = false
      const isHeld = lease?.isHeld() ?? true
      if (isUnknown) settleLater(request, context, giveBack)
      else await giveBack()
      if (!isHeld) throw unreachable(new Error('the lock was lost before OSS had answered the write'))
    },
  }
}

function lock(request: ObjectRequest, signal: AbortSignal, context: Context): Promise<Lease> {
  const at = { bucket: request.bucket, name: lockName(request.key) }
  return takeLock(lockObject(at, requestPayer(request.headers), context), context, {
    most: LONGEST_WAIT,
    signal,
    waitUntil: (work) => request.waitUntil?.(work),
  })
}

/** Nothing was written: another gateway took the lock for that of a dead one. */
const conflict = (condition: WriteCondition, key: string) =>
  new S3Error('ConditionalRequestConflict', {
    elements: { Condition: condition === 'absent' ? 'If-None-Match' : 'If-Match', Key: key },
  })

/** Ends a turn once OSS must have ended the write whose answer was lost. */
function settleLater(
  { waitUntil }: Pick<BucketRequest, 'waitUntil'>,
  { sleep }: Context,
  end: () => unknown,
): void {
  const settled = sleep(SETTLED).then(end)
  if (waitUntil === undefined) void settled
  else waitUntil(settled)
}

/** Resolves when the work has ended, or goes on without the client's answer. */
const soonest = (work: Promise<void>, { timer }: Context): Promise<void> =>
  new Promise((resolve) => {
    const cancel = timer(RELEASED, resolve)
    void work.then(() => {
      cancel()
      resolve()
    })
  })
