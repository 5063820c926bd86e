import { basicTime } from '../bytes/basic-time.ts'
import { parseDate } from '../bytes/parse-date.ts'
import type { HeaderMap } from '../ports.ts'
import { invalidArgument, S3Error } from './error.ts'
import { remember } from './remember.ts'
import type { S3Request } from './request.ts'
import { iso, MAX_SKEW, parseBasicTime, requireRecent } from './signature.ts'

/** What a request claims of its signature, before that is verified. */
export type Claim = Credential & {
  /** `yyyyMMddTHHmmssZ`. */
  timestamp: string
  signedHeaders: ReadonlySet<string>
  signature: string
  /** The last line of the canonical request. */
  payloadHash: string
  /** The text of an Authorization header before its signature, where it is not in the cache yet. */
  unknown?: string | undefined
}

type Credential = { accessKeyId: string; date: string; region: string }

export const ALGORITHM = 'AWS4-HMAC-SHA256'
const MAX_EXPIRES = 604_800 // seconds, a week

/** The services of AWS that an endpoint stands for. */
export type Service = 's3' | 'sts'

/**
 * What an Authorization header claims. Requests to STS may come without the hash of their body, which then is ''.
 * @param now milliseconds since the epoch.
 * @throws S3Error AuthorizationHeaderMalformed, InvalidArgument, InvalidRequest, AccessDenied, RequestTimeTooSkewed.
 */
export function claimOfHeader(
  { headers }: Pick<S3Request, 'headers'>,
  now: number,
  service: Service = 's3',
): Claim {
  const { credential, signedHeaders, signature, unknown } = readAuthorization(
    headers.authorization ?? '',
    service,
  )
  const timestamp = requestTime(headers)
  const time = parseBasicTime(timestamp)
  if (time === undefined) {
    throw new S3Error('AccessDenied', {
      message: 'AWS authentication requires a valid Date or x-amz-date header.',
    })
  }
  if (!timestamp.startsWith(credential.date)) {
    throw headerMalformed(
      `Invalid credential date "${credential.date}". This date is not the same as X-Amz-Date: "${timestamp.slice(0, 8)}".`,
    )
  }
  requireRecent(time, timestamp, now)
  const payloadHash = headers['x-amz-content-sha256']?.trim() ?? ''
  if (payloadHash === '' && service === 's3') {
    throw new S3Error('InvalidRequest', {
      message: 'Missing required header for this request: x-amz-content-sha256',
    })
  }
  const { accessKeyId, date, region } = credential
  return {
    accessKeyId,
    date,
    region,
    timestamp,
    signedHeaders: signedHeaders(),
    signature,
    payloadHash,
    unknown,
  }
}

/**
 * What a presigned query claims.
 * @param now milliseconds since the epoch.
 * @throws S3Error AuthorizationQueryParametersError; AccessDenied when it has expired or is not valid yet.
 */
export function claimOfQuery({ headers, query }: S3Request, now: number): Claim {
  const algorithm = query.get('X-Amz-Algorithm')
  const credentialText = query.get('X-Amz-Credential')
  const signature = query.get('X-Amz-Signature')
  const timestamp = query.get('X-Amz-Date')
  const signedHeaderText = query.get('X-Amz-SignedHeaders')
  const expiresText = query.get('X-Amz-Expires')
  // An empty list of headers is one: it lacks the host, and that is said.
  const hasList = signedHeaderText !== undefined
  if (!algorithm || !credentialText || !signature || !timestamp || !hasList || !expiresText) {
    throw new S3Error('AuthorizationQueryParametersError')
  }
  if (algorithm !== ALGORITHM) throw queryMalformed(`X-Amz-Algorithm only supports "${ALGORITHM}"`)
  const credential = parseCredential(credentialText, (detail) =>
    queryMalformed(`Error parsing the X-Amz-Credential parameter; ${detail}`),
  )
  const time = parseBasicTime(timestamp)
  if (time === undefined) {
    throw queryMalformed(`X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'"`)
  }
  if (!timestamp.startsWith(credential.date)) {
    throw queryMalformed(
      `Invalid credential date "${credential.date}". This date is not the same as X-Amz-Date: "${timestamp.slice(0, 8)}".`,
    )
  }
  const expires = parseExpires(expiresText)
  if (time - now > MAX_SKEW) throw new S3Error('AccessDenied', { message: 'Request is not valid yet' })
  if (time + expires * 1000 < now) {
    throw new S3Error('AccessDenied', {
      message: 'Request has expired',
      elements: { 'X-Amz-Expires': expires, Expires: iso(time + expires * 1000), ServerTime: iso(now) },
    })
  }
  const signedHeaders = parseSignedHeaders(signedHeaderText, (detail) =>
    queryMalformed(`Error parsing the X-Amz-SignedHeaders parameter; ${detail}`),
  )
  // An unsigned header must not say what was signed.
  const signedHash = signedHeaders.has('x-amz-content-sha256') ? headers['x-amz-content-sha256'] : undefined
  const payloadHash = query.get('X-Amz-Content-Sha256') ?? signedHash ?? 'UNSIGNED-PAYLOAD'
  return { ...credential, timestamp, signedHeaders, signature, payloadHash }
}

/** An Authorization header without its signature, parsed. */
type Authorization = { credential: Credential; signedHeaders: () => ReadonlySet<string> }

