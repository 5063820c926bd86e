import type { Sleep } from '../ports.ts'
import type { OssCall } from './client.ts'
import { OssError, OssUnreachable } from './error.ts'

/** Makes a call, and again where it failed and another attempt is safe and may help. */
export type Repeat = <T>(call: OssCall, attempt: () => Promise<T>) => Promise<T>

const MOST_REPEATS = 2
/** Milliseconds, on average; twice as long before the next. */
const FIRST_PAUSE = 100
/** Milliseconds that OSS may ask for with Retry-After: its client waits as well. */
const LONGEST_WISH = 3000

/** OSS's words for: not now. It has not begun. A 503 by another name may be anyone's, of work that was done. */
const refusals = new Set([
  'ServiceUnavailable',
  'DownloadTrafficRateLimitExceeded',
  'UploadTrafficRateLimitExceeded',
  'MetaOperationQpsLimitExceeded',
  'TotalQpsLimitExceeded',
  'ActiveRequestLimitExceeded',
  'CpuLimitExceeded',
])

/**
 * Whether a call that failed so may be made again. A PutObject or a deletion of unknown outcome may not: a bucket with
 * versions would get two, and a write that must not overwrite would be refused because of itself.
 */
export function isRepeatable(call: OssCall, error: unknown): boolean {
  if (isStream(call.body)) return false
  if (error instanceof OssUnreachable) {
    // After a timeout the client is told, and tries again itself: it has waited long enough.
    return error.failure === 'not-sent' || (error.failure === undefined && isIdempotent(call))
  }
  if (!(error instanceof OssError)) return false
  const { status, code } = error
  if (status === 503 && refusals.has(code)) return true
  return ((status >= 500 && status !== 501) || code === 'RequestTimeout') && isIdempotent(call)
}

/** Whether a body can be sent only once. */
export const isStream = (body: OssCall['body']) => body !== undefined && !(body instanceof Uint8Array)

/** Done twice it is as if done once: a read, or the bytes of a part, whose number has room for one. */
function isIdempotent({ method, query = {}, headers = {} }: OssCall): boolean {
  if (method === 'GET' || method === 'HEAD') return true
  // A part's copy may be long, and still under way.
  return method === 'PUT' && query.partNumber !== undefined && headers['x-oss-copy-source'] === undefined
}

/** What one process may repeat. */
export type RetryBudget = {
  /** Whether another attempt may be made; it is then paid for. */
  spend(): boolean
  /** @param repeats that a success took. */
  earn(repeats: number): void
}

const CAPACITY = 500
const PRICE = 5

/**
 * The budget of the AWS SDKs' standard mode: a hundred attempts in reserve, and one for each five successes. An OSS
 * that is down is asked about as often as there are requests, one that comes back not by all at once.
 */
export function retryBudget(): RetryBudget {
  let tokens = CAPACITY
  return {
    spend: () => {
      if (tokens < PRICE) return false
      tokens -= PRICE
      return true
    },
    earn: (repeats) => {
      tokens = Math.min(CAPACITY, tokens + (repeats > 0 ? PRICE : 1))
    },
  }
}

/** Milliseconds to wait. @param repeats made already. @param random from 0 up to 1. */
export function pauseBefore(repeats: number, random: number, error: unknown): number {
  const wish = error instanceof OssError ? Number(error.headers['retry-after'] ?? 0) * 1000 : 0
  const own = FIRST_PAUSE * 2 ** repeats * (0.5 + random)
  return wish > own ? Math.min(wish, LONGEST_WISH) : own
}

/** Repeats calls that may be, after a pause, as long as the budget lasts and the client is there. */
export function repeating(ports: { sleep: Sleep; random: () => number }, budget = retryBudget()): Repeat {
  return async (call, attempt) => {
    for (let repeats = 0; ; repeats++) {
      try {
        const answer = await attempt()
        budget.earn(repeats)
        return answer
      } catch (error) {
        const again = repeats < MOST_REPEATS && !call.signal?.aborted && isRepeatable(call, error)
        if (!again || !budget.spend()) throw error
        await ports.sleep(pauseBefore(repeats, ports.random(), error), call.signal).catch(() => {
          throw error
        })
      }
    }
  }
}
