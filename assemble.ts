/** Assembles `src/bytes/crc.wat` into what is committed beside it: `crc.wasm` for Workers, and its bytes in `crc-compiled.ts`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { assembledCrc } from './test/bytes/assembled-crc.ts'

const wasm = await assembledCrc()
writeFileSync('src/bytes/crc.wasm', wasm)

const source = 'src/bytes/crc-compiled.ts'
const lines =
  Buffer.from(wasm)
    .toString('base64')
    .match(/.{1,104}/g) ?? []
const written = readFileSync(source, 'utf8').replace(
  /const MODULE = \[\n.*?\n\]/s,
  `const MODULE = [\n${lines.map((line) => `  '${line}',\n`).join('')}]`,
)
writeFileSync(source, written)
