import { expect, test } from 'vitest'
import { BodyStream } from '../../src/node/body-stream.ts'

const PIECES = 2000
const SIZE = 10_000

/** A body that is pushed as soon as it may go on, in the midst of whoever says so. */
function eager() {
  let sent = 0
  const body: BodyStream = new BodyStream({ resume: more, abandon: () => {} })
  function more() {
    while (!body.paused && sent < PIECES) body.push(Buffer.alloc(SIZE, String(sent++ % 10)))
    if (sent === PIECES) body.end()
  }
  more()
  return body
}

const inOrder = (pieces: Uint8Array[]) => {
  const whole = Buffer.concat(pieces)
  expect(whole).toHaveLength(PIECES * SIZE)
  for (let i = 0; i < PIECES; i++) {
    expect(whole.subarray(i * SIZE, (i + 1) * SIZE).equals(Buffer.alloc(SIZE, String(i % 10)))).toBe(true)
  }
}

test('a reader gets every piece in order', async () => {
  const pieces: Uint8Array[] = []
  for await (const bytes of eager()) pieces.push(bytes)
  inOrder(pieces)
})

test.each([1, 3, 7])('and so does a sink that takes every %d. piece a while later', async (every) => {
  const pieces: Uint8Array[] = []
  const body = eager()
  let count = 0
  await new Promise<void>((resolve) => {
    body.pipe({
      write: (bytes) => {
        if (++count % every > 0) {
          pieces.push(bytes)
          return true
        }
        setImmediate(() => {
          pieces.push(bytes)
          body.drained()
        })
        return false
      },
      end: () => resolve(),
    })
  })
  inOrder(pieces)
})

test('who reads on after the rest was abandoned does not take it for whole', async () => {
  let abandoned = 0
  const body = new BodyStream({ resume: () => {}, abandon: () => abandoned++ })
  body.push(Buffer.from('so far'))
  const first = await body.next()
  const second = body.next()
  body.abandon()
  await expect(second).rejects.toThrow('abandoned')
  await expect(body.next()).rejects.toThrow('abandoned')
  expect([first.value?.toString(), body.takeWhole(), abandoned]).toEqual(['so far', undefined, 1])
})

test('nor where all of it had come', async () => {
  const body = new BodyStream({ resume: () => {}, abandon: () => {} })
  for (const piece of ['a', 'b']) body.push(Buffer.from(piece))
  body.end()
  await body.next()
  body.abandon()
  await expect(body.next()).rejects.toThrow('abandoned')
})

test('what has come whole in one piece is taken at once', () => {
  const source = { resume: () => {}, abandon: () => {} }
  const [empty, one, two, unended] = [[], ['a'], ['a', 'b'], ['a']].map((pieces) => {
    const body = new BodyStream(source)
    for (const piece of pieces) body.push(Buffer.from(piece))
    return body
  }) as [BodyStream, BodyStream, BodyStream, BodyStream]
  for (const body of [empty, one, two]) body.end()
  expect([empty, one, two, unended].map((body) => body.takeWhole()?.length)).toEqual([
    0,
    1,
    undefined,
    undefined,
  ])
})

test('a source whose bytes have all been taken, or are all here, hears nothing more', () => {
  let resumed = 0
  const taken: string[] = []
  const sink = { write: (bytes: Uint8Array) => taken.push(String(bytes)) > 0, end: () => taken.push('end') }
  const body = new BodyStream({ resume: () => resumed++, abandon: () => {} })
  for (const piece of ['a', 'b']) body.push(Buffer.from(piece))
  body.end()
  body.pipe(sink)
  expect([taken, resumed]).toEqual([['a', 'b', 'end'], 0])
  // It was paused when it had given all, and waits to hear that it is taken.
  const large = new BodyStream({ resume: () => resumed++, abandon: () => {} })
  for (let i = 0; i < 3; i++) large.push(Buffer.alloc(50_000))
  large.end()
  large.pipe({ write: () => true, end: () => {} })
  large.abandon()
  expect(resumed).toBe(1)
})

test('bytes that come one by one are as many as a connection may leave waiting long before they are 64 KB', async () => {
  let resumed = 0
  const body = new BodyStream({ resume: () => resumed++, abandon: () => {} })
  let pushed = 0
  for (; !body.paused; pushed++) body.push(Buffer.from('x'))
  expect(pushed).toBeLessThan(1000)
  await body.next()
  expect([body.paused, resumed]).toEqual([false, 1])
})
