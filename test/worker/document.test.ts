import { describe, expect, test } from 'vitest'
import { keptDocument } from '../../src/worker/namespace.ts'

/** A namespace whose answers are given by hand, on a clock that is set by hand. */
function begin() {
  let now = 0
  const asked: { answer(text: string | null): void; fail(): void }[] = []
  const namespace = {
    get: (key: string, { cacheTtl }: { cacheTtl: number }) => {
      expect([key, cacheTtl]).toEqual(['GATEWAY_CONFIG', 60])
      return new Promise<string | null>((resolve, reject) => {
        asked.push({ answer: resolve, fail: () => reject(new Error('KV is not there')) })
      })
    },
  }
  const used: (string | null)[] = []
  const failures: unknown[] = []
  const document = keptDocument(
    namespace,
    () => now,
    (text) => used.push(text),
    (error) => failures.push(error),
  )
  const behind: Promise<void>[] = []
  return {
    at: (seconds: number) => (now = seconds * 1000),
    /** What a request waits for, and what goes on behind it. */
    request: () => {
      const before = behind.length
      const wait = document.ask((work) => behind.push(work))
      return { wait, behind: behind[before] }
    },
    asked,
    used,
    failures,
  }
}

async function begun(text = 'first') {
  const world = begin()
  const { wait } = world.request()
  world.asked[0]?.answer(text)
  await wait
  return world
}

describe('the document in KV', () => {
  test('is waited for by the first request, and then not asked for again', async () => {
    const world = await begun()
    for (const seconds of [1, 10, 30]) {
      world.at(seconds)
      expect(world.request()).toEqual({ wait: undefined, behind: undefined })
    }
    expect([world.used, world.asked.length]).toEqual([['first'], 1])
  })

  test('is asked for again behind a request, by one of those that come meanwhile', async () => {
    const world = await begun()
    world.at(31)
    const { wait, behind } = world.request()
    expect(wait).toBeUndefined()
    world.at(32)
    expect(world.request()).toEqual({ wait: undefined, behind: undefined })
    world.asked[1]?.answer('second')
    await behind
    expect(world.used).toEqual(['first', 'second'])
    world.at(62)
    expect(world.request()).toEqual({ wait: undefined, behind: expect.anything() })
  })

  test('is not older than a minute for any request, however many come at once', async () => {
    const world = await begun()
    world.at(61)
    const waits = [world.request().wait, world.request().wait]
    expect(waits).toEqual([expect.anything(), expect.anything()])
    for (const { answer } of world.asked.slice(1)) answer('second')
    await Promise.all(waits)
    expect(world.used).toEqual(['first', 'second'])
  })

  test('is what was asked for last, whichever answer comes last', async () => {
    const world = await begun()
    world.at(61)
    const early = world.request().wait
    world.at(62)
    const late = world.request().wait
    world.asked[2]?.answer('newer')
    await late
    world.asked[1]?.answer('older')
    await early
    expect(world.used).toEqual(['first', 'newer'])
  })

  test('which cannot be read goes on as before, and is tried again after a pause', async () => {
    const world = await begun()
    world.at(61)
    const { wait } = world.request()
    world.asked[1]?.fail()
    await wait
    expect(world.failures).toHaveLength(1)
    world.at(64)
    expect(world.request()).toEqual({ wait: undefined, behind: undefined })
    world.at(67)
    const again = world.request().wait
    world.asked[2]?.answer('second')
    await again
    expect(world.used).toEqual(['first', 'second'])
  })

  test('which has never been read fails each request that asks for it', async () => {
    const world = begin()
    const first = world.request().wait
    world.asked[0]?.fail()
    await expect(first).rejects.toThrow('KV is not there')
    const second = world.request().wait
    world.asked[1]?.answer(null)
    await second
    expect(world.used).toEqual([null])
  })
})