const MAX_AUTHORIZATIONS = 256
const SIGNATURE_LENGTH = 64
/** By the header's text before the signature: an SDK sends the same all day, and taking it apart costs two hashes. */
const knownAuthorizations = new Map<string, Authorization>()

function readAuthorization(
  header: string,
  service: Service,
): Authorization & Pick<Claim, 'signature' | 'unknown'> {
  const signature = header.slice(-SIGNATURE_LENGTH)
  const before = header.slice(0, -SIGNATURE_LENGTH)
  const usual = /^[0-9a-f]{64}$/.test(signature)
  const known = usual ? knownAuthorizations.get(before) : undefined
  if (known !== undefined) {
    return { credential: known.credential, signedHeaders: known.signedHeaders, signature, unknown: undefined }
  }
  const parts = parseAuthorization(header)
  return {
    credential: parseCredential(parts.Credential, headerMalformed, service),
    signedHeaders: () => parseSignedHeaders(parts.SignedHeaders, headerMalformed),
    signature: parts.Signature,
    // Only where the signature comes last: then the text before it says all but the signature.
    unknown: usual && /,\s*Signature=$/.test(before) ? before : undefined,
  }
}

/** Caches a parsed header. Only those of verified requests, so that unsigned ones cannot fill the cache. */
export function rememberAuthorization({ unknown, accessKeyId, date, region, signedHeaders }: Claim): void {
  if (unknown === undefined) return
  remember(knownAuthorizations, MAX_AUTHORIZATIONS, unknown, {
    credential: { accessKeyId, date, region },
    signedHeaders: () => signedHeaders,
  })
}

/** `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`; with or without spaces after the commas. */
function parseAuthorization(header: string): {
  Credential: string
  SignedHeaders: string
  Signature: string
} {
  const space = header.indexOf(' ')
  if (space < 0) {
    throw invalidArgument(
      "Authorization header is invalid -- one and only one ' ' (space) required",
      'Authorization',
    )
  }
  if (header.slice(0, space) !== ALGORITHM) {
    throw new S3Error('InvalidRequest', {
      message: 'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
    })
  }
  const found = new Map<string, string>()
  const components = header.slice(space + 1).split(',')
  for (const part of components) {
    const equals = part.indexOf('=')
    if (equals < 0) throw headerMalformed(`the authorization component "${part.trim()}" is malformed.`)
    found.set(part.slice(0, equals).trim(), part.slice(equals + 1).trim())
  }
  if (components.length !== 3 || found.size !== 3) {
    throw headerMalformed(
      'the authorization header requires three components: Credential, SignedHeaders, and Signature.',
    )
  }
  const take = (name: string) => {
    const value = found.get(name)
    if (!value) throw headerMalformed(`missing ${name}.`)
    return value
  }
  return {
    Credential: take('Credential'),
    SignedHeaders: take('SignedHeaders'),
    Signature: take('Signature'),
  }
}

/** `<key>/<date>/<region>/s3/aws4_request`; the key itself may contain slashes. */
export function parseCredential(
  text: string,
  malformed: (detail: string) => S3Error,
  expected: Service = 's3',
) {
  const parts = text.split('/')
  const [date = '', region = '', service = '', terminal = ''] = parts.slice(-4)
  const accessKeyId = parts.slice(0, -4).join('/')
  if (accessKeyId === '' || !/^[^\s/]+$/.test(region)) {
    throw malformed(
      'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    )
  }
  if (terminal !== 'aws4_request') {
    throw malformed(`incorrect terminal "${terminal}". This endpoint uses "aws4_request".`)
  }
  if (service !== expected)
    throw malformed(`incorrect service "${service}". This endpoint belongs to "${expected}".`)
  if (!/^\d{8}$/.test(date)) {
    throw malformed(
      `incorrect date format "${date}". This date in the credential must be in the format "yyyyMMdd".`,
    )
  }
  return { accessKeyId, date, region }
}

/** `a;b`. Each only once: every name brings its whole value into the canonical request, and into the error that shows it. */
function parseSignedHeaders(text: string, malformed: (detail: string) => S3Error): ReadonlySet<string> {
  const names = text.split(';')
  const signed = new Set(names)
  if (signed.size < names.length) throw malformed('SignedHeaders names a header twice.')
  return signed
}

function parseExpires(text: string): number {
  if (!/^-?\d+$/.test(text)) throw queryMalformed('X-Amz-Expires should be a number')
  const seconds = Number(text)
  if (seconds < 0) throw queryMalformed('X-Amz-Expires must be non-negative')
  if (seconds > MAX_EXPIRES) {
    throw queryMalformed(
      'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds',
    )
  }
  return seconds
}

function headerMalformed(detail: string): S3Error {
  return new S3Error('AuthorizationHeaderMalformed', {
    message: `The authorization header is malformed; ${detail}`,
  })
}

/** S3's error for a presigned URL whose parameters are not as they have to be. */
export const queryMalformed = (message: string) =>
  new S3Error('AuthorizationQueryParametersError', { message })

/** x-amz-date, else Date in any form of a date; `yyyyMMddTHHmmssZ` unless it is malformed. */
function requestTime(headers: HeaderMap): string {
  const text = (headers['x-amz-date'] ?? headers.date ?? '').trim()
  if (headers['x-amz-date'] !== undefined) return text
  const time = parseDate(text)
  return time === undefined ? text : basicTime(time)
}
