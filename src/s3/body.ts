import type { Body, HeaderMap } from '../ports.ts'
import {
  type Algorithm,
  badChecksum,
  type DeclaredChecksum,
  declaredChecksum,
  declaredMd5,
  trailerNames,
  validateChecksum,
} from './checksum.ts'
import { decodeChunked, wrongLength } from './chunked.ts'
import { invalidArgument, S3Error } from './error.ts'
import { type Hasher, hash } from './hasher.ts'
import type { Payload } from './payload.ts'

/** The body as plain bytes, verified while it streams. */
export type PlainBody = {
  /**
   * Throws instead of giving its last piece when the bytes are not what was promised, so a request that carries it
   * on with `length` as its Content-Length stays incomplete. Of length 0 there is no piece: read it to its end first.
   */
  body: Body
  /** Instead of `body`: all of it, verified. For what is short. */
  whole(): Promise<Uint8Array>
  /** In bytes; undefined for the file of a form, which ends where the form says so. */
  length: number | undefined
  /** After the body was read: the checksum that was verified, under its header's name, to echo. */
  checksums(): HeaderMap
  /** Why the body threw. Transports wrap what an iterator throws; this is the original. */
  failure(): S3Error | undefined
}

/** One promise about the bytes. `verify` is called after the last one and throws when it is broken. */
type Check = { hasher: Hasher; verify(digest: string): void }

/**
 * Takes the framing off and verifies what the client said about the bytes: SHA-256, checksum, Content-MD5, length.
 * When it said nothing, `body` is the request's own, so that it can be piped untouched.
 * @param checksumOf 'object': the `x-amz-checksum-` headers are not about this body (CompleteMultipartUpload).
 * @throws S3Error MissingContentLength, InvalidArgument, and those of the checksum headers; while it is read,
 * `body` throws IncompleteBody, BadDigest, XAmzContentSHA256Mismatch, MalformedTrailerError, SignatureDoesNotMatch.
 */
export function plainBody(
  request: { headers: HeaderMap; body: Body },
  payload: Payload,
  checksumOf: 'body' | 'object' = 'body',
): PlainBody {
  const { headers } = request
  const framing = framingOf(headers, payload)
  const length = parseLength(headers, framing ? 'x-amz-decoded-content-length' : 'content-length')
  if (framing === undefined && payload.kind === 'unsigned') checkDecodedLength(headers, length)
  const checksum = checksumOf === 'body' ? declaredChecksum(headers) : undefined
  const names = trailerNames(headers)
  if (checksum !== undefined && checksum.expected === undefined && !framing?.trailer) {
    throw new S3Error('MalformedTrailerError')
  }

  let trailers: HeaderMap = {}
  const { checks, verified } = checksOf(headers, checksum, () => trailers)
  if (payload.kind === 'signed') checks.unshift(sha256Check(payload.sha256))
  const source = framing
    ? decodeChunked(request.body, { ...framing, names, length, onTrailers: (found) => (trailers = found) })
    : request.body
  if (framing === undefined && checks.length === 0) {
    return {
      body: source,
      whole: () => collected(source),
      length,
      checksums: () => verified,
      failure: () => undefined,
    }
  }
  const sizes = { least: length, most: length, wrong: (size: number) => wrongLength(length, size) }
  return verifying(source, sizes, checks, verified, length)
}

/** How many bytes there may be. */
type Sizes = { least: number; most: number; wrong: (size: number) => S3Error }

/**
 * The file of a form, verified by the form's fields.
 * @param sizes what its policy allows, in bytes.
 * @throws S3Error those of the checksum headers; while it is read, `body` throws EntityTooSmall, EntityTooLarge,
 * BadDigest, and what `file` throws.
 */
export function fileBody(fields: HeaderMap, file: Body, sizes: { least: number; most: number }): PlainBody {
  const checksum = declaredChecksum(fields)
  if (checksum !== undefined && checksum.expected === undefined) throw new S3Error('MalformedTrailerError')
  const { checks, verified } = checksOf(fields, checksum, () => ({}))
  const wrong = (size: number) =>
    size > sizes.most
      ? new S3Error('EntityTooLarge', { elements: { ProposedSize: size, MaxSizeAllowed: sizes.most } })
      : new S3Error('EntityTooSmall', { elements: { ProposedSize: size, MinSizeAllowed: sizes.least } })
  return verifying(file, { ...sizes, wrong }, checks, verified, undefined)
}

function checksOf(
  headers: HeaderMap,
  checksum: DeclaredChecksum | undefined,
  trailers: () => HeaderMap,
): { checks: Check[]; verified: HeaderMap } {
  const verified: HeaderMap = {}
  const checks: Check[] = []
  const md5 = declaredMd5(headers)
  if (md5 !== undefined) checks.push(md5Check(md5))
  if (checksum !== undefined) {
    const { algorithm } = checksum
    const expected = () => checksum.expected ?? trailers()[algorithm.header] ?? ''
    checks.push(checksumCheck(algorithm, expected, verified))
  }
  return { checks, verified }
}

