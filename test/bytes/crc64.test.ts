import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { crc64, crc64JavaScript, sparseMultiples, tablesOf } from '../../src/bytes/crc64.ts'

const XZ = 0xc96c5795d7870f42n
const NVME = 0x9a6c9329ac4bc9b5n
const ONES = 0xffffffffffffffffn

const bytesOf = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 151 + (i >> 8)) & 255)

/** Without a pattern that could hide a byte at the wrong place: xorshift. */
function randomBytes(length: number, seed: number): Uint8Array {
  let state = seed | 1
  return Uint8Array.from({ length }, () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state
  })
}

/** The register after the bytes, bit by bit, as the standard says it. */
function bitByBit(polynomial: bigint, before: bigint, bytes: Uint8Array): bigint {
  let register = before
  for (const byte of bytes) {
    register ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++)
      register = register & 1n ? (register >> 1n) ^ polynomial : register >> 1n
  }
  return register
}

/** The same with a table, byte by byte. */
function byteByByte(polynomial: bigint, before: bigint, bytes: Uint8Array): bigint {
  const table = Array.from({ length: 256 }, (_, byte) => bitByBit(polynomial, 0n, Uint8Array.of(byte)))
  let register = before
  for (const byte of bytes) register = (register >> 8n) ^ (table[Number(register & 255n) ^ byte] as bigint)
  return register
}

describe.each([
  ['CRC-64/XZ', XZ, 0x995dc9bbdf1939fan],
  ['CRC-64/NVME', NVME, 0xae8b14860a799888n],
])('%s', (_, polynomial, check) => {
  test('of 123456789 is the catalogue’s', () => {
    const sum = crc64(polynomial)
    sum.update(new TextEncoder().encode('123456789'))
    expect(sum.digest()).toBe(check)
  })

  test.each([0, 1, 7, 8, 15, 16, 17, 31, 33, 4099])('of %d bytes is what it is bit by bit', (length) => {
    const bytes = bytesOf(length)
    const sum = crc64(polynomial)
    sum.update(bytes)
    expect(sum.digest()).toBe(bitByBit(polynomial, ONES, bytes) ^ ONES)
  })

  test('does not depend on how the bytes are cut, nor on sums that grow beside it', () => {
    const bytes = bytesOf(200_000)
    const whole = crc64(polynomial)
    whole.update(bytes)
    const inPieces = crc64(polynomial)
    const beside = crc64(polynomial)
    for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7 + 3) % 70_001) {
      inPieces.update(bytes.subarray(at, at + size))
      beside.update(bytes.subarray(0, 3))
    }
    expect(inPieces.digest()).toBe(whole.digest())
  })

  test('is what it is byte by byte, of any bytes, wherever they lie and however they are cut', () => {
    const farthest = sparseMultiples.get(polynomial)?.at(-1) ?? Number.NaN
    // Where the algorithm changes its ways: a word, a vector, four, enough to fold, all that fits in.
    const boundaries = [0, 16, 64, farthest, farthest + 768, farthest + 832, 4096, 65_536]
    const length = fc
      .tuple(fc.constantFrom(...boundaries), fc.integer({ min: -17, max: 17 }))
      .map(([boundary, off]) => Math.max(0, boundary + off))
    const cut = fc.tuple(fc.array(length, { minLength: 1, maxLength: 3 }), fc.nat(17), fc.nat())
    fc.assert(
      fc.property(cut, ([lengths, offset, seed]) => {
        const bytes = randomBytes(offset + lengths.reduce((sum, one) => sum + one, 0), seed).subarray(offset)
        const sum = crc64(polynomial)
        let at = 0
        for (const one of lengths) {
          sum.update(bytes.subarray(at, at + one))
          at += one
        }
        expect(sum.digest()).toBe(byteByByte(polynomial, ONES, bytes) ^ ONES)
      }),
    )
  })

  test('has a sparse multiple at the distances that it is folded by', () => {
    const distances = sparseMultiples.get(polynomial) ?? []
    // The farthest is the last. Four vectors go at once, and so many zeros are in memory before the bytes.
    expect(distances).toHaveLength(7)
    expect(distances).toEqual([...distances].sort((a, b) => a - b))
    expect(distances[0]).toBeGreaterThanOrEqual(64)
    expect(distances[6]).toBeLessThan(36_864 - 32_768 - 4 * 7)
    const message = new Uint8Array(1 + (distances[6] ?? 0))
    for (const distance of [0, ...distances]) message[distance] = 1
    expect(bitByBit(polynomial, 0n, message)).toBe(0n)
  })

  test('is the same with and without WebAssembly', () => {
    const step = crc64JavaScript(tablesOf(polynomial))
    for (const length of [0, 5, 8, 100_003]) {
      const bytes = bytesOf(length)
      const sum = crc64(polynomial)
      sum.update(bytes)
      expect(BigInt.asUintN(64, ~step(ONES, bytes))).toBe(sum.digest())
    }
  })
})
