import { once } from 'node:events'
import { createServer as createNodeServer, request as nodeRequest } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Server } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { appOf } from '../../src/app.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import type { Responder } from '../../src/gateway.ts'
import { ossTransport } from '../../src/node/oss-transport.ts'
import { serveOnNode } from '../../src/node/serve-request.ts'
import { createServer } from '../../src/node/server.ts'

/**
 * Node's own parser is the other reader: whatever both take for a message has to be the same one to both. The gateway
 * may refuse what Node takes, and never the other way round: where two readers differ, a request hides in another.
 */
type Message = { line: string; headers: Record<string, string>; body: string }

const servers: Server[] = []
async function listening(server: Server): Promise<number> {
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}
afterAll(() => {
  for (const server of servers) server.close()
})

/** Values of a header in the gateway's way: lower-case names, repeated values joined. */
function joined(raw: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {}
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase()
    const value = raw[i + 1] as string
    headers[name] = headers[name] === undefined ? value : `${headers[name]},${value}`
  }
  return headers
}

/** Sends bytes in these pieces, and closes. Resolves when the other side has closed too. */
function sendAll(port: number, pieces: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', async () => {
      for (const piece of pieces) {
        socket.write(piece, 'latin1')
        await new Promise(setImmediate)
      }
      socket.end()
    })
    socket.setTimeout(60_000, () => socket.destroy())
    socket
      .resume()
      .on('error', () => {})
      .on('close', () => resolve())
  })
}

const line = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('GET /a HTTP/1.1', 'PUT /b?c HTTP/1.1', 'POST /d HTTP/1.0') },
  fc.constantFrom(
    'GET  /a HTTP/1.1',
    'GET /a b HTTP/1.1',
    'get /a HTTP/1.1',
    'GET /a HTTP/1.2',
    'GET /a',
    ' GET /a HTTP/1.1',
    'GET /é HTTP/1.1',
    'GET http://x/a HTTP/1.1',
    'GET a HTTP/1.1',
    'PUT /\t HTTP/1.1',
  ),
)
const end = fc.oneof(
  { weight: 40, arbitrary: fc.constant('\r\n') },
  fc.constantFrom('\n', '\r', '\r\r\n', '\r\n ', ' \r\n', '\0\r\n'),
)
const header = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      'host: x',
      'x-a: b',
      'X-A:c',
      'x-a:  d \t',
      'connection: keep-alive',
      'x-é: f',
      'x-b: \xc3\xa9',
    ),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      'content-length: 5',
      'content-length: 0',
      'Content-Length:3',
      'content-length: 05',
    ),
  },
  { weight: 3, arbitrary: fc.constantFrom('transfer-encoding: chunked', 'Transfer-Encoding: Chunked') },
  fc.constantFrom(
    'content-length: 5, 5',
    'content-length: -1',
    'content-length: +5',
    'content-length: 0x5',
    'content-length: 5 ',
    'content-length : 5',
    'content-length:',
    'content-length: 99999999999999999999',
  ),
  fc.constantFrom(
    'transfer-encoding: gzip, chunked',
    'transfer-encoding: chunked, gzip',
    'transfer-encoding: identity',
    'transfer-encoding: \x0bchunked',
    'transfer-encoding:',
    'transfer-encoding : chunked',
    'transfer-encoding: chunked\t',
    'transfer-encoding: "chunked"',
  ),
  fc.constantFrom(
    'x',
    ': y',
    ' folded',
    'x y: z',
    'x: \0',
    'x: a\rb',
    'host: y',
    'connection: close',
    'upgrade: h2c',
    'expect: 100-continue',
  ),
)
const body = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('', 'hello', '5\r\nhello\r\n0\r\n\r\n', '0\r\n\r\n') },
  fc.constantFrom(
    '5;x=y\r\nhello\r\n0\r\n\r\n',
    '5\r\nhello\r\n0\r\nx: y\r\n\r\n',
    '05\r\nhello\r\n00\r\n\r\n',
    '5\nhello\r\n0\r\n\r\n',
    '5\r\nhello0\r\n\r\n',
    '5\r\nhelloX\r\n0\r\n\r\n',
    '0x5\r\nhello\r\n0\r\n\r\n',
    ' 5\r\nhello\r\n0\r\n\r\n',
    '-5\r\nhello\r\n0\r\n\r\n',
    '5 \r\nhello\r\n0\r\n\r\n',
    '0\r\ncontent-length: 5\r\n\r\n',
    '5\r\nhello\r\n0\r\n',
    'ffffffffffffffffff\r\n',
    '5;\r\nhello\r\n0\n\r\n',
  ),
)
const message = fc
  .tuple(line, fc.array(fc.tuple(header, end), { maxLength: 5 }), end, end, body)
  .map(
    ([first, headers, lineEnd, headEnd, content]) =>
      `${first}${lineEnd}host: a${'\r\n'}${headers.map(([text, its]) => text + its).join('')}${headEnd}${content}`,
  )
/** Messages one behind the other, cut anywhere. */
const wire = fc
  .tuple(fc.array(message, { minLength: 1, maxLength: 3 }), fc.array(fc.nat(400), { maxLength: 3 }))
  .map(([messages, cuts]) => {
    const bytes = messages.join('')
    const at = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length]
    return at.slice(1).map((to, i) => bytes.slice(at[i], to))
  })

/** Where a message is read, and what was taken for one. */
type Reader = { port: number; taken: Message[] }

