import { expect, test } from 'vitest'
import { MinimumRate } from '../../src/node/minimum-rate.ts'

type Look = readonly [now: number, waitsFor: 'nothing' | 'bytes' | 'reading', moved: number]
const LIMIT = 2000

/** Which of the looks, one after the other, find the client too slow. */
function looksThatFind(looks: readonly Look[]): number[] {
  const rate = new MinimumRate(0)
  return looks.flatMap(([now, waitsFor, moved], at) =>
    rate.isTooLow(now, waitsFor, moved, LIMIT) ? [at] : [],
  )
}

test.each<[behaviour: string, looks: Look[], found: number[]]>([
  [
    'an upload that stops is found when the limit is over',
    [
      [0, 'bytes', 0],
      [2000, 'bytes', 0],
      [2001, 'bytes', 0],
    ],
    [2],
  ],
  [
    'an upload of a few bytes is as one that stops',
    [
      [0, 'bytes', 0],
      [2001, 'bytes', 1023],
    ],
    [1],
  ],
  [
    'an upload of enough bytes has the limit anew',
    [
      [0, 'bytes', 0],
      [1999, 'bytes', 1024],
      [3999, 'bytes', 1024],
      [4000, 'bytes', 1024],
    ],
    [3],
  ],
  [
    'a response is read at so many bytes a second',
    [
      [0, 'reading', 0],
      [2001, 'reading', 2047],
    ],
    [1],
  ],
  [
    'a response that is read fast enough goes on',
    [
      [0, 'reading', 0],
      [2000, 'reading', 2048],
      [4000, 'reading', 4096],
    ],
    [],
  ],
  [
    'a client that is not waited for may do nothing',
    [
      [0, 'bytes', 0],
      [1999, 'nothing', 0],
      [9000, 'nothing', 0],
    ],
    [],
  ],
  [
    'what was waited for before does not count',
    [
      [0, 'bytes', 0],
      [1999, 'reading', 0],
      [3999, 'reading', 0],
      [4000, 'reading', 0],
    ],
    [3],
  ],
])('%s', (_, looks, found) => {
  expect(looksThatFind(looks)).toEqual(found)
})

test('a client that is waited for anew has the limit anew', () => {
  const rate = new MinimumRate(0)
  rate.isTooLow(0, 'bytes', 0, LIMIT)
  rate.restart(1000)
  expect(rate.isTooLow(3000, 'bytes', 0, LIMIT)).toBe(false)
  expect(rate.isTooLow(3001, 'bytes', 0, LIMIT)).toBe(true)
  rate.expectNothing()
  expect(rate.isTooLow(9000, 'bytes', 0, LIMIT)).toBe(false)
})
