import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type ConcurrencyLimit,
  type ConcurrencyLimits,
  createConcurrencyLimit,
  type Requester,
} from '../../src/middleware/concurrency-limit.ts'

const all: ConcurrencyLimits = {
  inFlight: 2,
  perKey: 2,
  perAddress: 2,
  waiting: 1,
  waitingTime: 60_000,
}
const limitOf = (limits: Partial<ConcurrencyLimits>) =>
  createConcurrencyLimit({ ...all, ...limits }, (ms, signal) => sleep(ms, undefined, { signal }))

/** `key@address`. */
function requester(text: string): Requester {
  const [key = '', address = ''] = text.split('@')
  return { key, address }
}
const me = requester('key@here')
/** Of who stays, however long it takes. */
const present = () => new AbortController().signal

test('so many are let in at once, so many wait, the rest is turned away', async () => {
  const limit = limitOf({})
  expect([limit.acquire(me, present), limit.acquire(me, present)]).toEqual([true, true])
  const third = limit.acquire(me, present)
  expect(third).toBeInstanceOf(Promise)
  expect(limit.acquire(me, present)).toBe(false)
  limit.release(me)
  expect(await third).toBe(true)
})

test.each<[what: string, limits: Partial<ConcurrencyLimits>, waiting: string[], order: string[]]>([
  ['of one key in the order of arrival', {}, ['a@1', 'a@2', 'a@3'], ['a@1', 'a@2', 'a@3']],
  ['of several keys in turns', {}, ['a@1', 'a@2', 'a@3', 'b@1', 'c@1'], ['a@1', 'b@1', 'c@1', 'a@2', 'a@3']],
  ['whose key comes late before the many of another', {}, ['a@1', 'a@2', 'b@9'], ['a@1', 'b@9', 'a@2']],
])('places go to those who wait, %s', async (_, limits, waiting, order) => {
  const limit = limitOf({ inFlight: 1, perKey: 1, perAddress: 1, waiting: 10, ...limits })
  const first = requester('first@0')
  expect(limit.acquire(first, present)).toBe(true)
  const entered: string[] = []
  const waits = waiting.map(async (text) => {
    expect(await limit.acquire(requester(text), present)).toBe(true)
    entered.push(text)
  })
  limit.release(first)
  for (let i = 0; i < order.length; i++) {
    await expect.poll(() => entered.length).toBe(i + 1)
    // Nobody who comes now goes first.
    limit.release(requester(entered[i] as string))
  }
  await Promise.all(waits)
  expect(entered).toEqual(order)
})

test.each<[what: string, limits: Partial<ConcurrencyLimits>, greedy: string, other: string]>([
  ['key', { perKey: 3 }, 'greedy@1', 'other@1'],
  ['address', { perAddress: 3 }, 'key@greedy', 'key@other'],
])('one %s cannot take every place, nor wait for those of others', async (_, limits, greedy, other) => {
  const most = { inFlight: 6, perKey: 6, perAddress: 6, waiting: 10, ...limits }
  const limit = limitOf(most)
  const outcomes = Array.from({ length: 30 }, () => limit.acquire(requester(greedy), present))
  expect(outcomes.filter((outcome) => outcome === true)).toHaveLength(3)
  const others = Array.from({ length: 3 }, () => limit.acquire(requester(other), present))
  expect(others).toEqual([true, true, true])
  // A place of another is none for the greedy one.
  limit.release(requester(other))
  expect(limit.acquire(requester(other), present)).toBe(true)
})

test('a key with a share of its own has that one, in places and in the queue', () => {
  const ofKey = new Map([
    ['small', 1],
    ['large', 5],
  ])
  const limit = limitOf({ inFlight: 10, perKey: 2, perAddress: 10, waiting: 10, ofKey })
  const outcomesOf = (key: string) => {
    const outcomes = Array.from({ length: 10 }, () => limit.acquire(requester(`${key}@1`), present))
    return [
      outcomes.filter((outcome) => outcome === true).length,
      outcomes.filter((outcome) => outcome instanceof Promise).length,
    ]
  }
  expect([outcomesOf('small'), outcomesOf('other'), outcomesOf('large')]).toEqual([
    [1, 1],
    [2, 2],
    [5, 5],
  ])
})

test('one key cannot fill the queue', () => {
  const limit = limitOf({ inFlight: 4, perKey: 2, perAddress: 4, waiting: 10 })
  const greedy = Array.from({ length: 30 }, () => limit.acquire(requester('greedy@1'), present))
  expect(greedy.filter((outcome) => outcome instanceof Promise)).toHaveLength(5)
  for (const name of ['b@1', 'c@1']) expect(limit.acquire(requester(name), present)).toBe(true)
  expect(limit.acquire(requester('d@1'), present)).toBeInstanceOf(Promise)
})

test('who has waited too long is turned away, and his place in the queue is free', async () => {
  const limit = limitOf({ inFlight: 1, perKey: 1, waitingTime: 10 })
  expect(limit.acquire(me, present)).toBe(true)
  expect(await limit.acquire(me, present)).toBe(false)
  const next = limit.acquire(me, present)
  expect(next).toBeInstanceOf(Promise)
  limit.release(me)
  expect(await next).toBe(true)
})

test('who leaves the queue is turned away, and makes room for the next', async () => {
  const limit = limitOf({ inFlight: 1, perKey: 1 })
  expect(limit.acquire(me, present)).toBe(true)
  const leaving = new AbortController()
  const second = limit.acquire(me, () => leaving.signal)
  expect(limit.acquire(me, present)).toBe(false)
  leaving.abort()
  expect(await second).toBe(false)
  const third = limit.acquire(me, present)
  limit.release(me)
  expect(await third).toBe(true)
})

