import { timingSafeEqual } from 'node:crypto'
import type { Address } from '../address.ts'
import { invalidArgument, OssError } from '../errors.ts'
import type { HeaderMap } from '../http.ts'

/** A request as far as its signature is concerned. */
export type SignedRequest = Address & {
  method: string
  headers: HeaderMap
  query: ReadonlyMap<string, string>
}

/** What a request says of its signature, well-formed and in time. */
export type Signature = {
  accessKeyId: string
  token: string | undefined
  /** That of a V4 signature's scope. */
  region: string | undefined
  /** @throws OssError SignatureDoesNotMatch when another secret signed it, or another request is signed. */
  verify(secret: string): void
}

/** What was signed, and the signature that the client calculated. */
type Comparison = {
  accessKeyId: string
  signature: string
  stringToSign: string
  /** The signature as it should be. */
  expected: string
  more?: Record<string, string>
}

/** Milliseconds. */
export const MAX_SKEW = 15 * 60_000

/**
 * Compares the two signatures.
 * @throws OssError SignatureDoesNotMatch with the string that was signed here, for comparison with the client's.
 */
export function checkSignature({ accessKeyId, signature, stringToSign, expected, more }: Comparison): void {
  if (equalInConstantTime(expected, signature)) return
  const bytes = [...Buffer.from(stringToSign)].map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'))
  throw new OssError('SignatureDoesNotMatch', {
    elements: {
      OSSAccessKeyId: accessKeyId,
      SignatureProvided: signature,
      StringToSign: stringToSign,
      StringToSignBytes: bytes.join(' '),
      ...more,
    },
  })
}

/** A signature of V1 or V2, whose string to sign is bytes. @param sign gives it in base64. */
export function signatureOf(
  { accessKeyId, token, signature }: Pick<Signature, 'accessKeyId' | 'token'> & { signature: string },
  stringToSign: () => Buffer,
  sign: (secret: string, stringToSign: Buffer) => string,
): Signature {
  return {
    accessKeyId,
    token,
    region: undefined,
    verify(secret) {
      const bytes = stringToSign()
      const expected = sign(secret, bytes)
      checkSignature({ accessKeyId, signature, stringToSign: bytes.toString('utf8'), expected })
    },
  }
}

/** @throws OssError RequestTimeTooSkewed when a request is older or younger than 15 minutes. */
export function checkSkew(at: number, now: number): void {
  if (Math.abs(now - at) <= MAX_SKEW) return
  throw new OssError('RequestTimeTooSkewed', {
    elements: {
      MaxAllowedSkewMilliseconds: MAX_SKEW,
      RequestTime: new Date(at).toISOString(),
      ServerTime: new Date(now).toISOString(),
    },
  })
}

/** The error for a signed URL that has expired. */
export function expiredUrl(at: number, now: number): OssError {
  return new OssError('AccessDenied', {
    message: 'Request has expired.',
    elements: { Expires: new Date(at).toISOString(), ServerTime: new Date(now).toISOString() },
  })
}

/** The error for a signed request without a date. */
export function missingDate(): OssError {
  return new OssError('AccessDenied', { message: 'OSS authentication requires a valid Date.' })
}

/** The fields of an Authorization header behind its algorithm, as in `Name=value, Name=value`. */
export function parseFields(text: string, separator: ':' | '='): Map<string, string> {
  const fields = new Map<string, string>()
  for (const field of text.split(',')) {
    const [name = '', ...value] = field.trim().split(separator)
    fields.set(name, value.join(separator))
  }
  return fields
}

/** Where additional headers are named: which errors are theirs. */
export type AdditionalHeadersErrors = { place: string; empty?: string; missing?: string }

/**
 * The names of the headers that are signed because the request says so, sorted.
 * @throws OssError InvalidArgument for an empty list, or a header that the request does not have.
 */
export function parseAdditionalHeaders(
  list: string | undefined,
  headers: HeaderMap,
  { place, empty, missing }: AdditionalHeadersErrors,
): string[] {
  if (list === undefined) return []
  const invalid = (ec: string | undefined) =>
    invalidArgument(`Invalid additional headers in ${place}.`, undefined, undefined, ec)
  if (list === '') throw invalid(empty)
  const names = list.split(';')
  if (names.some((name) => headers[name] === undefined)) throw invalid(missing)
  return names.sort()
}

/** A signed URL's query, raw, as it is signed: without the signature. */
export function withoutSignature(rawQuery: string): string {
  return rawQuery
    .split('&')
    .filter((pair) => !/^x-oss-signature(=|$)/i.test(pair))
    .join('&')
}

function equalInConstantTime(expected: string, given: string): boolean {
  const a = Buffer.from(expected)
  const b = Buffer.from(given)
  return a.length === b.length && timingSafeEqual(a, b)
}
