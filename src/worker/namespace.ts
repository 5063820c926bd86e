import type { Clock } from '../ports.ts'

/** A namespace of KV, as it is bound. */
export type Namespace = { get(key: string, options: { cacheTtl: number }): Promise<string | null> }

/** A bound value as a namespace; undefined where it is none. A bucket of R2 and another Worker have a `get`, too, and a `head`. */
export function namespaceOf(bound: unknown): Namespace | undefined {
  if (typeof bound !== 'object' || bound === null) return undefined
  const { get, list, head } = bound as Record<string, unknown>
  const isNamespace = typeof get === 'function' && typeof list === 'function' && head === undefined
  return isNamespace ? (bound as Namespace) : undefined
}

const KEY = 'GATEWAY_CONFIG'
/** Seconds for which KV answers out of its own cache. */
const CACHE_TTL = 60
/** Milliseconds after which it is asked again, behind a request's answer, */
const FRESH = 30_000
/** and after which no request goes on without having asked, */
const LONGEST = 60_000
/** unless that has failed just now. */
const PAUSE = 5000

/** The text of a document that may change. */
export type KeptDocument = {
  /**
   * To be called at the beginning of each request.
   * @returns what the request has to wait for; rejects where KV has never answered. Undefined: it may go on.
   * @param after keeps the runtime up for what is done behind the request.
   */
  ask(after: (work: Promise<void>) => void): Promise<void> | undefined
}

/**
 * Reads the settings document from KV, and again while requests come.
 * @param use called with each text that is another than before; null: there is none.
 * @param onFailure called where KV fails and the document before goes on to count.
 */
export function keptDocument(
  namespace: Namespace,
  clock: Clock,
  use: (text: string | null) => void,
  onFailure: (error: unknown) => void,
): KeptDocument {
  let known: string | null | undefined
  let [answeredAt, begunAt, failedAt] = [-Infinity, -Infinity, -Infinity]

  async function read(): Promise<void> {
    const now = clock()
    begunAt = now
    let text: string | null
    try {
      text = await namespace.get(KEY, { cacheTtl: CACHE_TTL })
    } catch (error) {
      if (known === undefined) throw error
      failedAt = clock()
      onFailure(error)
      return
    }
    // Another request, which has asked later, may have been answered earlier.
    if (now < answeredAt) return
    answeredAt = now
    if (text === known) return
    known = text
    use(text)
  }

  return {
    ask(after) {
      const now = clock()
      if (known === undefined) return read()
      if (now - failedAt < PAUSE) return undefined
      // No request may wait for another's: each asks for itself.
      if (now - answeredAt > LONGEST) return read()
      if (now - answeredAt > FRESH && now - begunAt > PAUSE) after(read())
      return undefined
    },
  }
}
