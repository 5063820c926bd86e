import type { Clock, Log } from '../ports.ts'

/** How long a result is kept, in milliseconds: health checks are frequent, and unauthenticated. */
const KEPT_MS = 5_000

/**
 * Whether OSS can be used, found out by one call at a time, however many checks run. The reason is only logged, since it
 * has OSS's error text in it.
 * @param why why OSS cannot be used, or undefined.
 */
export function createReadiness(
  why: () => Promise<string | undefined>,
  clock: Clock,
  log: Log,
): () => Promise<boolean> {
  let known: { isReady: Promise<boolean>; until: number } | undefined
  let logged: string | undefined

  async function ask(): Promise<boolean> {
    const reason = await why()
    if (reason !== undefined && reason !== logged) log('not ready', { why: reason })
    if (reason === undefined && logged !== undefined) log('ready again', {})
    logged = reason
    known = { isReady: Promise.resolve(reason === undefined), until: clock() + KEPT_MS }
    return reason === undefined
  }

  return () => {
    if (known !== undefined && known.until > clock()) return known.isReady
    const isReady = ask()
    // Until it is answered.
    known = { isReady, until: Number.POSITIVE_INFINITY }
    return isReady
  }
}
