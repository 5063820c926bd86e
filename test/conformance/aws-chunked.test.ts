import { createHash, createHmac } from 'node:crypto'
import { crc32 as crc } from 'node:zlib'
import { describe, expect } from 'vitest'
import { sha256 } from '../encodings.ts'
import { failure } from './errors.ts'
import { type Ask, must, send, signed, target } from './s3.ts'
import { ownBucket, type Row, rows } from './table.ts'

const bucket = ownBucket()
let count = 0
const region = process.env.S3_REGION ?? 'us-east-1'
const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest()
const crc32 = (text: string) => Buffer.from(crc(text).toString(16).padStart(8, '0'), 'hex').toString('base64')
const sha1 = (text: string) => createHash('sha1').update(text).digest('base64')

type Upload = {
  chunks?: readonly string[]
  /** Lines after the last chunk. */
  trailer?: Record<string, string>
  /** What x-amz-trailer announces; the trailer's names unless said otherwise. */
  announced?: string
  signedChunks?: boolean
  headers?: Record<string, string>
  /** HTTP's chunked coding instead of a Content-Length. */
  chunked?: boolean
  spoil?: (framed: string) => string
}

/** A PUT in aws-chunked framing, signed as its kind says. */
const upload =
  ({
    chunks = ['hello'],
    trailer = {},
    announced = Object.keys(trailer).join(','),
    signedChunks = false,
    headers = {},
    chunked = false,
    spoil = (framed) => framed,
  }: Upload = {}) =>
  (name: string): Ask => {
    const kind = signedChunks ? 'AWS4-HMAC-SHA256-PAYLOAD' : 'UNSIGNED-PAYLOAD'
    const withTrailer = announced !== '' || !signedChunks
    const ask: Ask = {
      method: 'PUT',
      bucket: name,
      key: `chunked-${count++}`,
      chunked,
      headers: {
        'content-encoding': 'aws-chunked',
        'x-amz-decoded-content-length': String(Buffer.byteLength(chunks.join(''))),
        'x-amz-content-sha256': `STREAMING-${kind}${withTrailer ? '-TRAILER' : ''}`,
        ...(announced === '' ? {} : { 'x-amz-trailer': announced }),
        ...headers,
      },
    }
    const { headers: sent } = signed(ask)
    const frames = signedChunks ? signChunks(sent, chunks, trailer) : plainChunks(chunks, trailer)
    return { ...ask, sign: 'none', headers: sent, body: spoil(frames) }
  }

const trailerLines = (trailer: Record<string, string>) =>
  Object.entries(trailer)
    .map(([name, value]) => `${name}:${value}\r\n`)
    .join('')
const size = (chunk: string) => Buffer.byteLength(chunk).toString(16)
const plainChunks = (chunks: readonly string[], trailer: Record<string, string>) =>
  `${chunks.map((chunk) => `${size(chunk)}\r\n${chunk}\r\n`).join('')}0\r\n${trailerLines(trailer)}\r\n`

function signChunks(
  headers: Record<string, string>,
  chunks: readonly string[],
  trailer: Record<string, string>,
): string {
  const time = headers['x-amz-date'] ?? ''
  const day = time.slice(0, 8)
  const scope = `${day}/${region}/s3/aws4_request`
  const key = [region, 's3', 'aws4_request'].reduce<Buffer>(hmac, hmac(`AWS4${target.secretAccessKey}`, day))
  let previous = /Signature=(\w+)/.exec(headers.Authorization ?? '')?.[1] ?? ''
  const sign = (kind: string, ...hashes: string[]) => {
    previous = hmac(key, [`AWS4-HMAC-SHA256-${kind}`, time, scope, previous, ...hashes].join('\n')).toString(
      'hex',
    )
    return previous
  }
  const framed = [...chunks, '']
    .map((chunk) => {
      const signature = sign('PAYLOAD', sha256(''), sha256(chunk))
      return `${size(chunk)};chunk-signature=${signature}\r\n${chunk}${chunk === '' ? '' : '\r\n'}`
    })
    .join('')
  const entries = Object.entries(trailer)
  if (entries.length === 0) return `${framed}\r\n`
  const canonical = entries.map(([name, value]) => `${name}:${value}\n`).join('')
  const signature = sign('TRAILER', sha256(canonical))
  return `${framed}${trailerLines(trailer)}x-amz-trailer-signature:${signature}\r\n\r\n`
}

