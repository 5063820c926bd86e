import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createConcurrencyLimit } from '../../src/middleware/concurrency-limit.ts'

const limitOf = (inFlight: number, waiting: number, waitingTime = 60_000) =>
  createConcurrencyLimit({ inFlight, waiting, waitingTime }, (ms, signal) => sleep(ms, undefined, { signal }))

/** Of who stays, however long it takes. */
const present = () => new AbortController().signal

test('so many are let in at once, so many wait, the rest is turned away', async () => {
  const limit = limitOf(2, 1)
  expect([limit.enter(present), limit.enter(present)]).toEqual([true, true])
  const third = limit.enter(present)
  expect(third).toBeInstanceOf(Promise)
  expect(limit.enter(present)).toBe(false)
  limit.leave()
  expect(await third).toBe(true)
})

test('a place goes to who waits longest, and to nobody who comes later', async () => {
  const limit = limitOf(1, 2)
  expect(limit.enter(present)).toBe(true)
  const order: string[] = []
  const first = Promise.resolve(limit.enter(present)).then(() => order.push('first'))
  const second = Promise.resolve(limit.enter(present)).then(() => order.push('second'))
  limit.leave()
  expect(limit.enter(present)).not.toBe(true)
  await first
  expect(order).toEqual(['first'])
  limit.leave()
  await second
  expect(order).toEqual(['first', 'second'])
})

test('who has waited too long is turned away, and his place in the queue is free', async () => {
  const limit = limitOf(1, 1, 10)
  expect(limit.enter(present)).toBe(true)
  expect(await limit.enter(present)).toBe(false)
  const next = limit.enter(present)
  expect(next).toBeInstanceOf(Promise)
  limit.leave()
  expect(await next).toBe(true)
})

test('after a rush as many are let in as before', async () => {
  const limit = limitOf(3, 5, 10)
  const rush = await Promise.all(Array.from({ length: 20 }, () => limit.enter(present)))
  expect(rush.filter(Boolean)).toHaveLength(3)
  for (let i = 0; i < 3; i++) limit.leave()
  expect([limit.enter(present), limit.enter(present), limit.enter(present)]).toEqual([true, true, true])
})

test('who leaves the queue is turned away, and makes room for the next', async () => {
  const limit = limitOf(1, 1)
  expect(limit.enter(present)).toBe(true)
  const leaving = new AbortController()
  const second = limit.enter(() => leaving.signal)
  expect(limit.enter(present)).toBe(false)
  leaving.abort()
  expect(await second).toBe(false)
  const third = limit.enter(present)
  limit.leave()
  expect(await third).toBe(true)
})

test('who has left before he waits is turned away, and nobody asks who need not wait', async () => {
  const limit = limitOf(1, 1)
  const never = () => {
    throw new Error('he was asked')
  }
  expect(limit.enter(never)).toBe(true)
  expect(await limit.enter(() => AbortSignal.abort())).toBe(false)
  expect(limit.enter(present)).toBeInstanceOf(Promise)
  expect(limit.enter(never)).toBe(false)
})

test('who is called stays in, though he leaves in the same moment', async () => {
  const limit = limitOf(1, 1)
  expect(limit.enter(present)).toBe(true)
  const leaving = new AbortController()
  const second = limit.enter(() => leaving.signal)
  limit.leave()
  leaving.abort()
  expect(await second).toBe(true)
  expect(limit.enter(present)).toBeInstanceOf(Promise)
})
