import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { sendBatch, sendInBatch } from '../../src/node/response-batch.ts'

/** Hands over so many responses; the result grows as they are sent. */
function handOver(count: number): number[] {
  const sent: number[] = []
  for (let i = 0; i < count; i++) sendInBatch({ send: () => sent.push(i) })
  return sent
}
const inOrder = (count: number) => Array.from({ length: count }, (_, i) => i)

test('responses are sent at the end of the turn, in their order', async () => {
  const sent = handOver(5)
  expect(sent).toEqual([])
  await turn()
  expect(sent).toEqual(inOrder(5))
})

test('of many the first do not wait for the last', async () => {
  const sent = handOver(80)
  expect(sent.length).toBeGreaterThan(0)
  expect(sent.length).toBeLessThan(80)
  await turn()
  expect(sent).toEqual(inOrder(80))
})

test('they can be sent before, once', async () => {
  const sent = handOver(3)
  sendBatch()
  expect(sent).toEqual(inOrder(3))
  await turn()
  expect(sent).toEqual(inOrder(3))
})
