import { createHash, createHmac, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { digestOf, hmacWith } from '../../src/bytes/digest.ts'

const texts = ['', 'a', 'é€😀', 'x'.repeat(341), 'x'.repeat(342), '€'.repeat(341), 'y'.repeat(5000), 'a']

describe('digests agree with those of node:crypto', () => {
  test.each([0, 1, 32, 64])('HMAC-SHA256 with a key of %i bytes, one text after the other', (size) => {
    const key = randomBytes(size)
    const sign = hmacWith(key)
    for (const text of texts) expect(sign(text)).toBe(createHmac('sha256', key).update(text).digest('hex'))
  })

  test.each(['md5', 'sha1', 'sha256'] as const)('%s', (algorithm) => {
    for (const text of texts) {
      expect(digestOf(algorithm, text, 'hex')).toBe(createHash(algorithm).update(text).digest('hex'))
      const bytes = Buffer.from(text)
      expect(digestOf(algorithm, bytes, 'base64')).toBe(createHash(algorithm).update(text).digest('base64'))
    }
  })
})
