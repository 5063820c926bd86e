import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byStem, decodeKey } from '../../src/bytes/percent.ts'

const piece = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 3 }),
  fc.constantFrom('a', 'a/', ' ', '中/', '+', '%'),
)
const encode = (key: string) => encodeURIComponent(key).replaceAll('%20', '+')

test('a key is decoded as it was encoded', () => {
  fc.assert(
    fc.property(piece, (key) => {
      expect(decodeKey(encode(key))).toBe(key)
    }),
  )
})

test('keys of a page are each worked out as if alone', () => {
  const keys = fc.array(
    fc.array(piece, { maxLength: 4 }).map((pieces) => encode(pieces.join(''))),
    { maxLength: 20 },
  )
  const work = (encoded: string) => decodeKey(encoded).toUpperCase().replaceAll('&', '&amp;')
  fc.assert(
    fc.property(keys, (page) => {
      expect(page.map(byStem(work))).toEqual(page.map(work))
    }),
    { numRuns: 1000 },
  )
})

test('a key that is not encoded so is refused, and the next is read', () => {
  const decode = byStem(decodeKey)
  for (const wrong of ['a%', 'a%2', '%zz', '%E4%B8']) {
    expect(() => decode(wrong), wrong).toThrow(URIError)
    expect(decode('a%2Fb')).toBe('a/b')
  }
})
