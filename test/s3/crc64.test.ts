import { describe, expect, test } from 'vitest'
import { crc64, crc64JavaScript } from '../../src/crc64.ts'

const XZ = 0xc96c5795d7870f42n
const NVME = 0x9a6c9329ac4bc9b5n

const bytesOf = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 151 + (i >> 8)) & 255)

/** Bit by bit, as the standard says it. */
function slowly(polynomial: bigint, bytes: Uint8Array): bigint {
  let register = 0xffffffffffffffffn
  for (const byte of bytes) {
    register ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++)
      register = register & 1n ? (register >> 1n) ^ polynomial : register >> 1n
  }
  return register ^ 0xffffffffffffffffn
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
    expect(sum.digest()).toBe(slowly(polynomial, bytes))
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

  test('is the same with and without WebAssembly', () => {
    const table = (zeros: number) =>
      BigUint64Array.from({ length: 256 }, (_, byte) => {
        let value = BigInt(byte)
        for (let bit = 0; bit < 8 * (zeros + 1); bit++)
          value = value & 1n ? (value >> 1n) ^ polynomial : value >> 1n
        return value
      })
    const step = crc64JavaScript(table)
    for (const length of [0, 5, 8, 100_003]) {
      const bytes = bytesOf(length)
      const sum = crc64(polynomial)
      sum.update(bytes)
      expect(BigInt.asUintN(64, ~step(0xffffffffffffffffn, bytes))).toBe(sum.digest())
    }
  })
})
