import { expect, test } from 'vitest'
import { createReadiness } from '../../src/node/readiness.ts'

type Probe = { ask: () => Promise<string | undefined>; calls: () => number; answer: (why?: string) => void }

/** What asks OSS: each call waits for its answer. */
function probe(): Probe {
  const waiting: ((why?: string) => void)[] = []
  let calls = 0
  return {
    ask: () => {
      calls++
      return new Promise((resolve) => waiting.push(resolve))
    },
    calls: () => calls,
    answer: (why) => {
      for (const resolve of waiting.splice(0)) resolve(why)
    },
  }
}

test('many questions at a time are one to OSS', async () => {
  const { ask, calls, answer } = probe()
  const isReady = createReadiness(
    ask,
    () => 0,
    () => {},
  )
  const answers = Array.from({ length: 100 }, () => isReady())
  answer()
  expect(new Set(await Promise.all(answers))).toEqual(new Set([true]))
  expect(calls()).toBe(1)
})

test.each<[outcome: string, why: string | undefined]>([
  ['a success', undefined],
  ['a failure', 'OSS answers 403 InvalidAccessKeyId: no such key'],
])('%s is kept for some seconds, then OSS is asked again', async (_, why) => {
  let now = 0
  const { ask, calls, answer } = probe()
  const isReady = createReadiness(
    ask,
    () => now,
    () => {},
  )
  const first = isReady()
  answer(why)
  expect(await first).toBe(why === undefined)
  now = 1_000
  expect(await isReady()).toBe(why === undefined)
  expect(calls()).toBe(1)
  now = 20_000
  const later = isReady()
  expect(calls()).toBe(2)
  answer()
  expect(await later).toBe(true)
})

test('the log is told why, once for each reason', async () => {
  let now = 0
  const logged: unknown[] = []
  const reasons = ['down', 'down', 'refused', undefined, 'down']
  const isReady = createReadiness(
    async () => reasons.shift(),
    () => (now += 20_000),
    (event, facts) => logged.push([event, facts]),
  )
  for (let i = 0; i < 5; i++) await isReady()
  expect(logged).toEqual([
    ['not ready', { why: 'down' }],
    ['not ready', { why: 'refused' }],
    ['ready again', {}],
    ['not ready', { why: 'down' }],
  ])
})
