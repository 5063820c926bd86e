import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { type HeaderMap, headerMap } from '../ports.ts'
import { carriesChecksum } from './checksum.ts'
import type { ChunkSigning } from './chunked.ts'
import { invalidArgument, S3Error } from './error.ts'
import { encodeStrictly, type S3Request } from './request.ts'

/** The secret of an access key, or undefined when there is no such key. */
export type SecretOf = (accessKeyId: string) => string | undefined

/** How the body is declared in x-amz-content-sha256. */
export type Payload =
  | { kind: 'unsigned' }
  | { kind: 'signed' /** hex */; sha256: string }
  | { kind: 'chunked'; signing?: ChunkSigning; trailer: boolean }

export type Verified = {
  accessKeyId: string
  payload: Payload
  presigned: boolean
  /** The request's headers; when presigned, with the `x-amz-` query parameters that stand for headers. */
  headers: HeaderMap
}

/** What the client says it signed, and how. */
type Claim = {
  accessKeyId: string
  date: string
  region: string
  /** `yyyyMMddTHHmmssZ`. */
  timestamp: string
  signedHeaders: string[]
  signature: string
  /** The last line of the canonical request. */
  payloadHash: string
}

export type AuthScheme = 'sigv4-header' | 'sigv4-query' | 'sigv2-header' | 'sigv2-query' | 'anonymous'

const ALGORITHM = 'AWS4-HMAC-SHA256'
const UNSIGNED = 'UNSIGNED-PAYLOAD'
const MAX_SKEW = 15 * 60 * 1000
const MAX_EXPIRES = 604_800 // seconds, a week
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
 * Reads the value of x-amz-content-sha256.
 * @param signing what signed chunks are verified with; without it they are refused.
 * @throws S3Error InvalidArgument for no known value, NotImplemented for ECDSA.
 */
