import { crc64Wasm, type Step } from './crc64-wasm.ts'

/** A running CRC-64: fed with bytes, read as a number. */
export type Crc64 = { update(bytes: Uint8Array): void; digest(): bigint }

/**
 * For each polynomial, seven distances: a message with 01 at 0 and at each of them, 00 elsewhere, is a multiple of it.
 * Found by search; seven is the fewest that stay this short: five would reach some 18 KB, six 5 KB.
 */
export const sparseMultiples: ReadonlyMap<bigint, readonly number[]> = new Map([
  [0xc96c5795d7870f42n, [117, 152, 241, 395, 894, 1250, 1403]],
  [0x9a6c9329ac4bc9b5n, [149, 583, 728, 1485, 1612, 2042, 2210]],
])

/** By polynomial: how the register goes on. */
const steps = new Map<bigint, Step>()
const ONES = 0xffffffffffffffffn

/**
 * A reflected CRC-64 that begins and ends with all ones.
 * @param polynomial bit-reversed: CRC-64/XZ (OSS) is `0xc96c5795d7870f42n`, CRC-64/NVME (S3) `0x9a6c9329ac4bc9b5n`.
 */
export function crc64(polynomial: bigint): Crc64 {
  let step = steps.get(polynomial)
  if (step === undefined) {
    const tables = tablesOf(polynomial)
    const distances = sparseMultiples.get(polynomial)
    step = (distances && crc64Wasm(tables, distances)) ?? crc64JavaScript(tables)
    steps.set(polynomial, step)
  }
  const go = step
  let register = ONES
  return {
    update: (bytes) => {
      register = go(register, bytes)
    },
    digest: () => BigInt.asUintN(64, ~register),
  }
}

/** Sixteen tables of 256, one after another: in the nth, from 0, what each byte does when n zero bytes follow it. */
export function tablesOf(polynomial: bigint): BigUint64Array {
  const tables = new BigUint64Array(16 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let value = BigInt(byte)
    for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ polynomial : value >> 1n
    tables[byte] = value
  }
  const entry = (at: number) => tables[at] as bigint
  for (let at = 256; at < tables.length; at++)
    tables[at] = (entry(at - 256) >> 8n) ^ entry(Number(entry(at - 256) & 255n))
  return tables
}

const look = (table: Int32Array, at: number) => table[at] as number

/**
 * Eight bytes a step, each half of the register by itself: JavaScript has no fast 64-bit integer.
 * @param tables those of {@link tablesOf}.
 */
export function crc64JavaScript(tables: BigUint64Array): Step {
  const low = Int32Array.from(tables.subarray(0, 8 * 256), (value) => Number(value & 0xffffffffn))
  const high = Int32Array.from(tables.subarray(0, 8 * 256), (value) => Number(value >> 32n))
  return (register, bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let l = Number(BigInt.asIntN(32, register))
    let h = Number(BigInt.asIntN(32, register >> 32n))
    let at = 0
    for (const end = bytes.length - 7; at < end; at += 8) {
      const a = view.getInt32(at, true) ^ l
      const b = view.getInt32(at + 4, true) ^ h
      const i = 1792 + (a & 255)
      const j = 1536 + ((a >>> 8) & 255)
      const k = 1280 + ((a >>> 16) & 255)
      const m = 1024 + (a >>> 24)
      const n = 768 + (b & 255)
      const p = 512 + ((b >>> 8) & 255)
      const q = 256 + ((b >>> 16) & 255)
      const r = b >>> 24
      l =
        look(low, i) ^
        look(low, j) ^
        look(low, k) ^
        look(low, m) ^
        look(low, n) ^
        look(low, p) ^
        look(low, q) ^
        look(low, r)
      h =
        look(high, i) ^
        look(high, j) ^
        look(high, k) ^
        look(high, m) ^
        look(high, n) ^
        look(high, p) ^
        look(high, q) ^
        look(high, r)
    }
    for (; at < bytes.length; at++) {
      const i = (l ^ (bytes[at] as number)) & 255
      l = ((l >>> 8) | (h << 24)) ^ look(low, i)
      h = (h >>> 8) ^ look(high, i)
    }
    return (BigInt(h >>> 0) << 32n) | BigInt(l >>> 0)
  }
}
