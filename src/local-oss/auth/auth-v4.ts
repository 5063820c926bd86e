import { invalidArgument, OssError } from '../errors.ts'
import {
  checkSignature,
  checkSkew,
  expiredUrl,
  MAX_SKEW,
  missingDate,
  parseAdditionalHeaders,
  parseFields,
  type Signature,
  type SignedRequest,
  withoutSignature,
} from './auth-checks.ts'
import { canonicalRequest, isAlwaysSigned, signV4, stringToSignV4, V4_ALGORITHM } from './sign-v4.ts'

const MAX_EXPIRES = 7 * 24 * 3600

/** `Authorization: OSS4-HMAC-SHA256 Credential=…`; blanks after its commas count for nothing (the Python SDK sends them). */
export function readV4Header(request: SignedRequest, authorization: string, now: number): Signature {
  const { headers } = request
  const fields = parseFields(authorization.slice(V4_ALGORITHM.length + 1), '=')
  const credential = fields.get('Credential')
  const signature = fields.get('Signature')
  if (!credential || !signature) throw invalidArgument('Authorization header is invalid.')
  const additional = parseAdditionalHeaders(fields.get('AdditionalHeaders'), headers, {
    place: 'Authorization header',
    empty: '0002-00000209',
  })
  // Without a date of OSS's own its `Date` is signed, as it is (the Go SDK v1, and with it ossutil).
  const date = headers['x-oss-date'] ?? headers.date ?? ''
  const at = headers['x-oss-date'] === undefined ? parseHttpDate(date) : parseIsoBasic(date)
  if (at === undefined) throw missingDate()
  checkSkew(at, now)
  if (headers['x-oss-content-sha256'] !== 'UNSIGNED-PAYLOAD') {
    throw invalidArgument(
      'Invalid x-oss-content-sha256 header.',
      'x-oss-content-sha256',
      headers['x-oss-content-sha256'],
    )
  }
  const scope = parseScope(request, credential, at, 'Invalid signing region in Authorization header.')
  const token = headers['x-oss-security-token']
  return signatureOf(request, { ...scope, token, date, additional, signature, query: request.rawQuery })
}

/** `?x-oss-signature=…`: a signed URL. */
export function readV4Query(request: SignedRequest, now: number): Signature {
  const { query, headers } = request
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
  const additional = parseAdditionalHeaders(query.get('x-oss-additional-headers'), headers, {
    place: 'query string',
    empty: '0002-00000076',
    missing: '0002-00000077',
  })
  if (at - now > MAX_SKEW) throw new OssError('AccessDenied', { message: 'Request is not valid yet.' })
  if (now > at + Number(expires) * 1000) throw expiredUrl(at + Number(expires) * 1000, now)
  const scope = parseScope(request, credential, at, 'The signing region in credential is invalid.')
  const token = query.get('x-oss-security-token')
  const unsigned = withoutSignature(request.rawQuery)
  return signatureOf(request, { ...scope, token, date, additional, signature, query: unsigned })
}

type V4Parameters = {
  accessKeyId: string
  token: string | undefined
  scope: string
  region: string
  date: string
  additional: readonly string[]
  signature: string
  query: string
}

function signatureOf(request: SignedRequest, parameters: V4Parameters): Signature {
  const { accessKeyId, token, region, scope, signature, query } = parameters
  return {
    accessKeyId,
    token,
    region,
    verify(secret) {
      const additionalHeaders = parameters.additional.filter((name) => !isAlwaysSigned(name))
      const canonical = canonicalRequest({ ...request, query, additionalHeaders })
      const stringToSign = stringToSignV4(parameters.date, scope, canonical)
      const expected = signV4(secret, scope, stringToSign)
      const more = { CanonicalRequest: canonical.toString('utf8') }
      checkSignature({ accessKeyId, signature, stringToSign, expected, more })
    },
  }
}

/** `AK/20231216/cn-hangzhou/oss/aliyun_v4_request`; the region must be the host's (EC 0002-00000226). */
function parseScope(request: SignedRequest, credential: string, at: number, wrongRegion: string) {
  const [accessKeyId = '', day, region = '', product, terminator, ...more] = credential.split('/')
  if (more.length > 0 || terminator !== 'aliyun_v4_request') {
    throw invalidArgument('Invalid credential scope in Authorization header.')
  }
  if (product !== 'oss') {
    const message = 'Invalid signing product in Authorization header.'
    throw invalidArgument(message, undefined, undefined, '0002-00000227')
  }
  if (day !== new Date(at).toISOString().slice(0, 10).replaceAll('-', ''))
    throw invalidArgument('Invalid signing date in Authorization header.')
  if (region === '' || (request.region !== undefined && region !== request.region)) {
    throw invalidArgument(wrongRegion, undefined, undefined, '0002-00000226')
  }
  return { accessKeyId, region, scope: `${day}/${region}/${product}/${terminator}` }
}

/** `Mon, 30 Nov 2026 06:13:55 GMT`. */
function parseHttpDate(date: string): number | undefined {
  const at = Date.parse(date)
  return Number.isNaN(at) ? undefined : at
}

function parseIsoBasic(date: string): number | undefined {
  const match = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(date)
  if (!match) return undefined
  const [, y, mo, d, h, mi, s] = match
  const at = Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`)
  return Number.isNaN(at) ? undefined : at
}
