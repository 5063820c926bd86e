import type { Step } from './crc-wasm.ts'

// Tables are those of `tablesOf`; eight of them take eight bytes a step.

const lookUp = (table: Int32Array, at: number) => table[at] as number

/** The step of a CRC of 32 bits. */
export function crc32JavaScript(tables: BigUint64Array): Step {
  const table = Int32Array.from(tables.subarray(0, 8 * 256), Number)
  return (register, bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let value = Number(BigInt.asIntN(32, register))
    let at = 0
    for (const end = bytes.length - 7; at < end; at += 8) {
      const a = view.getInt32(at, true) ^ value
      const b = view.getInt32(at + 4, true)
      value =
        lookUp(table, 1792 + (a & 255)) ^
        lookUp(table, 1536 + ((a >>> 8) & 255)) ^
        lookUp(table, 1280 + ((a >>> 16) & 255)) ^
        lookUp(table, 1024 + (a >>> 24)) ^
        lookUp(table, 768 + (b & 255)) ^
        lookUp(table, 512 + ((b >>> 8) & 255)) ^
        lookUp(table, 256 + ((b >>> 16) & 255)) ^
        lookUp(table, b >>> 24)
    }
    for (; at < bytes.length; at++) {
      value = (value >>> 8) ^ lookUp(table, (value ^ (bytes[at] as number)) & 255)
    }
    return BigInt(value >>> 0)
  }
}

/** The step of a CRC of 64 bits, each half of the register by itself: JavaScript has no fast 64-bit integer. */
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
        lookUp(low, i) ^
        lookUp(low, j) ^
        lookUp(low, k) ^
        lookUp(low, m) ^
        lookUp(low, n) ^
        lookUp(low, p) ^
        lookUp(low, q) ^
        lookUp(low, r)
      h =
        lookUp(high, i) ^
        lookUp(high, j) ^
        lookUp(high, k) ^
        lookUp(high, m) ^
        lookUp(high, n) ^
        lookUp(high, p) ^
        lookUp(high, q) ^
        lookUp(high, r)
    }
    for (; at < bytes.length; at++) {
      const i = (l ^ (bytes[at] as number)) & 255
      l = ((l >>> 8) | (h << 24)) ^ lookUp(low, i)
      h = (h >>> 8) ^ lookUp(high, i)
    }
    return (BigInt(h >>> 0) << 32n) | BigInt(l >>> 0)
  }
}
