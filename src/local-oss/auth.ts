import { timingSafeEqual } from 'node:crypto'
import type { Address } from './address.ts'
import { invalidArgument, OssError } from './errors.ts'
import { signV1, stringToSignV1 } from './sign-v1.ts'
import { canonicalRequest, isSignedAnyway, signV4, stringToSignV4, V4_ALGORITHM } from './sign-v4.ts'
import type { HeaderMap } from './wire.ts'

export type Credentials = { accessKeyId: string; accessKeySecret: string; securityToken?: string }

/** A request as far as its signature is concerned. */
export type SignedRequest = Address & {
  method: string
  headers: HeaderMap
  query: ReadonlyMap<string, string>
}

/** Who asks: the account, or nobody. `region` is the one V4 names. */
export type Caller = { anonymous: boolean; region: string | undefined }

const MAX_SKEW = 15 * 60_000
const MAX_EXPIRES = 7 * 24 * 3600

/**
 * Verifies the signature in whichever of the four forms it comes (facts 6).
 * @throws OssError what OSS answers to a wrong, late, foreign or malformed signature.
 */
export function authenticate(request: SignedRequest, credentials: Credentials, now: number): Caller {
  const { headers, query } = request
  const authorization = headers.authorization
  if (authorization?.startsWith(V4_ALGORITHM)) return v4Header(request, authorization, credentials, now)
  if (authorization !== undefined) return v1Header(request, authorization, credentials, now)
  if (query.has('x-oss-signature-version')) return v4Query(request, credentials, now)
  if (query.has('Signature') || query.has('OSSAccessKeyId')) return v1Query(request, credentials, now)
  return { anonymous: true, region: undefined }
}

function v4Header(
  request: SignedRequest,
  authorization: string,
  credentials: Credentials,
  now: number,
): Caller {
  const { headers } = request
  const fields = new Map<string, string>()
  for (const field of authorization.slice(V4_ALGORITHM.length + 1).split(',')) {
    const equals = field.indexOf('=')
    fields.set(field.slice(0, equals), field.slice(equals + 1))
  }
  const credential = fields.get('Credential')
  const signature = fields.get('Signature')
  if (!credential || !signature) throw invalidArgument('Authorization header is invalid.')
  if (fields.get('AdditionalHeaders') === '') {
    throw invalidArgument(
      'Invalid additional headers in Authorization header.',
      undefined,
      undefined,
      '0002-00000209',
    )
  }
  const date = headers['x-oss-date'] ?? ''
  const at = parseIsoBasic(date)
  if (at === undefined) {
    throw new OssError('AccessDenied', { message: 'OSS authentication requires a valid Date.' })
  }
  if (Math.abs(now - at) > MAX_SKEW) throw tooSkewed(at, now)
  if (headers['x-oss-content-sha256'] !== 'UNSIGNED-PAYLOAD') {
    throw invalidArgument(
      'Invalid x-oss-content-sha256 header.',
      'x-oss-content-sha256',
      headers['x-oss-content-sha256'],
    )
  }
  const scope = parseScope(request, credential, date)
  checkAccount(scope.accessKeyId, headers['x-oss-security-token'], credentials)
  const additional = fields.get('AdditionalHeaders')?.split(';') ?? []
  return v4Verify(request, { ...scope, date, additional, signature, query: request.rawQuery }, credentials)
}

function v4Query(request: SignedRequest, credentials: Credentials, now: number): Caller {
  const { query } = request
  const date = query.get('x-oss-date') ?? ''
  const expires = query.get('x-oss-expires') ?? ''
  const credential = query.get('x-oss-credential')
  const signature = query.get('x-oss-signature')
  const at = parseIsoBasic(date)
  if (
    query.get('x-oss-signature-version') !== V4_ALGORITHM ||
    !credential ||
    !signature ||
    at === undefined
  ) {
    throw invalidArgument('Missing or invalid signature parameters in the query.')
  }
  if (!/^\d+$/.test(expires) || Number(expires) < 1 || Number(expires) > MAX_EXPIRES) {
    throw invalidArgument('Invalid x-oss-expires.', 'x-oss-expires', expires)
  }
  if (at - now > MAX_SKEW) throw new OssError('AccessDenied', { message: 'Request is not valid yet.' })
  if (now > at + Number(expires) * 1000) throw expired(at + Number(expires) * 1000, now)
  const scope = parseScope(request, credential, date)
  checkAccount(scope.accessKeyId, query.get('x-oss-security-token'), credentials)
  const additional = query.get('x-oss-additional-headers')?.split(';') ?? []
  const unsigned = request.rawQuery
    .split('&')
    .filter((pair) => !/^x-oss-signature(=|$)/i.test(pair))
    .join('&')
  return v4Verify(request, { ...scope, date, additional, signature, query: unsigned }, credentials)
}

type V4Claim = {
  scope: string
  region: string
  date: string
  additional: readonly string[]
  signature: string
  query: string
}

