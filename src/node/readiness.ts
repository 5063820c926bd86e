import type { Clock, Log } from '../ports.ts'
import { endsWithin } from '../runtime/timers.ts'

/** How long a result is kept, in milliseconds: health checks are frequent, and unauthenticated. */
const KEPT_MS = 5_000
/** How long a check waits for OSS, in milliseconds: those who check wait a second, by Kubernetes' default. */
const PATIENCE = 500
/** How long OSS may fail before requests are to go elsewhere, in milliseconds. */
const HICCUP = 60_000

/**
 * Whether requests are to be sent here, as far as OSS decides it. `degraded`: OSS cannot be used now, but could be a
 * minute ago. It is the same OSS for all processes: were a hiccup of OSS's a reason to send requests elsewhere, there would
 * be nowhere left at once. What lasts longer may be this process's own trouble: its network, its key.
 */
export type Readiness = 'ready' | 'degraded' | 'unready'

/**
 * Whether OSS can be used, found out by one call at a time, however many checks run. The reason is only logged, since it
 * has OSS's error text in it.
 * @param why why OSS cannot be used, or undefined. @param clock milliseconds, from whenever.
 * @param within whether work ends within so many milliseconds.
 */
export function createReadiness(
  why: () => Promise<string | undefined>,
  clock: Clock,
  log: Log,
  within: (ms: number, work: Promise<unknown>) => Promise<boolean> = endsWithin,
): () => Promise<Readiness> {
  let running: Promise<void> | undefined
  let askedAt = 0
  let keptUntil = Number.NEGATIVE_INFINITY
  let hasWorked = false
  let failingSince: number | undefined
  let logged: string | undefined

  async function ask(): Promise<void> {
    const reason = await why()
    if (reason !== undefined && reason !== logged) log('not ready', { why: reason })
    if (reason === undefined && logged !== undefined) log('ready again', {})
    logged = reason
    hasWorked ||= reason === undefined
    failingSince = reason === undefined ? undefined : (failingSince ?? askedAt)
    keptUntil = clock() + KEPT_MS
    running = undefined
  }

  function readiness(): Readiness {
    // A key that has never worked is no hiccup: a new version with wrong settings must not replace the old one.
    if (!hasWorked) return 'unready'
    // Who has been waited for in vain fails, so far.
    const since = failingSince ?? (running === undefined ? undefined : askedAt)
    if (since === undefined) return 'ready'
    return clock() - since < HICCUP ? 'degraded' : 'unready'
  }

  return async () => {
    if (running === undefined && clock() >= keptUntil) {
      askedAt = clock()
      running = ask()
    }
    const left = askedAt + PATIENCE - clock()
    // Before the first answer there is nothing else to tell.
    if (running !== undefined && !hasWorked) await running
    else if (running !== undefined && left > 0) await within(left, running)
    return readiness()
  }
}
