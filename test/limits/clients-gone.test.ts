import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse-config.ts'
import { type Running, serve } from '../../src/node/serve.ts'
import { Connection } from './connection.ts'

let gateway: Running
let logged: string[]
const connection = () => new Connection(`http://127.0.0.1:${gateway.port}`)
const upload = { method: 'PUT', target: '/bucket/cut' }

beforeEach(async () => {
  logged = []
  const settings = { PORT: '0', ADMIN_PORT: '0', LOCAL_OSS_PORT: '0', LOCAL_OSS_DIR: ':memory:' }
  gateway = await serve(parseConfig(settings), (event) => logged.push(event))
  await connection().ask({ method: 'PUT', target: '/bucket' })
  await connection().ask({ method: 'PUT', target: '/bucket/key', body: Buffer.alloc(10 << 20) })
})
afterEach(() => {
  Connection.closeAll()
  return gateway.stop()
})

test('a client that leaves is no failure of the gateway', async () => {
  for (const size of [100, 400_000, 10 << 20]) {
    for (const leave of ['destroy', 'resetAndDestroy', 'end'] as const) {
      const half = Buffer.alloc(size / 2)
      const leaving = [
        connection().begin(upload, `content-length: ${size}`).write(half),
        connection().begin(upload, 'transfer-encoding: chunked').write('5\r\nhello\r\n'),
        connection().begin({ method: 'GET', target: '/bucket/key' }),
      ]
      await sleep(20)
      for (const { socket } of leaving) socket[leave]()
    }
  }
  await sleep(200)
  expect(logged).toEqual([])
})

test('an upload that is given up when the gateway stops is to be tried again', async () => {
  const halves = [100, 400_000].map((size) =>
    connection().begin(upload, `content-length: ${size}`, 'expect: 100-continue'),
  )
  for (const half of halves) {
    // Then it is in.
    await expect.poll(() => half.size).toBeGreaterThan(0)
    half.write('x')
  }
  const stopped = gateway.stop(100)
  for (const half of halves) {
    expect(await half.answer('PUT')).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      error: { Code: 'ServiceUnavailable' },
    })
  }
  await stopped
})

test('whoever waits for a copy that is given up is told, though its answer had begun long before', async () => {
  const part = 100 * 1024
  const settings = { PORT: '0', ADMIN_PORT: '0', LOCAL_OSS_PORT: '0', LOCAL_OSS_DIR: ':memory:' }
  const copying = await serve(
    parseConfig(
      { ...settings, LOCAL_OSS_COPY_LIMIT: String(part) },
      JSON.stringify({ copy: { partSize: part, keepAliveAfter: 0.05 } }),
    ),
    () => {},
  )
  const asking = () => new Connection(`http://127.0.0.1:${copying.port}`)
  await asking().ask({ method: 'PUT', target: '/bucket' })
  await asking().ask({ method: 'PUT', target: '/bucket/source', body: Buffer.alloc(3 * part) })
  const { faults } = copying.localOss as NonNullable<Running['localOss']>
  const times = Number.POSITIVE_INFINITY
  faults.add({ operation: 'UploadPartCopy', times, action: { kind: 'stall', at: 'start' } })
  // Longer than the clients whose answers have not begun are waited for.
  faults.add({ operation: 'AbortMultipartUpload', times, action: { kind: 'delay', ms: 1_200 } })
  const copy = asking().begin(
    { method: 'PUT', target: '/bucket/copy', headers: { 'x-amz-copy-source': 'bucket/source' } },
    'content-length: 0',
  )
  await expect.poll(() => copy.size).toBeGreaterThan(0)
  const stopped = copying.stop(100)
  expect(await copy.answer('PUT')).toMatchObject({ status: 200, error: { Code: 'ServiceUnavailable' } })
  await stopped
})
