import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startWorld, type World } from '../harness.ts'
import { Connection } from './connection.ts'

/** Long enough for any of the limits below to have struck; a thing that is still there after it is not cut. */
const LONG = 4_000
const client = '{headers: 1, idle: 2, keepAlive: 1, total: 100}'

let world: World
const connection = (of = world) => new Connection(of.endpoint)

beforeAll(async () => {
  world = await startWorld('sockets', { GATEWAY_CONFIG: `timeouts: {client: ${client}}` })
  await connection().ask({ method: 'PUT', target: '/bucket' })
})
afterEach(() => {
  world.localOss.faults.clear()
  Connection.closeAll()
})
afterAll(() => world.stop())

/** Writes a byte ten times a second until the connection ends. */
async function drip(to: Connection, bytes: string): Promise<void> {
  for (const byte of bytes) {
    if (to.socket.destroyed || to.socket.readableEnded) return
    to.write(byte)
    await sleep(100)
  }
}
function* pieces() {
  for (;;) yield Buffer.alloc(64 * 1024)
}
const objects = async () => ((await world.oss('bucket').listV2({}, {})).objects ?? []).map(({ name }) => name)

describe('a connection', () => {
  test('without a byte is closed without a word', async () => {
    const idle = connection()
    await idle.closed
    expect(idle.rest).toBe('')
  })

  test('with a header that comes byte by byte hears why it is closed', async () => {
    const slow = connection()
    const dripping = drip(slow, `GET /bucket HTTP/1.1\r\nhost: ${'x'.repeat(100)}`)
    expect(await slow.answer()).toMatchObject({
      status: 400,
      error: { Code: 'RequestTimeout' },
      headers: { connection: 'close' },
    })
    await Promise.all([slow.closed, dripping])
  })

  test('with half a header hears why it is closed', async () => {
    const slow = connection().write('GET /bucket HTTP/1.1\r\nho')
    expect((await slow.answer()).error.Code).toBe('RequestTimeout')
    await slow.closed
  })

  test('is kept for the next request, and then closed without a word', async () => {
    const kept = connection()
    for (let i = 0; i < 5; i++)
      expect((await kept.ask({ method: 'GET', target: '/bucket' })).status).toBe(200)
    await kept.closed
    expect(kept.rest).toBe('')
  })

  test('is not kept by empty lines', async () => {
    const kept = connection()
    expect((await kept.ask({ method: 'GET', target: '/bucket' })).status).toBe(200)
    for (let i = 0; i < 1000 && !kept.socket.readableEnded; i++) {
      kept.write('\r\n')
      await sleep(50)
    }
    expect(kept.socket.readableEnded).toBe(true)
    expect(kept.rest).toBe('')
  })

  test('with a second header that comes byte by byte is closed as with a first', async () => {
    const slow = connection()
    await slow.ask({ method: 'GET', target: '/bucket' })
    const dripping = drip(slow, `GET /bucket HTTP/1.1\r\nhost: ${'x'.repeat(100)}`)
    expect((await slow.answer()).error.Code).toBe('RequestTimeout')
    await Promise.all([slow.closed, dripping])
  })
})

describe('an upload', () => {
  const body = Buffer.alloc(400_000, 'x')

  test.each([
    ['a short one of which nothing comes', 100, 0],
    ['a short one that stops', 100, 99],
    ['a long one of which nothing comes', body.length, 0],
    ['a long one that stops', body.length, 300_000],
    ['a long one that stops before its last byte', body.length, body.length - 1],
  ])('%s is cut, and becomes no object', async (_, length, sent) => {
    const slow = connection().begin({ method: 'PUT', target: '/bucket/key' }, `content-length: ${length}`)
    slow.write(body.subarray(0, sent))
    expect(await slow.answer('PUT')).toMatchObject({ status: 400, error: { Code: 'RequestTimeout' } })
    expect(await objects()).toEqual([])
  })

  test.each([
    ['a short one', 100],
    ['a long one', body.length],
  ])('%s that comes byte by byte is cut, and becomes no object', async (_, length) => {
    const slow = connection().begin({ method: 'PUT', target: '/bucket/key' }, `content-length: ${length}`)
    const dripping = drip(slow, 'x'.repeat(100))
    expect((await slow.answer('PUT')).error.Code).toBe('RequestTimeout')
    slow.socket.destroy()
    await dripping
    expect(await objects()).toEqual([])
  })

  test('in chunks that stops is cut, and becomes no object', async () => {
    const slow = connection().begin(
      {
        method: 'PUT',
        target: '/bucket/key',
        headers: { 'x-amz-decoded-content-length': '1000', 'content-encoding': 'aws-chunked' },
      },
      'transfer-encoding: chunked',
    )
    slow.write('a\r\n0123456789\r\n')
    expect((await slow.answer('PUT')).error.Code).toBe('RequestTimeout')
    expect(await objects()).toEqual([])
  })

  test('that is slow, but moves, is taken', async () => {
    const slow = connection().begin(
      { method: 'PUT', target: '/bucket/slow' },
      `content-length: ${body.length}`,
    )
    const step = body.length / 10
    for (let at = 0; at < body.length; at += step) {
      slow.write(body.subarray(at, at + step))
      await sleep(200)
    }
    expect((await slow.answer('PUT')).status).toBe(200)
    expect((await world.oss('bucket').get('slow')).content.equals(body)).toBe(true)
    await world.oss('bucket').delete('slow')
  })

  test('whose client has sent all waits for OSS as long as that takes', async () => {
    world.localOss.faults.add({ operation: 'PutObject', action: { kind: 'delay', ms: LONG } })
    for (const size of [10, body.length]) {
      const answer = await connection().ask({
        method: 'PUT',
        target: '/bucket/late',
        body: body.subarray(0, size),
      })
      expect(answer.status).toBe(200)
    }
    await world.oss('bucket').delete('late')
  })

  test('that OSS does not take is not laid at its client', async () => {
    world.localOss.faults.add({ operation: 'PutObject', action: { kind: 'delay', ms: LONG } })
    const large = Buffer.alloc(30 << 20, 'x')
    expect((await connection().ask({ method: 'PUT', target: '/bucket/large', body: large })).status).toBe(200)
    await world.oss('bucket').delete('large')
  })
})

