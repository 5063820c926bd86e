import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ObservedRequest } from '../../src/local-oss/index.ts'
import { refused } from '../../src/operations/refused.ts'
import { served } from '../../src/operations/served.ts'
import { type OssBucket, runtimes, startWorld, type World } from '../harness.ts'
import { writeBucket } from './raw-oss.ts'
import { send, sign, type WireRequest } from './wire.ts'

/** What a call to OSS may have in its header when nobody has signed it. */
const impersonal = new Set(
  `accept accept-encoding cf-worker connection content-length content-type host if-match if-modified-since if-none-match
  if-unmodified-since origin range referer transfer-encoding user-agent x-oss-range-behavior x-oss-request-payer`.split(
    /\s+/,
  ),
)
/** And in its query. */
const parameters = new Set(
  `continuation-token delimiter encoding-type fetch-owner key-marker list-type marker max-keys objectMeta prefix start-after
  version-id-marker versionId versions`.split(/\s+/),
)

const origin = 'https://app.example'
const XML = 'application/xml'

describe.each(runtimes)('a request that nobody has signed, on %s', (runtime) => {
  let world: World
  let host: string
  let open: OssBucket
  let seen: ObservedRequest[] = []
  let version = ''
  beforeAll(async () => {
    world = await startWorld(runtime, { GATEWAY_CONFIG: 'anonymous: forward' })
    host = new URL(world.endpoint).host
    world.localOss.onRequest((request) => {
      if (!request.headers['user-agent']?.startsWith('aliyun-sdk')) seen.push(request)
    })
    for (const name of ['open', 'closed', 'versions', 'payers']) await world.oss().putBucket(name)
    open = world.oss('open')
    for (const name of ['open', 'versions', 'payers']) await open.putBucketACL(name, 'public-read')
    await open.put('key', Buffer.from('hello'), { headers: { 'x-oss-meta-a': 'b' } })
    await open.put('secret', Buffer.from('hello'))
    await open.putACL('secret', 'private')
    await open.put('cold', Buffer.from('x'), { headers: { 'x-oss-storage-class': 'Archive' } })
    await world.oss('closed').put('key', Buffer.from('hello'))
    await world.oss('closed').put('shown', Buffer.from('shown'))
    await world.oss('closed').putACL('shown', 'public-read')
    const versions = world.oss('versions')
    await versions.putBucketVersioning('versions', 'Enabled')
    const { res } = await versions.put('key', Buffer.from('first'))
    version = (res.headers as Record<string, string>)['x-oss-version-id'] ?? ''
    await versions.put('key', Buffer.from('second'))
    await versions.put('gone', Buffer.from('x'))
    await versions.delete('gone')
    await world.oss('payers').put('key', Buffer.from('hello'))
    await writeBucket(
      open,
      'payers',
      'requestPayment',
      '<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>',
    )
    const rule = { allowedOrigin: origin, allowedMethod: 'GET', exposeHeader: 'ETag' }
    for (const name of ['open', 'closed']) await open.putBucketCORS(name, [rule] as never)
    await open.putBucketCORS('payers', [{ ...rule, allowedOrigin: '*' }] as never)
    return undefined
  })
  afterAll(() => world.stop())
  beforeEach(() => {
    seen = []
    world.localOss.faults.clear()
  })

  const ask = (target: string, headers: Record<string, string> = {}, method = 'GET') =>
    send(world.endpoint, { method, target, headers })
  const calls = () => seen.map(({ operation }) => operation)

  type Read = [target: string, headers: Record<string, string>, status: number, calls: string[]]
  const reads = (): Read[] => [
    ['/open/key', {}, 200, ['GetObject']],
    ['/open/key', { range: 'bytes=1-2' }, 206, ['GetObject']],
    ['/open/key', { range: 'bytes=9-' }, 416, ['GetObject', 'HeadObject']],
    ['/open/key', { range: 'bytes=1-2', 'if-range': '"other"' }, 200, ['GetObject', 'GetObject']],
    ['/open/key', { 'if-none-match': '"5d41402abc4b2a76b9719d911017c592"' }, 304, ['GetObject']],
    ['/open/key', { 'if-match': '"other"' }, 412, ['GetObject']],
    ['/open/key', { 'x-amz-checksum-mode': 'ENABLED' }, 200, ['GetObject']],
    ['/open/key', { 'x-amz-request-payer': 'requester' }, 200, ['GetObject']],
    ['/open/key', { origin }, 200, ['GetObject']],
    ['/open/key?partNumber=1', {}, 206, ['HeadObject', 'GetObject']],
    ['/open/key?versionId=null', {}, 200, ['GetObject']],
    ['/open/none', {}, 404, ['GetObject']],
    ['/open/none/', {}, 404, ['GetObjectMeta']],
    ['/open/secret', {}, 403, ['GetObject']],
    ['/open/cold', {}, 403, ['GetObject', 'HeadObject']],
    ['/closed/key', {}, 403, ['GetObject']],
    ['/closed/shown', {}, 200, ['GetObject']],
    ['/closed/none', {}, 403, ['GetObject']],
    ['/not-there/key', {}, 404, ['GetObject']],
    ['/versions/key', {}, 200, ['GetObject']],
    [`/versions/key?versionId=${version}`, {}, 200, ['GetObject']],
    ['/versions/gone', {}, 404, ['GetObject']],
    ['/payers/key', {}, 403, ['GetObject']],
    ['/payers/key', { 'x-amz-request-payer': 'requester' }, 403, ['GetObject']],
    ['/open', {}, 200, ['ListObjects']],
    ['/open?prefix=k&delimiter=/&max-keys=1', {}, 200, ['ListObjects']],
    ['/open?list-type=2&fetch-owner=true', {}, 200, ['ListObjectsV2']],
    ['/open?list-type=2', { origin }, 200, ['ListObjectsV2']],
    ['/open?versions', {}, 403, ['ListObjectVersions']],
    ['/closed', {}, 403, ['ListObjects']],
    ['/not-there', {}, 404, ['ListObjects']],
  ]
  test.each(Array.from({ length: 31 }, (_, i) => i))(
    'row %i of the reads is answered by OSS, which the gateway asks for nothing in its own name',
    async (i) => {
      const [target, headers, status, operations] = reads()[i] as Read
      const answer = await ask(target, headers)
      expect([target, answer.status, calls()]).toEqual([target, status, operations])
      for (const request of seen) {
        expect(Object.keys(request.headers).filter((name) => !impersonal.has(name))).toEqual([])
        expect([...request.query.keys()].filter((name) => !parameters.has(name))).toEqual([])
      }
      if (status === 403) {
        expect(['AccessDenied', 'InvalidObjectState']).toContain(answer.error.Code)
        expect(answer.headers['content-type']).toBe(XML)
      }
      seen = []
      const head = await ask(target, headers, 'HEAD')
      if (target.includes('/key')) expect(head.status).toBe(answer.status)
      for (const request of seen) expect(request.headers).not.toHaveProperty('authorization')
    },
  )

  test('gets what a signed one gets, byte for byte and header for header', async () => {
    const signed = sign({ method: 'GET', target: '/open/key' }, host)
    const [answer, other] = [await ask('/open/key'), await send(world.endpoint, signed)]
    const volatile = ['date', 'x-amz-request-id', 'x-amz-id-2']
    const shown = (headers: Record<string, string>) =>
      Object.entries(headers).filter(([name]) => !volatile.includes(name))
    expect(answer.body.toString()).toBe('hello')
    expect(shown(answer.headers)).toEqual(shown(other.headers))
  })

  test('is told in S3’s words what OSS refuses', async () => {
    expect((await ask('/closed/key')).error).toMatchObject({ Code: 'AccessDenied', Message: 'Access Denied' })
    expect((await ask('/open/none')).error).toMatchObject({ Code: 'NoSuchKey', Key: 'none' })
    expect((await ask('/not-there')).error).toMatchObject({ Code: 'NoSuchBucket', BucketName: 'not-there' })
    expect((await ask('/open/cold')).error).toMatchObject({ StorageClass: 'GLACIER' })
    const marker = await ask('/versions/gone')
    expect(marker.headers['x-amz-delete-marker']).toBe('true')
  })

  test('is one of the SDK’s without credentials', async () => {
    const signer = { sign: async (request: unknown) => request } as never
    const s3: S3Client = world.s3({ signer })
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'open', Key: 'key' }))
    expect(await Body?.transformToString()).toBe('hello')
    expect((await s3.send(new HeadObjectCommand({ Bucket: 'open', Key: 'key' }))).Metadata).toEqual({
      a: 'b',
    })
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: 'open' }))
    expect(Contents?.map(({ Key }) => Key)).toEqual(['cold', 'key', 'secret'])
    await expect(s3.send(new ListObjectsV2Command({ Bucket: 'closed' }))).rejects.toMatchObject({
      name: 'AccessDenied',
    })
  })

  describe('is refused without a call to OSS', () => {
    const paths = { service: '/', bucket: '/open', object: '/open/key' }
    type Row = [name: string, request: WireRequest]
    const rowOf = (
      name: string,
      method: string,
      on: keyof typeof paths,
      query: readonly string[] = [],
    ): Row => [name, { method, target: `${paths[on]}${query.length === 0 ? '' : `?${query.join('&')}`}` }]
    const others: Row[] = [
      ...served
        .filter(({ anonymous, auth, name }) => !anonymous && auth === undefined && !name.includes('Part'))
        .map(({ name, method, on, query }) => rowOf(name, method, on, query)),
      ...refused.map(([name, method, on, ...query]) => rowOf(name, method, on as 'object', query)),
    ]
    test.each(others)('where it is %s', async (name, request) => {
      const headers: Record<string, string> =
        name === 'CopyObject' ? { 'x-amz-copy-source': '/open/key' } : {}
      const answer = await send(world.endpoint, { ...request, headers })
      expect([answer.status, calls()]).toEqual([403, []])
    })

    const anonymousOverride = 'Request specific response headers cannot be used for anonymous GET requests.'
    type Refusal = [
      what: string,
      headers: Record<string, string>,
      status: number,
      code: string,
      message?: string,
    ]
    test.each<Refusal>([
      ['/open/key?response-content-type=text/html', {}, 400, 'InvalidRequest', anonymousOverride],
      ['/closed/none?response-expires=', {}, 400, 'InvalidRequest', anonymousOverride],
      ['/open/key', { 'x-amz-expected-bucket-owner': '1000000000000001' }, 501, 'NotImplemented'],
      ['/open', { 'x-amz-expected-bucket-owner': '1' }, 501, 'NotImplemented'],
      ['/open/key', { 'x-amz-server-side-encryption-customer-algorithm': 'AES256' }, 501, 'NotImplemented'],
      ['/open/key', { 'x-amz-copy-source': '/closed/key' }, 400, 'InvalidArgument'],
      ['/open/key', { 'x-amz-security-token': 'token' }, 400, 'InvalidToken'],
      // What looks signed is never taken for unsigned.
      // workerd knows no empty header.
      ...(runtime === 'node'
        ? [['/open/key', { authorization: '' }, 400, 'InvalidArgument'] as Refusal]
        : []),
      ['/open/key', { authorization: 'Bearer token' }, 400, 'InvalidArgument'],
      ['/open/key', { authorization: 'OSS local:x' }, 400, 'InvalidArgument'],
      ['/open/key', { authorization: 'OSS4-HMAC-SHA256 Credential=local' }, 400, 'InvalidArgument'],
      ['/open/key', { authorization: 'aws4-hmac-sha256 Credential=local/' }, 400, 'InvalidArgument'],
      ['/open/key', { authorization: 'AWS4-HMAC-SHA256 Credential=' }, 400, 'AuthorizationHeaderMalformed'],
      ['/open/key', { authorization: 'AWS :x' }, 400, 'InvalidArgument'],
      ['/open/key?X-Amz-Expires=60', {}, 400, 'AuthorizationQueryParametersError'],
      ['/open/key?x-amz-signature=x', {}, 400, 'AuthorizationQueryParametersError'],
      ['/open/key?X-Amz-Security-Token=x', {}, 400, 'AuthorizationQueryParametersError'],
      ['/open?list-type=2&X-Amz-Date=x', {}, 400, 'AuthorizationQueryParametersError'],
      ['/open/key?X-Amz-Signature=x', {}, 400, 'AuthorizationQueryParametersError'],
      ['/open/key?Expires=1', {}, 403, 'AccessDenied'],
      ['/open/key?AWSAccessKeyId=local', {}, 403, 'AccessDenied'],
      ['/open/key?Signature=x&Expires=1', {}, 403, 'AccessDenied'],
      ['/open/key?X%2DAmz%2DSignature=x', {}, 400, 'AuthorizationQueryParametersError'],
      ['/open/key?%78-amz-credential=x', {}, 400, 'AuthorizationQueryParametersError'],
      ['/open/key?%53ignature=x', {}, 403, 'AccessDenied'],
      ['/open/key?response%2Dcontent-type=text/html', {}, 400, 'InvalidRequest', anonymousOverride],
      ['/open/%2Es3-oss-gateway%2Fx', {}, 403, 'AccessDenied'],
      ['/open/.s3-oss-gateway/x', {}, 403, 'AccessDenied'],
      ['/open?prefix=.s3-oss-gateway/', {}, 403, 'AccessDenied'],
      ['/open?acl&versions', {}, 400, 'InvalidArgument'],
      ['/OPEN/key', {}, 400, 'InvalidBucketName'],
      ['/open.example.com/key', {}, 400, 'InvalidBucketName'],
    ])('where it is for %s with %o', async (target, headers, status, code, message) => {
      const answer = await ask(target, { ...headers, origin })
      expect([answer.status, answer.error.Code, calls()]).toEqual([status, code, []])
      if (message !== undefined) expect(answer.error.Message).toBe(message)
    })
  })

  // workerd joins such lines, or does not take them.
  test
    .runIf(runtime === 'node')
    .each([
      [['Authorization: ', 'Authorization: AWS local:x']],
      [['Authorization:  \t ', 'Connection: authorization']],
      [['Authorization: AWS local:x', 'Authorization: ']],
      [['AUTHORIZATION: OSS local:x']],
      [['X-Amz-Security-Token: ', 'X-Amz-Security-Token: token']],
    ])('whose lines %j look signed is not taken for one', async (lines) => {
    const answer = await send(world.endpoint, {
      method: 'GET',
      target: '/open/key',
      headers: { host },
      lines,
    })
    expect([answer.status, calls()]).toEqual([expect.toSatisfy((status) => status >= 400), []])
  })

  test.each<[target: string, headers: Record<string, string>]>([
    ['/open/key?x-oss-process=image/resize,w_1', {}],
    ['/open/key?OSSAccessKeyId=local&security-token=x', {}],
    ['/open/key?x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-credential=local&x-oss-signature=x', {}],
    ['/open?list-type=2&x-oss-request-payer=requester&callback=x', {}],
    ['/open/key', { 'x-oss-security-token': 'token', 'x-oss-date': 'x', 'x-oss-content-sha256': 'x' }],
    [
      '/open/key',
      { 'x-oss-copy-source': '/closed/key', 'x-oss-process': 'x', 'x-oss-traffic-limit': '819200' },
    ],
    ['/open/key', { 'x-forwarded-for': '10.0.0.1', cookie: 'a=b', 'proxy-authorization': 'Basic eDp4' }],
    ['/open/key', { 'x-amz-date': '20260101T000000Z', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }],
  ])('smuggles nothing of OSS’s own into a call: %s with %o', async (target, headers) => {
    expect((await ask(target, headers)).status).toBe(200)
    const [request] = seen
    expect(Object.keys(request?.headers ?? {}).filter((name) => !impersonal.has(name))).toEqual([])
    expect([...(request?.query.keys() ?? [])].filter((name) => !parameters.has(name))).toEqual([])
  })

  test('is held to the bucket’s referers by its own', async () => {
    await open.putBucketReferer('open', false, ['https://site.example'])
    expect((await ask('/open/key')).error.Code).toBe('AccessDenied')
    expect((await ask('/open/key', { referer: 'https://other.example' })).status).toBe(403)
    expect((await ask('/open/key', { referer: 'https://site.example' })).status).toBe(200)
    await open.deleteBucketReferer('open')
  })

  test('is held to the bucket’s policy, which sees its user agent', async () => {
    const statement = { Effect: 'Allow', Principal: ['*'], Action: ['oss:GetObject'] }
    const Condition = { StringLike: { 'acs:UserAgent': ['reader/*'] } }
    const Statement = [{ ...statement, Resource: ['acs:oss:*:*:closed/key'], Condition }]
    await open.putBucketPolicy('closed', { Version: '1', Statement } as never)
    expect((await ask('/closed/key', { 'user-agent': 'reader/1' })).body.toString()).toBe('hello')
    expect((await ask('/closed/key', { 'user-agent': 'other/1' })).status).toBe(403)
    await open.deleteBucketPolicy('closed')
  })

  test('from another origin is answered by the rules that OSS applies, and none is asked for', async () => {
    const vary = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'
    const allowed = {
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'ETag',
      vary,
    }
    expect((await ask('/open/key', { origin })).headers).toMatchObject(allowed)
    expect((await ask('/open', { origin })).headers).toMatchObject(allowed)
    expect((await ask('/open/none', { origin })).headers).toMatchObject(allowed)
    expect((await ask('/closed/key', { origin })).headers).toMatchObject(allowed)
    const other = await ask('/open/key', { origin: 'https://other.example' })
    expect([other.status, other.headers['access-control-allow-origin']]).toEqual([200, undefined])
    const any = (await ask('/payers/key', { origin })).headers
    expect(any).toMatchObject({ 'access-control-allow-origin': '*', vary })
    expect(any).not.toHaveProperty('access-control-allow-credentials')
    expect(calls()).toEqual(['GetObject', 'ListObjects', 'GetObject', 'GetObject', 'GetObject', 'GetObject'])
  })

  test('from another origin is answered by remembered rules where OSS applies none to an error', async () => {
    const asked = { origin, 'access-control-request-method': 'GET' }
    expect((await ask('/open/key', asked, 'OPTIONS')).status).toBe(200)
    const bare = {
      status: 404,
      body: '<Error><Code>NoSuchKey</Code></Error>',
      headers: { 'content-type': XML },
    }
    world.localOss.faults.add({ action: { kind: 'garbage', ...bare } })
    const answer = await ask('/open/none', { origin })
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([404, origin])
    // Where it answers with the object, they do not count.
    const found = { status: 200, body: 'x', headers: { 'x-oss-request-id': 'X', etag: '"E"' } }
    world.localOss.faults.add({ action: { kind: 'garbage', ...found } })
    expect((await ask('/open/key', { origin })).headers).not.toHaveProperty('access-control-allow-origin')
  })

  const html = { 'content-type': 'text/html' }
  const page = '<html>welcome</html>'
  test.each<[name: string, status: number, body: string, headers: Record<string, string>]>([
    ['the index page of a website', 200, page, html],
    ['a page that says what is missing', 404, page, html],
    ['a missing index page', 404, '<Error><Code>NoSuchKey</Code></Error>', { 'content-type': XML }],
    ['a redirection', 302, '', { location: 'http://elsewhere.example/' }],
  ])('for a list is not answered with %s', async (_, status, body, headers) => {
    const answering = { ...headers, 'x-oss-request-id': 'X' }
    world.localOss.faults.add({ action: { kind: 'garbage', status, body, headers: answering } })
    const answer = await ask('/open?list-type=2')
    expect([answer.status, answer.error.Code, calls()]).toEqual([501, 'NotImplemented', ['ListObjectsV2']])
    expect(answer.error.Message).toContain('website')
    expect(answer.body.toString()).not.toContain('welcome')
  })

  test('sees of a website only the objects', async () => {
    const rule = `<RoutingRule><RuleNumber>1</RuleNumber><Condition><KeyPrefixEquals>moved</KeyPrefixEquals></Condition>
      <Redirect><RedirectType>External</RedirectType><HostName>elsewhere.example</HostName>
      <HttpRedirectCode>302</HttpRedirectCode></Redirect></RoutingRule>`
    await writeBucket(
      open,
      'open',
      'website',
      `<WebsiteConfiguration><IndexDocument><Suffix>key</Suffix></IndexDocument>
      <ErrorDocument><Key>key</Key></ErrorDocument><RoutingRules>${rule}</RoutingRules></WebsiteConfiguration>`,
    )
    expect((await ask('/open/key')).body.toString()).toBe('hello')
    for (const target of ['/open/none', '/open/none/']) {
      const answer = await ask(target)
      expect([answer.status, answer.error.Code]).toEqual([404, 'NoSuchKey'])
      expect((await ask(target, {}, 'HEAD')).status).toBe(404)
    }
    const moved = await ask('/open/moved')
    expect([moved.status, moved.error.Code]).toEqual([501, 'NotImplemented'])
    expect((await ask('/open')).status).toBe(200)
    expect((await ask('/open?list-type=2')).body.toString()).toContain('<Key>key</Key>')
    await world.oss().deleteBucketWebsite('open')
  })
})