function verifying(
  source: Body,
  sizes: Sizes,
  checks: readonly Check[],
  verified: HeaderMap,
  length: number | undefined,
): PlainBody {
  let failure: S3Error | undefined
  const failed = (error: unknown) => {
    if (error instanceof S3Error) failure = error
  }
  return {
    body: withheld(source, sizes, checks, failed),
    whole: () => verifiedWhole(source, sizes, checks, failed),
    length,
    checksums: () => verified,
    failure: () => failure,
  }
}

function framingOf(
  headers: HeaderMap,
  payload: Payload,
): Omit<Payload & { kind: 'chunked' }, 'kind'> | undefined {
  if (payload.kind === 'chunked') return payload
  // AWS SDK for Java 2 frames an unsigned body and says so only here. A signed payload is never re-read by a header
  // that nobody signed.
  const framed =
    payload.kind === 'unsigned' &&
    headers['x-amz-decoded-content-length'] !== undefined &&
    /(?:^|,)\s*aws-chunked\s*(?:,|$)/i.test(headers['content-encoding'] ?? '')
  return framed ? { trailer: true } : undefined
}

/** The body's length. A decoded one that is no number is to S3 as one that was not said. */
function parseLength(headers: HeaderMap, name: 'content-length' | 'x-amz-decoded-content-length'): number {
  const value = headers[name]?.trim() ?? ''
  if (/^\d{1,15}$/.test(value)) return Number(value)
  if (value === '' || name !== 'content-length') throw new S3Error('MissingContentLength')
  throw invalidArgument(`Value for ${name} header is invalid.`, name, value)
}

/**
 * Without framing nothing is decoded. Where the lengths differ an unsigned body may be framed all the same, and would be
 * stored so.
 * @throws S3Error IncompleteBody, MissingContentLength.
 */
function checkDecodedLength(headers: HeaderMap, length: number): void {
  const name = 'x-amz-decoded-content-length'
  if (headers[name] === undefined) return
  const decoded = parseLength(headers, name)
  if (decoded !== length) throw wrongLength(decoded, length)
}

/** Passes the pieces on; what may be the last only when the bytes were as many as allowed and every check held. */
async function* withheld(
  source: Body,
  { least, most, wrong }: Sizes,
  checks: readonly Check[],
  failed: (error: unknown) => void,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    let held: Uint8Array | undefined
    let size = 0
    for await (const piece of source) {
      if (piece.length === 0) continue
      size += piece.length
      if (size > most) throw wrong(size)
      for (const { hasher } of checks) hasher.update(piece)
      if (held !== undefined) yield held
      // As long as some must follow it is not the last.
      const isSure = size < least
      held = isSure ? undefined : Buffer.from(piece)
      if (isSure) yield piece
    }
    if (size < least) throw wrong(size)
    for (const { hasher, verify } of checks) {
      const digest = hasher.digest()
      verify(typeof digest === 'string' ? digest : await digest)
    }
    if (held !== undefined) yield held
  } catch (error) {
    failed(error)
    throw error
  }
}

/** The same for a body that is to be at hand: in pieces on its way it costs as much again as its digest. */
async function verifiedWhole(
  source: Body,
  sizes: Sizes,
  checks: readonly Check[],
  failed: (error: unknown) => void,
): Promise<Uint8Array> {
  try {
    const bytes = await collected(source, sizes)
    if (bytes.length < sizes.least) throw sizes.wrong(bytes.length)
    for (const { hasher, verify } of checks) {
      const digest = hasher.digestOf(bytes)
      verify(typeof digest === 'string' ? digest : await digest)
    }
    return bytes
  } catch (error) {
    failed(error)
    throw error
  }
}

async function collected(source: Body, sizes?: Sizes): Promise<Uint8Array> {
  const whole = source.takeWhole?.()
  if (whole !== undefined) {
    if (sizes !== undefined && whole.length > sizes.most) throw sizes.wrong(whole.length)
    return whole
  }
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of source) {
    size += piece.length
    if (sizes !== undefined && size > sizes.most) throw sizes.wrong(size)
    pieces.push(Buffer.from(piece))
  }
  return pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces)
}

function sha256Check(promised: string): Check {
  return {
    hasher: hash('sha256', 'hex'),
    verify(digest) {
      if (digest === promised) return
      throw new S3Error('XAmzContentSHA256Mismatch', {
        elements: { ClientComputedContentSHA256: promised, S3ComputedContentSHA256: digest },
      })
    },
  }
}

function md5Check(promised: string): Check {
  return {
    hasher: hash('md5'),
    verify(digest) {
      if (digest === promised) return
      // S3 gives its own value in base64 and the client's in hex.
      const expected = Buffer.from(promised, 'base64').toString('hex')
      throw new S3Error('BadDigest', { elements: { CalculatedDigest: digest, ExpectedDigest: expected } })
    },
  }
}

function checksumCheck(algorithm: Algorithm, promised: () => string, verified: HeaderMap): Check {
  return {
    hasher: algorithm.create(),
    verify(digest) {
      const expected = promised()
      validateChecksum(algorithm, expected)
      if (digest !== expected) throw badChecksum(algorithm)
      verified[algorithm.header] = digest
    },
  }
}
