import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { httpChunked, send, sign } from '../gateway/wire.ts'
import type { World } from '../harness.ts'
import {
  exchange,
  expectUnharmed,
  head,
  refusalIn,
  signedHead,
  startHostileWorld,
} from '../node/hostile-wire.ts'

let world: World
let host: string

beforeAll(async () => {
  ;({ world, host } = await startHostileWorld())
})
afterAll(() => world.stop())
afterEach(() => expectUnharmed(world))

const GET = 'GET /bucket/key HTTP/1.1'
const PUT = 'PUT /bucket/key HTTP/1.1'
const HOST = 'host: localhost:9000'
const CHUNKED = 'transfer-encoding: chunked'
const NO_CHUNKS = '0\r\n\r\n'
const put = (...headers: string[]) => head(PUT, HOST, ...headers)

describe('is no request, and is refused once', () => {
  test.each<[name: string, bytes: string, code?: string]>([
    ['the same length twice', `${put('content-length: 5', 'content-length: 5')}hello`],
    ['a list of equal lengths', `${put('content-length: 5, 5')}hello`],
    ['a length with a sign', `${put('content-length: +5')}hello`],
    ['a length below zero', `${put('content-length: -5')}hello`],
    ['a length in hex', `${put('content-length: 0x5')}hello`],
    ['two lengths in one', `${put('content-length: 5 5')}hello`],
    ['an empty length', `${put('content-length: ')}hello`],
    ['a length that is 5 in 64 bits', `${put('content-length: 18446744073709551621')}hello`],
    ['chunks that are not the last coding', put('transfer-encoding: chunked, identity') + NO_CHUNKS],
    ['identity as a coding', put('transfer-encoding: identity') + NO_CHUNKS],
    ['a coding without chunks', put('transfer-encoding: gzip') + NO_CHUNKS],
    ['chunks twice', put(CHUNKED, CHUNKED) + NO_CHUNKS],
    ['chunks, then identity', put(CHUNKED, 'transfer-encoding: identity') + NO_CHUNKS],
    ['chunks within chunks', put('transfer-encoding: chunked, chunked') + NO_CHUNKS],
    ['chunks after a vertical tab', put('transfer-encoding: \x0bchunked') + NO_CHUNKS],
    ['chunks before a tab', put('transfer-encoding: chunked\t') + NO_CHUNKS],
    ['chunks before a comma', put('transfer-encoding: chunked,') + NO_CHUNKS],
    ['chunks in quotes', put('transfer-encoding: "chunked"') + NO_CHUNKS],
    ['chunks, with a blank before the colon', put('transfer-encoding : chunked') + NO_CHUNKS],
    ['chunks on a folded line', put('transfer-encoding:\r\n chunked') + NO_CHUNKS],
    ['a first header after a blank', `${PUT}\r\n ${HOST}\r\n\r\n`],
    ['chunks in HTTP/1.0', head('PUT /bucket/key HTTP/1.0', HOST, CHUNKED) + NO_CHUNKS],
    [
      'chunks and a length in HTTP/1.0',
      head('PUT /bucket/key HTTP/1.0', HOST, CHUNKED, 'content-length: 5') + NO_CHUNKS,
    ],
    [
      'another coding before the chunks',
      put('transfer-encoding: gzip, chunked') + NO_CHUNKS,
      'NotImplemented',
    ],
    ['identity before the chunks', put('transfer-encoding: identity, chunked') + NO_CHUNKS, 'NotImplemented'],
    ['nothing before the chunks', put('transfer-encoding: , chunked') + NO_CHUNKS, 'NotImplemented'],
    ['an empty coding and a length', `${put('transfer-encoding: ', 'content-length: 5')}hello`],
    ['lines ended by carriage returns', `${PUT}\r${HOST}\r\r\n\r\n`],
    ['one line ended by a line feed', `${PUT}\r\n${HOST}\ncontent-length: 0\r\n\r\n`],
    ['headers ended by a line feed', `${PUT}\r\n${HOST}\r\ncontent-length: 0\r\n\n`],
    ['a carriage return in a value', put('x-amz-meta-a: b\rx-amz-meta-c: d')],
    ['a NUL in a value', put('x-amz-meta-a: b\0c')],
    ['a bell in a value', put('x-amz-meta-a: b\x07c')],
    ['a NUL in a name', put('x-amz-meta\0: b')],
    ['a blank in a name', put('x-amz meta: b')],
    ['brackets in a name', put('x(amz): b')],
    ['a letter with an accent in a name', put('x-\xc3\xa9: b')],
    ['an empty name', put(': b')],
    ['a header without a colon', put('x-amz-meta-a')],
    ['HTTP/0.9', 'GET /bucket/key\r\n\r\n'],
    ['no version', 'GET /bucket/key HTTP/\r\n\r\n'],
    ['a version that is none', head('GET /bucket/key HTTP/1.2', HOST)],
    ['a version before 1.0', head('GET /bucket/key HTTP/0.9', HOST)],
    ['a version of another framing', head('GET /bucket/key HTTP/2.0', HOST)],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a method of nobody', head('FOO /bucket/key HTTP/1.1', HOST)],
    ['a method of a megabyte', head(`${'G'.repeat(1e6)} /bucket/key HTTP/1.1`, HOST)],
    ['TRACE, which would show headers', head('TRACE /bucket/key HTTP/1.1', HOST), 'MethodNotAllowed'],
    ['a request of another protocol', head('PLAY /bucket/key RTSP/1.0', HOST)],
    ['a tab in the target', head('GET /bucket/a\tb HTTP/1.1', HOST)],
    ['a NUL in the target', head('GET /bucket/a\0b HTTP/1.1', HOST)],
    ['a blank in the target', head('GET /bucket/a b HTTP/1.1', HOST)],
    ['a target without a slash', head('GET bucket/key HTTP/1.1', HOST)],
    ['a header of a megabyte', put(`x-amz-meta-a: ${'x'.repeat(1e6)}`), 'RequestHeaderSectionTooLarge'],
    ['a header’s name of a megabyte', put(`${'x'.repeat(1e6)}: a`), 'RequestHeaderSectionTooLarge'],
    [
      'ten thousand headers',
      put(...Array.from({ length: 10_000 }, (_, i) => `x${i}: y`)),
      'RequestHeaderSectionTooLarge',
    ],
    [
      'a target of a megabyte',
      head(`GET /${'k'.repeat(1e6)} HTTP/1.1`, HOST),
      'RequestHeaderSectionTooLarge',
    ],
  ])('%s', async (_, bytes, code = 'BadRequest') => {
    expect(refusalIn(await exchange(world, bytes))).toBe(code)
  })
})

