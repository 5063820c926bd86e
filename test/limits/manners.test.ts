import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { httpChunked } from '../gateway/wire.ts'
import type { World } from '../harness.ts'
import { Connection, headOf } from './connection.ts'
import { clearFilledWorld, GET, large, PUT, startFilledWorld } from './filled-world.ts'

let world: World
const connection = () => new Connection(world.endpoint)
/** A head that nobody signed. */
const unsigned = (line: string, ...lines: string[]) =>
  `${[line, `host: ${new URL(world.endpoint).host}`, ...lines].join('\r\n')}\r\n\r\n`
const isThere = async (key: string) =>
  (await connection().ask({ method: 'HEAD', target: `/bucket/${key}` })).status === 200

beforeAll(async () => {
  world = await startFilledWorld('sockets')
})
afterAll(() => world.stop())
beforeEach(() => void world.ossRequests())
afterEach(() => clearFilledWorld(world))

describe('who waits for 100 Continue', () => {
  const wait = 'expect: 100-continue'

  test('is told to go on, once, when the body is wanted', async () => {
    const careful = connection()
    for (const body of ['hello', large]) {
      careful.begin(PUT, `content-length: ${body.length}`, wait)
      await expect.poll(() => careful.rest).toBe('HTTP/1.1 100 Continue\r\n\r\n')
      expect((await careful.write(body).answer('PUT')).status).toBe(200)
    }
    expect(careful.provisional).toEqual([100, 100])
    expect(await isThere('written')).toBe(true)
  })

  test.each<[name: string, target: string, body: string]>([
    ['has no body', PUT.target, ''],
    ['sends it at once', PUT.target, 'hello'],
    ['has no body, and is refused', '/no-bucket/key', ''],
    ['sends it at once, and is refused', '/no-bucket/key', 'hello'],
  ])('and %s keeps his connection, unless he is told', async (_, target, body) => {
    const careful = connection()
    for (let i = 0; i < 3; i++) {
      const head = headOf({ method: 'PUT', target, body }, new URL(world.endpoint).host, wait)
      const { status, headers } = await careful.write(head + body).answer('PUT')
      expect(status).toBe(target === PUT.target ? 200 : 404)
      expect(headers.connection).toBeUndefined()
    }
    expect((await careful.ask(GET)).status).toBe(200)
  })

  test.each<[name: string, head: () => string, status: number]>([
    ['who has not signed', () => unsigned('PUT /bucket/written HTTP/1.1', wait, 'content-length: 9'), 403],
    [
      'whose bucket is not there',
      () =>
        headOf(
          { method: 'PUT', target: '/no-bucket/key' },
          new URL(world.endpoint).host,
          'content-length: 200000',
          wait,
        ),
      404,
    ],
    [
      'whose body is too large',
      () => headOf(PUT, new URL(world.endpoint).host, 'content-length: 9000000000', wait),
      400,
    ],
  ])('and %s is refused at once, and his connection is closed', async (_, head, status) => {
    const careful = connection().write(head())
    expect(await careful.answer('PUT')).toMatchObject({ status, headers: { connection: 'close' } })
    expect(careful.provisional).toEqual([])
    careful.socket.end()
    await careful.closed
  })

  test('and sends all the same reads his refusal', async () => {
    const hasty = connection()
    hasty
      .write(unsigned('PUT /bucket/written HTTP/1.1', wait, `content-length: ${large.length}`))
      .write(large)
    expect((await hasty.answer('PUT')).error.Code).toBe('AccessDenied')
  })

  test('in HTTP/1.0 waits for nothing', async () => {
    const old = connection().write(
      headOf({ ...PUT, body: 'hello' }, new URL(world.endpoint).host, wait).replace('HTTP/1.1', 'HTTP/1.0'),
    )
    expect((await old.write('hello').answer('PUT')).status).toBe(200)
    expect(old.provisional).toEqual([])
  })
})

test.each(['expect: the-unexpected', 'expect:'])('%s is ignored, as S3 does', async (line) => {
  const odd = connection()
  odd.begin({ ...PUT, body: 'hello' }, line).write('hello')
  expect(await odd.answer('PUT')).toMatchObject({ status: 200 })
  expect(odd.provisional).toEqual([])
  expect((await odd.ask(GET)).status).toBe(200)
  expect(await isThere('written')).toBe(true)
})

test('who is refused while he sends a megabyte goes on with his connection', async () => {
  const body = large.subarray(0, 1 << 20)
  const head = unsigned('PUT /bucket/written HTTP/1.1', `content-length: ${body.length}`)
  const one = connection()
  for (let i = 0; i < 3; i++) {
    expect(await one.write(head).write(body).answer('PUT')).toMatchObject({
      status: 403,
      headers: { 'keep-alive': expect.stringMatching(/^timeout=/) },
    })
    expect((await one.ask(GET)).body.toString()).toBe('hello')
  }
})

