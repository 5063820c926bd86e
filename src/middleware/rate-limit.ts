import type { Clock } from '../ports.ts'

/** A limit of the requests that a key begins in a second. */
export type RateLimit = {
  /** Counts a request; false: it is refused, and not counted. Keys without a rate are never refused. */
  take(key: string): boolean
}

/** How many requests a key may begin at once, and since when. */
type Allowance = { requests: number; at: number }

/**
 * Each key has as many requests as come in a second of its rate; what it uses comes back evenly.
 * @param rates requests per second, by key.
 * @param clock a clock that is set back gives nothing, and takes nothing away.
 */
export function createRateLimit(rates: ReadonlyMap<string, number>, clock: Clock): RateLimit {
  const allowances = new Map<string, Allowance>()

  return {
    take: (key) => {
      const rate = rates.get(key)
      if (rate === undefined) return true
      const now = clock()
      const { requests, at } = allowances.get(key) ?? { requests: rate, at: now }
      const allowed = Math.min(rate, requests + (rate * Math.max(0, now - at)) / 1000)
      const isTaken = allowed >= 1
      allowances.set(key, { requests: isTaken ? allowed - 1 : allowed, at: now })
      return isTaken
    },
  }
}
