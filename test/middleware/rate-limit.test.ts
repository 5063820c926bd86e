import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRateLimit } from '../../src/middleware/rate-limit.ts'

/** @param rates requests per second, by key. */
function limitOf(rates: Record<string, number>) {
  let now = 1_000_000
  const { take, apply } = createRateLimit(new Map(Object.entries(rates)), () => now)
  return {
    take,
    apply: (others: Record<string, number>) => apply(new Map(Object.entries(others))),
    wait: (ms: number) => {
      now += ms
    },
    /** How many of these requests are taken. */
    taken: (key: string, requests: number) =>
      Array.from({ length: requests }, () => take(key)).filter(Boolean).length,
  }
}

test('a second’s requests may come at once, and come back evenly', () => {
  const { taken, wait } = limitOf({ a: 10 })
  expect(taken('a', 50)).toBe(10)
  wait(99)
  expect(taken('a', 50)).toBe(0)
  wait(1)
  expect(taken('a', 50)).toBe(1)
  wait(500)
  expect(taken('a', 50)).toBe(5)
  wait(3_600_000)
  expect(taken('a', 50)).toBe(10)
})

test('keys have rates of their own, and those without are not limited', () => {
  const { taken } = limitOf({ a: 3, b: 5 })
  expect([taken('a', 20), taken('b', 20), taken('c', 20)]).toEqual([3, 5, 20])
})

test('a clock that is set back gives nothing, and takes nothing away', () => {
  const { taken, wait } = limitOf({ a: 10 })
  expect(taken('a', 6)).toBe(6)
  wait(-60_000)
  expect(taken('a', 50)).toBe(4)
  wait(100)
  expect(taken('a', 50)).toBe(1)
})

test('whatever comes when, no stretch of time has more than its rate and one second’s more, and who keeps to it is never refused', () => {
  const steps = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 200 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), steps, (rate, gaps) => {
      const { take, wait } = limitOf({ a: rate })
      const times: number[] = []
      let now = 0
      for (const gap of gaps) {
        wait(gap)
        now += gap
        if (take('a')) times.push(now)
      }
      for (const [i, from] of times.entries()) {
        for (const [n, to] of times.slice(i).entries()) {
          expect(n + 1).toBeLessThanOrEqual(rate + (rate * (to - from)) / 1000 + 1e-6)
        }
      }
    }),
  )
  const patient = limitOf({ a: 20 })
  for (let i = 0; i < 200; i++) {
    expect(patient.take('a')).toBe(true)
    patient.wait(50)
  }
})

test.each<[what: string, other: Record<string, number>, then: number[]]>([
  ['the same', { a: 10 }, [0, 5, 10]],
  ['a higher one', { a: 20 }, [0, 10, 20]],
  ['a lower one', { a: 4 }, [0, 2, 4]],
])('a key that has used up its rate has no more by %s, and what comes back by that', (_, other, then) => {
  const { taken, apply, wait } = limitOf({ a: 10 })
  expect(taken('a', 50)).toBe(10)
  apply(other)
  const taken500 = [0, 500, 60_000].map((ms) => {
    wait(ms)
    return taken('a', 100)
  })
  expect(taken500).toEqual(then)
})

test('what came back by one rate is had by the next, and no more than that one lets', () => {
  const { taken, apply, wait } = limitOf({ a: 10, b: 10, c: 10 })
  expect([taken('a', 50), taken('b', 50), taken('c', 50)]).toEqual([10, 10, 10])
  wait(500)
  apply({ a: 1000, b: 2 })
  expect([taken('a', 50), taken('b', 50), taken('c', 50)]).toEqual([5, 2, 50])
  // Nothing is kept of a key without a rate.
  apply({ a: 1000, b: 2, c: 3 })
  expect([taken('a', 50), taken('b', 50), taken('c', 50)]).toEqual([0, 0, 3])
})
