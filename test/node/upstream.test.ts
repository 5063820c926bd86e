import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setImmediate as turn } from 'node:timers/promises'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ossTransport } from '../../src/node/oss-transport.ts'
import type { OssRequest, OssResponse, Transport } from '../../src/ports.ts'

const close: (() => unknown)[] = []
let transport: Transport
beforeEach(() => {
  const made = ossTransport({ connect: 20, headers: 20, idle: 20, total: 60 })
  transport = made.transport
  close.push(made.close)
})
afterEach(async () => {
  for (const one of close.splice(0)) await one()
})

async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  close.unshift(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

/** An OSS that does this with each connection, and how it is asked. */
async function oss(onConnection: (socket: Socket) => void) {
  const port = await listening(createServer((socket) => onConnection(socket.on('error', () => {}))))
  return ({ path = '/key', ...request }: Partial<OssRequest> & { path?: string } = {}) =>
    transport({ method: 'GET', url: `http://127.0.0.1:${port}${path}`, headers: {}, ...request })
}
/** An OSS that says so to everything, and closes where that is said. */
const saying = (bytes: string, closes = false) =>
  oss(
    (socket) =>
      void socket.on('data', () => (closes ? socket.end(bytes, 'latin1') : socket.write(bytes, 'latin1'))),
  )

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => 'it succeeded',
    (error: Error & { failure?: string }) => error.failure,
  )
const whole = async ({ status, body }: OssResponse) => [status, await text(body)]

