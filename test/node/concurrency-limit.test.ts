import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createGate } from '../../src/node/concurrency-limit.ts'

const gateOf = (inFlight: number, waiting: number, waitingTime = 60_000) =>
  createGate({ inFlight, waiting, waitingTime }, (ms, signal) => sleep(ms, undefined, { signal }))

/** Of who stays, however long it takes. */
const present = () => new AbortController().signal

test('so many are let in at once, so many wait, the rest is turned away', async () => {
  const gate = gateOf(2, 1)
  expect([gate.enter(present), gate.enter(present)]).toEqual([true, true])
  const third = gate.enter(present)
  expect(third).toBeInstanceOf(Promise)
  expect(gate.enter(present)).toBe(false)
  gate.leave()
  expect(await third).toBe(true)
})

test('a place goes to who waits longest, and to nobody who comes later', async () => {
  const gate = gateOf(1, 2)
  expect(gate.enter(present)).toBe(true)
  const order: string[] = []
  const first = Promise.resolve(gate.enter(present)).then(() => order.push('first'))
  const second = Promise.resolve(gate.enter(present)).then(() => order.push('second'))
  gate.leave()
  expect(gate.enter(present)).not.toBe(true)
  await first
  expect(order).toEqual(['first'])
  gate.leave()
  await second
  expect(order).toEqual(['first', 'second'])
})

test('who has waited too long is turned away, and his place in the queue is free', async () => {
  const gate = gateOf(1, 1, 10)
  expect(gate.enter(present)).toBe(true)
  expect(await gate.enter(present)).toBe(false)
  const next = gate.enter(present)
  expect(next).toBeInstanceOf(Promise)
  gate.leave()
  expect(await next).toBe(true)
})

test('after a rush as many are let in as before', async () => {
  const gate = gateOf(3, 5, 10)
  const rush = await Promise.all(Array.from({ length: 20 }, () => gate.enter(present)))
  expect(rush.filter(Boolean)).toHaveLength(3)
  for (let i = 0; i < 3; i++) gate.leave()
  expect([gate.enter(present), gate.enter(present), gate.enter(present)]).toEqual([true, true, true])
})

test('who leaves the queue is turned away, and makes room for the next', async () => {
  const gate = gateOf(1, 1)
  expect(gate.enter(present)).toBe(true)
  const leaving = new AbortController()
  const second = gate.enter(() => leaving.signal)
  expect(gate.enter(present)).toBe(false)
  leaving.abort()
  expect(await second).toBe(false)
  const third = gate.enter(present)
  gate.leave()
  expect(await third).toBe(true)
})

test('who has left before he waits is turned away, and nobody asks who need not wait', async () => {
  const gate = gateOf(1, 1)
  const never = () => {
    throw new Error('he was asked')
  }
  expect(gate.enter(never)).toBe(true)
  expect(await gate.enter(() => AbortSignal.abort())).toBe(false)
  expect(gate.enter(present)).toBeInstanceOf(Promise)
  expect(gate.enter(never)).toBe(false)
})

test('who is called stays in, though he leaves in the same moment', async () => {
  const gate = gateOf(1, 1)
  expect(gate.enter(present)).toBe(true)
  const leaving = new AbortController()
  const second = gate.enter(() => leaving.signal)
  gate.leave()
  leaving.abort()
  expect(await second).toBe(true)
  expect(gate.enter(present)).toBeInstanceOf(Promise)
})
