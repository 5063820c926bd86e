import { build } from 'esbuild'
import { Miniflare } from 'miniflare'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { builtWorker, bundling, modulesOf } from '../build-worker.ts'
import { send, sign } from '../gateway/wire.ts'

/** Before all else in the bundle: a clock that is ahead. */
const CLOCK = `
  const { now } = Date
  globalThis.ahead = 0
  Date.now = () => now() + globalThis.ahead
`
/** The Worker, whose clock is ahead by the seconds that a header says. */
const WITH_CLOCK = `
  import worker from './src/worker/index.ts'
  export default {
    fetch(request, env, ctx) {
      globalThis.ahead = Number(request.headers.get('x-clock-ahead')) * 1000
      return worker.fetch(request, env, ctx)
    },
  }
`

let worker: Miniflare
let output = ''
let endpoint: URL
beforeAll(async () => {
  await build({
    ...bundling,
    banner: { js: CLOCK },
    stdin: { contents: WITH_CLOCK, resolveDir: '.', sourcefile: 'with-clock.js' },
    entryNames: 'with-clock',
  })
  worker = new Miniflare({
    ...builtWorker,
    modules: modulesOf('with-clock'),
    kvNamespaces: ['CONFIG'],
    bindings: {
      OSS_REGION: 'cn-hangzhou',
      OSS_ACCESS_KEY_ID: 'key',
      OSS_ACCESS_KEY_SECRET: 'the-oss-secret',
    },
    unsafeDirectSockets: [{ port: 0 }],
    handleRuntimeStdio: (...streams) => {
      for (const stream of streams) stream.on('data', (bytes) => (output += bytes))
    },
  })
  await worker.ready
  endpoint = await worker.unsafeGetDirectURL()
})
afterAll(() => worker.dispose())

type Kept = { put(key: string, value: string): Promise<void>; delete(key: string): Promise<void> }
const namespace = async () => (await worker.getKVNamespace('CONFIG')) as unknown as Kept
const keep = async (document: string) => (await namespace()).put('GATEWAY_CONFIG', document)
/** A document whose client has this key, and one bucket. */
const documentOf = (accessKeyId: string) =>
  JSON.stringify({ clients: [{ accessKeyId, secretAccessKey: 'the-secret', buckets: ['its-bucket'] }] })

/** Whether a key signs, when the document is so many seconds old. */
async function signs(accessKeyId: string, ahead: number): Promise<boolean> {
  const headers = { 'x-clock-ahead': String(ahead) }
  const request = sign({ method: 'GET', target: '/another-bucket/a', headers }, endpoint.host, {
    accessKeyId,
    secretAccessKey: 'the-secret',
  })
  const { Code } = (await send(endpoint.origin, request)).error
  expect(['AccessDenied', 'InvalidAccessKeyId']).toContain(Code)
  return Code === 'AccessDenied'
}

test('keys come and go with the document in KV, and a mistake in it leaves those that there are', async () => {
  await keep(documentOf('first'))
  expect([await signs('first', 0), await signs('second', 0)]).toEqual([true, false])
  await keep(documentOf('second'))
  expect([await signs('first', 20), await signs('second', 20)]).toEqual([true, false])
  expect([await signs('first', 65), await signs('second', 65)]).toEqual([false, true])

  const refused = 'settings refused, all goes on as before'
  for (const [ahead, spoil, why] of [
    [130, () => keep('{"clients": [{"accessKeyId": "third"}]}'), 'clients.0.secretAccessKey: it is missing'],
    [195, () => keep('not JSON'), 'GATEWAY_CONFIG is no JSON'],
    [260, async () => (await namespace()).delete('GATEWAY_CONFIG'), 'CONFIG has no value for the key'],
  ] as const) {
    await spoil()
    expect([await signs('second', ahead), await signs('second', ahead + 1)]).toEqual([true, true])
    await expect.poll(() => output.split(why)).toHaveLength(2)
    expect(output).not.toContain('the-secret')
  }
  expect(output.split(refused)).toHaveLength(4)

  await keep(documentOf('third'))
  expect([await signs('second', 325), await signs('third', 325)]).toEqual([false, true])
})
