import type { AddressInfo, Server, Socket } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { appOf } from '../../src/app.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import type { Responder } from '../../src/gateway.ts'
import { nodePorts } from '../../src/node/ports.ts'
import { serveOnNode } from '../../src/node/serve-request.ts'
import { createServer, type HttpServer } from '../../src/node/server.ts'
import type { Incoming, Reply } from '../../src/ports.ts'
import { renderError, type S3Error } from '../../src/s3/error.ts'
import { Connection } from './connection.ts'

/** What is behind the server: ways to answer, by the target. */
const ways: Record<string, (incoming: Incoming) => Promise<Reply>> = {
  '/read': async ({ body }) => {
    let size = 0
    for await (const bytes of body) size += bytes.length
    return { status: 200, headers: {}, body: String(size) }
  },
  '/refuse': async () => ({ status: 403, headers: {}, body: '<Error/>' }),
  '/nothing': async () => ({ status: 204, headers: {} }),
  '/early': async ({ body }) => {
    // Someone still waits for more when the answer goes out.
    const rest = (async () => {
      for await (const bytes of body) if (bytes.length === 0) return
    })()
    rest.catch(() => {})
    return { status: 200, headers: {}, body: 'early' }
  },
  '/slow': async ({ signal }) => {
    await nodePorts.sleep(2, signal()).catch(() => {})
    return { status: 200, headers: {}, body: 'slow' }
  },
  '/stream': async () => ({ status: 200, headers: {}, body: pieces(10) }),
  '/readable': async () => ({
    status: 200,
    headers: {},
    body: Readable.from(pieces(10), { objectMode: false }),
  }),
  '/large': async () => ({ status: 200, headers: {}, body: pieces(400) }),
  '/breaks': async () => ({ status: 200, headers: { 'content-length': '99999999' }, body: pieces(20, true) }),
  '/closed': async () => {
    const body = Readable.from(pieces(20), { objectMode: false })
    body.destroy()
    return { status: 200, headers: {}, body }
  },
  '/unwritable': async () => ({ status: 200, headers: { etag: 'a\r\nb' }, body: pieces(20) }),
  '/throws': async () => {
    throw new Error('which it never should')
  },
}

let piecesOpen = 0
async function* pieces(count: number, breaks = false): AsyncGenerator<Uint8Array> {
  piecesOpen++
  try {
    for (let i = 0; i < count; i++) yield Buffer.alloc(5_000, 'x')
    if (breaks) throw new Error('broken')
  } finally {
    piecesOpen--
  }
}

const refuse = (error: S3Error): Reply => ({
  status: error.status,
  headers: error.headers,
  body: renderError(error, 'id', 'id'),
})

let http: HttpServer
let server: Server
/** What is worked on and not answered to its end. */
let entered: number
const sockets: Socket[] = []
let endpoint: string

