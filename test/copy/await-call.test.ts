import { expect, test, vi } from 'vitest'
import { awaitCall } from '../../src/copy/await-call.ts'
import type { Timer } from '../../src/ports.ts'

const limit = { ms: 60_000, setting: 'a setting' }

/** Time that goes by when it is told to. */
function clock() {
  let now = 0
  const waiting = new Set<{ at: number; call: () => void }>()
  const timer: Timer = (ms, call) => {
    const entry = { at: now + ms, call }
    waiting.add(entry)
    return () => void waiting.delete(entry)
  }
  function pass(ms: number): void {
    now += ms
    for (const entry of [...waiting].sort((a, b) => a.at - b.at)) {
      if (entry.at > now || !waiting.delete(entry)) continue
      entry.call()
    }
  }
  return { timer, pass, waiting }
}

/** Work that goes on until it is ended. */
function watched(slowAfter = 10_000) {
  const time = clock()
  const client = new AbortController()
  const signal = vi.fn(() => client.signal)
  const onSlow = vi.fn()
  let end: (result: string) => void = () => {}
  const work = new Promise<string>((resolve) => {
    end = resolve
  })
  const outcome = awaitCall(work, { timer: time.timer, signal, limit, onSlow, slowAfter })
  outcome.catch(() => {})
  return { ...time, client, signal, onSlow, end, outcome }
}

test('short work is given on, and nobody is asked for the client', async () => {
  const { outcome, end, signal, waiting, pass } = watched()
  pass(900)
  end('done')
  expect(await outcome).toBe('done')
  expect(signal).not.toHaveBeenCalled()
  expect(waiting.size).toBe(0)
})

test.each([
  ['before anyone looks', 500],
  ['while it goes on', 5_000],
])('a client that goes %s is not waited for', async (_, when) => {
  const { outcome, client, pass, waiting } = watched()
  pass(when)
  client.abort(new Error('gone'))
  pass(1_000)
  await expect(outcome).rejects.toThrow('gone')
  expect(waiting.size).toBe(0)
})

test('work that takes long is said to, once, and still given on', async () => {
  const { outcome, pass, onSlow, end, waiting } = watched()
  for (let seconds = 0; seconds < 30; seconds++) pass(1_000)
  expect(onSlow).toHaveBeenCalledTimes(1)
  end('late')
  expect(await outcome).toBe('late')
  expect(waiting.size).toBe(0)
})

test('0 never calls it long, and a time below a second is kept to', () => {
  const never = watched(0)
  for (let seconds = 0; seconds < 30; seconds++) never.pass(1_000)
  expect(never.onSlow).not.toHaveBeenCalled()
  const soon = watched(100)
  soon.pass(100)
  soon.pass(1)
  expect(soon.onSlow).toHaveBeenCalledTimes(1)
})

test('its limit is an error that may be tried again, and says which setting it is', async () => {
  const { outcome, pass, waiting } = watched()
  for (let seconds = 0; seconds <= 60; seconds++) pass(1_000)
  await expect(outcome).rejects.toMatchObject({ name: 'OssUnreachable', failure: 'timeout' })
  await expect(outcome).rejects.toThrow('within 60 s (a setting)')
  expect(waiting.size).toBe(0)
})
