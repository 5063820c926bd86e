import { build } from 'esbuild'
import { expect, test } from 'vitest'

test('the Worker holds nothing that runs on Node only', async () => {
  const { metafile } = await build({
    entryPoints: ['src/worker/index.ts'],
    bundle: true,
    format: 'esm',
    external: ['node:*'],
    write: false,
    metafile: true,
  })
  const inputs = Object.keys(metafile.inputs)
  expect(inputs).toContain('src/worker/index.ts')
  const nodeOnly =
    /ali-oss|node_modules\/aws4\/|undici|node-server|level|src\/local-oss|src\/node|src\/http|src\/cli/
  expect(inputs.filter((input) => nodeOnly.test(input))).toEqual([])
})
