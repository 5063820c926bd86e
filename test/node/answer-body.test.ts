import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { AnswerBody } from '../../src/node-answer.ts'

const PIECES = 2000

/** A body that is handed on as soon as it may go on, in the midst of whoever says so. */
function eager() {
  let sent = 0
  let paused = false
  const body: AnswerBody = new AnswerBody({
    pause: () => {
      paused = true
    },
    resume: () => {
      paused = false
      more()
    },
    abort: () => {},
  })
  function more() {
    while (!paused && sent < PIECES) body.push(Buffer.alloc(10_000, String(sent++ % 10)))
    if (sent === PIECES) body.end()
  }
  more()
  return body
}

const inOrder = (pieces: Uint8Array[]) => {
  const whole = Buffer.concat(pieces)
  expect(whole).toHaveLength(PIECES * 10_000)
  for (let i = 0; i < PIECES; i++) expect(whole[i * 10_000]).toBe(48 + (i % 10))
}

test('bytes that come while others are handed on stay behind them', async () => {
  const to = new PassThrough()
  const written = eager().pipe(to)
  inOrder(await to.toArray())
  await written
})

test('and so they do for a reader', async () => {
  const pieces: Uint8Array[] = []
  for await (const bytes of eager()) pieces.push(bytes)
  inOrder(pieces)
})
