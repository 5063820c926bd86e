import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { assembled, modules } from './assembled.ts'

test.each(modules)('what both runtimes execute is what %s.wat says, assembled', async (name, constant) => {
  const wasm = Buffer.from(await assembled(name))
  expect(readFileSync(`src/bytes/${name}.wasm`).equals(wasm)).toBe(true)
  const [, lines = ''] =
    new RegExp(`const ${constant} = \\[\n(.*?)\n\\]`, 's').exec(
      readFileSync('src/bytes/compiled.ts', 'utf8'),
    ) ?? []
  expect(lines.replace(/[^\w+/=]/g, '')).toBe(wasm.toString('base64'))
})
