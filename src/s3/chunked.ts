import { type HeaderMap, headerMap } from '../ports.ts'
import { ChunkSignatures } from './chunk-signature.ts'
import { S3Error } from './error.ts'
import { hash } from './hasher.ts'
import type { ChunkSigning } from './payload.ts'

export type Framing = {
  /** Absent: the chunks bear no signatures, or none that is looked at. */
  signing?: ChunkSigning
  /** Whether trailers may follow the last chunk (and, when signed, their signature). */
  trailer: boolean
  /** The trailers announced, in lower case; exactly these must come. */
  names: readonly string[]
  /** Bytes of the plain body. */
  length: number
}

/** Bytes of a chunk's header, some 90 as a rule, and of a line of the trailer. */
const MAX_LINE = 1024
/** Bytes of the trailer. */
const MAX_TRAILER = 8192
/** Bytes of a signed chunk that is not the last (versitygw#1683). Unsigned ones are sent smaller by the SDK for JavaScript. */
const MIN_SIGNED = 8192
const LF = 10

/**
 * Takes the aws-chunked framing off a body, piece by piece: signed chunks, signed chunks with a signed trailer, or
 * unsigned chunks with a trailer. Bytes may be out before the signature of their chunk is verified, but the last ones of
 * each chunk are not; so what is decoded is not all of the body before `end` has returned.
 */
export class ChunkedDecoder {
  /** By name in lower case, once `end` has verified them. */
  trailers: HeaderMap = {}
  readonly #framing: Framing
  readonly #signatures: ChunkSignatures | undefined
  #expecting: 'header' | 'data' | 'data end' | 'trailer' = 'header'
  /** The beginning of a line whose end has not come. */
  #line = ''
  /** Of the chunk: its size, how much of it is still to come, its signature, and the SHA-256 of what has come. */
  #size = 0
  #left = 0
  #signature = ''
  #hasher = hash('sha256', 'hex')
  /** Chunks so far, and the sum of their sizes. */
  #count = 0
  #total = 0
  readonly #trailer: string[] = []
  #trailerSize = 0

  constructor(framing: Framing) {
    this.#framing = framing
    this.#signatures = framing.signing && new ChunkSignatures(framing.signing)
  }

  /**
   * The plain bytes of a piece, in its own memory: they are moved together over the framing that was between them,
   * since a piece written for each chunk would cost OSS's connection a call of the system each.
   * @throws S3Error IncompleteBody, InvalidChunkSizeError, MalformedTrailerError, SignatureDoesNotMatch.
   */
  decode(piece: Uint8Array): Uint8Array {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.length)
    let start = 0
    let end = 0
    for (let at = 0; at < bytes.length; ) {
      if (this.#expecting !== 'data') {
        at = this.#readLine(bytes, at)
        continue
      }
      const next = Math.min(at + this.#left, bytes.length)
      this.#readData(bytes.subarray(at, next))
      // The shorter of the two is moved: in all, no byte more than once or so, however small the chunks.
      if (end - start < next - at) {
        bytes.copyWithin(at - (end - start), start, end)
        start = at - (end - start)
        end = next
      } else {
        bytes.copyWithin(end, at, next)
        end += next - at
      }
      at = next
    }
    return bytes.subarray(start, end)
  }

  /**
   * No piece follows.
   * @throws S3Error IncompleteBody, MalformedTrailerError, SignatureDoesNotMatch.
   */
  end(): void {
    if (this.#expecting !== 'trailer' || this.#line !== '' || this.#trailer.at(-1) !== '') throw malformed()
    const { values, lines, signature } = parseTrailer(this.#trailer, this.#framing)
    if (this.#framing.trailer) this.#signatures?.verifyTrailer(signature, lines)
    this.trailers = values
  }

  #readData(data: Uint8Array): void {
    this.#left -= data.length
    if (this.#signatures !== undefined) {
      const isWhole = data.length === this.#size
      if (!isWhole) this.#hasher.update(data)
      if (this.#left === 0) {
        const sha256 = isWhole ? this.#hasher.digestOf(data) : this.#hasher.digest()
        this.#signatures.verifyChunk(this.#signature, sha256)
        this.#hasher = hash('sha256', 'hex')
      }
    }
    if (this.#left === 0) this.#expecting = 'data end'
  }

  /** Reads a line, or as much of it as is there. @returns where what follows begins. */
  #readLine(bytes: Buffer, at: number): number {
    const lineFeed = bytes.indexOf(LF, at)
    const end = lineFeed < 0 ? bytes.length : lineFeed
    this.#line += bytes.toString('latin1', at, Math.min(end, at + MAX_LINE + 1))
    if (this.#line.length > MAX_LINE) throw malformed()
    if (lineFeed < 0) return end
    const line = this.#line
    this.#line = ''
    const text = line.endsWith('\r') ? line.slice(0, -1) : line
    // minio-go ends a trailer with a bare line feed.
    if (text === line && this.#expecting !== 'trailer') throw malformed()
    if (this.#expecting === 'header') this.#readHeader(text)
    else if (this.#expecting === 'trailer') this.#readTrailer(text)
    else if (text === '') this.#expecting = 'header'
    else throw malformed()
    return end + 1
  }

  #readHeader(text: string): void {
    const { size, signature } = parseChunkHeader(text)
    if (this.#signatures !== undefined && size > 0 && this.#count > 0 && this.#size < MIN_SIGNED) {
      throw new S3Error('InvalidChunkSizeError', {
        elements: { Chunk: this.#count + 1, BadChunkSize: this.#size },
      })
    }
    this.#count++
    this.#size = this.#left = size
    this.#signature = signature
    this.#total += size
    const { length } = this.#framing
    if (this.#total > length || (size === 0 && this.#total < length)) throw wrongLength(length, this.#total)
    if (size === 0) this.#signatures?.verifyChunk(signature)
    this.#expecting = size === 0 ? 'trailer' : 'data'
  }

  #readTrailer(text: string): void {
    this.#trailerSize += text.length + 2
    if (this.#trailerSize > MAX_TRAILER) throw new S3Error('MalformedTrailerError')
    this.#trailer.push(text)
  }
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

// S3's text for a body that ends early or is not framed as announced.
const malformed = () => new S3Error('IncompleteBody', { message: 'The request body terminated unexpectedly' })

/** IncompleteBody for more or fewer bytes than promised. */
export const wrongLength = (expected: number, provided: number) =>
  new S3Error('IncompleteBody', {
    elements: { NumberBytesExpected: expected, NumberBytesProvided: provided },
  })
