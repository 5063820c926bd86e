/** Assembles `src/bytes/*.wat` into what is committed beside them: `.wasm` for Workers, and their bytes in `compiled.ts`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { assembled, modules } from './test/bytes/assembled.ts'

const source = 'src/bytes/compiled.ts'
for (const [name, constant] of modules) {
  const wasm = await assembled(name)
  writeFileSync(`src/bytes/${name}.wasm`, wasm)
  const lines =
    Buffer.from(wasm)
      .toString('base64')
      .match(/.{1,104}/g) ?? []
  const written = readFileSync(source, 'utf8').replace(
    new RegExp(`const ${constant} = \\[\n.*?\\]`, 's'),
    `const ${constant} = [\n${lines.map((line) => `  '${line}',\n`).join('')}]`,
  )
  writeFileSync(source, written)
}
