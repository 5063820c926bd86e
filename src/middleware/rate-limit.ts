import type { Clock } from '../ports.ts'

/** A limit of the requests that a key begins in a second. */
export type RateLimit = {
  /** Counts a request; false: it is refused, and not counted. Keys without a rate are never refused. */
  take(key: string): boolean
  /** Goes on by other rates. What a key has used up of its rate comes back by the one that it has then. */
  apply(rates: ReadonlyMap<string, number>): void
}

/** How many requests a key may begin at once, and since when. */
type Allowance = { requests: number; at: number }

/**
 * Each key has as many requests as come in a second of its rate; what it uses comes back evenly.
 * @param first requests per second, by key.
 * @param clock a clock that is set back gives nothing, and takes nothing away.
 */
export function createRateLimit(first: ReadonlyMap<string, number>, clock: Clock): RateLimit {
  let rates = first
  const allowances = new Map<string, Allowance>()

  /** How many requests a key of that rate may begin at once now. */
  function allowed(key: string, rate: number, now: number): number {
    const allowance = allowances.get(key)
    if (allowance === undefined) return rate
    const { requests, at } = allowance
    return Math.min(rate, requests + (rate * Math.max(0, now - at)) / 1000)
  }

  return {
    take: (key) => {
      const rate = rates.get(key)
      if (rate === undefined) return true
      const now = clock()
      const requests = allowed(key, rate, now)
      const isTaken = requests >= 1
      allowances.set(key, { requests: isTaken ? requests - 1 : requests, at: now })
      return isTaken
    },
    apply: (others) => {
      const now = clock()
      for (const key of allowances.keys()) {
        const rate = rates.get(key)
        if (rate === undefined || !others.has(key)) allowances.delete(key)
        else allowances.set(key, { requests: allowed(key, rate, now), at: now })
      }
      rates = others
    },
  }
}