test('who has left before he waits is turned away, and nobody asks who need not wait', async () => {
  const limit = limitOf({ inFlight: 1, perKey: 1 })
  const never = () => {
    throw new Error('he was asked')
  }
  expect(limit.acquire(me, never)).toBe(true)
  expect(await limit.acquire(me, () => AbortSignal.abort())).toBe(false)
  expect(limit.acquire(me, present)).toBeInstanceOf(Promise)
  expect(limit.acquire(me, never)).toBe(false)
})

test('who is called stays in, though he leaves in the same moment', async () => {
  const limit = limitOf({ inFlight: 1, perKey: 1 })
  expect(limit.acquire(me, present)).toBe(true)
  const leaving = new AbortController()
  const second = limit.acquire(me, () => leaving.signal)
  limit.release(me)
  leaving.abort()
  expect(await second).toBe(true)
  expect(limit.acquire(me, present)).toBeInstanceOf(Promise)
})

test('other limits count what was acquired by those before, and let in who waits where there is room by then', async () => {
  const limit = limitOf({ waiting: 10 })
  expect([limit.acquire(me, present), limit.acquire(me, present)]).toEqual([true, true])
  const [third, fourth] = [limit.acquire(me, present), limit.acquire(me, present)]
  limit.apply({ ...all, waiting: 10 })
  expect(limit.load()).toEqual({ inFlight: 2, waiting: 2 })
  limit.apply({ ...all, inFlight: 3, perKey: 3, perAddress: 3 })
  expect(await third).toBe(true)
  expect(limit.load()).toEqual({ inFlight: 3, waiting: 1 })
  limit.apply({ ...all, inFlight: 1 })
  limit.release(me)
  limit.release(me)
  expect(limit.load()).toEqual({ inFlight: 1, waiting: 1 })
  limit.release(me)
  expect(await fourth).toBe(true)
})

/** Who comes, who leaves the queue and who is done, and other limits, in any order. */
type Step = { who: string; does: 'enter' | 'go' | 'leave' | 'apply' }
const steps = fc.array(
  fc.record({
    who: fc.constantFrom('a@1', 'a@2', 'b@1', 'b@2', 'c@3'),
    does: fc.constantFrom('enter', 'enter', 'enter', 'go', 'leave', 'leave', 'apply') as fc.Arbitrary<
      Step['does']
    >,
  }),
  { maxLength: 60 },
)

test('whatever happens, no share is exceeded, nobody is left waiting beside a free place, and none is lost', async () => {
  const first = { inFlight: 3, perKey: 2, perAddress: 2, waiting: 6, waitingTime: 60_000 }
  const others = [
    { ...first, inFlight: 1, perKey: 1, perAddress: 1 },
    { ...first, inFlight: 4, perKey: 3 },
    { ...first, ofKey: new Map([['a', 1]]) },
    first,
  ]
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const limit = limitOf(first)
      let limits: ConcurrencyLimits = first
      let applied = 0
      const inside: string[] = []
      const waiting: { who: string; leaving: AbortController }[] = []
      const leaveAll = () => inside.splice(0).forEach((who) => void limit.release(requester(who)))
      const countOf = (part: 'key' | 'address', who: string) =>
        inside.filter((one) => requester(one)[part] === requester(who)[part]).length
      const mostOf = (part: 'key' | 'address', who: string) =>
        part === 'key' ? (limits.ofKey?.get(requester(who).key) ?? limits.perKey) : limits.perAddress
      const fits = (who: string) =>
        inside.length < limits.inFlight &&
        (['key', 'address'] as const).every((part) => countOf(part, who) < mostOf(part, who))
      for (const { who, does } of list) {
        const stay = does === 'leave' ? Math.max(0, inside.length - 1) : inside.length
        if (does === 'apply') {
          limits = others[applied++ % others.length] as ConcurrencyLimits
          limit.apply(limits)
        } else if (does === 'leave' && inside.length > 0) limit.release(requester(inside.shift() as string))
        else if (does === 'go') waiting.shift()?.leaving.abort()
        else if (does === 'enter') enter(limit, who, inside, waiting)
        await new Promise((resolve) => setImmediate(resolve))
        // Who is in already stays, though there be less room by then.
        for (const who of inside.slice(stay)) {
          for (const part of ['key', 'address'] as const)
            expect(countOf(part, who)).toBeLessThanOrEqual(mostOf(part, who))
          expect(inside.length).toBeLessThanOrEqual(limits.inFlight)
        }
        expect(limit.load()).toEqual({ inFlight: inside.length, waiting: waiting.length })
        for (const one of waiting) expect(fits(one.who)).toBe(false)
      }
      while (inside.length > 0) {
        leaveAll()
        await new Promise((resolve) => setImmediate(resolve))
      }
      expect(waiting).toEqual([])
      limit.apply(first)
      expect(['a@1', 'a@2', 'b@2'].map((who) => limit.acquire(requester(who), present))).toEqual([
        true,
        true,
        true,
      ])
    }),
    { numRuns: 200 },
  )
})

function enter(
  limit: ConcurrencyLimit,
  who: string,
  inside: string[],
  waiting: { who: string; leaving: AbortController }[],
): void {
  const leaving = new AbortController()
  const outcome = limit.acquire(requester(who), () => leaving.signal)
  if (outcome === true) inside.push(who)
  if (!(outcome instanceof Promise)) return
  const waiter = { who, leaving }
  waiting.push(waiter)
  void outcome.then((entered) => {
    const at = waiting.indexOf(waiter)
    if (at >= 0) waiting.splice(at, 1)
    if (entered) inside.push(who)
  })
}
