import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { HeaderMap } from '../../src/ports.ts'
import { ChunkedDecoder, type Framing } from '../../src/s3/chunked.ts'
import type { ChunkSigning } from '../../src/s3/payload.ts'
import vectors from '../data/sigv4-vectors.json'
import { sha256 } from '../encodings.ts'

const { chunked } = vectors
const scope = `20130524/${vectors.region}/s3/aws4_request`
const key = ['20130524', vectors.region, 's3', 'aws4_request'].reduce<Buffer>(
  (key, text) => createHmac('sha256', key).update(text).digest(),
  Buffer.from(`AWS4${vectors.secretAccessKey}`),
)
const signing = (seed: string): ChunkSigning => ({ key, timestamp: vectors.amzDate, scope, seed })
const a66560 = 'a'.repeat(66560)

/** The bytes of a vector: its chunks, each with its published signature. */
function vectorBody({ chunkSignatures }: { chunkSignatures: string[] }, trailer: string): string {
  const [first, second, last] = chunkSignatures
  const chunks = [
    `10000;chunk-signature=${first}\r\n${'a'.repeat(65536)}\r\n`,
    `400;chunk-signature=${second}\r\n${'a'.repeat(1024)}\r\n`,
    `0;chunk-signature=${last}\r\n`,
  ]
  return `${chunks.join('')}${trailer}\r\n`
}

const signed = {
  wire: vectorBody(chunked.signed, ''),
  framing: { signing: signing(chunked.signed.seedSignature), trailer: false, names: [], length: 66560 },
}
const { trailer, trailerSignature } = chunked.signedTrailer
const crc32c = ['x-amz-checksum-crc32c']
const signedTrailer = {
  wire: vectorBody(chunked.signedTrailer, `${trailer}\r\nx-amz-trailer-signature:${trailerSignature}\r\n`),
  framing: {
    signing: signing(chunked.signedTrailer.seedSignature),
    trailer: true,
    names: crc32c,
    length: 66560,
  },
}
const hello = {
  wire: '3\r\nhel\r\n2\r\nlo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n',
  framing: { trailer: true, names: ['x-amz-checksum-crc32'], length: 5 },
}
/** What minio-go puts on the wire: a trailer ends in a bare line feed. */
const minioSigned = {
  ...signedTrailer,
  wire: vectorBody(chunked.signedTrailer, `${trailer}\n\r\nx-amz-trailer-signature:${trailerSignature}\r\n`),
}
const minioUnsigned = {
  ...hello,
  wire: '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\n\r\n\r\n',
}

function* cut(bytes: Uint8Array, sizes: readonly number[]) {
  let at = 0
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes.length === 0 ? bytes.length : (sizes[i % sizes.length] as number)
    yield bytes.subarray(at, at + size)
    at += size
  }
}

function decode(wire: string | Uint8Array, framing: Framing, sizes: readonly number[] = []) {
  const decoder = new ChunkedDecoder(framing)
  const pieces: Uint8Array[] = []
  for (const piece of cut(Buffer.from(wire as string, 'latin1'), sizes)) pieces.push(decoder.decode(piece))
  decoder.end()
  return { text: Buffer.concat(pieces).toString('latin1'), trailers: { ...decoder.trailers } }
}

const wellFormed: [
  name: string,
  form: { wire: string; framing: Framing },
  text: string,
  trailers: HeaderMap,
][] = [
  ['signed', signed, a66560, {}],
  ['signed, with a trailer', signedTrailer, a66560, { 'x-amz-checksum-crc32c': 'sOO8/Q==' }],
  ['signed, with a trailer by minio-go', minioSigned, a66560, { 'x-amz-checksum-crc32c': 'sOO8/Q==' }],
  ['unsigned, with a trailer', hello, 'hello', { 'x-amz-checksum-crc32': 'NhCmhg==' }],
  ['unsigned, with a trailer by minio-go', minioUnsigned, 'hello', { 'x-amz-checksum-crc32': 'NhCmhg==' }],
  [
    'unsigned, without a trailer',
    { wire: '5\r\nhello\r\n0\r\n\r\n', framing: { trailer: true, names: [], length: 5 } },
    'hello',
    {},
  ],
  ['empty', { wire: '0\r\n\r\n', framing: { trailer: true, names: [], length: 0 } }, '', {}],
]

