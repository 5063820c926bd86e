import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signV2, stringToSignV2 } from '../../src/local-oss/auth/sign-v2.ts'
import { canonicalRequest, signV4, stringToSignV4, V4_ALGORITHM } from '../../src/local-oss/auth/sign-v4.ts'
import { basicTime } from '../encodings.ts'
import { signUtils } from '../oss-signer.ts'
import { type Client, codeOf, credentials, later, startWorld, type World } from './setup.ts'
import { fetch, type Headers, type Key, type Request, type Signed, withV2 } from './v2-signer.ts'

let world: World
let client: Client
let bucket: string
beforeAll(async () => {
  world = await startWorld()
  client = await world.bucket()
  bucket = client.getBucket()
  await client.put('k', Buffer.from('content'))
})
afterAll(() => world.stop())

describe('OSS’s own examples of V2 are signed as it says:', () => {
  const secret = 'OtxrzxIsfpFjA7SwPzILwy8Bw21TLhquhboDYROV'
  const put = {
    'content-md5': 'FxqG8Ca0qEJPOghSihJ8Ew==',
    'content-type': 'text/plain',
    'x-oss-object-acl': 'private',
  }
  const get = { range: 'bytes=0-7', 'if-modified-since': 'Thu, 16 Feb 2017 02:10:39 GMT', accept: '*/*' }
  const url = 'x-oss-signature-version=OSS2&x-oss-expires=1487152431&x-oss-access-key-id=44CF9590006BF252F707'
  test.each([
    ['PUT', put, [], '', 'Wed, 15 Feb 2017 09:37:11 GMT', '5Am2ewK1tL0gXX7GV6dwybZtj7efOEtc0Mo2FR6CkM8='],
    [
      'GET',
      get,
      ['if-modified-since', 'range'],
      '',
      'Thu, 16 Feb 2017 02:09:39 GMT',
      'YG9mKO3m4S0Jx9Hk6Lq64VchJg/TOTkyCX4DaeeOYxE=',
    ],
    ['GET', {}, [], url, '1487152431', 'ps/+MLhd1WKkVi/QlOiliJsTaBMBk93f6UYVscDNHCQ='],
  ] as [string, Headers, string[], string, string, string][])(
    '%s %j',
    (method, headers, additionalHeaders, query, date, signature) => {
      const key = Buffer.from('nelson')
      const request = { method, bucket: 'oss-example', key, headers, additionalHeaders, query, date }
      expect(signV2(secret, stringToSignV2(request))).toBe(signature)
    },
  )
})

describe.each(['header', 'query'] as const)('a V2 signature in the %s', (form) => {
  const send = (request: Partial<Request>, change: (signed: Signed) => Signed = (signed) => signed) => {
    const whole = { bucket, key: 'k', ...request }
    return fetch(world, whole, change(withV2(form, whole)))
  }

  test('opens a bucket, a key of any characters, and lists', async () => {
    expect((await send({})).text).toBe('content')
    const key = "阿里云/a b+c/'()!*~%"
    expect((await send({ method: 'PUT', key, headers: { 'x-oss-meta-a': 'b' } })).status).toBe(200)
    expect((await send({ key })).status).toBe(200)
    const listed = await send({ key: '', query: { prefix: '阿里云/a b+', delimiter: '' } })
    expect(listed.text).toContain('<Contents>')
  })

  test('covers additional headers, and no request without them', async () => {
    const request = { headers: { range: 'bytes=0-2', 'x-own': '1' }, additional: ['range', 'x-own'] }
    expect((await send(request)).text).toBe('con')
    const other = await send(request, ({ query, headers }) => ({
      query: query ?? {},
      headers: { ...headers, range: 'bytes=1-2' },
    }))
    expect(codeOf(other)).toBe('SignatureDoesNotMatch')
    const missing = await send(request, ({ query, headers: { range: _, ...headers } = {} }) => ({
      query: query ?? {},
      headers,
    }))
    expect([missing.status, codeOf(missing)]).toEqual([400, 'InvalidArgument'])
    expect(missing.text).toContain(form === 'header' ? '<EC>0002-00000112</EC>' : '<EC>0002-00000077</EC>')
  })

  test('is refused for another key, secret, query or path', async () => {
    const wrong = (change: Partial<Key>) => send({ by: { ...credentials, ...change } })
    expect(codeOf(await wrong({ accessKeyId: 'nobody' }))).toBe('InvalidAccessKeyId')
    expect(codeOf(await wrong({ accessKeySecret: 'wrong' }))).toBe('SignatureDoesNotMatch')
    const more = await send({}, ({ query, headers }) => ({
      headers: headers ?? {},
      query: { ...query, extra: '1' },
    }))
    expect(codeOf(more)).toBe('SignatureDoesNotMatch')
    const signed = withV2(form, { bucket, key: 'k' })
    expect(codeOf(await fetch(world, { bucket, key: 'other' }, signed))).toBe('SignatureDoesNotMatch')
  })
})

