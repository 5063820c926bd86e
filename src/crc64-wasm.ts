/** `crc64.wat`, assembled. */
const MODULE = [
  'AGFzbQEAAAABBwFgAn5/AX4DAgEABQMBAAIHEwIGbWVtb3J5AgAGdXBkYXRlAAAK9gIB8wICAn8CfkGAgAIhAkGAgAIgAUFwcWoh',
  'AwJAA0AgAiADTw0BIAIpAwAgAIUhBCACKQMIIQUgBEIDhkL4D4OnKQOA8AEgBEIFiEL4D4OnKQOA4AGFIARCDYhC+A+DpykDgNAB',
  'IARCFYhC+A+DpykDgMABhYUgBEIdiEL4D4OnKQOAsAEgBEIliEL4D4OnKQOAoAGFIARCLYhC+A+DpykDgJABIARCNYhC+A+DpykD',
  'gIABhYWFIAVCA4ZC+A+DpykDgHAgBUIFiEL4D4OnKQOAYIUgBUINiEL4D4OnKQOAUCAFQhWIQvgPg6cpA4BAhYUgBUIdiEL4D4On',
  'KQOAMCAFQiWIQvgPg6cpA4AghSAFQi2IQvgPg6cpA4AQIAVCNYhC+A+DpykDAIWFhYUhACACQRBqIQIMAAsLQYCAAiABaiEDAkAD',
  'QCACIANPDQEgAEIIiCAApyACLQAAc0H/AXFBA3QpAwCFIQAgAkEBaiECDAALCyAACw==',
].join('')

const BYTES = 32_768
const STEP = 65_536

/** The register before these bytes → the register after them. */
export type Step = (register: bigint, bytes: Uint8Array) => bigint

/**
 * CRC-64 by WebAssembly: two and a half times as fast as JavaScript, which has no 64-bit integers to look up.
 * @param table what each byte does to the register when so many zero bytes follow it.
 * @returns undefined where the runtime compiles no WebAssembly: Workers do not.
 */
export function crc64Wasm(table: (zeros: number) => BigUint64Array): Step | undefined {
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(MODULE, 'base64')))
    const { memory, update } = exports as {
      memory: WebAssembly.Memory
      update: (crc: bigint, length: number) => bigint
    }
    const scratch = new Uint8Array(memory.buffer)
    const tables = new BigUint64Array(memory.buffer)
    for (let zeros = 0; zeros < 16; zeros++) tables.set(table(zeros), 256 * zeros)
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
