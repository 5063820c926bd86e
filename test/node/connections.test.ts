import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { createServer as createTlsServer } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { appOf } from '../../src/app.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import type { Responder } from '../../src/gateway.ts'
import { ossTransport } from '../../src/node/oss-transport.ts'
import { serveOnNode } from '../../src/node/serve-request.ts'
import { createServer as createGatewayServer } from '../../src/node/server.ts'
import type { Incoming, Reply } from '../../src/ports.ts'

const close: (() => unknown)[] = []
afterEach(async () => {
  for (const one of close.splice(0)) await one()
})

async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  close.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

/** A server that answers every request so. @param log gets the causes of what it tells. */
function gateway(
  answer: Responder['answer'],
  log: (cause: unknown) => void = () => {},
  document = '{}',
): Promise<number> {
  const responder: Responder = {
    answer,
    refuse: ({ code }) => ({ status: 400, headers: {}, body: code }),
    replyInstead: ({ code }) => ({ status: 500, headers: {}, body: code }),
  }
  const tell = (_: string, { cause }: Record<string, unknown>) => log(cause)
  const app = appOf(responder, { serve: serveOnNode, log: tell })
  return listening(createGatewayServer(app, responder, parseConfig({}, document), tell).server)
}

const ok: Reply = { status: 200, headers: {}, body: 'ok' }

function transport() {
  const { transport, close: closeTransport } = ossTransport({
    connect: 20,
    headers: 20,
    idle: 20,
    total: 60,
  })
  close.push(closeTransport)
  return transport
}

/** A gateway that hands on what such an OSS answers. */
async function gatewayTo(oss: Server, protocol = 'http'): Promise<number> {
  const origin = `${protocol}://127.0.0.1:${await listening(oss)}`
  const send = transport()
  return gateway(async ({ target }) => {
    const { status, headers, body } = await send({ method: 'GET', url: origin + target, headers: {} })
    delete headers['transfer-encoding']
    return { status, headers, body }
  })
}

/** An OSS that has these bytes for each path. */
const ossOf = (answerTo: (path: string) => Promise<string> | string) =>
  createServer((socket) => {
    socket
      .on('error', () => {})
      .on('data', async (bytes) => socket.write(await answerTo(bytes.toString().split(' ')[1] as string)))
  })

const get = (target: string, ...lines: string[]) =>
  `${[`GET ${target} HTTP/1.1`, 'host: a', ...lines].join('\r\n')}\r\n\r\n`
