const DISTANCES = 32_768
const BYTES = 36_864
const STEP = 65_536

/** The register before these bytes → the register after them. */
export type Step = (register: bigint, bytes: Uint8Array) => bigint

/** `crc.wasm`, compiled. */
let compiled: WebAssembly.Module | undefined

/**
 * Takes `crc.wasm` as the runtime has compiled it: of bytes (`compiled.ts`), or imported by Workers, which may compile
 * none. To be called before the first CRC.
 */
export function useCrcModule(module: WebAssembly.Module): void {
  compiled = module
}

/**
 * A CRC of up to 64 bits by WebAssembly, which has 128 bits at once: some six times as fast as JavaScript, and twice as
 * zlib's CRC-32.
 * @param tables what bytes do to the register, as in `crc.ts`.
 * @param distances those of a sparse multiple of the polynomial, in rising order.
 * @returns undefined where no module has been given, or the runtime does not run it.
 */
export function crcWasm(tables: BigUint64Array, distances: readonly number[]): Step | undefined {
  if (compiled === undefined) return undefined
  try {
    const { exports } = new WebAssembly.Instance(compiled)
    const { memory, update } = exports as {
      memory: WebAssembly.Memory
      update: (crc: bigint, length: number) => bigint
    }
    const scratch = new Uint8Array(memory.buffer)
    new BigUint64Array(memory.buffer).set(tables)
    new Int32Array(memory.buffer, DISTANCES).set(distances)
    return (register, bytes) => {
      let crc = register
      for (let at = 0; at < bytes.length; at += STEP) {
        const piece = bytes.subarray(at, at + STEP)
        scratch.set(piece, BYTES)
        crc = update(crc, piece.length)
      }
      return crc
    }
  } catch {
    return undefined
  }
}
