import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { AnswerBody } from '../../src/node-answer.ts'

const COUNT = 50
const numbers = Array.from({ length: COUNT }, (_, i) => i)

/** A body of pieces that each hold their number, whose source goes on in the moment it is told to. */
function numbered(): AnswerBody {
  let next = 0
  let paused = false
  const body = new AnswerBody({
    pause: () => {
      paused = true
    },
    resume: () => {
      paused = false
      feed()
    },
    abort: () => {},
  })
  const feed = () => {
    while (!paused && next < COUNT) body.push(Buffer.alloc(40_000, next++))
    if (next === COUNT) body.end()
  }
  feed()
  return body
}

test.each([1_000, 30_000, 100_000, 10_000_000])(
  'pieces go out in their order, to who takes %d bytes at a time',
  async (highWaterMark) => {
    const taken: (number | undefined)[] = []
    const slow = new Writable({
      highWaterMark,
      write: (piece: Buffer, _, done) => {
        taken.push(piece[0])
        setImmediate(done)
      },
    })
    await numbered().pipe(slow)
    expect(taken).toEqual(numbers)
  },
)

test('pieces are read in their order', async () => {
  const taken: (number | undefined)[] = []
  for await (const piece of numbered()) {
    taken.push(piece[0])
    await new Promise(setImmediate)
  }
  expect(taken).toEqual(numbers)
})