beforeEach(async () => {
  entered = 0
  const gateway: Responder = {
    refuse,
    replyInstead: refuse,
    answer: (incoming: Incoming) => {
      entered++
      incoming.onAnswered?.(() => entered--)
      return (ways[incoming.target] as (typeof ways)[string])(incoming)
    },
  }
  const log = () => {}
  http = createServer(appOf(gateway, { serve: serveOnNode, log }), gateway, parseConfig({}), log)
  server = http.server
  server.on('connection', (socket) => sockets.push(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => {
  Connection.closeAll()
  server.close()
  sockets.length = 0
})

/** A small generator of numbers below n, the same in every run. */
function randomOf(seed: number): (n: number) => number {
  let state = seed
  return (n) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor((state / 2 ** 31) * n)
  }
}

const targets = Object.keys(ways)
const heads = [
  (target: string) => `GET ${target} HTTP/1.1\r\nhost: x\r\n\r\n`,
  (target: string) => `GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
  (target: string) => `GET ${target} HTTP/1.0\r\nhost: x\r\n\r\n`,
  (target: string) => `HEAD ${target} HTTP/1.1\r\nhost: x\r\n\r\n`,
  (target: string) => `PUT ${target} HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello`,
  (target: string) =>
    `PUT ${target} HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhel`,
  (target: string) =>
    `PUT ${target} HTTP/1.1\r\nhost: x\r\ncontent-length: 300000\r\n\r\n${'x'.repeat(300_000)}`,
  (target: string) =>
    `PUT ${target} HTTP/1.1\r\nhost: x\r\ncontent-length: 300000\r\n\r\n${'x'.repeat(200_000)}`,
  (target: string) =>
    `PUT ${target} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  (target: string) =>
    `PUT ${target} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello!\r\n`,
  (target: string) =>
    `PUT ${target} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\nhello`,
  (target: string) =>
    `PUT ${target} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n`,
  (target: string) => `PUT ${target} HTTP/1.1\r\nhost: x\r\nexpect: more\r\ncontent-length: 5\r\n\r\nhello`,
  (target: string) => `GET ${target} HTTP/1.1\r\n`,
  () => 'no HTTP\r\n\r\n',
  () => '\r\n\r\n',
]
const ends: ((socket: Socket) => unknown)[] = [
  (socket) => socket.destroy(),
  (socket) => socket.resetAndDestroy(),
  (socket) => socket.end(),
  (socket) => socket.pause().end(),
]

test('nothing is left of three thousand connections, whatever came on them and however they ended', async () => {
  const random = randomOf(42)
  const pick = <T>(from: readonly T[]) => from[random(from.length)] as T
  async function one(): Promise<void> {
    const { socket } = new Connection(endpoint)
    for (let i = random(4); i >= 0; i--) {
      const bytes = pick(heads)(pick(targets))
      const cut = random(3) === 0 ? random(bytes.length) : bytes.length
      socket.write(bytes.slice(0, cut))
      if (random(3) === 0) await sleep(random(5))
      socket.write(bytes.slice(cut))
    }
    await sleep(random(10))
    pick(ends)(socket)
  }
  for (let i = 0; i < 100; i++) await Promise.all(Array.from({ length: 30 }, one))
  Connection.closeAll()
  await expect.poll(() => http.requests().length).toBe(0)
  await expect.poll(() => entered).toBe(0)
  await expect.poll(() => piecesOpen).toBe(0)
  // Those who neither read nor say so are cut after a while.
  await expect.poll(() => sockets.filter(({ destroyed }) => !destroyed).length).toBe(0)
  const answer = await new Connection(endpoint).write(heads[0]?.('/slow') ?? '').answer()
  expect(answer.body.toString()).toBe('slow')
})

test('twenty thousand requests on a connection leave nothing on it', async () => {
  const one = new Connection(endpoint)
  const targets = ['/read', '/refuse', '/nothing', '/early', '/slow', '/stream', '/readable']
  const requests = targets.flatMap((target) => [
    `GET ${target} HTTP/1.1\r\nhost: x\r\n\r\n`,
    `PUT ${target} HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello`,
  ])
  const listeners = () => {
    const [socket] = sockets as [Socket]
    return socket.eventNames().map((name) => `${String(name)} ${socket.listenerCount(name)}`)
  }
  let before: string[] = []
  for (let i = 0; i < 20_000 / requests.length; i++) {
    one.write(requests.join(''))
    for (const _ of requests) await one.answer()
    if (i === 1) before = listeners()
  }
  expect(listeners()).toEqual(before)
  await expect.poll(() => http.requests().length).toBe(0)
  expect([entered, piecesOpen]).toEqual([0, 0])
})

test('who is given up hears so, and nothing is left of it', async () => {
  const heard = [
    new Connection(endpoint).write('PUT /read HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhell'),
    new Connection(endpoint).write('PUT /read HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n'),
    new Connection(endpoint).write(
      'PUT /read HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n',
    ),
  ]
  await expect.poll(() => http.requests().length).toBe(heard.length)
  void http.end()
  http.giveUp(new Error('stopping'))
  for (const one of heard) await one.closed
  await expect.poll(() => http.requests().length).toBe(0)
  expect(entered).toBe(0)
})
