import * as zlib from 'node:zlib'
import { crc32JavaScript, crc64JavaScript } from './crc-javascript.ts'
import { crcWasm, type Step } from './crc-wasm.ts'

/** A running CRC: fed with bytes, read as a number. */
export type Crc = { update(bytes: Uint8Array): void; digest(): bigint }

type Definition = {
  bits: 32 | 64
  /** Bit-reversed. */
  polynomial: bigint
  /**
   * Of seven bytes behind a first one: a message with 01 at all eight, 00 elsewhere, is a multiple of the polynomial.
   * Found by search. For 64 bits, seven are the fewest that stay this near: five would reach some 18 KB, six 5 KB.
   */
  distances: readonly number[]
}

/** The CRCs that S3 and OSS know, as catalogues define them: reflected, begun and ended with all ones. */
export const crcs = {
  CRC32: { bits: 32, polynomial: 0xedb88320n, distances: [90, 115, 120, 126, 219, 282, 300] },
  CRC32C: { bits: 32, polynomial: 0x82f63b78n, distances: [84, 132, 152, 158, 252, 259, 300] },
  CRC64NVME: {
    bits: 64,
    polynomial: 0x9a6c9329ac4bc9b5n,
    distances: [149, 583, 728, 1485, 1612, 2042, 2210],
  },
  /** OSS's. */
  CRC64XZ: { bits: 64, polynomial: 0xc96c5795d7870f42n, distances: [117, 152, 241, 395, 894, 1250, 1403] },
} as const satisfies Record<string, Definition>

export type CrcName = keyof typeof crcs

/** How each CRC's register is updated, built at first use. */
const steps = new Map<CrcName, Step>()

/** A CRC. @param begun that of the bytes before, which it goes on from; absent: there are none. */
export function crc(name: CrcName, begun = 0n): Crc {
  const { bits } = crcs[name]
  const step = steps.get(name) ?? stepOf(name)
  steps.set(name, step)
  let register = BigInt.asUintN(bits, ~begun)
  return {
    update: (bytes) => {
      register = step(register, bytes)
    },
    digest: () => BigInt.asUintN(bits, ~register),
  }
}

function stepOf(name: CrcName): Step {
  const { bits, polynomial, distances } = crcs[name]
  const tables = tablesOf(polynomial)
  const wasm = crcWasm(tables, distances)
  if (wasm !== undefined) return wasm
  // Node has it from 20.15 on, and so have Workers. It takes and gives sums, not registers, and for
  // no bytes gives 0, whatever came before.
  if (name === 'CRC32' && zlib.crc32 !== undefined) {
    const inverted = (value: number) => ~value >>> 0
    return (register, bytes) =>
      bytes.length === 0 ? register : BigInt(inverted(zlib.crc32(bytes, inverted(Number(register)))))
  }
  return bits === 32 ? crc32JavaScript(tables) : crc64JavaScript(tables)
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
