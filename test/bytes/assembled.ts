import { readFileSync } from 'node:fs'
import loadWabt from 'wabt'

/** `src/bytes/crc.wat` as WebAssembly, assembled now. */
export async function assembledCrc(): Promise<Uint8Array> {
  const wabt = await loadWabt()
  const source = readFileSync('src/bytes/crc.wat', 'utf8')
  return wabt.parseWat('crc.wat', source, { simd: true, bulk_memory: true }).toBinary({}).buffer
}
