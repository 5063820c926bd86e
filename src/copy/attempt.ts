import { OssError, OssUnreachable } from '../oss/error.ts'
import type { Sleep } from '../ports.ts'

/** Waiting and chance, for whatever is tried again. */
export type Waiting = {
  sleep: Sleep
  /** From 0 up to 1. */
  random: () => number
  /** Milliseconds one call to OSS may take, besides what its bytes need. */
  timeout: number
}

const ATTEMPTS = 4
const FIRST_PAUSE = 200
/** The slowest a transfer may be before it counts as stalled: bytes in a millisecond (1 MiB/s). */
const SLOWEST = 1024 * 1.024

/** Whether the same call may succeed a moment later. */
export const isPassing = (error: unknown) =>
  error instanceof OssUnreachable ||
  (error instanceof OssError && (error.status >= 500 || error.code === 'RequestTimeout'))

/**
 * Tries a call that may be repeated safely, with jittered, doubling pauses between the attempts.
 * @param signal the copy's; undefined where the call must come to its end whatever the client does.
 * @param call is given the attempt's own signal: the copy's, with a time limit.
 * @param bytes that the call moves through the gateway.
 * @param passing which errors are worth another attempt.
 * @throws the last attempt's error, or the first that is no passing one.
 */
export async function attempt<T>(
  { sleep, random, timeout }: Waiting,
  signal: AbortSignal | undefined,
  call: (signal: AbortSignal) => Promise<T>,
  bytes = 0,
  passing: (error: unknown) => boolean = isPassing,
): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await limited(sleep, timeout + bytes / SLOWEST, signal, call)
    } catch (error) {
      if (signal?.aborted || tried === ATTEMPTS || !passing(error)) throw error
      await sleep(FIRST_PAUSE * 2 ** (tried - 1) * (0.5 + random()), signal)
    }
  }
}

/**
 * One call under a time limit.
 * @throws OssUnreachable when the limit is reached: what OSS did is unknown then.
 */
export async function limited<T>(
  sleep: Sleep,
  limit: number,
  signal: AbortSignal | undefined,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController()
  const finished = new AbortController()
  sleep(limit, finished.signal).then(
    () => late.abort(new OssUnreachable(`OSS did not answer within ${Math.round(limit / 1000)} s`)),
    () => {},
  )
  try {
    return await call(signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]))
  } catch (error) {
    throw late.signal.aborted && !signal?.aborted ? late.signal.reason : error
  } finally {
    finished.abort()
  }
}

/**
 * Runs `work` over all items, at most `parallel` at a time.
 * @throws the first error, after everything under way has come to its end.
 */
export async function eachInParallel<T, R>(
  items: readonly T[],
  parallel: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(items.length)
  let next = 0
  let failed = false
  const worker = async () => {
    while (next < items.length && !failed) {
      const index = next++
      try {
        results[index] = await work(items[index] as T, index)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: Math.min(parallel, items.length) }, worker))
  const broken = ends.find((end) => end.status === 'rejected')
  if (broken !== undefined) throw broken.reason
  return results
}
