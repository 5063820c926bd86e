import { readFileSync } from 'node:fs'
import loadWabt from 'wabt'

/** The modules of WebAssembly in `src/bytes`, with the names that their bytes have in `compiled.ts`. */
export const modules = [
  ['crc', 'CRC'],
  ['xxh', 'XXH'],
] as const

/** `src/bytes/NAME.wat` as WebAssembly, assembled now. */
export async function assembled(name: string): Promise<Uint8Array> {
  const wabt = await loadWabt()
  const source = readFileSync(`src/bytes/${name}.wat`, 'utf8')
  const features = { simd: true, bulk_memory: true, multi_value: true }
  return wabt.parseWat(`${name}.wat`, source, features).toBinary({}).buffer
}
