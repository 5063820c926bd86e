import type { Body, HeaderMap } from '../ports.ts'
import {
  type Algorithm,
  declaredChecksum,
  declaredMd5,
  type Hasher,
  hash,
  trailerNames,
  validateChecksum,
} from './checksum.ts'
import { decodeChunked, wrongLength } from './chunked.ts'
import { invalidArgument, S3Error } from './error.ts'
import type { Payload } from './payload.ts'

/** The body as plain bytes of known length, verified while it streams. */
export type PlainBody = {
  /**
   * Throws instead of giving its last piece when the bytes are not what was promised, so a request that carries it
   * on with `length` as its Content-Length stays incomplete. Of length 0 there is no piece: read it to its end first.
   */
  body: Body
  /** In bytes. */
  length: number
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
  const checksum = checksumOf === 'body' ? declaredChecksum(headers) : undefined
  const md5 = declaredMd5(headers)
  const names = trailerNames(headers)
  if (checksum !== undefined && checksum.expected === undefined && !framing?.trailer) {
    throw new S3Error('MalformedTrailerError')
  }

  const verified: HeaderMap = {}
  let trailers: HeaderMap = {}
  const checks: Check[] = []
  if (payload.kind === 'signed') checks.push(sha256Check(payload.sha256))
  if (md5 !== undefined) checks.push(md5Check(md5))
  if (checksum !== undefined) {
    const { algorithm } = checksum
    const expected = () => checksum.expected ?? trailers[algorithm.header] ?? ''
    checks.push(checksumCheck(algorithm, expected, verified))
  }

  let failure: S3Error | undefined
  const source = framing
    ? decodeChunked(request.body, { ...framing, names, length, onTrailers: (found) => (trailers = found) })
    : request.body
  const body =
    framing === undefined && checks.length === 0
      ? source
      : withheld(source, length, checks, (error) => (failure = error))
  return { body, length, checksums: () => verified, failure: () => failure }
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

function parseLength(headers: HeaderMap, name: string): number {
  const value = headers[name]?.trim()
  if (value === undefined || value === '') throw new S3Error('MissingContentLength')
  if (!/^\d{1,15}$/.test(value)) throw invalidArgument(`Value for ${name} header is invalid.`, name, value)
  return Number(value)
}

/** Passes the pieces on one late: the last only when the bytes were as many as promised and every check held. */
async function* withheld(
  source: Body,
  length: number,
  checks: readonly Check[],
  failed: (error: S3Error) => void,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    let held: Uint8Array | undefined
    let size = 0
    for await (const piece of source) {
      if (piece.length === 0) continue
      size += piece.length
      if (size > length) throw wrongLength(length, size)
      for (const { hasher } of checks) hasher.update(piece)
      if (held !== undefined) yield held
      held = piece
    }
    if (size < length) throw wrongLength(length, size)
    for (const { hasher, verify } of checks) verify(hasher.digest())
    if (held !== undefined) yield held
  } catch (error) {
    if (error instanceof S3Error) failed(error)
    throw error
  }
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
      if (digest !== expected) {
        throw new S3Error('BadDigest', {
          message: `The ${algorithm.name} you specified did not match the calculated checksum.`,
        })
      }
      verified[algorithm.header] = digest
    },
  }
}
