import type { OssCall } from '../oss/call.ts'
import type { OssClient } from '../oss/client.ts'
import { OssUnreachable, timedOut } from '../oss/error.ts'
import { isTransient } from '../oss/retry.ts'
import type { RuntimePorts, TimeLimit, Timer } from '../ports.ts'

/** What a call is repeated with. */
export type RetryPorts = Pick<RuntimePorts, 'sleep' | 'timer' | 'random'> & {
  /** Milliseconds one call to OSS may take, besides what its bytes need. */
  timeout: number
}

const ATTEMPTS = 4
const SETTING = 'copy.timeout'
/** OSS moves all bytes in one call: it may take this many times as long as another. */
const NATIVE_FACTOR = 5

const FIRST_PAUSE = 200
/** The slowest a transfer may be before it counts as stalled: bytes in a millisecond (1 MiB/s). */
const SLOWEST = 1024 * 1.024

/** What OSS may take to copy or to put together an object in one call. @param timeout milliseconds of `copy.timeout`. */
export const nativeTimeout = (timeout: number): TimeLimit => ({
  ms: timeout * NATIVE_FACTOR,
  setting: `${NATIVE_FACTOR} × ${SETTING}`,
})

/** By the client that each is derived from. */
const untimedClients = new WeakMap<OssClient, OssClient>()

/** OSS for the calls that {@link withRetries} makes: it repeats them and limits their time itself. */
export function withoutAnswerTimeout(client: OssClient): OssClient {
  const known = untimedClients.get(client)
  if (known !== undefined) return known
  const oss = client.once()
  const answerTimeout = { ms: Number.POSITIVE_INFINITY, setting: SETTING }
  const own = (call: OssCall): OssCall =>
    call.answerTimeout === undefined ? { ...call, answerTimeout } : call
  const untimed: OssClient = {
    send: (call) => oss.send(own(call)),
    sendForXml: (call, root) => oss.sendForXml(own(call), root),
    sendForList: (call, root, tables) => oss.sendForList(own(call), root, tables),
    learnRegion: (bucket, region) => oss.learnRegion(bucket, region),
    forgetRegion: (bucket) => oss.forgetRegion(bucket),
    once: () => untimed,
    observedBy: (observer) => withoutAnswerTimeout(client.observedBy(observer)),
    identity: oss.identity,
  }
  untimedClients.set(client, untimed)
  return untimed
}

/** One call to OSS, under a signal. */
type LimitedCall<T> = (signal: AbortSignal) => Promise<T>

/**
 * Tries a call that may be repeated safely, with jittered, doubling pauses between the attempts.
 * @param signal the copy's; undefined where the call must come to its end whatever the client does.
 * @param call is given the attempt's own signal: the copy's, with a time limit.
 * @param bytes that the call moves through the gateway.
 * @throws the last attempt's error, or the first that is not transient.
 */
export function withRetries<T>(
  ports: RetryPorts,
  signal: AbortSignal | undefined,
  call: LimitedCall<T>,
  bytes = 0,
): Promise<T> {
  const limit = ports.timeout + bytes / SLOWEST
  return repeat(ports, isTransient, signal, () => limited(ports.timer, limit, signal, call))
}

/**
 * Repeats a call, with jittered, doubling pauses.
 * @param isRetryable which errors are worth another attempt.
 * @param signal stops the repeating.
 * @throws the last attempt's error, or the first that is not transient.
 */
export async function repeat<T>(
  { sleep, random }: Pick<RetryPorts, 'sleep' | 'random'>,
  isRetryable: (error: unknown) => boolean,
  signal: AbortSignal | undefined,
  call: () => Promise<T>,
): Promise<T> {
  for (let tried = 1; ; tried++) {
    signal?.throwIfAborted()
    try {
      return await call()
    } catch (error) {
      if (signal?.aborted || tried === ATTEMPTS || !isRetryable(error)) throw error
      await sleep(FIRST_PAUSE * 2 ** (tried - 1) * (0.5 + random()), signal)
    }
  }
}

/** A time limit has been reached: what OSS did is unknown. */
export function timeoutError(limit: TimeLimit): OssUnreachable {
  const cause = timedOut('it did not come to its end', limit)
  return new OssUnreachable(`no answer came from OSS: ${cause.message}`, { cause })
}

/**
 * One call under a time limit.
 * @throws OssUnreachable when the limit is reached: what OSS did is unknown then.
 */
export async function limited<T>(
  timer: Timer,
  limit: number,
  signal: AbortSignal | undefined,
  call: LimitedCall<T>,
): Promise<T> {
  // One controller and a timer: AbortSignal.any and AbortSignal.timeout cost as much as all the rest of a copy.
  const ended = new AbortController()
  let timeout: OssUnreachable | undefined
  const cancel = timer(limit, () => {
    timeout = timeoutError({ ms: Math.round(limit), setting: SETTING })
    ended.abort(timeout)
  })
  const onAbort = () => ended.abort(signal?.reason)
  signal?.addEventListener('abort', onAbort)
  try {
    return await call(ended.signal)
  } catch (error) {
    throw timeout !== undefined && !signal?.aborted ? timeout : error
  } finally {
    cancel()
    signal?.removeEventListener('abort', onAbort)
  }
}
