import { createCipheriv } from 'node:crypto'

/** Choices that are the same again for the same seed. */
export type Random = {
  /** From 0 up to 1. */
  next(): number
  /** A whole number from 0 up to `below`. */
  below(below: number): number
  chance(probability: number): boolean
  pick<T>(items: readonly T[]): T
}

/** Mulberry32. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return {
    next,
    below,
    chance: (probability) => next() < probability,
    pick: (items) => items[below(items.length)] as (typeof items)[number],
  }
}

/** One of several by their weights. */
export function pickWeighted<T>(random: Random, rows: readonly (readonly [T, number])[]): T {
  let left = random.next() * rows.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [item, weight] of rows) {
    left -= weight
    if (left < 0) return item
  }
  return (rows.at(-1) as readonly [T, number])[0]
}

const POOL = 32 * 1024 ** 2
/** The largest content. */
const MOST = 16 * 1024 ** 2
const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 1), Buffer.alloc(16))
const pool = cipher.update(Buffer.alloc(POOL))

/** Bytes of their own for each id: at no place the same as another's, so that a mixture is neither. */
export function contentOf(id: number, size: number): Buffer {
  const offset = (id * 40_009) % (POOL - MOST)
  return pool.subarray(offset, offset + size)
}
