import { beforeEach, expect, test } from 'vitest'
import { createReadiness } from '../../src/node/readiness.ts'

/** OSS as it is asked: each call waits until it is answered, with why it cannot be used. */
function oss() {
  const waiting: ((why?: string) => void)[] = []
  let calls = 0
  return {
    ask: () => {
      calls++
      return new Promise<string | undefined>((resolve) => waiting.push(resolve))
    },
    calls: () => calls,
    answer: (why?: string) => {
      for (const resolve of waiting.splice(0)) resolve(why)
    },
  }
}

let now: number
let logged: unknown[]
beforeEach(() => {
  now = 0
  logged = []
})
const clock = () => now
const log = (event: string, facts: unknown) => void logged.push([event, facts])
const SECONDS = 1_000

/** Readiness by answers that come at once; `slow`: none comes while a check waits. */
function answering() {
  const { ask, answer, calls } = oss()
  const within = async (ms: number, work: Promise<unknown>) => {
    if (pending) now += ms
    else await work
    return !pending
  }
  let pending = false
  const readiness = createReadiness(ask, clock, log, within)
  return {
    calls,
    answer,
    check: async (outcome: string | undefined) => {
      pending = outcome === 'slow'
      const checked = readiness()
      if (!pending) answer(outcome)
      return checked
    },
  }
}

test('many questions at a time are one to OSS', async () => {
  const { ask, calls, answer } = oss()
  const readiness = createReadiness(ask, clock, log)
  const answers = Array.from({ length: 100 }, () => readiness())
  answer()
  expect(new Set(await Promise.all(answers))).toEqual(new Set(['ready']))
  expect(calls()).toBe(1)
})

test.each([undefined, 'down'])(
  'what OSS answers (%s) is kept for some seconds, then it is asked again',
  async (why) => {
    const { check, calls } = answering()
    const first = await check(why)
    now += SECONDS
    expect(await check(undefined)).toBe(first)
    expect(calls()).toBe(1)
    now += 20 * SECONDS
    expect(await check(undefined)).toBe('ready')
    expect(calls()).toBe(2)
  },
)

/** When checks are made, in seconds, what OSS then answers, and what they say. */
type Course = [at: number, outcome: string | undefined, says: string][]
test.each<[what: string, course: Course]>([
  [
    'a key that has never worked is not ready',
    [
      [0, 'refused', 'unready'],
      [10, 'refused', 'unready'],
      [20, undefined, 'ready'],
    ],
  ],
  [
    'one failure degrades',
    [
      [0, undefined, 'ready'],
      [10, 'down', 'degraded'],
      [20, undefined, 'ready'],
    ],
  ],
  [
    'one failure degrades, however long ago the last success was',
    [
      [0, undefined, 'ready'],
      [3600, 'down', 'degraded'],
      [3610, undefined, 'ready'],
    ],
  ],
  [
    'failures for a minute are more than a hiccup',
    [
      [0, undefined, 'ready'],
      [10, 'down', 'degraded'],
      [40, 'refused', 'degraded'],
      [69, 'down', 'degraded'],
      [80, 'down', 'unready'],
      [90, undefined, 'ready'],
    ],
  ],
  [
    'a minute counts anew after a success',
    [
      [0, undefined, 'ready'],
      [10, 'down', 'degraded'],
      [50, undefined, 'ready'],
      [60, 'down', 'degraded'],
      [110, 'down', 'degraded'],
    ],
  ],
  [
    'an answer that is awaited degrades',
    [
      [0, undefined, 'ready'],
      [10, 'slow', 'degraded'],
    ],
  ],
])('%s', async (_, course) => {
  const { check } = answering()
  for (const [at, outcome, says] of course) {
    now = at * SECONDS
    expect(await check(outcome)).toBe(says)
  }
})

test('the first answer is awaited, however long it takes', async () => {
  const { ask, answer } = oss()
  const readiness = createReadiness(ask, clock, log, async () => false)
  const checked = readiness()
  now = 10 * SECONDS
  const again = readiness()
  answer()
  expect(await Promise.all([checked, again])).toEqual(['ready', 'ready'])
})

test('an answer that does not come for a minute is no hiccup, and one that comes then counts', async () => {
  const { check, answer, calls } = answering()
  await check(undefined)
  now = 10 * SECONDS
  expect(await check('slow')).toBe('degraded')
  now = 60 * SECONDS
  expect(await check('slow')).toBe('degraded')
  now = 71 * SECONDS
  expect(await check('slow')).toBe('unready')
  expect(calls()).toBe(2)
  answer()
  await null
  expect(await check('slow')).toBe('ready')
})

test('the log is told why, once for each reason', async () => {
  const { check } = answering()
  for (const reason of ['down', 'down', 'refused', undefined, 'down']) {
    await check(reason)
    now += 20 * SECONDS
  }
  expect(logged).toEqual([
    ['not ready', { why: 'down' }],
    ['not ready', { why: 'refused' }],
    ['ready again', {}],
    ['not ready', { why: 'down' }],
  ])
})