test.each([
  ['OSS2 Signature:x', '0002-00000105'],
  ['OSS2 AccessKeyId:,Signature:x', '0002-00000106'],
  ['OSS2 AccessKeyId:local', '0002-00000108'],
])('a V2 header without one of its parts is refused: %s', async (authorization, ec) => {
  const headers = { date: new Date().toUTCString(), authorization }
  const { status, text } = await fetch(world, { bucket, key: 'k' }, { headers })
  expect(status).toBe(400)
  expect(text).toContain(`<EC>${ec}</EC>`)
})

test('a V2 request that is too old, and a V2 URL that has expired, are refused', async () => {
  const request = { bucket, key: 'k' }
  const header = withV2('header', request)
  const query = withV2('query', request)
  const minutes = 60_000
  expect(codeOf(await later(16 * minutes, () => fetch(world, request, header)))).toBe('RequestTimeTooSkewed')
  expect((await later(61 * minutes, () => fetch(world, request, query))).text).toContain(
    'Request has expired.',
  )
})

/** A request signed by V4 in its header, as ali-oss signs it. */
function withV4(request: Request, region = 'cn-hangzhou'): { headers: Headers } {
  const { method = 'GET', additional = [] } = request
  const headers: Headers = {
    'x-oss-date': basicTime(Date.now()),
    'x-oss-content-sha256': 'UNSIGNED-PAYLOAD',
    ...request.headers,
  }
  const { accessKeyId, accessKeySecret } = credentials
  const signed = { headers, queries: {} }
  const by = [
    accessKeyId,
    accessKeySecret,
    region,
    method,
    signed,
    request.bucket,
    request.key,
    additional,
  ] as const
  return { headers: { ...headers, authorization: signUtils.authorizationV4(...by) } }
}

test('a V4 header may have blanks after its commas', async () => {
  const request = { bucket, key: 'k', headers: { 'x-own': '1' }, additional: ['x-own'] }
  const { headers } = withV4(request)
  const authorization = (headers.authorization ?? '').replaceAll(',', ', ')
  expect(authorization.split(', ')).toHaveLength(3)
  expect((await fetch(world, request, { headers: { ...headers, authorization } })).text).toBe('content')
})

test.each([
  ['its date in the form of HTTP', (date: string) => date, 200, undefined],
  ['another day in its scope', (date: string) => date, 400, 'InvalidArgument', '20200101'],
  ['a date that is none', () => 'today', 403, 'AccessDenied'],
  ['an old date', () => new Date(0).toUTCString(), 403, 'RequestTimeTooSkewed', '19700101'],
])('a V4 header without a date of OSS has %s', async (_, dateOf, status, code, day?: string) => {
  const now = new Date()
  const date = dateOf(now.toUTCString())
  const headers = { date, 'x-oss-content-sha256': 'UNSIGNED-PAYLOAD' }
  const scope = `${day ?? now.toISOString().slice(0, 10).replaceAll('-', '')}/cn-hangzhou/oss/aliyun_v4_request`
  const canonical = canonicalRequest({
    method: 'GET',
    bucket,
    key: Buffer.from('k'),
    query: '',
    headers,
    additionalHeaders: [],
  })
  const signature = signV4(credentials.accessKeySecret, scope, stringToSignV4(date, scope, canonical))
  const authorization = `${V4_ALGORITHM} Credential=${credentials.accessKeyId}/${scope},Signature=${signature}`
  const answer = await fetch(world, { bucket, key: 'k' }, { headers: { ...headers, authorization } })
  expect([answer.status, codeOf(answer)]).toEqual([status, code])
})

