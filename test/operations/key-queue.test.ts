import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KeyQueue, type Kind } from '../../src/operations/writes/key-queue.ts'

/** A write that has entered, or waits to. */
class Write {
  state: 'waiting' | 'begun' | 'given up' | 'ended' = 'waiting'
  readonly client = new AbortController()
  readonly timers: (() => void)[] = []
  stopped = 0
  readonly key: string
  readonly kind: Kind
  readonly #queue: KeyQueue

  constructor(queue: KeyQueue, kind: Kind, key = 'key') {
    this.#queue = queue
    this.kind = kind
    this.key = key
    const waiting = queue.enter(key, kind, {
      timer: (_, call) => {
        this.timers.push(call)
        return () => this.stopped++
      },
      most: 1,
      signal: () => this.client.signal,
      error: () => new Error('too long'),
    })
    if (waiting === undefined) this.state = 'begun'
    else {
      waiting.then(
        () => {
          this.state = 'begun'
        },
        () => {
          this.state = 'given up'
        },
      )
    }
  }

  end(): void {
    this.state = 'ended'
    this.#queue.leave(this.key, this.kind)
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))
const states = (writes: readonly Write[]) => writes.map(({ state }) => state)

describe('writes of one key', () => {
  test.each<[Kind, Kind, boolean]>([
    ['shared', 'shared', true],
    ['shared', 'exclusive', false],
    ['exclusive', 'shared', false],
    ['exclusive', 'exclusive', false],
  ])('%s and then %s go together: %s', async (first, second, together) => {
    const queue = new KeyQueue()
    const writes = [new Write(queue, first), new Write(queue, second)] as const
    expect(states(writes)).toEqual(['begun', together ? 'begun' : 'waiting'])
    writes[0].end()
    await settled()
    expect(writes[1].state).toBe('begun')
    writes[1].end()
    expect(queue.size).toBe(0)
  })

  test('begin in the order of their arrival: what is shared does not overtake', async () => {
    const queue = new KeyQueue()
    const [first, alone, behind] = [
      new Write(queue, 'shared'),
      new Write(queue, 'exclusive'),
      new Write(queue, 'shared'),
    ]
    await settled()
    expect(states([first, alone, behind])).toEqual(['begun', 'waiting', 'waiting'])
    first.end()
    await settled()
    expect(states([alone, behind])).toEqual(['begun', 'waiting'])
    alone.end()
    await settled()
    expect(behind.state).toBe('begun')
  })

  test.each<[string, (write: Write) => void]>([
    ['its client goes', (write) => write.client.abort()],
    ['it has waited too long', (write) => write.timers[0]?.()],
  ])('one leaves the queue when %s, and those behind it go on', async (_, giveUp) => {
    const queue = new KeyQueue()
    const [first, alone, behind] = [
      new Write(queue, 'shared'),
      new Write(queue, 'exclusive'),
      new Write(queue, 'shared'),
    ]
    giveUp(alone)
    await settled()
    expect(states([alone, behind])).toEqual(['given up', 'begun'])
    expect(alone.stopped).toBe(1)
    first.end()
    behind.end()
    expect(queue.size).toBe(0)
  })

  test('a client that has gone before does not wait at all', async () => {
    const queue = new KeyQueue()
    const first = new Write(queue, 'exclusive')
    const gone = new AbortController()
    gone.abort()
    const waiting = queue.enter('key', 'shared', {
      timer: () => () => {},
      most: 1,
      signal: () => gone.signal,
      error: () => new Error('gone'),
    })
    await expect(waiting).rejects.toThrow('gone')
    first.end()
    expect(queue.size).toBe(0)
  })

  test('other keys are in nobody’s way', () => {
    const queue = new KeyQueue()
    const writes = ['a', 'b', 'c'].map((key) => new Write(queue, 'exclusive', key))
    expect(states(writes)).toEqual(['begun', 'begun', 'begun'])
    expect(queue.size).toBe(3)
  })
})

test('whatever comes and goes: exclusive ones are alone, the first that waits could not begin, and nothing is left', async () => {
  const step = fc.record({
    what: fc.constantFrom('shared', 'exclusive', 'end', 'abort', 'time'),
    which: fc.nat(20),
    key: fc.constantFrom('a', 'b'),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const queue = new KeyQueue()
      const writes: Write[] = []
      const nth = (which: number, state: Write['state']) => {
        const found = writes.filter((write) => write.state === state)
        return found[which % Math.max(1, found.length)]
      }
      for (const { what, which, key } of steps) {
        if (what === 'shared' || what === 'exclusive') writes.push(new Write(queue, what, key))
        else if (what === 'end') nth(which, 'begun')?.end()
        else if (what === 'abort') nth(which, 'waiting')?.client.abort()
        else nth(which, 'waiting')?.timers[0]?.()
        await settled()
        for (const key of ['a', 'b']) {
          const own = writes.filter((write) => write.key === key)
          const begun = own.filter(({ state }) => state === 'begun')
          const isAlone = begun.some(({ kind }) => kind === 'exclusive')
          expect(isAlone ? begun.length : 1).toBe(1)
          const first = own.find(({ state }) => state === 'waiting')
          if (first === undefined) continue
          expect(isAlone || (first.kind === 'exclusive' && begun.length > 0)).toBe(true)
        }
      }
      while (writes.some(({ state }) => state === 'begun' || state === 'waiting')) {
        nth(0, 'begun')?.end()
        await settled()
      }
      expect(queue.size).toBe(0)
    }),
    { numRuns: 200 },
  )
})
