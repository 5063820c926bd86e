import { type CrcName, crcs } from '../bytes/crc.ts'

/** One part: its CRC, big-endian as S3 sends it, and its length in bytes. */
export type CrcPart = { crc: Uint8Array; size: number }

/**
 * The CRC of bytes from the CRCs of their parts, in base64.
 * @param algorithm CRC32, CRC32C or CRC64NVME: no other digest of a whole is known from those of its parts.
 */
export function combineCrcs(algorithm: string, parts: readonly CrcPart[]): string {
  if (!Object.hasOwn(crcs, algorithm)) throw new Error(`${algorithm} is no CRC`)
  const { polynomial, bits: width } = crcs[algorithm as CrcName]
  const bits = BigInt(width)
  // All parts but the last have the same size, as a rule.
  const powers = new Map<number, bigint>()
  let whole = 0n
  for (const { crc, size } of parts) {
    const power = powers.get(size) ?? shift(size, polynomial, bits)
    powers.set(size, power)
    whole = multiply(power, whole, polynomial, bits) ^ BigInt(`0x${Buffer.from(crc).toString('hex')}`)
  }
  return Buffer.from(whole.toString(16).padStart(Number(bits / 4n), '0'), 'hex').toString('base64')
}

/** x to the power of 8 · `size`, modulo the polynomial: what that many bytes behind a CRC do to it. */
function shift(size: number, polynomial: bigint, bits: bigint): bigint {
  let power = 1n << (bits - 1n)
  let square = 1n << (bits - 2n)
  for (let exponent = 8n * BigInt(size); exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) power = multiply(square, power, polynomial, bits)
    square = multiply(square, square, polynomial, bits)
  }
  return power
}

/** The product of two polynomials over GF(2), modulo the third; the highest bit is the lowest power. */
function multiply(a: bigint, b: bigint, polynomial: bigint, bits: bigint): bigint {
  let product = 0n
  let shifted = b
  for (let bit = 1n << (bits - 1n); bit > 0n; bit >>= 1n) {
    if (a & bit) product ^= shifted
    shifted = shifted & 1n ? (shifted >> 1n) ^ polynomial : shifted >> 1n
  }
  return product
}
