import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { assembledCrc } from './assembled-crc.ts'

test('what both runtimes execute is what crc.wat says, assembled', async () => {
  const wasm = Buffer.from(await assembledCrc())
  expect(readFileSync('src/bytes/crc.wasm').equals(wasm)).toBe(true)
  const quoted = readFileSync('src/bytes/crc-compiled.ts', 'utf8').match(/'[\w+/=]{8,}'/g) ?? []
  expect(quoted.map((text) => text.slice(1, -1)).join('')).toBe(wasm.toString('base64'))
})
