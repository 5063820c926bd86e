/**
 * CRC-64/XZ: ECMA-182's polynomial reflected, initial value and final XOR all ones.
 * Numbers of JavaScript hold 32 bits, so the state is two halves; eight tables take eight bytes a step.
 */
const POLYNOMIAL = 0xc96c5795d7870f42n
const POLYNOMIAL_LOW = Number(POLYNOMIAL & 0xffffffffn) | 0
const POLYNOMIAL_HIGH = Number(POLYNOMIAL >> 32n) | 0
const SLICES = 8

const low = new Int32Array(SLICES * 256)
const high = new Int32Array(SLICES * 256)
for (let byte = 0; byte < 256; byte++) {
  let l = byte
  let h = 0
  for (let bit = 0; bit < 8; bit++) {
    const carry = l & 1
    l = (l >>> 1) | (h << 31)
    h = h >>> 1
    if (carry) {
      l ^= POLYNOMIAL_LOW
      h ^= POLYNOMIAL_HIGH
    }
  }
  low[byte] = l
  high[byte] = h
}
for (let i = 256; i < SLICES * 256; i++) {
  const l = at(low, i - 256)
  const h = at(high, i - 256)
  low[i] = ((l >>> 8) | (h << 24)) ^ at(low, l & 0xff)
  high[i] = (h >>> 8) ^ at(high, l & 0xff)
}

function at(table: Int32Array, index: number): number {
  return table[index] as number
}

/** The checksum of a stream of bytes, chunk by chunk. */
export class Crc64 {
  #low = -1
  #high = -1

  update(bytes: Uint8Array): this {
    let l = this.#low
    let h = this.#high
    let i = 0
    for (const end = bytes.length - 7; i < end; i += 8) {
      const a = l ^ word(bytes, i)
      const b = h ^ word(bytes, i + 4)
      const s0 = 1792 + (a & 0xff)
      const s1 = 1536 + ((a >>> 8) & 0xff)
      const s2 = 1280 + ((a >>> 16) & 0xff)
      const s3 = 1024 + (a >>> 24)
      const s4 = 768 + (b & 0xff)
      const s5 = 512 + ((b >>> 8) & 0xff)
      const s6 = 256 + ((b >>> 16) & 0xff)
      const s7 = b >>> 24
      l =
        at(low, s0) ^
        at(low, s1) ^
        at(low, s2) ^
        at(low, s3) ^
        at(low, s4) ^
        at(low, s5) ^
        at(low, s6) ^
        at(low, s7)
      h =
        at(high, s0) ^
        at(high, s1) ^
        at(high, s2) ^
        at(high, s3) ^
        at(high, s4) ^
        at(high, s5) ^
        at(high, s6) ^
        at(high, s7)
    }
    for (; i < bytes.length; i++) {
      const index = (l ^ (bytes[i] as number)) & 0xff
      l = ((l >>> 8) | (h << 24)) ^ at(low, index)
      h = (h >>> 8) ^ at(high, index)
    }
    this.#low = l
    this.#high = h
    return this
  }

  /** Unsigned, as `x-oss-hash-crc64ecma` has it in decimal. */
  digest(): bigint {
    return (BigInt(~this.#high >>> 0) << 32n) | BigInt(~this.#low >>> 0)
  }
}

function word(bytes: Uint8Array, i: number): number {
  return (
    (bytes[i] as number) |
    ((bytes[i + 1] as number) << 8) |
    ((bytes[i + 2] as number) << 16) |
    ((bytes[i + 3] as number) << 24)
  )
}

/** `a` times `b` modulo the polynomial, both reflected: x⁰ is the highest bit. */
function multiply(a: bigint, b: bigint): bigint {
  let product = 0n
  let factor = b
  for (let bit = 1n << 63n; bit > 0n; bit >>= 1n) {
    if (a & bit) product ^= factor
    factor = factor & 1n ? (factor >> 1n) ^ POLYNOMIAL : factor >> 1n
  }
  return product
}

/** x^(8·2ⁿ) for each n: what appending 2ⁿ zero bytes multiplies a checksum by. */
const zeroBytes: bigint[] = [1n << 55n]
for (let n = 1; n < 53; n++) zeroBytes.push(multiply(zeroBytes[n - 1] as bigint, zeroBytes[n - 1] as bigint))

let shift = { length: -1, factor: 0n }

/** The checksum of `first` followed by `second`, of which only the checksums and `second`'s length are known. */
export function combineCrc64(first: bigint, second: bigint, secondLength: number): bigint {
  // Parts of one upload mostly have one length, so the last factor is kept.
  if (shift.length !== secondLength) shift = { length: secondLength, factor: zeros(secondLength) }
  return multiply(shift.factor, first) ^ second
}

function zeros(length: number): bigint {
  let factor = 1n << 63n
  for (let n = 0, rest = length; rest > 0; n++, rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) factor = multiply(zeroBytes[n] as bigint, factor)
  }
  return factor
}
