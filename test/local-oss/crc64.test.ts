import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Crc64, combineCrc64 } from '../../src/local-oss/store/crc64.ts'

const vectors = createRequire(import.meta.url)('../data/oss-signing-vectors.json') as {
  crc64: { value: string }
}

const crc64 = (...chunks: Uint8Array[]) => {
  const crc = new Crc64()
  for (const chunk of chunks) crc.update(chunk)
  return crc.digest()
}

/** Bit by bit, in the words of the definition. */
function slowly(bytes: Uint8Array): bigint {
  let crc = 0xffffffffffffffffn
  for (const byte of bytes) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0xc96c5795d7870f42n : crc >> 1n
  }
  return crc ^ 0xffffffffffffffffn
}

describe('CRC-64', () => {
  test('has the published check value', () => {
    expect(String(crc64(Buffer.from('123456789')))).toBe(vectors.crc64.value)
  })

  test('of nothing is zero', () => {
    expect(crc64()).toBe(0n)
  })

  test('is what the definition says, for any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => crc64(bytes) === slowly(bytes)))
  })

  test('does not depend on how the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 })),
        (chunks) => crc64(...chunks) === crc64(Buffer.concat(chunks)),
      ),
    )
  })

  test('of two pieces follows from theirs and the second length', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 3000 }),
        fc.uint8Array({ maxLength: 3000 }),
        (a, b) => combineCrc64(crc64(a), crc64(b), b.length) === crc64(a, b),
      ),
    )
  })
})
