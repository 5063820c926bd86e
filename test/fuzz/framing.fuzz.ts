import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sha256 } from '../encodings.ts'
import { sign } from '../gateway/wire.ts'
import { type FuzzWorld, HOST, openWorld, runs } from './world.ts'

let world: FuzzWorld
beforeAll(async () => {
  world = await openWorld()
  await world.ask(sign({ method: 'PUT', target: '/bucket', headers: { 'content-length': '0' } }, HOST))
})
afterAll(() => world.close())

const kinds = {
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER': { signed: false, trailer: true },
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD': { signed: true, trailer: false },
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER': { signed: true, trailer: true },
} as const
type Kind = keyof typeof kinds

type Chunks = ReturnType<typeof sign>['chunks']

/** The bytes as aws-chunked frames, with their signatures and their trailer. */
function frames(kind: Kind, chunks: readonly string[], { key, timestamp, scope, seed }: Chunks): string {
  const { signed, trailer } = kinds[kind]
  let previous = seed
  const link = (algorithm: string, rest: string) => {
    previous = createHmac('sha256', key)
      .update(`${algorithm}\n${timestamp}\n${scope}\n${previous}\n${rest}`)
      .digest('hex')
    return previous
  }
  let text = ''
  for (const chunk of [...chunks.filter((chunk) => chunk !== ''), '']) {
    const size = Buffer.byteLength(chunk).toString(16)
    const signature = signed
      ? `;chunk-signature=${link('AWS4-HMAC-SHA256-PAYLOAD', `${sha256('')}\n${sha256(chunk)}`)}`
      : ''
    text += `${size}${signature}\r\n${chunk === '' ? '' : `${chunk}\r\n`}`
  }
  if (!trailer) return `${text}\r\n`
  const sum = Buffer.from(crc32(Buffer.from(chunks.join('')))).toString('base64')
  const line = `x-amz-checksum-crc32:${sum}`
  const signature = signed
    ? `x-amz-trailer-signature:${link('AWS4-HMAC-SHA256-TRAILER', sha256(`${line}\n`))}\r\n`
    : ''
  return `${text}${line}\r\n${signature}\r\n`
}

function crc32(bytes: Uint8Array): Buffer {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE((crc ^ 0xffffffff) >>> 0)
  return sum
}

const content = fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }), { maxLength: 4 })
const changes = fc.array(
  fc.record({
    at: fc.nat(2000),
    cut: fc.nat(6),
    put: fc.constantFrom(
      '',
      '\r\n',
      '\n',
      '0',
      'f',
      '-1',
      '0x',
      ';',
      ';chunk-signature=',
      '0\r\n\r\n',
      'ffffffffffffffff',
      ':',
      'x-amz-checksum-crc32:',
      'a',
    ),
  }),
  { maxLength: 2 },
)
const cuts = fc.array(fc.nat(2000), { maxLength: 6 })

function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...cuts.map((at) => at % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end))
}

test('frames that were touched store what was meant, or nothing', async () => {
  let whole = 0
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...(Object.keys(kinds) as Kind[])),
      content,
      changes,
      cuts,
      fc.integer({ min: -1, max: 1 }),
      async (kind, pieces, changes, cuts, off) => {
        // Signed ones have a least size, but for the last.
        const chunks = pieces.map((piece, at) =>
          kinds[kind].signed && at < pieces.length - 1 ? piece + 'a'.repeat(8192) : piece,
        )
        const meant = Buffer.from(chunks.join(''))
        const headers = {
          'content-encoding': 'aws-chunked',
          'x-amz-decoded-content-length': String(meant.length + (changes.length === 0 ? off : 0)),
          ...(kinds[kind].trailer ? { 'x-amz-trailer': 'x-amz-checksum-crc32' } : {}),
        }
        const request = sign({ method: 'PUT', target: '/bucket/key', headers }, HOST, { payload: kind })
        const framed = changes.reduce(
          (text, { at, cut, put }) => {
            const from = at % (text.length + 1)
            return text.slice(0, from) + put + text.slice(from + cut)
          },
          frames(kind, chunks, request.chunks),
        )
        const { writes, status } = await world.ask({ ...request, pieces: split(Buffer.from(framed), cuts) })
        if (changes.length === 0) expect(status === 200).toBe(off === 0)
        if (status === 200) whole++
        for (const { bytes, headers } of writes) {
          expect(status).toBe(200)
          expect(bytes.equals(meant)).toBe(true)
          expect(headers).not.toHaveProperty('content-encoding')
        }
      },
    ),
    runs(),
  )
  expect(whole).toBeGreaterThan(0)
})

const bodyHeaders = fc.dictionary(
  fc.constantFrom(
    'content-length',
    'content-md5',
    'x-amz-decoded-content-length',
    'content-encoding',
    'x-amz-trailer',
    'x-amz-checksum-crc32',
    'x-amz-checksum-sha256',
    'x-amz-checksum-crc64nvme',
    'x-amz-checksum-md5',
    'x-amz-sdk-checksum-algorithm',
    'transfer-encoding',
  ),
  fc.constantFrom(
    '',
    '5',
    '0',
    '-1',
    '4',
    '99999999999999999999',
    '5,5',
    'aws-chunked',
    'gzip,aws-chunked',
    'XUFAKrxLKna5cZ2REBfFkg==',
    'NhCmhg==',
    'CRC32',
    'x-amz-checksum-crc32',
    'chunked',
    '!',
  ),
)
const payloads = fc.constantFrom(
  'UNSIGNED-PAYLOAD',
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  sha256('hello'),
  sha256(''),
  'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD',
  '',
  'x',
)
const bodies = fc.constantFrom(
  'hello',
  '',
  'hell',
  'hello!',
  '5\r\nhello\r\n0\r\n\r\n',
  '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n',
)

test('whatever the headers say of a body, what is stored is all of it', async () => {
  await fc.assert(
    fc.asyncProperty(bodyHeaders, payloads, bodies, async (headers, payload, body) => {
      const { writes } = await world.ask(
        sign({ method: 'PUT', target: '/bucket/key', headers, body }, HOST, { payload }),
      )
      for (const { bytes, headers: sent } of writes) {
        expect(sent['content-length']).toBe(String(bytes.length))
        if (payload.length === 64) expect(sha256(bytes)).toBe(payload)
        expect([body, 'hello', '']).toContain(bytes.toString())
      }
    }),
    runs(),
  )
})
