import { createHmac } from 'node:crypto'
import { encode, encodeKey } from '../encodings.ts'
import { credentials, type RawResponse, type World } from './setup.ts'

export type Headers = Record<string, string>
export type Key = { accessKeyId: string; accessKeySecret: string; securityToken?: string }
export type Signed = { query?: Headers; headers?: Headers }
export type Request = Signed & {
  method?: string
  bucket: string
  key: string
  by?: Key
  additional?: string[]
}

const queryOf = (query: Headers) =>
  Object.entries(query).map(([name, value]) =>
    value === '' ? encode(name) : `${encode(name)}=${encode(value)}`,
  )

/** Signature Version 2, written from OSS's description of it, not from the service. */
function signedV2(request: Request, date: string, secret: string): string {
  const { method = 'GET', bucket, key, query = {}, headers = {}, additional = [] } = request
  const canonical = Object.keys(headers)
    .filter((name) => name.startsWith('x-oss-') || additional.includes(name))
    .sort()
    .map((name) => `${name}:${headers[name]}\n`)
    .join('')
  const pairs = queryOf(query).sort()
  const resource = encode(`/${bucket}/${key}`) + (pairs.length > 0 ? `?${pairs.join('&')}` : '')
  const head = [method, headers['content-md5'] ?? '', headers['content-type'] ?? '', date]
  const text = `${head.join('\n')}\n${canonical}${[...additional].sort().join(';')}\n${resource}`
  return createHmac('sha256', secret).update(text).digest('base64')
}

/** What of V2 the Authorization header or the query of a signed URL adds to a request. */
export function withV2(form: 'header' | 'query', request: Request): Signed {
  const { by = credentials as Key, additional = [], query = {}, headers = {} } = request
  const token = by.securityToken
  if (form === 'header') {
    const date = new Date().toUTCString()
    const all: Headers = { ...headers, date, ...(token && { 'x-oss-security-token': token }) }
    const signature = signedV2({ ...request, headers: all }, date, by.accessKeySecret)
    const named = additional.length > 0 ? `AdditionalHeaders:${additional.join(';')},` : ''
    return {
      query,
      headers: { ...all, authorization: `OSS2 AccessKeyId:${by.accessKeyId},${named}Signature:${signature}` },
    }
  }
  const expires = String(Math.floor(Date.now() / 1000) + 3600)
  const all: Headers = {
    ...query,
    'x-oss-signature-version': 'OSS2',
    'x-oss-expires': expires,
    'x-oss-access-key-id': by.accessKeyId,
    ...(additional.length > 0 && { 'x-oss-additional-headers': additional.join(';') }),
    ...(token && { 'security-token': token }),
  }
  const signature = signedV2({ ...request, query: all }, expires, by.accessKeySecret)
  return { headers, query: { ...all, 'x-oss-signature': signature } }
}

/** Sends a signed request to a bucket's own host. */
export function fetch(
  on: World,
  request: Request,
  { query = {}, headers = {} }: Signed,
): Promise<RawResponse> {
  const { method = 'GET', key } = request
  const path = encodeKey(key)
  const search = queryOf(query).join('&')
  return on.fetch(`http://${request.bucket}.oss-cn-hangzhou.aliyuncs.com/${path}?${search}`, {
    method,
    headers,
  })
}
