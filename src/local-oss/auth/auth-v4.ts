import { FIRST_ACCOUNT } from '../document-values.ts'
import { invalidArgument, OssError } from '../errors.ts'
import {
  type Caller,
  type Credentials,
  checkAccount,
  checkSkew,
  equalInConstantTime,
  expiredUrl,
  MAX_SKEW,
  missingDate,
  type SignedRequest,
  signatureMismatch,
} from './auth-checks.ts'
import { canonicalRequest, isAlwaysSigned, signV4, stringToSignV4, V4_ALGORITHM } from './sign-v4.ts'

const MAX_EXPIRES = 7 * 24 * 3600

/** `Authorization: OSS4-HMAC-SHA256 Credential=…`. */
export function checkV4Header(
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
  if (at === undefined) throw missingDate()
  checkSkew(at, now)
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
  return verify(request, { ...scope, date, additional, signature, query: request.rawQuery }, credentials)
}

/** `?x-oss-signature=…`: a signed URL. */
export function checkV4Query(request: SignedRequest, credentials: Credentials, now: number): Caller {
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
  if (now > at + Number(expires) * 1000) throw expiredUrl(at + Number(expires) * 1000, now)
  const scope = parseScope(request, credential, date)
  checkAccount(scope.accessKeyId, query.get('x-oss-security-token'), credentials)
  const additional = query.get('x-oss-additional-headers')?.split(';') ?? []
  const unsigned = request.rawQuery
    .split('&')
    .filter((pair) => !/^x-oss-signature(=|$)/i.test(pair))
    .join('&')
  return verify(request, { ...scope, date, additional, signature, query: unsigned }, credentials)
}

type V4Parameters = {
  scope: string
  region: string
  date: string
  additional: readonly string[]
  signature: string
  query: string
}

function verify(request: SignedRequest, parameters: V4Parameters, credentials: Credentials): Caller {
  const additionalHeaders = parameters.additional.filter((name) => !isAlwaysSigned(name)).sort()
  const canonical = canonicalRequest({ ...request, query: parameters.query, additionalHeaders })
  const stringToSign = stringToSignV4(parameters.date, parameters.scope, canonical)
  const expected = signV4(credentials.accessKeySecret, parameters.scope, stringToSign)
  if (!equalInConstantTime(expected, parameters.signature)) {
    throw signatureMismatch(credentials, parameters.signature, stringToSign, {
      CanonicalRequest: canonical.toString('utf8'),
    })
  }
  return { account: FIRST_ACCOUNT, region: parameters.region }
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

function parseIsoBasic(date: string): number | undefined {
  const match = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(date)
  if (!match) return undefined
  const [, y, mo, d, h, mi, s] = match
  const at = Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`)
  return Number.isNaN(at) ? undefined : at
}