/** What the gateway is to make of a body. */
const length = Buffer.byteLength('hello')
const frames = '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n'
const hex = (text: string) => Buffer.byteLength(text).toString(16)

/** A signed upload of `hello`, framed as S3 does, in chunks of HTTP. */
const upload = (key: string, wire: string, ...lines: string[]) =>
  signedHead(
    {
      method: 'PUT',
      target: `/bucket/${key}`,
      headers: {
        'content-encoding': 'aws-chunked',
        'x-amz-decoded-content-length': String(length),
        'x-amz-trailer': 'x-amz-checksum-crc32',
      },
    },
    host,
    { payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' },
    CHUNKED,
    ...lines,
  ) + wire

describe('of a signed upload in chunks', () => {
  const whole = `${hex(frames)}\r\n${frames}\r\n`

  test.each<[name: string, wire: string]>([
    ['one chunk', `${whole}0\r\n\r\n`],
    ['a size with zeros', `0000${whole}0000\r\n\r\n`],
    ['an extension', `${hex(frames)};a=b\r\n${frames}\r\n0;c\r\n\r\n`],
    ['trailers that nobody announced', `${whole}0\r\nx-amz-meta-evil: 1\r\n\r\n`],
  ])('%s is stored as it was meant', async (_, wire) => {
    const answer = await exchange(world, upload('stored', wire))
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(world.ossRequests()).toEqual(['PutObject'])
    const { content, res } = await world.oss('bucket').get('stored')
    expect(content.toString()).toBe('hello')
    expect(res.headers).not.toHaveProperty('x-oss-meta-evil')
  })

  const refused: [name: string, wire: string][] = [
    ['a size below zero', `-1\r\n${frames}\r\n0\r\n\r\n`],
    ['a size with a sign', `+${whole}0\r\n\r\n`],
    ['a size with a prefix', `0x${whole}0\r\n\r\n`],
    ['a size with an underscore', `5_0\r\n${frames}\r\n0\r\n\r\n`],
    ['an empty size', `\r\n${frames}\r\n0\r\n\r\n`],
    ['a size after a blank', ` ${whole}0\r\n\r\n`],
    ['a size before a blank', `${hex(frames)} \r\n${frames}\r\n0\r\n\r\n`],
    ['a size beyond 64 bits', `fffffffffffffffff\r\n${frames}\r\n0\r\n\r\n`],
    ['a size that is right in 64 bits', `1${hex(frames).padStart(16, '0')}\r\n${frames}\r\n0\r\n\r\n`],
    ['a size line ended by a line feed', `${hex(frames)}\n${frames}\r\n0\r\n\r\n`],
    ['an extension ended by a line feed', `${hex(frames)};a\n${frames}\r\n0\r\n\r\n`],
    ['a chunk ended by a line feed', `${hex(frames)}\r\n${frames}\n0\r\n\r\n`],
    ['a chunk longer than its size', `${hex(frames)}\r\n${frames}X\r\n0\r\n\r\n`],
    ['an extension of a megabyte', `${hex(frames)};${'a'.repeat(1e6)}\r\n${frames}\r\n0\r\n\r\n`],
    ['a size without an end', '0'.repeat(1e6)],
    ['a length in a trailer', `${whole}0\r\ncontent-length: 9\r\n\r\n`],
    ['chunks in a trailer', `${whole}0\r\ntransfer-encoding: chunked\r\n\r\n`],
    ['a trailer that is no header', `${whole}0\r\nx y\r\n\r\n`],
  ]
  test.each(refused)('%s stores nothing', async (_, wire) => {
    expect(refusalIn(await exchange(world, upload('refused', wire), { end: true }))).toBe('BadRequest')
  })
})

test('a trailer of a megabyte is too large', async () => {
  const wire = `${hex(frames)}\r\n${frames}\r\n0\r\nx: ${'a'.repeat(1e6)}\r\n\r\n`
  expect(refusalIn(await exchange(world, upload('refused', wire)))).toBe('RequestHeaderSectionTooLarge')
})

describe('no request hides', () => {
  const hidden = `PUT /hidden HTTP/1.1\r\n${HOST}\r\ncontent-length: 0\r\n\r\n`

  test.each<[name: string, bytes: () => string]>([
    ['in the body of a GET', () => `${GET}\r\n${HOST}\r\ncontent-length: ${hidden.length}\r\n\r\n${hidden}`],
    [
      'in the chunks of a GET',
      () => `${GET}\r\n${HOST}\r\n${CHUNKED}\r\n\r\n${httpChunked(Buffer.from(hidden), 999).toString()}`,
    ],
    [
      'in what would be another protocol',
      () =>
        `${GET}\r\n${HOST}\r\nconnection: upgrade\r\nupgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\ncontent-length: ${hidden.length}\r\n\r\n${hidden}`,
    ],
    [
      'in a socket for the web',
      () =>
        `${GET}\r\n${HOST}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\ncontent-length: ${hidden.length}\r\n\r\n${hidden}`,
    ],
    [
      'in a body that is waited for',
      () => `${PUT}\r\n${HOST}\r\nexpect: 100-continue\r\ncontent-length: ${hidden.length}\r\n\r\n${hidden}`,
    ],
    [
      'in a trailer',
      () => `${PUT}\r\n${HOST}\r\n${CHUNKED}\r\n\r\n0\r\nx: y\r\ncontent-length: ${hidden.length}\r\n\r\n`,
    ],
  ])('%s', async (_, bytes) => {
    const said = await exchange(world, bytes() + head('DELETE /last HTTP/1.1', HOST))
    // One answer for each, or none for the last where the connection ends before it.
    expect((said.match(/HTTP\/1\.1 \d+/g) ?? []).join()).toMatch(
      /^(HTTP\/1\.1 100,)?HTTP\/1\.1 40[03](,HTTP\/1\.1 403)?$/,
    )
  })

  test.each(['content-length: 3', 'transfer-encoding: chunked', 'no trailer'])(
    'in a trailer of a refused upload: %s',
    async (trailer) => {
      const bytes = `${PUT}\r\n${HOST}\r\n${CHUNKED}\r\n\r\n5\r\nhello\r\n0\r\n${trailer}\r\n\r\n${hidden}`
      expect(refusalIn(await exchange(world, bytes))).toBe('AccessDenied')
    },
  )

  test('behind CONNECT', async () => {
    expect(refusalIn(await exchange(world, `CONNECT /bucket HTTP/1.1\r\n${HOST}\r\n\r\n${hidden}`))).toBe(
      'BadRequest',
    )
  })
})

test.each<[name: string, lines: string[], after: string]>([
  ['what is no request', [], '\0no request\r\n\r\n'],
  ['a body that is none', [CHUNKED], 'no chunk\r\n'],
])('%s does not break into the answer that is under way', async (_, lines, after) => {
  const body = Buffer.alloc(12 * 1024 ** 2, 'b')
  await send(world.endpoint, sign({ method: 'PUT', target: '/bucket/large', body }, host))
  const first = signedHead({ method: 'GET', target: '/bucket/large' }, host, {}, ...lines).replace(
    'connection: close\r\n',
    '',
  )
  const said = await exchange(world, first, { after })
  const start = said.indexOf('\r\n\r\n') + 4
  expect(said.slice(0, start)).toMatch(/^HTTP\/1\.1 200 /)
  expect(/[^b]/.exec(said.slice(start, start + body.length))?.index).toBeUndefined()
  await world.oss('bucket').delete('large')
  world.ossRequests()
})

test('CONNECT behind an answer that is under way leaves no request behind', async () => {
  const body = Buffer.alloc(12 * 1024 ** 2, 'b')
  await send(world.endpoint, sign({ method: 'PUT', target: '/bucket/large', body }, host))
  const first = signedHead({ method: 'GET', target: '/bucket/large' }, host, {})
  await exchange(world, first.replace('connection: close\r\n', ''), {
    after: `CONNECT /bucket HTTP/1.1\r\n${HOST}\r\n\r\n`,
  })
  await world.oss('bucket').delete('large')
  world.ossRequests()
})
