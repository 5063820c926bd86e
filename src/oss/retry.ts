import type { Sleep } from '../ports.ts'
import type { OssCall } from './call.ts'
import { type CallObserver, reasonOf } from './call-record.ts'
import { OssError, OssUnreachable } from './error.ts'
import { isCopy } from './headers.ts'

/** Makes a call, and again where it failed and another attempt is safe and may help. */
export type Repeat = <T>(
  call: OssCall,
  attempt: () => Promise<T>,
  observer?: Pick<CallObserver, 'onRetry'>,
) => Promise<T>

const MAX_RETRIES = 2
/** Milliseconds, on average; twice as long before the next. */
const FIRST_PAUSE = 100
/** The longest Retry-After of OSS that is honoured, in milliseconds: the gateway's client waits as long. */
const MAX_RETRY_AFTER = 3000

/** Codes by which OSS refuses a request before it begins. A 503 with another code may come from a proxy, after the work was done. */
const refusals = new Set([
  'ServiceUnavailable',
  'DownloadTrafficRateLimitExceeded',
  'UploadTrafficRateLimitExceeded',
  'MetaOperationQpsLimitExceeded',
  'TotalQpsLimitExceeded',
  'ActiveRequestLimitExceeded',
  'CpuLimitExceeded',
])

/** Whether OSS has refused a call before it began it, so that nothing of it has happened. */
export const isRefusedUnbegun = (error: unknown): boolean =>
  error instanceof OssError && error.status === 503 && refusals.has(error.code)

/**
 * Whether a call that failed so may be made again. A PutObject or a deletion of unknown outcome may not: a bucket with
 * versions would get two, and a write that must not overwrite would be refused because of itself.
 */
export function isRepeatable(call: OssCall, error: unknown): boolean {
  if (isStream(call.body)) return false
  if (error instanceof OssUnreachable) {
    // A timeout is answered at once: the client has waited long enough, and retries itself.
    return error.failure === 'not-sent' || (error.failure === undefined && isIdempotent(call))
  }
  if (!(error instanceof OssError)) return false
  if (isRefusedUnbegun(error)) return true
  const { status, code } = error
  return ((status >= 500 && status !== 501) || code === 'RequestTimeout') && isIdempotent(call)
}

/** Whether the same call may succeed a moment later. */
export const isTransient = (error: unknown) =>
  isOutcomeUnknown(error) ||
  (error instanceof OssError && (error.status === 503 || error.code === 'RequestTimeout'))

/**
 * Whether OSS may have done what was asked although it is not known: no answer came, or one that says nothing, as a 503
 * that a proxy gives when the work may be done.
 */
export const isOutcomeUnknown = (error: unknown) =>
  (error instanceof OssUnreachable && error.failure !== 'unsendable') ||
  (error instanceof OssError && error.status >= 500 && error.status !== 501 && !isRefusedUnbegun(error))

/** Whether a body can be sent only once. */
export const isStream = (body: OssCall['body']) => body !== undefined && !(body instanceof Uint8Array)

/** Whether a second call changes nothing: a read, or an UploadPart, which replaces the part of its number. */
function isIdempotent({ method, query = {}, headers = {} }: OssCall): boolean {
  if (method === 'GET' || method === 'HEAD') return true
  // An UploadPartCopy may still be running.
  return method === 'PUT' && query.partNumber !== undefined && !isCopy(headers)
}

/** What one process may repeat. */
export type RetryBudget = {
  /** Whether another attempt may be made; takes its tokens. */
  spend(): boolean
  /** Gives tokens back for a success. @param repeats that it took. */
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
  const retryAfter = error instanceof OssError ? Number(error.headers['retry-after'] ?? 0) * 1000 : 0
  const own = FIRST_PAUSE * 2 ** repeats * (0.5 + random)
  return retryAfter > own ? Math.min(retryAfter, MAX_RETRY_AFTER) : own
}

/** Repeats repeatable calls after a pause, while the budget lasts and the client is connected. */
export function repeating(ports: { sleep: Sleep; random: () => number }, budget = retryBudget()): Repeat {
  return async (call, attempt, observer) => {
    for (let repeats = 0; ; repeats++) {
      try {
        const answer = await attempt()
        budget.earn(repeats)
        return answer
      } catch (error) {
        const again = repeats < MAX_RETRIES && !call.signal?.aborted && isRepeatable(call, error)
        if (!again || !budget.spend()) throw error
        observer?.onRetry(reasonOf(error))
        await ports.sleep(pauseBefore(repeats, ports.random(), error), call.signal).catch(() => {
          throw error
        })
      }
    }
  }
}
