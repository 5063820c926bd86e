import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseAddress, parseQuery } from '../../src/local-oss/address.ts'
import { signV1, stringToSignV1 } from '../../src/local-oss/auth/sign-v1.ts'
import { canonicalRequest, signV4, stringToSignV4 } from '../../src/local-oss/auth/sign-v4.ts'

type Headers = Record<string, string>
type V4Vector = {
  date: string
  canonicalRequestSha256: string
  signature: string
  securityToken?: string
  additionalHeaders?: string[]
  expires?: number
  contentType?: string
}
type V1Vector = {
  method: string
  bucket: string
  key: string
  headers?: Headers
  params?: Headers
  expires?: number
  authorization?: string
  signature?: string
}

const vectors = JSON.parse(
  readFileSync(new URL('../data/oss-signing-vectors.json', import.meta.url), 'utf8'),
) as {
  common: { secret: string; method: string; bucket: string; key: string; region: string }
  headers: Headers
  query: Headers
  v4: V4Vector[]
  v4presigned: V4Vector[]
  v1: V1Vector[]
}
const { secret, method, bucket, key, region } = vectors.common
const headers = Object.fromEntries(
  Object.entries(vectors.headers).map(([name, value]) => [name.toLowerCase(), value]),
)
const encode = encodeURIComponent
const rawQuery = (query: Headers) =>
  Object.entries(query)
    .map(([name, value]) => (value === '' ? encode(name) : `${encode(name)}=${encode(value)}`))
    .join('&')

function v4(vector: V4Vector, more: { headers: Headers; query: Headers }) {
  const scope = `${vector.date.slice(0, 8)}/${region}/oss/aliyun_v4_request`
  const canonical = canonicalRequest({
    method,
    bucket,
    key: Buffer.from(key),
    query: rawQuery(more.query),
    headers: more.headers,
    additionalHeaders: vector.additionalHeaders ?? [],
  })
  const hash = createHash('sha256').update(canonical).digest('hex')
  return { hash, signature: signV4(secret, scope, stringToSignV4(vector.date, scope, canonical)) }
}

describe('the Go SDK’s signing vectors', () => {
  test.each(vectors.v4)('V4 in the header, $date', (vector) => {
    const token: Headers = vector.securityToken ? { 'x-oss-security-token': vector.securityToken } : {}
    const signed = {
      ...headers,
      ...token,
      'x-oss-date': vector.date,
      'x-oss-content-sha256': 'UNSIGNED-PAYLOAD',
    }
    expect(v4(vector, { headers: signed, query: vectors.query })).toEqual({
      hash: vector.canonicalRequestSha256,
      signature: vector.signature,
    })
  })

  test.each(vectors.v4presigned)('V4 in the URL, $date', (vector) => {
    const token: Headers = vector.securityToken ? { 'x-oss-security-token': vector.securityToken } : {}
    const query = {
      ...vectors.query,
      ...token,
      'x-oss-signature-version': 'OSS4-HMAC-SHA256',
      'x-oss-date': vector.date,
      'x-oss-expires': String(vector.expires),
      'x-oss-credential': `ak/${vector.date.slice(0, 8)}/${region}/oss/aliyun_v4_request`,
    }
    const signed = { ...headers, 'content-type': vector.contentType ?? '' }
    expect(v4(vector, { headers: signed, query })).toEqual({
      hash: vector.canonicalRequestSha256,
      signature: vector.signature,
    })
  })

  test.each(vectors.v1)('V1, $bucket/$key', (vector) => {
    const stringToSign = stringToSignV1({
      method: vector.method,
      bucket: vector.bucket,
      key: Buffer.from(vector.key),
      query: parseQuery(rawQuery(vector.params ?? {})),
      headers: vector.headers ?? {},
      date: vector.expires === undefined ? (vector.headers?.date ?? '') : String(vector.expires),
    })
    expect(signV1(secret, stringToSign)).toBe(
      vector.signature ?? vector.authorization?.slice('OSS ak:'.length),
    )
  })
})

test.each(['processConfiguration', 'udf', 'img', 'vip', 'restore'])(
  'V1 signs %s, which is not served by all services',
  (name) => {
    const query = new Map([[name, '']])
    const request = { method: 'GET', bucket: 'b', key: Buffer.alloc(0), query, headers: {}, date: '' }
    expect(stringToSignV1(request).toString()).toBe(`GET\n\n\n\n/b/?${name}`)
  },
)

describe('a URL addresses', () => {
  const rows: [url: string, bucket: string, key: string, region: string | undefined][] = [
    ['https://b.oss-cn-hangzhou.aliyuncs.com/k', 'b', 'k', 'cn-hangzhou'],
    ['https://b.oss-cn-hangzhou-internal.aliyuncs.com/k', 'b', 'k', 'cn-hangzhou'],
    ['https://b.cn-hangzhou.oss.aliyuncs.com/k', 'b', 'k', 'cn-hangzhou'],
    ['https://b.oss-accelerate.aliyuncs.com/k', 'b', 'k', undefined],
    ['https://oss-ap-southeast-1.aliyuncs.com/', '', '', 'ap-southeast-1'],
    ['http://.oss-cn-hangzhou.aliyuncs.com/', '', '', 'cn-hangzhou'],
    ['http://127.0.0.1:9010/b/a//../c%2Fd%20e+f?acl', 'b', 'a//../c/d e+f', undefined],
    ['http://localhost:9010/b', 'b', '', undefined],
    ['http://[::1]:9010/b/k', 'b', 'k', undefined],
    ['http://b.localhost:9010/%E4%B8%AD', 'b', '中', undefined],
    ['http://b.oss.example.com/..%2f', 'b', '../', undefined],
  ]
  test.each(rows)('%s', (url, expectedBucket, expectedKey, expectedRegion) => {
    const address = parseAddress(url)
    expect([address.bucket, address.key.toString(), address.region]).toEqual([
      expectedBucket,
      expectedKey,
      expectedRegion,
    ])
  })

  test.each(['http://b.oss-cn-hangzhou.aliyuncs.com/%zz', 'http://b.oss-cn-hangzhou.aliyuncs.com/%ff'])(
    'nothing: %s',
    (url) => {
      expect(() => parseAddress(url)).toThrow(expect.objectContaining({ code: 'InvalidObjectName' }))
    },
  )

  test('nothing, when an OSS endpoint is asked in path style', () => {
    expect(() => parseAddress('https://oss-cn-hangzhou.aliyuncs.com/b/k')).toThrow(
      expect.objectContaining({ code: 'SecondLevelDomainForbidden' }),
    )
  })
})