const answer = (body: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`

/** All that is answered to bytes until the server closes. */
function ask(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(bytes)
  return text(socket)
}

/** What the chunks of an answer hold, whose number is Node's choice. */
function unchunked(response: string): string {
  const chunks = response.split('\r\n\r\n').slice(1).join('\r\n\r\n')
  expect(chunks).toMatch(/\r\n0\r\n\r\n$/)
  return chunks.replace(/(?:^|\r\n)[\da-f]+\r\n/g, '').trimEnd()
}

describe('a connection to OSS', () => {
  test('serves one request at a time, though an answer had come in pieces before it was looked at', async () => {
    const oss = ossOf(async (path) => {
      if (path === '/pieces') {
        return 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n'
      }
      await sleep(path === '/slow' ? 100 : 10)
      return answer(path)
    })
    const port = await gatewayTo(oss)
    expect(unchunked(await ask(port, get('/pieces', 'connection: close')))).toBe('abcd')
    const targets = ['/slow', '/second', '/third']
    const answers = await Promise.all(targets.map((target) => ask(port, get(target, 'connection: close'))))
    expect(answers.map((each) => each.split('\r\n\r\n')[1])).toEqual(targets)
  })

  test('that is closed is not used again', async () => {
    const port = await listening(ossOf(answer))
    const send = transport()
    const sockets: Socket[] = []
    const note = (message: unknown) => sockets.push((message as { socket: Socket }).socket)
    subscribe('net.client.socket', note)
    const request = async (path: string) => {
      const { body } = await send({ method: 'GET', url: `http://127.0.0.1:${port}${path}`, headers: {} })
      return text(body)
    }
    expect(await request('/one')).toBe('/one')
    unsubscribe('net.client.socket', note)
    expect(sockets).toHaveLength(1)
    // As when OSS closes it: the close event is still to come.
    sockets[0]?.destroy()
    expect(await request('/two')).toBe('/two')
  })

  test('over TLS reads nothing into memory that a slow client has still to get', async () => {
    const size = 32 << 20
    const object = Buffer.alloc(size)
    for (let i = 0; i < size; i += 4) object.writeUInt32LE(i, i)
    const files = {
      cert: readFileSync('test/data/localhost-cert.pem'),
      key: readFileSync('test/data/localhost-key.pem'),
    }
    const oss = createTlsServer(files, (socket) => {
      socket
        .on('error', () => {})
        .once('data', () => {
          socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n`)
          socket.write(object)
        })
    })
    // The certificate is its own.
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    close.push(() => delete process.env.NODE_TLS_REJECT_UNAUTHORIZED)
    const client = connect(await gatewayTo(oss, 'https'), '127.0.0.1')
    client.write(get('/object', 'connection: close'))
    const pieces: Buffer[] = []
    for await (const piece of client) {
      pieces.push(piece)
      if (pieces.length % 50 === 1) await sleep(10)
    }
    const received = Buffer.concat(pieces)
    expect(received.subarray(received.indexOf('\r\n\r\n') + 4).equals(object)).toBe(true)
  })

  test('that is answered before the end of an upload lets go of what the upload comes from', async () => {
    const oss = createServer((socket) => {
      socket
        .on('error', () => {})
        .once('data', () => {
          socket.pause()
          setTimeout(() => socket.write('HTTP/1.1 403 No\r\ncontent-length: 2\r\n\r\nno'), 100)
        })
    })
    const url = `http://127.0.0.1:${await listening(oss)}/key`
    let letGo = false
    async function* upload() {
      try {
        for (;;) yield Buffer.alloc(1 << 20)
      } finally {
        letGo = true
      }
    }
    const { status, body } = await transport()({ method: 'PUT', url, headers: {}, body: upload() })
    expect([status, await text(body)]).toEqual([403, 'no'])
    await expect.poll(() => letGo).toBe(true)
  })
})

describe('a client', () => {
  test('who does not read his answers gets no more of them', async () => {
    const body = 'x'.repeat(100_000)
    let asked = 0
    const port = await gateway(async () => {
      asked++
      return { status: 200, headers: {}, body }
    })
    const client = connect(port, '127.0.0.1')
    client.pause()
    client.write(get('/').repeat(2000))
    let before = -1
    while (before !== asked) {
      before = asked
      await sleep(200)
    }
    // As many as the system keeps for him.
    expect(asked).toBeLessThan(1000)
    client.end(get('/', 'connection: close'))
    expect((await text(client)).match(/HTTP\/1\.1 200 /g)).toHaveLength(2001)
  })

  test('who sends requests without end, and reads no answer, is cut', async () => {
    const port = await gateway(() => new Promise(() => {}))
    const client = connect(port, '127.0.0.1').on('error', () => {})
    const many = get('/').repeat(5000)
    while (!client.destroyed) await new Promise((resolve) => client.write(many, resolve))
  })

  test('never gets more bytes than an answer’s length', async () => {
    async function* body() {
      yield Buffer.from('ok')
      yield Buffer.from(answer('another'))
    }
    const failures: unknown[] = []
    const port = await gateway(
      async () => ({ status: 200, headers: { 'content-length': '2' }, body: body() }),
      (cause) => failures.push(cause),
    )
    expect(await ask(port, get('/'))).toMatch(/\r\n\r\nok$/)
    expect(failures).toEqual(['the body is not as long as its length'])
  })

  test('may send an empty line behind a request, on its own', async () => {
    const port = await gateway(async () => ({ ...ok, headers: {} }))
    const client = connect(port, '127.0.0.1')
    client.write(get('/'))
    await once(client, 'data')
    client.write('\r\n')
    await sleep(50)
    client.write(get('/', 'connection: close'))
    expect(await text(client)).toMatch(/^HTTP\/1\.1 200 /)
  })

  test('announces no chunk whose size is beyond what 64 bits hold', async () => {
    const port = await gateway(async ({ body }) => {
      await text(body).catch(() => {})
      return { ...ok, headers: {} }
    })
    const begin = get('/', 'transfer-encoding: chunked')
    expect(await ask(port, `${begin}10000000000000000\r\n`)).toMatch(/^HTTP\/1\.1 400 .*BadRequest$/s)
  })

  test('who has sent his body is not told to go on', async () => {
    const port = await gateway(async ({ body }) => {
      const sent = body.takeWhole?.()
      return { ...ok, headers: {}, body: String(sent) }
    })
    const lines = ['expect: 100-continue', 'content-length: 5', 'connection: close']
    expect(await ask(port, `${get('/', ...lines)}hello`)).toMatch(/^HTTP\/1\.1 200 .*hello$/s)
  })

  test('has memory for each upload to itself, though an answered one is read on', async () => {
    const bodies: AsyncIterator<Uint8Array>[] = []
    const answers: ((reply: Reply) => void)[] = []
    const port = await gateway(({ body }: Incoming) => {
      bodies.push(body[Symbol.asyncIterator]())
      return new Promise((resolve) => answers.push(resolve))
    })
    const socket = connect(port, '127.0.0.1').resume()
    const pieceOf = async (place: number, bytes: string) => {
      socket.write(get('/', 'content-length: 4'))
      await expect.poll(() => bodies.length).toBe(place + 1)
      const piece = (bodies[place] as AsyncIterator<Uint8Array>).next()
      socket.write(bytes)
      return (await piece).value as Uint8Array
    }
    await pieceOf(0, 'aaaa')
    answers[0]?.({ ...ok, headers: {} })
    const held = await pieceOf(1, 'bb')
    expect(await bodies[0]?.next()).toEqual({ done: true, value: undefined })
    socket.write('cc')
    await sleep(50)
    expect(String(held)).toBe('bb')
    socket.destroy()
  })
})

test.each(['connections', 'connectionsPerAddress'])(
  'with %s: 2 a third connection is closed, and there is room again when one has gone',
  async (name) => {
    const port = await gateway(async () => ({ ...ok, headers: {} }), undefined, `limits: {${name}: 2}`)
    const kept = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')] as const
    for (const socket of kept) {
      socket.write(get('/'))
      await once(socket, 'data')
    }
    const refused = connect(port, '127.0.0.1').on('error', () => {})
    refused.write(get('/'))
    await once(refused, 'close')
    expect(refused.bytesRead).toBe(0)
    kept[0].destroy()
    const next = async () => {
      const socket = connect(port, '127.0.0.1').on('error', () => {})
      socket.end(get('/', 'connection: close'))
      const [said] = await Promise.race([once(socket, 'data'), once(socket, 'close')])
      return String(said)
    }
    await expect.poll(next).toMatch(/^HTTP\/1\.1 200 /)
    kept[1].destroy()
  },
)
