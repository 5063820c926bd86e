import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'worker-bundle-'))
  await run(
    process.execPath,
    [
      'node_modules/wrangler/bin/wrangler.js',
      ...['deploy', '--dry-run', '--outdir', folder, '--metafile', join(folder, 'metafile.json')],
    ],
    { env: { ...process.env, WRANGLER_SEND_METRICS: 'false' } },
  )
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('the Worker holds nothing that runs on Node only', async () => {
  const { inputs } = JSON.parse(await readFile(join(folder, 'metafile.json'), 'utf8'))
  const names = Object.keys(inputs)
  expect(names).toContain('src/worker/index.ts')
  const nodeOnly =
    /ali-oss|node_modules\/aws4\/|node_modules\/yaml\/|undici|node-server|-level\/|pino|prom-client|@opentelemetry|src\/local-oss|src\/node|src\/http|src\/cli|\/machine|\/compiled\.ts/
  expect(names.filter((name) => nodeOnly.test(name))).toEqual([])
})

test('the Worker stays small: an isolate reads all of it before its first request', async () => {
  const files = await readdir(folder)
  const uploaded = files.filter((file) => /\.(js|wasm)$/.test(file))
  expect(uploaded).toHaveLength(3)
  const contents = await Promise.all(uploaded.map((file) => readFile(join(folder, file))))
  // What they are is in ARCHITECTURE.md.
  expect(gzipSync(Buffer.concat(contents)).length).toBeLessThan(149 * 1024)
})
