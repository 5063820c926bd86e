import { createHmac } from 'node:crypto'
import { percentEncode } from '../address.ts'
import type { HeaderMap } from '../http.ts'
import { canonicalQuery } from './sign-v4.ts'
import { signedHeaderLines } from './signed-headers.ts'

/** Begins the Authorization header. */
export const V2_ALGORITHM = 'OSS2'

/** What V2 signs of a request. `query` is raw, and for a signed URL without its signature. */
export type V2Request = {
  method: string
  bucket: string
  key: Buffer
  query: string
  headers: HeaderMap
  /** Lower case, sorted. */
  additionalHeaders: readonly string[]
  /** The date line: the date header, or `x-oss-expires` of a signed URL. */
  date: string
}

/** The string to sign of Signature Version 2, as bytes: as V1's, with additional headers, an escaped path and all of the query. */
export function stringToSignV2(request: V2Request): Buffer {
  const { method, headers, date, additionalHeaders } = request
  const head = [method, headers['content-md5'] ?? '', headers['content-type'] ?? '', date]
  const isSigned = (name: string) => name.startsWith('x-oss-') || additionalHeaders.includes(name)
  return Buffer.concat([
    Buffer.from(`${head.join('\n')}\n`),
    ...signedHeaderLines(headers, isSigned),
    Buffer.from(`${additionalHeaders.join(';')}\n${resource(request)}`),
  ])
}

/** Slashes are escaped, too. */
function resource({ bucket, key, query }: V2Request): string {
  const path = Buffer.concat([Buffer.from(bucket === '' ? '/' : `/${bucket}/`), key])
  const canonical = canonicalQuery(query)
  return percentEncode(path) + (canonical === '' ? '' : `?${canonical}`)
}

/** The signature in base64. */
export function signV2(secret: string, stringToSign: Buffer): string {
  return createHmac('sha256', secret).update(stringToSign).digest('base64')
}
