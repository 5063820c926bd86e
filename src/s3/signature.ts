import { timingSafeEqual } from 'node:crypto'
import { parseIsoTime } from '../bytes/parse-date.ts'
import type { HeaderMap } from '../ports.ts'
import { invalidArgument, invalidRequest, S3Error } from './error.ts'
import type { Payload } from './payload.ts'
import type { S3Request } from './request.ts'

/**
 * The secrets of an access key, each of which may have signed; undefined when there is no such key.
 * @param token the session token that came with it. @throws S3Error InvalidToken, ExpiredToken.
 */
export type SecretsOf = (accessKeyId: string, token?: string) => readonly string[] | undefined

export type Verified = {
  accessKeyId: string
  /** Which of the key's secrets has signed, from 0. */
  secret: number
  payload: Payload
  presigned: boolean
  /** The request's headers; when presigned, with the query parameters that stand for headers. */
  headers: HeaderMap
}

/** Both versions allow clocks to differ by this much. */
export const MAX_SKEW = 15 * 60 * 1000

export type AuthScheme = 'sigv4-header' | 'sigv4-query' | 'sigv2-header' | 'sigv2-query' | 'anonymous'

/**
 * Which authentication a request carries.
 * @throws S3Error InvalidArgument when it carries two, or one that S3 does not know.
 */
export function authScheme({ headers, query }: Pick<S3Request, 'headers' | 'query'>): AuthScheme {
  const authorization = headers.authorization
  const v4 = query.has('X-Amz-Algorithm') || query.has('X-Amz-Signature') || query.has('X-Amz-Credential')
  const v2 = query.has('Signature') || query.has('AWSAccessKeyId')
  if (Number(v4) + Number(v2) + Number(authorization !== undefined) > 1) {
    throw invalidArgument(
      'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified',
      'Authorization',
    )
  }
  if (v4) return 'sigv4-query'
  if (v2) return 'sigv2-query'
  if (authorization === undefined) return 'anonymous'
  if (authorization.startsWith('AWS4-')) return 'sigv4-header'
  if (authorization.startsWith('AWS ')) return 'sigv2-header'
  throw invalidArgument('Unsupported Authorization Type', 'Authorization')
}

/** @param isAllowed by the settings. @throws S3Error InvalidRequest, as in S3's regions that never had Version 2. */
export function requireSignatureV2(isAllowed: boolean): void {
  if (isAllowed) return
  throw invalidRequest(
    'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
  )
}

/** @param token none where it is empty. @throws S3Error InvalidAccessKeyId, InvalidToken, ExpiredToken. */
export function requireSecrets(
  secretsOf: SecretsOf,
  accessKeyId: string,
  token: string | undefined,
): readonly string[] {
  const secrets = secretsOf(accessKeyId, token || undefined)
  if (secrets === undefined) {
    throw new S3Error('InvalidAccessKeyId', { elements: { AWSAccessKeyId: accessKeyId } })
  }
  return secrets
}

/** @throws S3Error InvalidToken where a request without a signature has one. */
export function refuseSessionToken(token: string | undefined): void {
  if (token) throw new S3Error('InvalidToken')
}

/** @throws S3Error RequestTimeTooSkewed. */
export function requireRecent(time: number, timestamp: string, now: number): void {
  if (Math.abs(now - time) <= MAX_SKEW) return
  throw new S3Error('RequestTimeTooSkewed', {
    elements: { RequestTime: timestamp, ServerTime: iso(now), MaxAllowedSkewMilliseconds: MAX_SKEW },
  })
}

/** In constant time. */
export function equalSignatures(expected: string, provided: string): boolean {
  const a = Buffer.from(expected)
  const b = Buffer.from(provided)
  return a.length === b.length && timingSafeEqual(a, b)
}

export type Mismatch = {
  accessKeyId: string
  signature: string
  stringToSign: string
  /** Signature Version 4 only. */
  canonical?: string
}

/** SignatureDoesNotMatch, showing what should have been signed. */
export function signatureMismatch({ accessKeyId, signature, stringToSign, canonical }: Mismatch): S3Error {
  return new S3Error('SignatureDoesNotMatch', {
    elements: {
      AWSAccessKeyId: accessKeyId,
      StringToSign: stringToSign,
      SignatureProvided: signature,
      StringToSignBytes: hexBytes(stringToSign),
      ...(canonical === undefined
        ? {}
        : { CanonicalRequest: canonical, CanonicalRequestBytes: hexBytes(canonical) }),
    },
  })
}

/** More than that many bytes no error document shows. */
const MAX_HEX_BYTES = 4096

const hexBytes = (text: string) =>
  Array.from(Buffer.from(text).subarray(0, MAX_HEX_BYTES), (byte) => byte.toString(16).padStart(2, '0')).join(
    ' ',
  )

const basicTime = /^\d{8}T\d{6}Z$/

/** The last one, which all requests of its second share. */
let lastBasicTime: { text: string; time: number | undefined } = { text: '', time: undefined }

/** `yyyyMMddTHHmmssZ` → milliseconds. */
export function parseBasicTime(text: string): number | undefined {
  if (text !== lastBasicTime.text) {
    lastBasicTime = { text, time: basicTime.test(text) ? parseIsoTime(text) : undefined }
  }
  return lastBasicTime.time
}

/** Seconds only, as S3 writes times in errors. */
export const iso = (time: number) => new Date(time).toISOString().replace(/\.\d{3}Z$/, 'Z')