describe('bodies', () => {
  test.each(wellFormed)('%s', (_, { wire, framing }, text, trailers) => {
    expect(decode(wire, framing)).toEqual({ text, trailers })
  })

  test.each(wellFormed)('%s, cut anywhere', (_, { wire, framing }, text, trailers) => {
    const sizes = fc.array(fc.integer({ min: 1, max: wire.length > 1000 ? 5000 : 20 }), {
      minLength: 1,
      maxLength: 9,
    })
    fc.assert(
      fc.property(sizes, (sizes) => {
        expect(decode(wire, framing, sizes)).toEqual({ text, trailers })
      }),
      { numRuns: 50 },
    )
  })

  test.each(wellFormed)('%s, byte by byte', (_, { wire, framing }, text, trailers) => {
    expect(decode(wire, framing, [1])).toEqual({ text, trailers })
  })

  test('chunks of any size, as JavaScript streams make them', () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 20 })
    const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 })
    fc.assert(
      fc.property(chunks, sizes, fc.boolean(), (pieces, sizes, signs) => {
        // Signed ones have a least size, but for the last.
        const chunks = pieces.map((piece, at) =>
          signs && at < pieces.length - 1 ? Buffer.concat([piece, Buffer.alloc(8192, 'a')]) : piece,
        )
        const plain = Buffer.concat(chunks).toString('latin1')
        const seed = 'a'.repeat(64)
        const wire = frame([...chunks, new Uint8Array()], signs ? seed : undefined)
        const framing = {
          trailer: !signs,
          names: [],
          length: plain.length,
          ...(signs && { signing: signing(seed) }),
        }
        expect(decode(wire, framing, sizes).text).toBe(plain)
      }),
    )
  })

  test('the plain bytes of a piece lie together in its own memory, whatever the sizes of its chunks', () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 20_000 })), {
      maxLength: 12,
    })
    fc.assert(
      fc.property(sizes, (sizes) => {
        const plain = Buffer.alloc(
          sizes.reduce((sum, size) => sum + size, 0),
          'The quick brown fox jumps over the lazy dog. ',
        )
        const chunks: Uint8Array[] = []
        for (let at = 0, i = 0; at < plain.length; at += sizes[i++] as number) {
          chunks.push(plain.subarray(at, at + (sizes[i] as number)))
        }
        const wire = frame([...chunks, new Uint8Array()])
        const decoder = new ChunkedDecoder({ trailer: false, names: [], length: plain.length })
        const piece = decoder.decode(wire)
        decoder.end()
        expect(piece.buffer).toBe(wire.buffer)
        expect(plain.equals(piece)).toBe(true)
      }),
    )
  })
})

/** Frames chunks by the letter of AWS's page on streaming signatures. */
function frame(chunks: readonly Uint8Array[], seed?: string): Uint8Array {
  let previous = seed
  const framed = chunks.map((chunk) => {
    let header = chunk.length.toString(16)
    if (previous !== undefined) {
      const lines = [
        'AWS4-HMAC-SHA256-PAYLOAD',
        vectors.amzDate,
        scope,
        previous,
        sha256(new Uint8Array()),
        sha256(chunk),
      ]
      previous = createHmac('sha256', key).update(lines.join('\n')).digest('hex')
      header += `;chunk-signature=${previous}`
    }
    const end = chunk.length === 0 ? [] : [chunk, Buffer.from('\r\n')]
    return Buffer.concat([Buffer.from(`${header}\r\n`), ...end])
  })
  return Buffer.concat([...framed, Buffer.from('\r\n')])
}