describe('who is refused while he sends 20 MB', () => {
  const refused = (...lines: string[]) =>
    unsigned('PUT /bucket/written HTTP/1.1', `content-length: ${large.length}`, ...lines)

  test('reads why, and that his connection is closed', async () => {
    const one = connection().write(refused()).write(large)
    expect(await one.answer('PUT')).toMatchObject({ status: 403, headers: { connection: 'close' } })
    await one.closed
  })

  test('in chunks reads why', async () => {
    const chunks = connection().write(unsigned('PUT /bucket/written HTTP/1.1', 'transfer-encoding: chunked'))
    expect((await chunks.write(httpChunked(large, 1 << 20)).answer('PUT')).status).toBe(403)
  })

  test('reads why, though it is the last of his connection, and he reads when he has sent all', async () => {
    const last = connection().write(refused('connection: close'))
    last.socket.pause()
    await new Promise((resolve) => last.socket.write(large, resolve))
    last.socket.resume()
    expect(await last.answer('PUT')).toMatchObject({ status: 403, headers: { connection: 'close' } })
    await last.closed
  })

  test('reads why, in HTTP/1.0, when he has sent all', async () => {
    const old = connection().write(refused().replace('HTTP/1.1', 'HTTP/1.0'))
    old.socket.pause()
    await new Promise((resolve) => old.socket.write(large, resolve))
    old.socket.resume()
    expect((await old.answer('PUT')).status).toBe(403)
    await old.closed
  })

  test('reads why, though what he sends ceases to be HTTP', async () => {
    const garbled = connection()
    garbled.begin(PUT, 'transfer-encoding: chunked').write('no chunk\r\n').write(large)
    expect((await garbled.answer('PUT')).status).toBe(400)
    await garbled.closed
  })

  test('reads why, though his header never ends', async () => {
    const long = connection().write(`GET / HTTP/1.1\r\nx: ${'x'.repeat(5 << 20)}`)
    expect((await long.answer()).error.Code).toBe('RequestHeaderSectionTooLarge')
    await long.closed
  })

  test('is cut when he never ends', async () => {
    const endless = connection().write(
      unsigned('PUT /bucket/written HTTP/1.1', 'content-length: 99999999999'),
    )
    let sent = 0
    while (!endless.socket.destroyed) {
      sent += large.length
      await new Promise((resolve) => endless.socket.write(large, resolve))
    }
    expect(sent).toBeLessThan(200 << 20)
  })

  test('is cut when he sends no more', async () => {
    const silent = connection().write(refused()).write('x')
    expect((await silent.answer('PUT')).status).toBe(403)
    await silent.closed
  })
})

test('answers without a body leave the connection as it is', async () => {
  const one = connection()
  const { headers } = await one.ask({ ...GET, method: 'HEAD' })
  expect(headers['content-length']).toBe('5')
  const conditional = { ...GET, headers: { 'if-none-match': headers.etag ?? '' } }
  const again = [
    { ...GET, method: 'HEAD' },
    conditional,
    { ...conditional, method: 'HEAD' },
    { method: 'HEAD', target: '/bucket/none' },
    { method: 'DELETE', target: '/bucket/none' },
    { method: 'GET', target: '/bucket/none' },
    { method: 'PUT', target: '/bucket/written', body: '' },
    { method: 'GET', target: '/bucket/written' },
    GET,
  ]
  const statuses = []
  for (const request of again) statuses.push((await one.ask(request)).status)
  expect(statuses).toEqual([200, 304, 304, 404, 204, 404, 200, 200, 200])
  expect(one.rest).toBe('')
})

test.each([
  ['HTTP/1.0', 'HTTP/1.0', [], 'close'],
  ['HTTP/1.0 that asks to be kept', 'HTTP/1.0', ['connection: keep-alive'], 'keep-alive'],
  ['HTTP/1.1', 'HTTP/1.1', [], undefined],
  ['HTTP/1.1 that asks to be kept', 'HTTP/1.1', ['connection: keep-alive'], undefined],
  ['HTTP/1.1 that asks for the end', 'HTTP/1.1', ['connection: close'], 'close'],
])('%s', async (_, version, lines, kept) => {
  for (const request of [
    GET,
    { ...GET, method: 'HEAD' },
    { method: 'GET', target: '/bucket' },
    { method: 'GET', target: '/bucket/none' },
  ]) {
    const one = connection()
    one.write(headOf(request, new URL(world.endpoint).host, ...lines).replace('HTTP/1.1', version))
    const answer = await one.answer(request.method)
    expect(answer.headers.connection).toBe(kept)
    expect(answer.headers).not.toHaveProperty('transfer-encoding')
    if (kept === 'close') await one.closed
    else expect((await one.ask(GET)).status).toBe(200)
  }
})
