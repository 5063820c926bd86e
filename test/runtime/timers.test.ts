import { expect, test } from 'vitest'
import { endsWithin, sleep, timer } from '../../src/runtime/timers.ts'

const reason = new Error('aborted')

test('a timer calls back, unless it is cancelled', async () => {
  const calls: string[] = []
  timer(1, () => calls.push('cancelled'))()
  await new Promise<void>((resolve) => {
    timer(5, () => {
      calls.push('called')
      resolve()
    })
  })
  expect(calls).toEqual(['called'])
})

test('sleep resolves', async () => {
  expect(await sleep(1, new AbortController().signal)).toBeUndefined()
})

test.each([
  ['before', (abort: AbortController) => abort.abort(reason)],
  ['meanwhile', (abort: AbortController) => void setImmediate(() => abort.abort(reason))],
])('sleep rejects with the reason of a signal that aborts %s', async (_, act) => {
  const abort = new AbortController()
  act(abort)
  await expect(sleep(1_000_000, abort.signal)).rejects.toBe(reason)
})

test.each([
  ['work that has ended', 1_000_000, Promise.resolve(), true],
  ['work that does not end', 1, new Promise<void>(() => {}), false],
])('endsWithin of %s', async (_, ms, work, expected) => {
  expect(await endsWithin(ms, work)).toBe(expected)
})

test('endsWithin throws what the work throws', async () => {
  await expect(endsWithin(1_000_000, Promise.reject(reason))).rejects.toBe(reason)
})