describe('refusals', () => {
  const incomplete = { code: 'IncompleteBody', message: 'The request body terminated unexpectedly' }
  const wrongLength = {
    code: 'IncompleteBody',
    message: 'You did not provide the number of bytes specified by the Content-Length HTTP header',
  }
  const badTrailer = {
    code: 'MalformedTrailerError',
    message:
      'The request contained trailing data that was not well-formed or did not conform to our published schema.',
  }
  const badSignature = { code: 'SignatureDoesNotMatch' }
  const five = { trailer: true, names: [], length: 5 }
  const [one, two, three] = chunked.signed.chunkSignatures as [string, string, string]

  test.each<[name: string, wire: string, framing: Framing, error: object]>([
    ['no bytes', '', five, incomplete],
    ['no framing', 'hello', five, incomplete],
    ['a size that is not hex', 'g\r\nhello\r\n0\r\n\r\n', five, incomplete],
    ['a negative size', '-5\r\nhello\r\n0\r\n\r\n', five, incomplete],
    ['an unknown chunk extension', '5;a=b\r\nhello\r\n0\r\n\r\n', five, incomplete],
    ['a size line that ends in a bare line feed', '5\nhello\r\n0\r\n\r\n', five, incomplete],
    ['a chunk longer than its size', '4\r\nhello\r\n0\r\n\r\n', { ...five, length: 4 }, incomplete],
    ['a chunk shorter than its size', '5\r\nhell\r\n0\r\n\r\n', five, incomplete],
    ['no last chunk', '5\r\nhello\r\n', five, incomplete],
    ['no blank line at the end', '5\r\nhello\r\n0\r\n', five, incomplete],
    ['bytes after the end', '5\r\nhello\r\n0\r\n\r\nx', five, incomplete],
    ['a line after the end', '5\r\nhello\r\n0\r\n\r\nx\r\n\r\n', five, badTrailer],
    ['endless blank lines', `5\r\nhello\r\n0\r\n${'\r\n'.repeat(5000)}`, five, badTrailer],
    ['fewer bytes than announced', '4\r\nhell\r\n0\r\n\r\n', five, wrongLength],
    ['more bytes than announced', '6\r\nhello!\r\n0\r\n\r\n', five, wrongLength],
    ['a huge size', 'fffffffffffff\r\nhello', five, wrongLength],
    ['a size beyond counting', 'fffffffffffffffff\r\nhello', five, incomplete],
    ['an endless size line', '0'.repeat(5000), five, incomplete],
    [
      'an announced trailer that does not come',
      '5\r\nhello\r\n0\r\n\r\n',
      { ...five, names: ['x-amz-checksum-crc32'] },
      badTrailer,
    ],
    ['a trailer that was not announced', hello.wire, five, badTrailer],
    [
      'a trailer in a form without',
      signedTrailer.wire,
      { ...signedTrailer.framing, trailer: false },
      badTrailer,
    ],
    [
      'a trailer without a colon',
      '5\r\nhello\r\n0\r\nx-amz-checksum-crc32\r\n\r\n',
      hello.framing,
      badTrailer,
    ],
    ['a trailer twice', hello.wire.replace(/x-amz.*\r\n/, '$&$&'), hello.framing, badTrailer],
    ['a long trailer', hello.wire.replace('NhCmhg==', 'N'.repeat(2000)), hello.framing, incomplete],
    [
      'many trailers',
      hello.wire.replace(/x-amz.*\r\n/, (line) => line.repeat(1000)),
      hello.framing,
      badTrailer,
    ],
    [
      'a trailer signature where nothing is signed',
      hello.wire.replace('NhCmhg==\r\n', `$&x-amz-trailer-signature:${one}\r\n`),
      hello.framing,
      badTrailer,
    ],
    [
      'a chunk without a signature',
      signed.wire.replace(`;chunk-signature=${one}`, ''),
      signed.framing,
      badSignature,
    ],
    ["another chunk's signature", signed.wire.replace(two, one), signed.framing, badSignature],
    ['a wrong last signature', signed.wire.replace(three, two), signed.framing, badSignature],
    ['another byte', signed.wire.replace('a\r\n', 'b\r\n'), signed.framing, badSignature],
    ['another seed', signed.wire, { ...signed.framing, signing: signing(one) }, badSignature],
    [
      'chunks in another order',
      signed.wire.replace(/^(10000.*\r\n.*\r\n)(400.*\r\n.*\r\n)/, '$2$1'),
      signed.framing,
      badSignature,
    ],
    [
      'a signed trailer without its signature',
      signedTrailer.wire.replace(/x-amz-trailer-signature:.*\r\n/, ''),
      signedTrailer.framing,
      badSignature,
    ],
    ['another trailer', signedTrailer.wire.replace('sOO8', 'tOO8'), signedTrailer.framing, badSignature],
  ])('%s', (_, wire, framing, error) => {
    expect(() => decode(wire, framing)).toThrow(expect.objectContaining(error))
    expect(() => decode(wire, framing, [7])).toThrow(expect.objectContaining(error))
  })

  test.each(wellFormed)('%s, ended early', (_, { wire, framing }) => {
    // minio-go's second blank line is one that nobody needs.
    const needed = wire.length - (wire.endsWith('\n\r\n\r\n') && wire.includes('=\n') ? 2 : 0)
    const ends =
      wire.length < 1000
        ? [...Array(needed).keys()]
        : [0, 1, 90, 91, 5000, ...[...Array(400).keys()].map((n) => needed - 1 - n)]
    for (const end of ends) {
      expect(() => decode(wire.slice(0, end), framing), `ended at ${end}`).toThrow()
    }
  })

  test('a changed byte is refused, or changes nothing', () => {
    const { framing } = signedTrailer
    const interesting = fc.oneof(
      fc.nat(100),
      fc.nat(signedTrailer.wire.length - 1),
      fc.nat(450).map((n) => signedTrailer.wire.length - 1 - n),
    )
    fc.assert(
      fc.property(interesting, fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bytes = Buffer.from(signedTrailer.wire, 'latin1')
        bytes[at] = (bytes[at] as number) ^ flip
        let outcome: ReturnType<typeof decode> | undefined
        try {
          outcome = decode(bytes, framing, [4096])
        } catch {}
        if (outcome !== undefined) {
          expect(outcome).toEqual({ text: a66560, trailers: { 'x-amz-checksum-crc32c': 'sOO8/Q==' } })
        }
      }),
      { numRuns: 500 },
    )
  })

  test('withholds the end of a chunk until its signature is verified', () => {
    const wire = Buffer.from(signed.wire.replace(/a\r\n/, 'b\r\n'), 'latin1')
    const decoder = new ChunkedDecoder(signed.framing)
    let given = 0
    expect(() => {
      for (const piece of cut(wire, [4096])) given += decoder.decode(piece).length
    }).toThrow()
    expect(given).toBeLessThan(65536)
  })
})
