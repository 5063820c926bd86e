import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRateLimit } from '../../src/middleware/rate-limit.ts'

/** @param rates requests per second, by key. */
function limitOf(rates: Record<string, number>) {
  let now = 1_000_000
  const { take } = createRateLimit(new Map(Object.entries(rates)), () => now)
  return {
    take,
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
