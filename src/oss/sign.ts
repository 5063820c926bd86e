import { createHmac } from 'node:crypto'
import { basicTime } from '../bytes/basic-time.ts'
import { hmacWith, sha256Hex } from '../bytes/digest.ts'
import { encodeStrictly } from '../bytes/percent.ts'
import { trimWhitespace } from '../bytes/whitespace.ts'
import { type HeaderMap, headerMap, type OssCredentials } from '../ports.ts'

/** A request to be signed. */
export type ToSign = {
  method: string
  bucket: string | undefined
  key: string | undefined
  /** Already encoded; a parameter without a value is the bare name. */
  query: readonly string[]
  headers: HeaderMap
  /** As in the credential scope: `cn-hangzhou`, without `oss-`. */
  region: string
}

/** A key as a URL path: `/` stays. */
export const encodePath = (key: string) =>
  /^[A-Za-z0-9\-._~/]*$/.test(key) ? key : encodeStrictly(key).replaceAll('%2F', '/')

/**
 * OSS's V4 signature (OSS4-HMAC-SHA256, header form, unsigned payload).
 * @param now milliseconds since the epoch.
 * @returns the headers to send: those given, with `x-oss-date`, `x-oss-content-sha256`,
 *   `x-oss-security-token` where there is one, and `authorization`.
 * @see https://www.alibabacloud.com/help/en/oss/developer-reference/recommend-to-use-signature-version-4
 */
export function signV4(request: ToSign, credentials: OssCredentials, now: number): HeaderMap {
  const timestamp = timestampOf(now)
  const day = timestamp.slice(0, 8)
  const headers = headerMap(request.headers)
  headers['x-oss-content-sha256'] = 'UNSIGNED-PAYLOAD'
  headers['x-oss-date'] = timestamp
  if (credentials.securityToken !== undefined) headers['x-oss-security-token'] = credentials.securityToken
  const scope = `${day}/${request.region}/oss/aliyun_v4_request`
  const { method, bucket, key, query, region } = request
  const canonical = sha256Hex(canonicalRequest({ method, bucket, key, query, headers, region }))
  const signature = signerOf(
    credentials,
    day,
    request.region,
  )(`OSS4-HMAC-SHA256\n${timestamp}\n${scope}\n${canonical}`)
  headers.authorization = `OSS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope},Signature=${signature}`
  return headers
}

/** The text that is hashed and signed; exported for the published vectors. */
export function canonicalRequest({ method, bucket, key, query, headers }: ToSign): string {
  const resource = bucket === undefined ? '/' : `/${bucket}/${encodePath(key ?? '')}`
  const names: string[] = []
  for (const name in headers) {
    if (name.startsWith('x-oss-') || name === 'content-type' || name === 'content-md5') names.push(name)
  }
  let lines = ''
  for (const name of names.sort()) lines += `${name}:${trimWhitespace(headers[name] ?? '')}\n`
  // The empty line after the headers is the list of additional signed headers: none.
  return `${method}\n${resource}\n${sortQuery(query).join('&')}\n${lines}\n\nUNSIGNED-PAYLOAD`
}

const nameOf = (parameter: string) => parameter.split('=', 1)[0] ?? ''

function sortQuery(query: readonly string[]): readonly string[] {
  return query.length < 2 ? query : [...query].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
}

/** The last second's, which all its requests share. */
let lastTimestamp = { second: Number.NaN, text: '' }

function timestampOf(now: number): string {
  const second = Math.floor(now / 1000)
  if (second !== lastTimestamp.second) {
    lastTimestamp = { second, text: basicTime(now) }
  }
  return lastTimestamp.text
}

/** Clients name regions, also such as there are none. */
const MAX_REGIONS = 100
/** What a text is signed with: gives its signature, hex. */
type Sign = (text: string) => string
/** The last key per region: four HMACs a day instead of four a request. */
const signers = new Map<string, { secret: string; day: string; sign: Sign }>()

function signerOf({ accessKeySecret }: OssCredentials, day: string, region: string): Sign {
  const known = signers.get(region)
  if (known?.day === day && known.secret === accessKeySecret) return known.sign
  const step = (key: Buffer | string, data: string): Buffer => createHmac('sha256', key).update(data).digest()
  const key = [region, 'oss', 'aliyun_v4_request'].reduce(step, step(`aliyun_v4${accessKeySecret}`, day))
  const sign = hmacWith(key)
  if (signers.size >= MAX_REGIONS) signers.clear()
  signers.set(region, { secret: accessKeySecret, day, sign })
  return sign
}