describe('an answer', () => {
  const large = Buffer.alloc(30 << 20, 'x')
  beforeAll(() => world.oss('bucket').put('large', large))
  afterAll(() => world.oss('bucket').delete('large'))

  test('that nobody reads is cut, and OSS is let go', async () => {
    let open = 0
    const endless = createServer((_, response) => {
      open++
      response.on('close', () => open--)
      response.writeHead(200, { 'x-oss-request-id': '1', etag: '"x"', 'content-length': 10 ** 12 })
      Readable.from(pieces(), { objectMode: false }).pipe(response)
    })
    await new Promise<void>((resolve) => endless.listen(0, '127.0.0.1', resolve))
    const OSS_ENDPOINT = `http://127.0.0.1:${(endless.address() as AddressInfo).port}`
    const other = await startWorld('sockets', {
      OSS_ENDPOINT,
      GATEWAY_CONFIG: `timeouts: {client: ${client}}`,
    })
    const unread = connection(other).begin({ method: 'GET', target: '/bucket/endless' })
    await expect.poll(() => unread.size).toBeGreaterThan(0)
    unread.socket.pause()
    await expect.poll(() => open).toBe(0)
    unread.socket.resume()
    await unread.closed
    endless.close()
    await other.stop()
  })

  test('that is read slowly is given to its end', async () => {
    const slow = connection().begin({ method: 'GET', target: '/bucket/large' })
    const pausing = setInterval(() => {
      slow.socket.pause()
      setTimeout(() => slow.socket.resume(), 100)
    }, 120)
    const { body } = await slow.answer()
    clearInterval(pausing)
    expect(body.equals(large)).toBe(true)
  })

  test('that OSS begins late, and goes on with late, is waited for', async () => {
    world.localOss.faults.add({ operation: 'GetObject', action: { kind: 'delay', ms: LONG } })
    expect((await connection().ask({ method: 'GET', target: '/bucket/large' })).body.length).toBe(
      large.length,
    )
  })
})

describe('in all', () => {
  let short: World
  beforeAll(async () => {
    short = await startWorld('sockets', { GATEWAY_CONFIG: 'timeouts: {client: {total: 3}}' })
    await connection(short).ask({ method: 'PUT', target: '/bucket' })
  })
  afterAll(() => short.stop())

  test('an upload may take so long, however well it moves', async () => {
    const moving = connection(short).begin(
      { method: 'PUT', target: '/bucket/key' },
      'content-length: 100000000',
    )
    const feeding = (async () => {
      while (!moving.socket.destroyed && moving.size === 0) {
        moving.write(Buffer.alloc(10_000))
        await sleep(50)
      }
    })()
    expect((await moving.answer('PUT')).error.Code).toBe('RequestTimeout')
    await feeding
    await expect(short.oss('bucket').head('key')).rejects.toMatchObject({ status: 404 })
  })

  test('an answer may take so long, whoever is slow', async () => {
    short.localOss.faults.add({ operation: 'GetObject', action: { kind: 'stall', at: 'start' } })
    const waiting = connection(short).begin({ method: 'GET', target: '/bucket/key' })
    await waiting.closed
    expect(waiting.rest).toBe('')
    short.localOss.faults.clear()
  })

  test('whole answers may be left unread so long, whatever else is sent', async () => {
    await short.oss('bucket').put('short', Buffer.alloc(60_000))
    const unread = connection(short)
    unread.socket.pause()
    for (let i = 0; i < 300; i++) unread.begin({ method: 'GET', target: '/bucket/short' })
    await drip(unread, 'x'.repeat(100))
    expect(unread.socket.destroyed).toBe(true)
  })
})

test('a TLS handshake that stalls is cut', async () => {
  const tls = await startWorld('node', {
    GATEWAY_CONFIG: `timeouts: {client: ${client}}`,
    TLS_CERT_FILE: 'test/data/localhost-cert.pem',
    TLS_KEY_FILE: 'test/data/localhost-key.pem',
  })
  const plain = tls.endpoint.replace('https', 'http')
  const silent = connection({ ...tls, endpoint: plain })
  const stalled = connection({ ...tls, endpoint: plain }).write('\x16\x03\x01\x02')
  const noTls = connection({ ...tls, endpoint: plain }).write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  const shaken = connection(tls)
  for (const one of [silent, stalled, noTls, shaken]) {
    await one.closed
    expect(one.rest).not.toContain('HTTP')
  }
  expect((await connection(tls).ask({ method: 'GET', target: '/' })).status).toBe(200)
  await tls.stop()
})
