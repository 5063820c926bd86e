import type { Clock, Log } from '../ports.ts'

/** How long an answer is kept, in milliseconds: who asks for health asks often, and anybody may. */
const KEPT_MS = 5_000

/**
 * Whether OSS can be used, asked by one call at a time however many want to know. Why not is for the log: it holds
 * OSS's own words.
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
