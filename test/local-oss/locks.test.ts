import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type LockRequest, Locks } from '../../src/local-oss/store/locks.ts'

/** Runs workers at once and tells what began and ended in which order. */
async function trace(workers: Record<string, LockRequest[]>): Promise<string> {
  const locks = new Locks()
  const events: string[] = []
  await Promise.all(
    Object.entries(workers).map(([name, requests]) =>
      locks.run(requests, async () => {
        events.push(name)
        await sleep(2)
        events.push(name.toLowerCase())
      }),
    ),
  )
  return events.join('')
}

const shared = [{ name: 'x', shared: true }]
const own = [{ name: 'x' }]

test('writers of one thing go one after the other, in the order they came', async () => {
  expect(await trace({ A: own, B: own, C: own })).toBe('AaBbCc')
})

test('readers go together, and a waiting writer is not overtaken', async () => {
  expect(await trace({ A: shared, B: shared, C: own, D: shared, E: shared })).toBe('ABabCcDEde')
})

test('those who want different things do not wait', async () => {
  expect(await trace({ A: own, B: [{ name: 'y' }] })).toBe('ABab')
})

test('one who requests a thing twice does not wait for itself, and owns it if it asked to', async () => {
  expect(await trace({ A: [...shared, ...own], B: shared })).toBe('AaBb')
})

test('two who want the same two things cannot block each other', async () => {
  const [x, y] = [{ name: 'x' }, { name: 'y', shared: true }]
  expect(await trace({ A: [x, y], B: [{ name: 'y' }, { name: 'x', shared: true }], C: [y, x] })).toBe(
    'AaBbCc',
  )
})

test('failed work gives its requests back', async () => {
  const locks = new Locks()
  await expect(locks.run(own, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await locks.run(own, async () => 'yes')).toBe('yes')
})