function v4Verify(request: SignedRequest, claim: V4Claim, credentials: Credentials): Caller {
  const additionalHeaders = claim.additional.filter((name) => !isSignedAnyway(name)).sort()
  const canonical = canonicalRequest({ ...request, query: claim.query, additionalHeaders })
  const stringToSign = stringToSignV4(claim.date, claim.scope, canonical)
  const expected = signV4(credentials.accessKeySecret, claim.scope, stringToSign)
  if (!same(expected, claim.signature)) {
    throw mismatch(credentials, claim.signature, stringToSign, {
      CanonicalRequest: canonical.toString('utf8'),
    })
  }
  return { anonymous: false, region: claim.region }
}

/** `AK/20231216/cn-hangzhou/oss/aliyun_v4_request`; the region must be the host's (EC 0002-00000226). */
function parseScope(request: SignedRequest, credential: string, date: string) {
  const [accessKeyId = '', day, region = '', product, terminator, ...more] = credential.split('/')
  if (more.length > 0 || terminator !== 'aliyun_v4_request' || product !== 'oss' || region === '') {
    throw invalidArgument('Invalid credential scope in Authorization header.')
  }
  if (day !== date.slice(0, 8)) throw invalidArgument('Invalid signing date in Authorization header.')
  if (request.region !== undefined && region !== request.region) {
    const message = 'Invalid signing region in Authorization header.'
    throw invalidArgument(message, undefined, undefined, '0002-00000226')
  }
  return { accessKeyId, region, scope: `${day}/${region}/${product}/${terminator}` }
}

function v1Header(
  request: SignedRequest,
  authorization: string,
  credentials: Credentials,
  now: number,
): Caller {
  const match = /^OSS ([^:]+):(.+)$/.exec(authorization)
  if (!match) throw invalidArgument('Authorization header is invalid.')
  const [, accessKeyId = '', signature = ''] = match
  const { headers } = request
  const date = headers['x-oss-date'] ?? headers.date ?? ''
  const at = Date.parse(date)
  if (Number.isNaN(at)) {
    throw new OssError('AccessDenied', { message: 'OSS authentication requires a valid Date.' })
  }
  if (Math.abs(now - at) > MAX_SKEW) throw tooSkewed(at, now)
  checkAccount(accessKeyId, headers['x-oss-security-token'], credentials)
  return v1Verify(request, date, signature, credentials)
}

function v1Query(request: SignedRequest, credentials: Credentials, now: number): Caller {
  const { query } = request
  const accessKeyId = query.get('OSSAccessKeyId')
  const signature = query.get('Signature')
  const expires = query.get('Expires')
  if (!accessKeyId || !signature || !expires || !/^\d+$/.test(expires)) {
    throw new OssError('AccessDenied', {
      message: 'Query-string authentication requires the Signature, Expires and OSSAccessKeyId parameters',
    })
  }
  if (now > Number(expires) * 1000) throw expired(Number(expires) * 1000, now)
  checkAccount(accessKeyId, query.get('security-token'), credentials)
  return v1Verify(request, expires, signature, credentials)
}

function v1Verify(request: SignedRequest, date: string, signature: string, credentials: Credentials): Caller {
  const stringToSign = stringToSignV1({ ...request, date })
  if (!same(signV1(credentials.accessKeySecret, stringToSign), signature)) {
    throw mismatch(credentials, signature, stringToSign.toString('utf8'))
  }
  return { anonymous: false, region: undefined }
}

/** A temporary key without its token is unknown, as is a token nobody issued. */
function checkAccount(accessKeyId: string, token: string | undefined, credentials: Credentials): void {
  const unknown = accessKeyId !== credentials.accessKeyId
  if (unknown || (credentials.securityToken !== undefined && token === undefined)) {
    throw new OssError('InvalidAccessKeyId', { elements: { OSSAccessKeyId: accessKeyId } })
  }
  if (token !== credentials.securityToken) throw new OssError('InvalidSecurityToken')
}

function mismatch(
  { accessKeyId }: Credentials,
  signature: string,
  stringToSign: string,
  more: Record<string, string> = {},
): OssError {
  const bytes = [...Buffer.from(stringToSign)].map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'))
  return new OssError('SignatureDoesNotMatch', {
    elements: {
      OSSAccessKeyId: accessKeyId,
      SignatureProvided: signature,
      StringToSign: stringToSign,
      StringToSignBytes: bytes.join(' '),
      ...more,
    },
  })
}

function tooSkewed(at: number, now: number): OssError {
  return new OssError('RequestTimeTooSkewed', {
    elements: {
      MaxAllowedSkewMilliseconds: MAX_SKEW,
      RequestTime: new Date(at).toISOString(),
      ServerTime: new Date(now).toISOString(),
    },
  })
}

function expired(at: number, now: number): OssError {
  return new OssError('AccessDenied', {
    message: 'Request has expired.',
    elements: { Expires: new Date(at).toISOString(), ServerTime: new Date(now).toISOString() },
  })
}

function parseIsoBasic(date: string): number | undefined {
  const match = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(date)
  if (!match) return undefined
  const [, y, mo, d, h, mi, s] = match
  const at = Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`)
  return Number.isNaN(at) ? undefined : at
}

function same(expected: string, given: string): boolean {
  const a = Buffer.from(expected)
  const b = Buffer.from(given)
  return a.length === b.length && timingSafeEqual(a, b)
}
