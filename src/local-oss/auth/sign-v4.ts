import { createHash, createHmac } from 'node:crypto'
import { percentDecode, percentEncode } from '../address.ts'
import type { HeaderMap } from '../http.ts'
import { signedHeaderLines } from './signed-headers.ts'

/** Begins the Authorization header and the string to sign. */
export const V4_ALGORITHM = 'OSS4-HMAC-SHA256'

/** What V4 signs of a request. `query` is raw, and for a presigned URL without its signature. */
export type V4Request = {
  method: string
  bucket: string
  key: Buffer
  query: string
  headers: HeaderMap
  /** Lower case, sorted. */
  additionalHeaders: readonly string[]
}

/** The canonical request of Signature Version 4, as the bytes that are hashed. */
export function canonicalRequest(request: V4Request): Buffer {
  const { method, bucket, key, headers, additionalHeaders } = request
  const path = bucket === '' ? '/' : `/${bucket}/${percentEncode(key, '/')}`
  const isSigned = (name: string) => isAlwaysSigned(name) || additionalHeaders.includes(name)
  const payload = headers['x-oss-content-sha256'] ?? 'UNSIGNED-PAYLOAD'
  return Buffer.concat([
    Buffer.from(`${method}\n${path}\n${canonicalQuery(request.query)}\n`),
    ...signedHeaderLines(headers, isSigned),
    Buffer.from(`\n${additionalHeaders.join(';')}\n${payload}`),
  ])
}

/** Headers that are signed whenever they are present. */
export function isAlwaysSigned(name: string): boolean {
  return name === 'content-type' || name === 'content-md5' || name.startsWith('x-oss-')
}

/** A raw query sorted, its names and values decoded and encoded again, so that `'` and `%27` are signed alike. */
export function canonicalQuery(rawQuery: string): string {
  const canonical = (text: string) => percentEncode(percentDecode(text))
  return rawQuery
    .replaceAll('+', '%20')
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => pair.replace(/=$/, '').split(/=(.*)/s, 2).map(canonical).join('='))
    .sort((a, b) => compare(nameOf(a), nameOf(b)) || compare(a, b))
    .join('&')
}

const nameOf = (pair: string) => pair.split('=', 1)[0] ?? ''
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** `date` is `20231216T162057Z`, `scope` is `20231216/cn-hangzhou/oss/aliyun_v4_request`. */
export function stringToSignV4(date: string, scope: string, canonical: Buffer): string {
  const hash = createHash('sha256').update(canonical).digest('hex')
  return [V4_ALGORITHM, date, scope, hash].join('\n')
}

/** The signature in lower-case hex; the key is derived along the scope's four parts. */
export function signV4(secret: string, scope: string, stringToSign: string): string {
  const key = scope
    .split('/')
    .reduce<Buffer>(
      (derived, part) => createHmac('sha256', derived).update(part).digest(),
      Buffer.from(`aliyun_v4${secret}`),
    )
  return createHmac('sha256', key).update(stringToSign).digest('hex')
}
