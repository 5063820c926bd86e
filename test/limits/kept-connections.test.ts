import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startWorld, type World } from '../harness.ts'
import { Connection, headOf } from './connection.ts'

let world: World
beforeAll(async () => {
  world = await startWorld('sockets')
  await new Connection(world.endpoint).ask({ method: 'PUT', target: '/bucket' })
})
afterAll(() => world.stop())
afterEach(() => Connection.closeAll())

type Shape = {
  version: 'HTTP/1.1' | 'HTTP/1.0'
  method: string
  body?: string
  target: string
  lines: string[]
  halfClosed: boolean
}

const shapes = (['HTTP/1.1', 'HTTP/1.0'] as const).flatMap((version) =>
  [[], ['connection: close'], ['connection: keep-alive'], ['connection: upgrade', 'upgrade: h2c']].flatMap(
    (connection) =>
      [[], ['expect: 100-continue'], ['expect: 200-ok']].map((expectation) => ({
        version,
        lines: [...connection, ...expectation],
      })),
  ),
)

const requests = [
  { method: 'PUT' },
  { method: 'PUT', body: '' },
  { method: 'PUT', body: 'hello' },
  { method: 'GET' },
  { method: 'GET', body: 'of no use' },
  { method: 'HEAD' },
  { method: 'DELETE' },
].flatMap((request) =>
  ['/bucket/key', '/no-bucket/key'].flatMap((target) =>
    [false, true].map((halfClosed) => ({ ...request, target, halfClosed })),
  ),
)

/** Sends a request, and reads its response. @returns whether that keeps the connection. */
async function exchange({ version, lines, halfClosed, ...request }: Shape) {
  const one = new Connection(world.endpoint)
  const head = headOf(request, new URL(world.endpoint).host, ...lines)
  one.write(head.replace('HTTP/1.1', version) + (request.body ?? ''))
  if (halfClosed) one.socket.end()
  const { headers } = await one.answer(request.method)
  return {
    one,
    isKept: version === 'HTTP/1.0' ? headers.connection === 'keep-alive' : headers.connection !== 'close',
  }
}

// A client that sends its next request on a connection that is closed may never learn what became of it.
describe.each(shapes)('$version with $lines', ({ version, lines }) => {
  test('closes a connection where its response says so, and only there', async () => {
    for (const request of requests) {
      const { one, isKept } = await exchange({ ...request, version, lines })
      const shape = JSON.stringify(request)
      if (request.halfClosed || !isKept) await one.closed
      else expect((await one.ask({ method: 'HEAD', target: '/bucket' })).status, shape).toBe(200)
    }
  })
})
