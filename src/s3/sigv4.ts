import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { HeaderMap } from '../ports.ts'
import { invalidArgument, S3Error } from './error.ts'
import { type Payload, parsePayload } from './payload.ts'
import { withHoisted } from './presigned-headers.ts'
import type { S3Request } from './request.ts'
import { canonicalPath, canonicalRest } from './sigv4-canonical.ts'
import { ALGORITHM, type Claim, claimOfHeader, claimOfQuery } from './sigv4-claim.ts'

/** The secret of an access key, or undefined when there is no such key. */
export type SecretOf = (accessKeyId: string) => string | undefined

export type Verified = {
  accessKeyId: string
  payload: Payload
  presigned: boolean
  /** The request's headers; when presigned, with the `x-amz-` query parameters that stand for headers. */
  headers: HeaderMap
}

export type AuthScheme = 'sigv4-header' | 'sigv4-query' | 'sigv2-header' | 'sigv2-query' | 'anonymous'

const MAX_KEYS = 256

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

/**
 * Verifies a request signed with Signature Version 4, in its header or in its query (presigned).
 * Any region is accepted in the scope: clients configure `us-east-1`, `auto` or OSS's own names alike.
 * @param now milliseconds since the epoch.
 * @throws S3Error saying what AWS says; SignatureDoesNotMatch shows the canonical request that was expected.
 */
export function verifySigV4(request: S3Request, secretOf: SecretOf, now: number): Verified {
  const presigned = authScheme(request) === 'sigv4-query'
  const claim = presigned ? claimOfQuery(request, now) : claimOfHeader(request, now)
  if (request.headers['x-amz-security-token'] || request.query.get('X-Amz-Security-Token')) {
    throw new S3Error('InvalidToken', {
      message: 'Session tokens are not accepted by this gateway: sign with a permanent access key.',
    })
  }
  const { accessKeyId, timestamp, signature, payloadHash } = claim
  requireSigned(request.headers, claim)
  const secret = secretOf(accessKeyId)
  if (secret === undefined) {
    throw new S3Error('InvalidAccessKeyId', { elements: { AWSAccessKeyId: accessKeyId } })
  }

  const scope = `${claim.date}/${claim.region}/s3/aws4_request`
  const cacheKey = `${claim.date}/${claim.region}/${secret}`
  const key = signingKeys.get(cacheKey) ?? signingKey(secret, claim)
  const stringToSign = (canonical: string) =>
    `${ALGORITHM}\n${timestamp}\n${scope}\n${createHash('sha256').update(canonical).digest('hex')}`
  const matches = (canonical: string) =>
    equal(createHmac('sha256', key).update(stringToSign(canonical)).digest('hex'), signature)

  // S3 clients encode a path once and strictly. Some then put another spelling of it on the wire, and a few sign the
  // spelling they send: both decode to the same key.
  const rest = canonicalRest(request, claim)
  const usual = `${request.method}\n${canonicalPath(request.rawPath)}${rest}`
  const asSent = `${request.method}\n${request.rawPath}${rest}`
  if (!matches(usual) && (asSent === usual || !matches(asSent))) {
    throw mismatch(claim, stringToSign(usual), usual)
  }
  remember(cacheKey, key)
  return {
    accessKeyId,
    payload: parsePayload(payloadHash, { key, timestamp, scope, seed: signature }),
    presigned,
    headers: presigned ? withHoisted(request) : request.headers,
  }
}

/**
 * Host and every x-amz- header must be signed: an unsigned x-amz-copy-source on a presigned PUT would read anything
 * its signer may read (GHSA-g8w9-qw9q-fghr). x-amz-content-sha256 may be missing from the list when its value is the
 * one that stands in the canonical request anyway.
 */
function requireSigned(headers: HeaderMap, { signedHeaders, payloadHash }: Claim): void {
  const signed = new Set(signedHeaders)
  const unsigned: string[] = signed.has('host') ? [] : ['host']
  for (const name in headers) {
    if (!name.startsWith('x-amz-') || signed.has(name)) continue
    if (name === 'x-amz-content-sha256' && headers[name]?.trim() === payloadHash) continue
    unsigned.push(name)
  }
  if (unsigned.length > 0) {
    throw new S3Error('AccessDenied', {
      message: 'There were headers present in the request which were not signed',
      elements: { HeadersNotSigned: unsigned.join(', ') },
    })
  }
}

// Only keys that have matched a signature come in, so strangers cannot fill it; the bound is for many days of uptime.
const signingKeys = new Map<string, Buffer>()

function remember(cacheKey: string, key: Buffer): void {
  if (signingKeys.has(cacheKey)) return
  if (signingKeys.size >= MAX_KEYS) signingKeys.delete(signingKeys.keys().next().value as string)
  signingKeys.set(cacheKey, key)
}

function signingKey(secret: string, { date, region }: Claim): Buffer {
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
  return hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), 's3'), 'aws4_request')
}

function equal(expected: string, provided: string): boolean {
  const a = Buffer.from(expected)
  const b = Buffer.from(provided)
  return a.length === b.length && timingSafeEqual(a, b)
}

function mismatch({ accessKeyId, signature }: Claim, stringToSign: string, canonical: string): S3Error {
  return new S3Error('SignatureDoesNotMatch', {
    elements: {
      AWSAccessKeyId: accessKeyId,
      StringToSign: stringToSign,
      SignatureProvided: signature,
      StringToSignBytes: hexBytes(stringToSign),
      CanonicalRequest: canonical,
      CanonicalRequestBytes: hexBytes(canonical),
    },
  })
}

const hexBytes = (text: string) =>
  Buffer.from(text)
    .toString('hex')
    .replace(/..(?=.)/g, '$& ')