async function ourReader(): Promise<Reader> {
  const taken: Message[] = []
  const responder: Responder = {
    answer: async ({ method, target, headers, body }) => {
      const seen: Message = { line: `${method} ${target}`, headers: { ...headers }, body: '' }
      for await (const bytes of body) seen.body += Buffer.from(bytes).toString('latin1')
      taken.push(seen)
      return { status: 204, headers: {} }
    },
    refuse: ({ code }) => ({ status: 400, headers: {}, body: code }),
    replyInstead: ({ code }) => ({ status: 500, headers: {}, body: code }),
  }
  const log = () => {}
  const app = appOf(responder, { serve: serveOnNode, log })
  const { server } = createServer(app, responder, parseConfig({}), log)
  return { port: await listening(server), taken }
}

async function nodesReader(): Promise<Reader> {
  const taken: Message[] = []
  const node = createNodeServer(
    { insecureHTTPParser: false, requireHostHeader: false },
    async (request, response) => {
      const seen: Message = {
        line: `${request.method} ${request.url}`,
        headers: joined(request.rawHeaders),
        body: '',
      }
      // It works on several at a time: the order is that of their heads.
      taken.push(seen)
      try {
        for await (const bytes of request) seen.body += bytes.toString('latin1')
      } catch {
        taken.splice(taken.indexOf(seen), 1)
      }
      response.writeHead(204).end()
    },
  )
  // Half-closed connections are answered.
  Object.assign(node, { httpAllowHalfOpen: true })
  return { port: await listening(node), taken }
}

/** Side by side: for most of its time each waits for a connection to be closed behind what is refused. */
const LANES = 60
let lanes: { ours: Reader; nodes: Reader }[]
beforeAll(async () => {
  const open = async () => ({ ours: await ourReader(), nodes: await nodesReader() })
  lanes = await Promise.all(Array.from({ length: LANES }, open))
})

test('requests that are taken are those that Node takes, and the same to the letter', async () => {
  let both = 0
  const read = async (pieces: readonly string[], { ours, nodes }: (typeof lanes)[number]) => {
    ours.taken.length = 0
    nodes.taken.length = 0
    await Promise.all([sendAll(ours.port, pieces), sendAll(nodes.port, pieces)])
    const seen = ours.taken.map(({ headers, ...rest }) => ({
      ...rest,
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, Buffer.from(value).toString('latin1')]),
      ),
    }))
    if (seen.length > 0) both++
    return { pieces, seen, expected: nodes.taken.slice(0, seen.length) }
  }
  const wires = fc.array(wire, { minLength: LANES, maxLength: LANES })
  await fc.assert(
    fc.asyncProperty(wires, async (wires) => {
      const all = await Promise.all(wires.map((pieces, at) => read(pieces, lanes[at] as (typeof lanes)[0])))
      for (const { pieces, seen, expected } of all) expect(seen, pieces.join('')).toEqual(expected)
    }),
    { numRuns: 10 },
  )
  // Or there would be nothing to compare.
  expect(both).toBeGreaterThan(60)
})

const statusLine = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      'HTTP/1.1 200 OK',
      'HTTP/1.1 404 Not Found',
      'HTTP/1.0 200 OK',
      'HTTP/1.1 204 No Content',
      'HTTP/1.1 304 x',
      'HTTP/1.1 200 ',
    ),
  },
  fc.constantFrom(
    'HTTP/1.1 200',
    'HTTP/1.1 20 OK',
    'HTTP/1.1 2000 OK',
    'http/1.1 200 OK',
    'HTTP/1.1  200 OK',
    'HTTP/2.0 200 OK',
    'HTTP/1.1 100 Continue',
    'ICY 200 OK',
  ),
)
const answer = fc
  .tuple(statusLine, fc.array(fc.tuple(header, end), { maxLength: 4 }), end, end, body)
  .map(
    ([first, headers, lineEnd, headEnd, content]) =>
      `${first}${lineEnd}${headers.map(([text, its]) => text + its).join('')}${headEnd}${content}`,
  )

test('answers that are taken are the same to the letter as Node takes them', async () => {
  let bytes = ''
  const peer = createTcpServer((socket) => {
    socket.on('error', () => {}).once('data', () => socket.end(bytes, 'latin1'))
  })
  const port = await listening(peer)
  const { transport, close } = ossTransport({ connect: 5, headers: 5, idle: 5, total: 5 })

  async function ofOurs(): Promise<Message | undefined> {
    try {
      const { status, headers, body } = await transport({
        method: 'GET',
        url: `http://127.0.0.1:${port}/`,
        headers: {},
      })
      let text = ''
      for await (const piece of body) text += Buffer.from(piece).toString('latin1')
      const values = Object.entries(headers).map(([name, value]) => [
        name,
        Buffer.from(value).toString('latin1'),
      ])
      return { line: String(status), headers: Object.fromEntries(values), body: text }
    } catch {
      return undefined
    }
  }
  const ofNode = () =>
    new Promise<Message | undefined>((resolve) => {
      const asked = nodeRequest({ port, host: '127.0.0.1', agent: false }, async (response) => {
        let text = ''
        try {
          for await (const piece of response) text += piece.toString('latin1')
          resolve({ line: String(response.statusCode), headers: joined(response.rawHeaders), body: text })
        } catch {
          resolve(undefined)
        }
      })
      asked
        .on('error', () => resolve(undefined))
        .on('upgrade', (_, socket) => {
          socket.destroy()
          resolve(undefined)
        })
      asked.end()
    })

  let both = 0
  await fc.assert(
    fc.asyncProperty(answer, async (text) => {
      bytes = text
      const [seen, nodes] = [await ofOurs(), await ofNode()]
      // Where more comes than a response, Node gives it up, and undici only its connection.
      if (seen === undefined || nodes === undefined) return
      both++
      expect(seen).toEqual(nodes)
    }),
    { numRuns: 600 },
  )
  expect(both).toBeGreaterThan(60)
  await close()
})
