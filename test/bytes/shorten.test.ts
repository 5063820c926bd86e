import { expect, test } from 'vitest'
import { shorten, shortenLogged } from '../../src/bytes/shorten.ts'

test.each<[text: string, most: number, shortened: string]>([
  ['abc', 3, 'abc'],
  ['abcd', 3, 'ab…'],
  ['abcd', 1, '…'],
  ['a😀b', 3, 'a…'],
  ['a😀bc', 4, 'a😀…'],
  ['', 1, ''],
])('%j within %d is %j', (text, most, shortened) => {
  expect(shorten(text, most)).toBe(shortened)
})

test('a log line holds a beginning of each text', () => {
  const line = JSON.stringify({ causes: ['x'.repeat(100_000)], count: 3 }, shortenLogged)
  expect(line.length).toBeLessThan(1100)
  expect(JSON.parse(line).count).toBe(3)
})