test('a V4 signature is for the region of the bucket where the host names none', async () => {
  const at = (region: string) => {
    const { headers } = withV4({ bucket, key: 'k' }, region)
    return world.fetch(`http://127.0.0.1/${bucket}/k`, { headers })
  }
  expect((await at('cn-hangzhou')).text).toBe('content')
  const wrong = await at('cn-beijing')
  expect([wrong.status, wrong.headers['x-oss-ec']]).toEqual([400, '0002-00000226'])
  expect(wrong.text).toContain('Invalid signing region in Authorization header.')
})

test('a V4 signature is for this product', async () => {
  const { headers } = withV4({ bucket, key: 'k' }, 'cn-hangzhou')
  const authorization = (headers.authorization ?? '').replace('/oss/', '/oss-cloudbox/')
  const answer = await world.fetch(`http://127.0.0.1/${bucket}/k`, { headers: { ...headers, authorization } })
  expect([answer.status, codeOf(answer), answer.headers['x-oss-ec']]).toEqual([
    400,
    'InvalidArgument',
    '0002-00000227',
  ])
})

test('an additional header of V4 that the request lacks is an invalid argument, in the header and in the query', async () => {
  const {
    headers: { 'x-own': _, ...headers },
  } = withV4({ bucket, key: 'k', headers: { 'x-own': '1' }, additional: ['x-own'] })
  const missing = await fetch(world, { bucket, key: 'k' }, { headers })
  expect([missing.status, codeOf(missing)]).toEqual([400, 'InvalidArgument'])
  const named = world.client(bucket, { endpoint: 'http://oss-cn-hangzhou.aliyuncs.com' })
  const url = await named.signatureUrlV4('GET', 60, { headers: { 'x-own': '1' } }, 'k', ['x-own'])
  expect((await world.fetch(url, { headers: { 'x-own': '1' } })).status).toBe(200)
  const late = await world.fetch(url)
  expect([late.status, codeOf(late)]).toEqual([400, 'InvalidArgument'])
})

test('of several things that are wrong the name comes first, then the bucket, then the key', async () => {
  const nobody = { accessKeyId: 'nobody', accessKeySecret: 'x' }
  const missing = await world.send({ bucket: 'no-such-bucket', as: nobody })
  expect([missing.status, codeOf(missing)]).toEqual([404, 'NoSuchBucket'])
  expect(codeOf(await world.send({ bucket, as: nobody }))).toBe('InvalidAccessKeyId')
  const expired = world
    .client(bucket, { endpoint: 'http://oss-cn-hangzhou.aliyuncs.com' })
    .signatureUrl('k', { expires: -10 })
  expect(codeOf(await world.fetch(expired.replace('.com/k?', '.com//k?')))).toBe('InvalidObjectName')
  expect(codeOf(await world.fetch(expired.replace(`//${bucket}.`, '//no-bucket-.')))).toBe(
    'InvalidBucketName',
  )
})

test('a preflight is answered whatever its signature', async () => {
  const headers = {
    origin: 'http://example.com',
    'access-control-request-method': 'PUT',
    authorization: 'OSS nobody:x',
  }
  const refused = await fetch(world, { bucket, key: 'k', method: 'OPTIONS' }, { headers })
  expect([refused.status, codeOf(refused)]).toEqual([403, 'AccessForbidden'])
})
