/** A running CRC-64: fed with bytes, read as its two halves. */
export type Crc64 = {
  update(bytes: Uint8Array): void
  /** Most significant 32 bits first; both may be negative. */
  digest(): readonly [high: number, low: number]
}

/** Eight tables take eight bytes a step: table k, at 256k, is the effect of a byte that k zero bytes follow. */
type Tables = { low: Int32Array; high: Int32Array }
const built = new Map<bigint, Tables>()

const look = (table: Int32Array, at: number) => table[at] as number

/**
 * A reflected CRC-64 that begins and ends with all ones. JavaScript has no fast 64-bit integer, so it goes in two halves.
 * @param polynomial bit-reversed: CRC-64/XZ (OSS) is `0xc96c5795d7870f42n`, CRC-64/NVME (S3) `0x9a6c9329ac4bc9b5n`.
 */
export function crc64(polynomial: bigint): Crc64 {
  const { low, high } = tablesOf(polynomial)
  let l = -1
  let h = -1
  return {
    update: (bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
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
    },
    digest: () => [~h, ~l],
  }
}

function tablesOf(polynomial: bigint): Tables {
  const known = built.get(polynomial)
  if (known !== undefined) return known
  const low = new Int32Array(8 * 256)
  const high = new Int32Array(8 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let value = BigInt(byte)
    for (let slice = 0; slice < 8; slice++) {
      for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ polynomial : value >> 1n
      low[256 * slice + byte] = Number(value & 0xffffffffn)
      high[256 * slice + byte] = Number(value >> 32n)
    }
  }
  const tables = { low, high }
  built.set(polynomial, tables)
  return tables
}
