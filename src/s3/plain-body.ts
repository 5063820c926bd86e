import type { Body, HeaderMap } from '../ports.ts'
import { collected, type PlainBody, verifiedBody } from './body.ts'
import { checksOf, sha256Check } from './body-checks.ts'
import { declaredChecksum, trailerNames } from './checksum.ts'
import { ChunkedDecoder, wrongLength } from './chunked.ts'
import { invalidArgument, S3Error } from './error.ts'
import type { Payload } from './payload.ts'

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

  const decoder = framing && new ChunkedDecoder({ ...framing, names, length })
  const checks = checksOf(headers, checksum, () => decoder?.trailers ?? {})
  if (payload.kind === 'signed') checks.checks.unshift(sha256Check(payload.sha256))
  const source = request.body
  if (decoder === undefined && checks.checks.length === 0) {
    return {
      body: source,
      whole: () => collected(source),
      length,
      checksums: () => ({}),
      failure: () => undefined,
    }
  }
  const sizes = { least: length, most: length, wrong: (size: number) => wrongLength(length, size) }
  return verifiedBody(source, sizes, checks, length, decoder)
}

/**
 * The file of a form, verified by the form's fields.
 * @param sizes what its policy allows, in bytes.
 * @throws S3Error those of the checksum headers; while it is read, `body` throws EntityTooSmall, EntityTooLarge,
 * BadDigest, and what `file` throws.
 */
export function fileBody(fields: HeaderMap, file: Body, sizes: { least: number; most: number }): PlainBody {
  const checksum = declaredChecksum(fields)
  if (checksum !== undefined && checksum.expected === undefined) throw new S3Error('MalformedTrailerError')
  const checks = checksOf(fields, checksum, () => ({}))
  const wrong = (size: number) =>
    size > sizes.most
      ? new S3Error('EntityTooLarge', { elements: { ProposedSize: size, MaxSizeAllowed: sizes.most } })
      : new S3Error('EntityTooSmall', { elements: { ProposedSize: size, MinSizeAllowed: sizes.least } })
  return verifiedBody(file, { ...sizes, wrong }, checks, undefined)
}

function framingOf(
  headers: HeaderMap,
  payload: Payload,
): Omit<Payload & { kind: 'chunked' }, 'kind'> | undefined {
  if (payload.kind === 'chunked') return payload
  // AWS SDK for Java 2 frames an unsigned body and says so only here. A header that is not signed
  // never changes how a signed payload is read.
  const framed =
    payload.kind === 'unsigned' &&
    headers['x-amz-decoded-content-length'] !== undefined &&
    codingsOf(headers).includes('aws-chunked')
  return framed ? { trailer: true } : undefined
}

const codingsOf = ({ 'content-encoding': codings = '' }: HeaderMap) =>
  codings.split(',').map((coding) => coding.trim().toLowerCase())

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
