import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { type Body, type HeaderMap, headerMap } from '../ports.ts'
import { S3Error } from './error.ts'

/** What the chunks' signatures are made with; the first one follows the signature of the request itself. */
export type ChunkSigning = {
  /** The signing key of the day, region and service. */
  key: Uint8Array
  /** `yyyyMMddTHHmmssZ` of the request. */
  timestamp: string
  /** `date/region/s3/aws4_request`. */
  scope: string
  /** The request's signature, hex. */
  seed: string
}

export type Framing = {
  /** Absent: the chunks bear no signatures, or none that is looked at. */
  signing?: ChunkSigning
  /** Whether trailers may follow the last chunk (and, when signed, their signature). */
  trailer: boolean
  /** The trailers announced, in lower case; exactly these must come. */
  names: readonly string[]
  /** Bytes of the plain body. */
  length: number
  /** Told the trailers after the last byte, when everything was verified. */
  onTrailers?: (trailers: HeaderMap) => void
}

// A chunk header is some 90 bytes, a trailer line at most as long.
const MAX_LINE = 1024
const MAX_TRAILER = 8192
/** Smaller pieces that came together go on together. */
const SMALL = 8192
/** Bytes of a signed chunk that is not the last (versitygw#1683). Unsigned ones are sent smaller by the SDK for JavaScript. */
const MIN_SIGNED = 8192
const LF = 10
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/**
 * Takes the aws-chunked framing off a body: signed chunks, signed chunks with a signed trailer, or unsigned chunks
 * with a trailer. The pieces are views of the source's, not copies, unless they are small. A piece may be out before the signature of its
 * chunk is verified, but the last piece of each chunk is not; so the consumer must not call the body complete
 * before the generator ends.
 * @throws S3Error IncompleteBody, InvalidChunkSizeError, MalformedTrailerError, SignatureDoesNotMatch.
 */
export async function* decodeChunked(source: Body, framing: Framing): AsyncGenerator<Uint8Array, void, void> {
  const chain = framing.signing && signatureChain(framing.signing)
  let expecting: 'size' | 'data' | 'gap' | 'trailer' = 'size'
  let line = ''
  let signature = ''
  let left = 0
  let count = 0
  let size = 0
  let total = 0
  const trailer: string[] = []
  let trailerSize = 0
  const small: Uint8Array[] = []

  for await (const piece of source) {
    let at = 0
    while (at < piece.length) {
      if (expecting === 'data') {
        const data = piece.subarray(at, at + left)
        chain?.update(data)
        at += data.length
        left -= data.length
        if (left === 0) {
          chain?.verifyChunk(signature)
          expecting = 'gap'
        }
        if (data.length < SMALL) small.push(data)
        else {
          yield* together(small)
          yield data
        }
        continue
      }
      const end = piece.indexOf(LF, at)
      const rest = Math.min(end < 0 ? piece.length : end, at + MAX_LINE + 1)
      line += Buffer.from(piece.buffer, piece.byteOffset + at, rest - at).toString('latin1')
      if (line.length > MAX_LINE) throw malformed()
      if (end < 0) break
      at = end + 1
      const text = line.endsWith('\r') ? line.slice(0, -1) : line
      // minio-go ends a trailer with a bare line feed.
      if (text === line && expecting !== 'trailer') throw malformed()
      line = ''

      if (expecting === 'size') {
        const header = parseChunkHeader(text)
        if (chain !== undefined && header.size > 0 && count > 0 && size < MIN_SIGNED) {
          throw new S3Error('InvalidChunkSizeError', { elements: { Chunk: count + 1, BadChunkSize: size } })
        }
        count++
        left = size = header.size
        signature = header.signature
        total += left
        if (total > framing.length || (left === 0 && total < framing.length)) {
          throw wrongLength(framing.length, total)
        }
        if (left === 0) chain?.verifyChunk(signature)
        expecting = left === 0 ? 'trailer' : 'data'
      } else if (expecting === 'gap') {
        if (text !== '') throw malformed()
        expecting = 'size'
      } else {
        trailerSize += text.length + 2
        if (trailerSize > MAX_TRAILER) throw new S3Error('MalformedTrailerError')
        trailer.push(text)
      }
    }
    yield* together(small)
  }

  if (expecting !== 'trailer' || line !== '' || trailer.at(-1) !== '') throw malformed()
  const found = parseTrailer(trailer, framing)
  if (framing.trailer) chain?.verifyTrailer(found.lines, found.signature)
  framing.onTrailers?.(found.values)
}

/** The pieces as one, which leaves none. */
function* together(pieces: Uint8Array[]) {
  if (pieces.length > 0) yield Buffer.concat(pieces.splice(0))
}

/** `size[;chunk-signature=hex]`, the size in hex of at most 2^52. */
function parseChunkHeader(text: string): { size: number; signature: string } {
  const [, size, signature = ''] =
    /^([0-9a-fA-F]{1,13})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(text) ?? []
  if (size === undefined) throw malformed()
  return { size: Number.parseInt(size, 16), signature }
}

/** The trailers, and the lines of them that are signed. Blank lines may come between, see minio-go. */
function parseTrailer(lines: string[], { trailer, names, signing }: Framing) {
  const values = headerMap()
  let signed = ''
  let signature = ''
  for (const line of lines) {
    if (line === '') continue
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).trim().toLowerCase()
    const value = line.slice(colon + 1).trim()
    if (trailer && signing !== undefined && name === 'x-amz-trailer-signature') {
      signature = value
    } else if (colon > 0 && trailer && names.includes(name) && values[name] === undefined) {
      values[name] = value
      signed += `${name}:${value}\n`
    } else {
      throw new S3Error('MalformedTrailerError')
    }
  }
  if (names.some((name) => values[name] === undefined)) throw new S3Error('MalformedTrailerError')
  return { values, lines: signed, signature }
}

/** Each signature covers the one before it, so no chunk can be left out, repeated or moved. */
function signatureChain({ key, timestamp, scope, seed }: ChunkSigning) {
  let previous = seed
  let hash = createHash('sha256')
  const verify = (stringToSign: string, provided: string) => {
    const expected = createHmac('sha256', key).update(stringToSign).digest('hex')
    const same =
      provided.length === expected.length && timingSafeEqual(Buffer.from(provided), Buffer.from(expected))
    if (!same) {
      throw new S3Error('SignatureDoesNotMatch', {
        elements: { StringToSign: stringToSign, SignatureProvided: provided },
      })
    }
    previous = provided
  }
  return {
    update: (data: Uint8Array) => {
      hash.update(data)
    },
    verifyChunk: (signature: string) => {
      const digest = hash.digest('hex')
      hash = createHash('sha256')
      verify(
        `AWS4-HMAC-SHA256-PAYLOAD\n${timestamp}\n${scope}\n${previous}\n${EMPTY_SHA256}\n${digest}`,
        signature,
      )
    },
    verifyTrailer: (lines: string, signature: string) => {
      const digest = createHash('sha256').update(lines).digest('hex')
      verify(`AWS4-HMAC-SHA256-TRAILER\n${timestamp}\n${scope}\n${previous}\n${digest}`, signature)
    },
  }
}

// S3's text for a body that ends early or is not framed as announced.
const malformed = () => new S3Error('IncompleteBody', { message: 'The request body terminated unexpectedly' })

/** IncompleteBody for more or fewer bytes than promised. */
export const wrongLength = (expected: number, provided: number) =>
  new S3Error('IncompleteBody', {
    elements: { NumberBytesExpected: expected, NumberBytesProvided: provided },
  })
