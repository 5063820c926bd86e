import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeKey } from '../../src/bytes/percent.ts'

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

test('a key that is not encoded so is refused', () => {
  for (const wrong of ['a%', 'a%2', '%zz', '%E4%B8']) expect(() => decodeKey(wrong), wrong).toThrow(URIError)
})