describe('of OSS’s responses', () => {
  const ok = 'HTTP/1.1 200 OK\r\n'
  test.each<[what: string, bytes: string, expected: [status: number, body: string]]>([
    ['one with a length', `${ok}content-length: 2\r\n\r\nab`, [200, 'ab']],
    ['one in chunks', `${ok}transfer-encoding: chunked\r\n\r\n2;x=y\r\nab\r\n0\r\nx: y\r\n\r\n`, [200, 'ab']],
    [
      'one behind early hints',
      `HTTP/1.1 103 Early Hints\r\nx: y\r\n\r\n${ok}content-length: 2\r\n\r\nab`,
      [200, 'ab'],
    ],
    [
      'one with more behind it',
      `${ok}content-length: 2\r\n\r\nab${ok}content-length: 4\r\n\r\nevil`,
      [200, 'ab'],
    ],
    ['one that needs no body', 'HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n', [304, '']],
    [
      'a redirection, which is not followed',
      'HTTP/1.1 307 x\r\nlocation: /\r\ncontent-length: 0\r\n\r\n',
      [307, ''],
    ],
  ])('%s is taken', async (_, bytes, expected) => {
    const ask = await saying(bytes)
    expect(await whole(await ask())).toEqual(expected)
    // What was behind it is no other's.
    expect(await whole(await ask())).toEqual(expected)
  })

  test.each([
    ['two lengths', `${ok}content-length: 2\r\ncontent-length: 3\r\n\r\nabc`],
    [
      'a length and chunks',
      `${ok}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n`,
    ],
    ['a length that is none', `${ok}content-length: 2x\r\n\r\nab`],
    ['a length beyond all numbers', `${ok}content-length: 99999999999999999999\r\n\r\nab`],
    ['a folded line', `${ok}x: a\r\n b\r\ncontent-length: 2\r\n\r\nab`],
    ['a blank before a colon', `${ok}content-length : 2\r\n\r\nab`],
    ['a bare line feed', `${ok}x: y\ncontent-length: 2\r\n\r\nab`],
    ['a control character', `${ok}x: \x01\r\ncontent-length: 2\r\n\r\nab`],
    ['a header without end', `${ok}x: ${'y'.repeat(1 << 20)}`],
    ['headers without end', `${ok}${'x: y\r\n'.repeat(10_000)}`],
    ['another protocol', 'HTTP/1.1 101 x\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'],
    ['a chunk’s size that is none', `${ok}transfer-encoding: chunked\r\n\r\nx\r\nab\r\n0\r\n\r\n`],
    ['a chunk longer than its size', `${ok}transfer-encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n`],
    ['a length that is not reached', `${ok}content-length: 9\r\n\r\nab`, true],
    ['chunks without end', `${ok}transfer-encoding: chunked\r\n\r\n2\r\nab\r\n`, true],
  ])('one with %s fails', async (_, bytes, closes = false) => {
    const ask = await saying(bytes, closes)
    await expect(ask().then(whole)).rejects.toThrow()
  })

  test('headers come as their bytes mean, in one value for each name', async () => {
    const ask = await saying(
      `${ok}X-A: one\r\nx-a:two \t\r\nx-city: Z\xc3\xbcrich\r\nx-latin: \xfc\r\n__proto__: x\r\ncontent-length: 0\r\n\r\n`,
    )
    const { headers } = await ask()
    const names = ['x-a', 'x-city', 'x-latin', '__proto__']
    expect(names.map((name) => headers[name])).toEqual(['one,two', 'Zürich', 'ü', 'x'])
    expect(headers.constructor).toBeUndefined()
  })

  test('one that nobody reads on does not pile up', async () => {
    const piece = Buffer.alloc(1 << 20)
    let sent = 0
    const ask = await oss((socket) => {
      const fill = () => {
        while (sent < 256) {
          sent++
          if (!socket.write(piece)) break
        }
      }
      socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${256 * piece.length}\r\n\r\n`)
        fill()
      })
      socket.on('drain', fill)
    })
    const { body } = await ask()
    let before = -1
    while (before !== sent) {
      before = sent
      for (let i = 0; i < 200; i++) await turn()
    }
    // As much as the sockets of both sides hold.
    expect(sent).toBeLessThan(128)
    let size = 0
    for await (const bytes of body) size += bytes.length
    expect(size).toBe(256 * piece.length)
  })
})

/** An OSS that says that it is done once it has heard this, and what it heard. */
async function hearing(end: RegExp) {
  let heard = ''
  const ask = await oss((socket) => {
    socket.on('data', (bytes) => {
      heard += bytes.toString('latin1')
      if (end.test(heard)) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
    })
  })
  return { ask, heard: () => heard }
}

async function* pieces(...of: string[]): AsyncGenerator<Uint8Array> {
  for (const piece of of) yield Buffer.from(piece)
}

describe('a request to OSS', () => {
  test.each<[what: string, request: Partial<OssRequest>, lines: string[], body: string]>([
    ['without a body', {}, [], ''],
    ['that might have a body', { method: 'PUT' }, ['content-length: 0'], ''],
    ['with an empty body', { method: 'PUT', body: Buffer.alloc(0) }, ['content-length: 0'], ''],
    ['with bytes', { method: 'POST', body: Buffer.from('hello') }, ['content-length: 5'], 'hello'],
    [
      'with a body in flight',
      { method: 'PUT', headers: { 'content-length': '5' }, body: pieces('hel', '', 'lo') },
      ['content-length: 5'],
      'hello',
    ],
    [
      'with a body in flight of unknown length',
      { method: 'PUT', body: pieces('hel', 'lo') },
      ['transfer-encoding: chunked'],
      '3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n',
    ],
    [
      'with headers beyond ASCII',
      { headers: { 'x-city': 'Zürich', 'X-Case': '中' } },
      ['X-Case: \xe4\xb8\xad', 'x-city: Z\xc3\xbcrich'],
      '',
    ],
  ])('%s goes out as it is', async (_, request, lines, body) => {
    const { ask, heard } = await hearing(body === '' ? /\r\n\r\n$/ : /lo(\r\n0\r\n\r\n)?$/)
    await ask(request)
    const [head = '', ...rest] = heard().split('\r\n\r\n')
    const [line, host, ...others] = head.split('\r\n')
    expect(line).toBe(`${request.method ?? 'GET'} /key HTTP/1.1`)
    expect(host).toMatch(/^host: 127\.0\.0\.1:\d+$/)
    expect(others.sort()).toEqual(['connection: keep-alive', ...lines].sort())
    expect(rest.join('\r\n\r\n')).toBe(body)
  })

  test.each(['/a/../b', '/./a//', '/..', '/%2e%2E/%2F', "/a'()*!~?x=%20&y", '/?a#b'])(
    'asks for the path %s to the letter',
    async (path) => {
      const { ask, heard } = await hearing(/\r\n\r\n$/)
      await ask({ path })
      expect(heard()).toContain(`GET ${path} HTTP/1.1\r\n`)
    },
  )

  test.each<[what: string, request: Partial<OssRequest> & { path?: string }]>([
    ['value that would end its line', { headers: { x: 'a\r\nb: c' } }],
    ['value with a control character', { headers: { x: 'a\0' } }],
    ['name that is none', { headers: { 'a: b\r\nc': 'd' } }],
    ['path with a blank', { path: '/a b' }],
    ['path with a line end', { path: '/a\r\nb: c' }],
    ['path beyond ASCII', { path: '/é' }],
    ['address that is none', { url: 'nowhere' }],
  ])('with a %s cannot be sent', async (_, request) => {
    const { ask, heard } = await hearing(/\r\n\r\n$/)
    expect(await failureOf(ask(request))).toBe('unsendable')
    expect(heard()).toBe('')
  })

  test.each([
    ['longer', ['hello', '!']],
    ['shorter', ['hel', 'l']],
  ])(
    'with a body %s than its length fails, and OSS gets nothing that it could take for whole',
    async (_, body) => {
      const { ask, heard } = await hearing(/hello$/)
      const upload = ask({ method: 'PUT', headers: { 'content-length': '5' }, body: pieces(...body) })
      await expect(upload).rejects.toThrow()
      expect(heard()).not.toMatch(/hello.|hell\r\n/)
    },
  )

  test('with a body that fails does so with its error, and is cut', async () => {
    async function* body() {
      yield Buffer.from('hel')
      throw new Error('no more')
    }
    let cut = () => {}
    const isCut = new Promise<void>((resolve) => {
      cut = resolve
    })
    const ask = await oss((socket) => void socket.on('close', cut).resume())
    const upload = ask({ method: 'PUT', headers: { 'content-length': '5' }, body: body() })
    await expect(upload).rejects.toThrow('no more')
    await isCut
  })

  test('waits for no connection once it is given up', async () => {
    const port = await listening(createServer((socket) => void socket.on('error', () => {})))
    const given = new AbortController()
    const url = `https://127.0.0.1:${port}/`
    const asked = transport({ method: 'GET', url, headers: {}, signal: given.signal })
    const reason = new Error('no more')
    given.abort(reason)
    await expect(asked).rejects.toBe(reason)
  })
})

describe('a connection over TLS', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)('takes up the session of the last one: %s', async (version) => {
    const reused: boolean[] = []
    const files = {
      cert: readFileSync('test/data/localhost-cert.pem'),
      key: readFileSync('test/data/localhost-key.pem'),
    }
    const server = createTlsServer({ ...files, maxVersion: version }, (socket: TLSSocket) => {
      reused.push(socket.isSessionReused())
      socket.on('error', () => {})
      socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'))
    })
    const port = await listening(server)
    // The certificate is its own.
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    close.push(() => delete process.env.NODE_TLS_REJECT_UNAUTHORIZED)
    for (let i = 0; i < 3; i++) {
      const { body } = await transport({ method: 'GET', url: `https://127.0.0.1:${port}/`, headers: {} })
      await text(body)
    }
    expect(reused).toEqual([false, true, true])
  })
})