const stores = (
  content: string,
  headers: Record<string, string | null> = {},
): Pick<Row, 'status' | 'and'> => ({
  status: 200,
  and: async (_, name) => {
    const object = await must({ bucket: name, key: `chunked-${count - 1}` })
    expect(object.text).toBe(content)
    for (const [header, value] of Object.entries({ 'content-encoding': null, ...headers })) {
      expect(object.headers[header], header).toBe(value ?? undefined)
    }
  },
})
const storesNothing = async (_: unknown, name: string) =>
  expect((await send({ bucket: name, key: `chunked-${count - 1}` })).status).toBe(404)
const CRC = 'x-amz-checksum-crc32'
const long = ['a'.repeat(8192), 'b'.repeat(8192), 'c'.repeat(100)]

describe('aws-chunked', () => {
  rows('chunks that are not signed, with a trailer', bucket, [
    {
      name: 'are stored without their framing',
      ask: upload({ trailer: { [CRC]: crc32('hello') } }),
      ...stores('hello'),
    },
    {
      name: 'may come in HTTP’s chunked coding, without a Content-Length',
      ask: upload({ trailer: { [CRC]: crc32('hello') }, chunked: true }),
      ...stores('hello'),
    },
    {
      name: 'may be many',
      ask: upload({ chunks: long, trailer: { [CRC]: crc32(long.join('')) } }),
      ...stores(long.join('')),
    },
    {
      name: 'may be small, as the SDK for JavaScript sends them',
      ask: upload({ chunks: ['he', 'll', 'o'], trailer: { [CRC]: crc32('hello') } }),
      ...stores('hello'),
    },
    { name: 'may be none', ask: upload({ chunks: [], trailer: { [CRC]: crc32('') } }), ...stores('') },
    {
      name: 'leave other encodings where they are',
      ask: upload({
        trailer: { [CRC]: crc32('hello') },
        headers: { 'content-encoding': 'x-plain,aws-chunked' },
      }),
      ...stores('hello', { 'content-encoding': 'x-plain' }),
    },
    {
      name: 'need not say their encoding, as older SDKs for Go do not',
      ask: upload({ trailer: { [CRC]: crc32('hello') }, headers: { 'content-encoding': '' } }),
      status: 200,
    },
    {
      name: 'with a checksum of other bytes are BadDigest and store nothing',
      ask: upload({ trailer: { [CRC]: crc32('other') } }),
      ...failure('BadDigest', { Message: 'The CRC32 you specified did not match the calculated checksum.' }),
      and: storesNothing,
    },
    {
      name: 'with a checksum that is none are refused',
      ask: upload({ trailer: { [CRC]: 'not a checksum' } }),
      ...failure('InvalidRequest', { Message: `Value for ${CRC} header is invalid.` }),
      and: storesNothing,
    },
    ...(
      [
        ['sha1', sha1('hello')],
        ['sha256', Buffer.from(sha256('hello'), 'hex').toString('base64')],
        ['crc32c', 'mnG7TA=='],
        ['crc64nvme', 'M3eFcAZSQlc='],
        ['sha512', createHash('sha512').update('hello').digest('base64')],
        ['md5', 'XUFAKrxLKna5cZ2REBfFkg=='],
        ['xxhash64', 'JseCfYifbaM='],
        ['xxhash3', 'lVXoVVxi3P0='],
        ['xxhash128', 'tenBrQcbPn/Hec+qXlI4GA=='],
      ] as const
    ).map(
      ([algorithm, value]): Row => ({
        name: `may have ${algorithm} in the trailer`,
        ask: upload({ trailer: { [`x-amz-checksum-${algorithm}`]: value } }),
        ...stores('hello'),
      }),
    ),
    {
      name: 'without the trailer that was announced are malformed',
      ask: upload({ announced: CRC }),
      ...failure('MalformedTrailerError'),
      and: storesNothing,
    },
    {
      name: 'with another trailer than was announced are malformed',
      ask: upload({ announced: CRC, trailer: { 'x-amz-checksum-crc32c': 'mnG7TA==' } }),
      ...failure('MalformedTrailerError'),
      and: storesNothing,
    },
    {
      name: 'cannot announce a trailer that S3 does not know',
      ask: upload({ trailer: { 'x-amz-meta-colour': 'blue' } }),
      ...failure('InvalidRequest', {
        Message: 'The value specified in the x-amz-trailer header is not supported',
      }),
    },
    {
      name: 'need the length of what they carry',
      ask: (name) => {
        const { headers, ...ask } = upload({ trailer: { [CRC]: crc32('hello') } })(name)
        const { 'x-amz-decoded-content-length': _, ...rest } = headers ?? {}
        const unsigned = Object.fromEntries(Object.entries(rest).filter(([key]) => key !== 'Authorization'))
        return { ...ask, sign: 'header', headers: unsigned }
      },
      ...failure('MissingContentLength'),
    },
    {
      name: 'that carry less than they said are incomplete',
      ask: upload({ trailer: { [CRC]: crc32('hello') }, headers: { 'x-amz-decoded-content-length': '6' } }),
      ...failure('IncompleteBody'),
      and: storesNothing,
    },
    {
      name: 'that are cut off are incomplete',
      ask: upload({ trailer: { [CRC]: crc32('hello') }, spoil: (framed) => framed.slice(0, 6) }),
      ...failure('IncompleteBody'),
      and: storesNothing,
    },
  ])

  rows('signed chunks', bucket, [
    { name: 'are stored without their framing', ask: upload({ signedChunks: true }), ...stores('hello') },
    { name: 'may be many', ask: upload({ signedChunks: true, chunks: long }), ...stores(long.join('')) },
    ...Object.entries({ 'of the first': ['hel', 'lo'], 'of a later one': ['a'.repeat(8192), 'b', 'c'] }).map(
      ([which, chunks]): Row => ({
        name: `have a least size, but for the last: ${which}`,
        ask: upload({ signedChunks: true, chunks }),
        ...failure('InvalidChunkSizeError', {
          Message: 'Only the last chunk is allowed to have a size less than 8192 bytes',
          Chunk: String(chunks.length),
          BadChunkSize: String(chunks.at(-2)?.length),
        }),
        and: storesNothing,
      }),
    ),
    {
      name: 'may have a signed trailer',
      ask: upload({ signedChunks: true, trailer: { [CRC]: crc32('hello') } }),
      ...stores('hello'),
    },
    {
      name: 'with another signature do not match and store nothing',
      ask: upload({
        signedChunks: true,
        spoil: (framed) => framed.replace(/(chunk-signature=)..../, '$10000'),
      }),
      ...failure('SignatureDoesNotMatch'),
      and: storesNothing,
    },
    {
      name: 'with other bytes do not match and store nothing',
      ask: upload({ signedChunks: true, spoil: (framed) => framed.replace('hello', 'jello') }),
      ...failure('SignatureDoesNotMatch'),
      and: storesNothing,
    },
    {
      name: 'with another signature of the trailer do not match and store nothing',
      ask: upload({
        signedChunks: true,
        trailer: { [CRC]: crc32('hello') },
        spoil: (framed) => framed.replace(/(x-amz-trailer-signature:)..../, '$10000'),
      }),
      ...failure('SignatureDoesNotMatch'),
      and: storesNothing,
    },
    {
      name: 'cut off before the last are incomplete',
      ask: upload({
        signedChunks: true,
        spoil: (framed) => framed.slice(0, framed.indexOf('\r\n0;') + 2),
      }),
      ...failure('IncompleteBody'),
      and: storesNothing,
    },
  ])

  rows('a part of an upload', bucket, [
    {
      name: 'may come in chunks',
      ask: async (name) => {
        const begun = await must({ method: 'POST', bucket: name, key: 'in-parts', query: { uploads: '' } })
        const uploadId = /<UploadId>([^<]+)/.exec(begun.text)?.[1] ?? ''
        const ask = {
          method: 'PUT',
          bucket: name,
          key: 'in-parts',
          query: { partNumber: '1', uploadId },
          headers: {
            'content-encoding': 'aws-chunked',
            'x-amz-decoded-content-length': '5',
            'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
            'x-amz-trailer': CRC,
          },
        }
        const { headers } = signed(ask)
        return { ...ask, sign: 'none', headers, body: plainChunks(['hello'], { [CRC]: crc32('hello') }) }
      },
      status: 200,
      headers: { etag: '"5d41402abc4b2a76b9719d911017c592"' },
    },
  ])
})
