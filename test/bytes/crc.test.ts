import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CrcName, crc, crcs, tablesOf } from '../../src/bytes/crc.ts'
import { crc32JavaScript, crc64JavaScript } from '../../src/bytes/crc-javascript.ts'
import { crcWasm } from '../../src/bytes/crc-wasm.ts'
import { randomBytes } from './random-bytes.ts'

const bytesOf = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 151 + (i >> 8)) & 255)

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

describe.each<[CrcName, check: bigint]>([
  ['CRC32', 0xcbf43926n],
  ['CRC32C', 0xe3069283n],
  ['CRC64NVME', 0xae8b14860a799888n],
  ['CRC64XZ', 0x995dc9bbdf1939fan],
])('%s', (name, check) => {
  const { bits, polynomial, distances } = crcs[name]
  const ONES = 2n ** BigInt(bits) - 1n

  test('of 123456789 is the catalogue’s', () => {
    const sum = crc(name)
    sum.update(new TextEncoder().encode('123456789'))
    expect(sum.digest()).toBe(check)
  })

  test.each([0, 1, 7, 8, 15, 16, 17, 31, 33, 4099])('of %d bytes is what it is bit by bit', (length) => {
    const bytes = bytesOf(length)
    const sum = crc(name)
    sum.update(bytes)
    expect(sum.digest()).toBe(bitByBit(polynomial, ONES, bytes) ^ ONES)
  })

  test('does not depend on how the bytes are cut, nor on others that are computed meanwhile', () => {
    const bytes = bytesOf(200_000)
    const whole = crc(name)
    whole.update(bytes)
    const inPieces = crc(name)
    const other = crc(name)
    for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7 + 3) % 70_001) {
      inPieces.update(bytes.subarray(at, at + size))
      other.update(bytes.subarray(0, 3))
    }
    expect(inPieces.digest()).toBe(whole.digest())
  })

  test('is what it is byte by byte, of any bytes, wherever they lie and however they are cut', () => {
    const farthest = distances[6]
    // Where the algorithm changes its ways: a word, a vector, four, enough to fold, all that fits in.
    const boundaries = [0, 16, 64, farthest, farthest + 768, farthest + 832, 4096, 65_536]
    const length = fc
      .tuple(fc.constantFrom(...boundaries), fc.integer({ min: -17, max: 17 }))
      .map(([boundary, off]) => Math.max(0, boundary + off))
    const cut = fc.tuple(fc.array(length, { minLength: 1, maxLength: 3 }), fc.nat(17), fc.nat())
    fc.assert(
      fc.property(cut, ([lengths, offset, seed]) => {
        const bytes = randomBytes(offset + lengths.reduce((sum, one) => sum + one, 0), seed).subarray(offset)
        const sum = crc(name)
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
    // The farthest is the last. Four vectors go at once, and so many zeros are in memory before the bytes.
    expect(distances).toHaveLength(7)
    expect(distances).toEqual([...distances].sort((a, b) => a - b))
    expect(distances[0]).toBeGreaterThanOrEqual(64)
    expect(distances[6]).toBeLessThan(36_864 - 32_768 - 4 * 7)
    const message = new Uint8Array(1 + distances[6])
    for (const distance of [0, ...distances]) message[distance] = 1
    expect(bitByBit(polynomial, 0n, message)).toBe(0n)
  })

  test('is made by WebAssembly in either runtime', () => {
    expect(crcWasm(tablesOf(polynomial), distances)).toBeDefined()
  })

  test('is the same with and without WebAssembly', () => {
    const step = (bits === 32 ? crc32JavaScript : crc64JavaScript)(tablesOf(polynomial))
    for (const length of [0, 5, 8, 100_003]) {
      const bytes = bytesOf(length)
      const sum = crc(name)
      sum.update(bytes)
      expect(BigInt.asUintN(bits, ~step(ONES, bytes))).toBe(sum.digest())
    }
  })
})
