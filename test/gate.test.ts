import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createGate } from '../src/gate.ts'

const gateOf = (inFlight: number, waiting: number, waitingTime = 60_000) =>
  createGate({ inFlight, waiting, waitingTime }, (ms, signal) => sleep(ms, undefined, { signal }))

test('so many are let in at once, so many wait, the rest is turned away', async () => {
  const gate = gateOf(2, 1)
  expect([gate.enter(), gate.enter()]).toEqual([true, true])
  const third = gate.enter()
  expect(third).toBeInstanceOf(Promise)
  expect(gate.enter()).toBe(false)
  gate.leave()
  expect(await third).toBe(true)
})

test('a place goes to who waits longest, and to nobody who comes later', async () => {
  const gate = gateOf(1, 2)
  await gate.enter()
  const order: string[] = []
  const first = Promise.resolve(gate.enter()).then(() => order.push('first'))
  const second = Promise.resolve(gate.enter()).then(() => order.push('second'))
  gate.leave()
  expect(gate.enter()).not.toBe(true)
  await first
  expect(order).toEqual(['first'])
  gate.leave()
  await second
  expect(order).toEqual(['first', 'second'])
})

test('who has waited too long is turned away, and his place in the queue is free', async () => {
  const gate = gateOf(1, 1, 10)
  await gate.enter()
  expect(await gate.enter()).toBe(false)
  const next = gate.enter()
  expect(next).toBeInstanceOf(Promise)
  gate.leave()
  expect(await next).toBe(true)
})

test('after a rush as many are let in as before', async () => {
  const gate = gateOf(3, 5, 10)
  const rush = await Promise.all(Array.from({ length: 20 }, () => gate.enter()))
  expect(rush.filter(Boolean)).toHaveLength(3)
  for (let i = 0; i < 3; i++) gate.leave()
  expect([gate.enter(), gate.enter(), gate.enter()]).toEqual([true, true, true])
})