export function parsePayload(declared: string, signing?: ChunkSigning): Payload {
  if (declared === UNSIGNED) return { kind: 'unsigned' }
  if (/^[0-9a-fA-F]{64}$/.test(declared)) return { kind: 'signed', sha256: declared.toLowerCase() }
  if (declared === 'STREAMING-UNSIGNED-PAYLOAD-TRAILER') return { kind: 'chunked', trailer: true }
  if (signing !== undefined) {
    if (declared === 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD') return { kind: 'chunked', signing, trailer: false }
    if (declared === 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER') {
      return { kind: 'chunked', signing, trailer: true }
    }
  }
  if (declared.startsWith('STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD')) {
    throw new S3Error('NotImplemented', {
      message: 'Chunks signed with AWS4-ECDSA-P256-SHA256 are not supported. Please use AWS4-HMAC-SHA256.',
      elements: { Header: 'x-amz-content-sha256' },
    })
  }
  throw invalidArgument(
    'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 value.',
    'x-amz-content-sha256',
    declared,
  )
}

function claimOfHeader({ headers }: S3Request, now: number): Claim {
  const parts = parseAuthorization(headers.authorization ?? '')
  const credential = parseCredential(parts.Credential, headerMalformed)
  const timestamp = requestTime(headers)
  const time = parseBasic(timestamp)
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
  if (Math.abs(now - time) > MAX_SKEW) {
    throw new S3Error('RequestTimeTooSkewed', {
      elements: { RequestTime: timestamp, ServerTime: iso(now), MaxAllowedSkewMilliseconds: MAX_SKEW },
    })
  }
  const payloadHash = headers['x-amz-content-sha256']?.trim()
  if (!payloadHash) {
    throw new S3Error('InvalidRequest', {
      message: 'Missing required header for this request: x-amz-content-sha256',
    })
  }
  const signedHeaders = parts.SignedHeaders.split(';')
  return { ...credential, timestamp, signedHeaders, signature: parts.Signature, payloadHash }
}

function claimOfQuery({ headers, query }: S3Request, now: number): Claim {
  const algorithm = query.get('X-Amz-Algorithm')
  const credentialText = query.get('X-Amz-Credential')
  const signature = query.get('X-Amz-Signature')
  const timestamp = query.get('X-Amz-Date')
  const signedHeaderText = query.get('X-Amz-SignedHeaders')
  const expiresText = query.get('X-Amz-Expires')
  if (!algorithm || !credentialText || !signature || !timestamp || !signedHeaderText || !expiresText) {
    throw new S3Error('AuthorizationQueryParametersError')
  }
  if (algorithm !== ALGORITHM) throw queryMalformed(`X-Amz-Algorithm only supports "${ALGORITHM}"`)
  const credential = parseCredential(credentialText, (detail) =>
    queryMalformed(`Error parsing the X-Amz-Credential parameter; ${detail}`),
  )
  const time = parseBasic(timestamp)
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
  const signedHeaders = signedHeaderText.split(';')
  // An unsigned header must not say what was signed.
  const signedHash = signedHeaders.includes('x-amz-content-sha256')
    ? headers['x-amz-content-sha256']
    : undefined
  const payloadHash = query.get('X-Amz-Content-Sha256') ?? signedHash ?? UNSIGNED
  return { ...credential, timestamp, signedHeaders, signature, payloadHash }
}

/** `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`; with or without blanks after the commas. */
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
  for (const part of header.slice(space + 1).split(',')) {
    const equals = part.indexOf('=')
    if (equals < 0) throw headerMalformed(`the authorization component "${part.trim()}" is malformed.`)
    found.set(part.slice(0, equals).trim(), part.slice(equals + 1).trim())
  }
  if (found.size !== 3) {
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
function parseCredential(text: string, malformed: (detail: string) => S3Error) {
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
  if (service !== 's3') throw malformed(`incorrect service "${service}". This endpoint belongs to "s3".`)
  if (!/^\d{8}$/.test(date)) {
    throw malformed(
      `incorrect date format "${date}". This date in the credential must be in the format "yyyyMMdd".`,
    )
  }
  return { accessKeyId, date, region }
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

/** The canonical request from the end of its path on. */
function canonicalRest({ parameters, headers }: S3Request, { signedHeaders, payloadHash }: Claim): string {
  let text = `\n${canonicalQuery(parameters)}\n`
  // A signed header that did not arrive counts as empty, and matches nothing else.
  for (const name of signedHeaders) text += `${name}:${canonicalValue(headers[name] ?? '')}\n`
  return `${text}\n${signedHeaders.join(';')}\n${payloadHash}`
}

function canonicalPath(rawPath: string): string {
  if (/^[A-Za-z0-9\-._~/]*$/.test(rawPath)) return rawPath
  return encodeStrictly(decodeURIComponent(rawPath)).replaceAll('%2F', '/')
}

function canonicalQuery(parameters: S3Request['parameters']): string {
  if (parameters.length === 0) return ''
  const encoded: [name: string, value: string][] = []
  for (const [name, value] of parameters) {
    if (name !== 'X-Amz-Signature') encoded.push([encodeStrictly(name), encodeStrictly(value)])
  }
  encoded.sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0))
  return encoded.map(([name, value]) => `${name}=${value}`).join('&')
}

/** Trimmed, each run of blanks one space. Not `trim()`, which takes a no-break space too. */
function canonicalValue(value: string): string {
  return /^[ \t]|[ \t]$|[ \t]{2}|\t/.test(value) ? value.replace(/[ \t]+/g, ' ').replace(/^ | $/g, '') : value
}

const authParameters = new Set([
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-signedheaders',
  'x-amz-signature',
  'x-amz-security-token',
  'x-amz-content-sha256',
])
const aboutBody = new Set(['x-amz-sdk-checksum-algorithm', 'x-amz-trailer', 'x-amz-decoded-content-length'])

/**
 * The headers with the x-amz- query parameters of a presigned request among them, as S3 takes them. Those about the
 * body's bytes are left out: the JavaScript presigner writes the checksum of an empty body, and S3 does not check it.
 */
function withHoisted({ headers, parameters }: S3Request): HeaderMap {
  let hoisted: HeaderMap | undefined
  for (const [parameter, value] of parameters) {
    const name = parameter.toLowerCase()
    if (!name.startsWith('x-amz-') || authParameters.has(name)) continue
    if (aboutBody.has(name) || carriesChecksum(name)) continue
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what no header may contain
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || /[\x00-\x08\x0a-\x1f\x7f]/.test(value)) {
      throw invalidArgument('The query parameter cannot stand for a header.', parameter)
    }
    hoisted ??= headerMap()
    hoisted[name] = hoisted[name] === undefined ? value : `${hoisted[name]},${value}`
  }
  if (hoisted === undefined) return headers
  for (const name in hoisted) {
    if (headers[name] !== undefined && headers[name] !== hoisted[name]) {
      throw invalidArgument('The header and the query parameter of this name differ.', name, headers[name])
    }
  }
  return Object.assign(headerMap(headers), hoisted)
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

function headerMalformed(detail: string): S3Error {
  return new S3Error('AuthorizationHeaderMalformed', {
    message: `The authorization header is malformed; ${detail}`,
  })
}

const queryMalformed = (message: string) => new S3Error('AuthorizationQueryParametersError', { message })

/** x-amz-date, else Date in either notation; `yyyyMMddTHHmmssZ` unless it is malformed. */
function requestTime(headers: HeaderMap): string {
  const text = (headers['x-amz-date'] ?? headers.date ?? '').trim()
  if (headers['x-amz-date'] !== undefined || !httpDate.test(text)) return text
  const time = Date.parse(text)
  return Number.isNaN(time) ? '' : iso(time).replace(/[-:]/g, '')
}

const httpDate = /^\w{3}, \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d (?:GMT|[+-]\d{4})$/

/** `yyyyMMddTHHmmssZ` → milliseconds. */
function parseBasic(text: string): number | undefined {
  const [, year, month, day, hours, minutes, seconds] = basicTime.exec(text) ?? []
  if (year === undefined) return undefined
  const time = Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`)
  return Number.isNaN(time) ? undefined : time
}

const basicTime = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/

/** Seconds only, as S3 writes times in errors. */
const iso = (time: number) => new Date(time).toISOString().replace(/\.\d{3}Z$/, 'Z')
