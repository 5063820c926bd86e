import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { isPrivateAddress } from '../../src/local-oss/callback/private-address.ts'
import { CallbackFailure, createSender } from '../../src/local-oss/callback/send-callback.ts'
import type { CallbackAnswer, CallbackRequest } from '../../src/local-oss/index.ts'
import { type Client, codeOf, failure, startWorld, type World } from './setup.ts'

type Headers = Record<string, string>

let world: World
let client: Client
let bucket: string
let calls: CallbackRequest[] = []
let answers: (() => Promise<CallbackAnswer>)[] = []
const fine = { status: 200, body: '{"a":"b"}' }

beforeAll(async () => {
  world = await startWorld({
    sendCallback: (request) => {
      calls.push(request)
      return (answers.shift() ?? (async () => fine))()
    },
  })
  client = await world.bucket()
  bucket = client.getBucket()
})
afterEach(() => {
  calls = []
  answers = []
  vi.restoreAllMocks()
})
afterAll(() => world.stop())

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64')
const URL_OF_APP = 'http://app.example.com/notify?from=oss'
// biome-ignore-start lint/suspicious/noTemplateCurlyInString: OSS's variables
const FORM =
  'b=${bucket}&o=${object}&e=${etag}&s=${size}&m=${mimeType}&v=${x:own}&n=${none}&w=${imageInfo.width}'
const JSON_BODY = '{"o":${object},"s":${size},"v":${x:own},"i":${reqId},"c":${clientIp},"op":${operation}}'
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: OSS's variables
const callback = (change: object = {}) => ({ callbackUrl: URL_OF_APP, callbackBody: FORM, ...change })
const own = encode({ 'x:own': 'ä & b' })
const ETAG = '9DD4E461268C8034F5C8564E155C67A6'

const put = (headers: Headers, key = 'key ä') =>
  world.send({ method: 'PUT', bucket, key, headers: { 'content-type': 'text/plain', ...headers }, body: 'x' })

describe('an upload with a callback', () => {
  test.each<[what: string, type: string | undefined, template: string, body: (id: string) => string]>([
    [
      'a form',
      undefined,
      FORM,
      () => `b=${bucket}&o=key%20%C3%A4&e=${ETAG}&s=1&m=text%2Fplain&v=%C3%A4%20%26%20b&n=&w=`,
    ],
    [
      'JSON',
      'application/json',
      JSON_BODY,
      (id) => `{"o":"key ä","s":1,"v":"ä & b","i":"${id}","c":"127.0.0.1","op":"PutObject"}`,
    ],
  ])('posts %s, and is answered with what the server says', async (_, type, template, body) => {
    const asked = encode(callback({ callbackBody: template, ...(type && { callbackBodyType: type }) }))
    const answer = await put({ 'x-oss-callback': asked, 'x-oss-callback-var': own })
    expect([answer.status, answer.text]).toEqual([200, fine.body])
    expect(answer.headers).toMatchObject({ etag: `"${ETAG}"`, 'content-type': 'application/json' })
    const id = String(answer.headers['x-oss-request-id'])
    expect(calls).toHaveLength(1)
    expect(calls[0]).toMatchObject({
      url: URL_OF_APP,
      body: body(id),
      sni: false,
      headers: {
        host: 'app.example.com',
        'content-type': type ?? 'application/x-www-form-urlencoded',
        'user-agent': 'aliyun-oss-callback',
        'x-oss-bucket': bucket,
        'x-oss-owner': '1000000000000001',
        'x-oss-requester': '1000000000000001',
        'x-oss-request-id': id,
        'x-oss-tag': 'CALLBACK',
      },
    })
    // Whose key would that be.
    expect(calls[0]?.headers).not.toHaveProperty('authorization')
    expect(calls[0]?.headers).not.toHaveProperty('x-oss-pub-key-url')
  })

  test('by ali-oss, whole and in parts', async () => {
    const options = { callback: { url: URL_OF_APP, body: FORM, customValue: { own: 'v' } } }
    const whole = (await client.put('whole', Buffer.from('x'), options as never)) as { data?: unknown }
    expect(whole.data).toEqual({ a: 'b' })
    const bytes = Buffer.alloc(300_000)
    const parts = await client.multipartUpload('parts', bytes, { partSize: 102_400, ...options } as never)
    expect((parts as { data?: unknown }).data).toEqual({ a: 'b' })
    expect(calls.map(({ body }) => body)).toEqual([
      expect.stringContaining('&o=whole&'),
      expect.stringMatching(/&o=parts&e=[0-9A-F]{32}-\d&s=300000&/),
    ])
    expect(calls.every(({ body }) => body.includes('&v=v&'))).toBe(true)
  })

  test('by a signed URL', async () => {
    const named = world.client(bucket, { endpoint: 'http://oss-cn-hangzhou.aliyuncs.com' })
    const subResource = { callback: encode(callback()), 'callback-var': own }
    const url = named.signatureUrl('signed', { method: 'PUT', subResource } as never)
    expect((await world.fetch(url, { method: 'PUT', body: 'x' })).text).toBe(fine.body)
    const changed = url.replace(
      /callback=[^&]*/,
      `callback=${encodeURIComponent(encode(callback({ a: 1 })))}`,
    )
    expect(codeOf(await world.fetch(changed, { method: 'PUT', body: 'x' }))).toBe('SignatureDoesNotMatch')
    expect(calls).toHaveLength(1)
  })

  test.each([
    ['', '200'],
    ['http://app.example.com/done', '201'],
  ])('by a form, whatever it wants else: %j, %s', async (redirect, status) => {
    await client.putBucketACL(bucket, 'public-read-write')
    const fields = {
      key: 'form',
      success_action_redirect: redirect,
      success_action_status: status,
      callback: encode(callback()),
      'x:own': 'field',
    }
    const rows = Object.entries(fields).map(
      ([name, value]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    )
    const body = `${rows.join('')}--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nx\r\n--b--\r\n`
    const headers = {
      'content-type': 'multipart/form-data; boundary=b',
      'content-length': String(body.length),
    }
    const answer = await world.fetch(`http://${bucket}.oss-cn-hangzhou.aliyuncs.com/`, {
      method: 'POST',
      headers,
      body,
    })
    expect([answer.status, answer.text]).toEqual([200, fine.body])
    expect(calls[0]?.body).toContain('&o=form&')
    expect(calls[0]?.body).toContain('&v=field&')
    expect(calls[0]?.headers).not.toHaveProperty('x-oss-requester')
    await client.putBucketACL(bucket, 'private')
  })

  test('asks the next URL when one fails, with the host that is given', async () => {
    answers = [async () => ({ status: 500, body: '{}' })]
    const asked = callback({
      callbackUrl: 'one.example.com;https://two.example.com/x',
      callbackHost: 'three',
    })
    const answer = await put({ 'x-oss-callback': encode({ ...asked, callbackSNI: true }) })
    expect(answer.text).toBe(fine.body)
    expect(calls.map(({ url, sni, headers }) => [url, sni, headers.host])).toEqual([
      ['http://one.example.com/', true, 'three'],
      ['https://two.example.com/x', true, 'three'],
    ])
  })

  test('passes over variables that are not the client’s', async () => {
    await put({
      'x-oss-callback': encode(callback()),
      'x-oss-callback-var': encode({ size: '0', 'x:own': 7 }),
    })
    expect(calls[0]?.body).toContain('&s=1&')
    expect(calls[0]?.body).toContain('&v=7&')
  })

  test('without a URL calls nobody', async () => {
    expect((await put({ 'x-oss-callback': encode(callback({ callbackUrl: '' })) })).text).toBe('')
    expect(calls).toEqual([])
  })

  const never = () => new Promise<CallbackAnswer>(() => {})
  test.each<[what: string, () => Promise<CallbackAnswer>, message: string, ec: string]>([
    ['redirects', async () => ({ status: 301, body: '{}' }), 'Error status : 301.', '0007-00000203'],
    ['refuses', async () => ({ status: 403, body: '{}' }), 'Error status : 403.', '0007-00000203'],
    [
      'answers no JSON',
      async () => ({ status: 200, body: 'ok' }),
      'Response body is not valid json format.',
      '0007-00000205',
    ],
    [
      'is not to be reached',
      () => Promise.reject(new Error('ECONNREFUSED')),
      'Error status : -1.OSS can not connect to your callbackUrl, please check it.',
      '0007-00000203',
    ],
    [
      'answers too much',
      () =>
        Promise.reject(
          new CallbackFailure('Error status : 400.User server return too long content-length value.'),
        ),
      'Error status : 400.User server return too long content-length value.',
      '0007-00000203',
    ],
    ['says nothing', never, 'Cost too long time.', '0007-00000202'],
  ])('to a server that %s is stored, and answered with 203', async (what, answerOf, message, ec) => {
    if (what === 'says nothing') vi.spyOn(AbortSignal, 'timeout').mockReturnValue(AbortSignal.abort())
    answers = [answerOf]
    const answer = await put({ 'x-oss-callback': encode(callback()) }, 'stored')
    expect([answer.status, codeOf(answer), answer.headers['x-oss-ec']]).toEqual([203, 'CallbackFailed', ec])
    expect(answer.text).toContain(`<Message>${message}</Message>`)
    expect((await client.get('stored')).content.toString()).toBe('x')
    await client.delete('stored')
  })

  test('that wants an image measured fails: none is read', async () => {
    const answer = await put({ 'x-oss-callback': encode(callback()), 'content-type': 'image/png' }, 'image')
    expect([answer.status, codeOf(answer)]).toEqual([203, 'CallbackFailed'])
    expect(answer.text).toContain('Get image info failed')
    expect(calls).toEqual([])
  })
})

describe('a callback', () => {
  const six = Array(6).fill('http://a.example.com').join(';')
  test.each<[what: string, headers: Headers, code: string, ec: string | undefined]>([
    ['that is no JSON', { 'x-oss-callback': 'e30x' }, 'InvalidArgument', '0007-00000003'],
    ['that is a list', { 'x-oss-callback': encode([]) }, 'InvalidArgument', '0007-00000003'],
    [
      'that is too long',
      { 'x-oss-callback': encode(callback({ a: 'x'.repeat(5000) })) },
      'InvalidArgument',
      undefined,
    ],
    [
      'without a body',
      { 'x-oss-callback': encode({ callbackUrl: URL_OF_APP }) },
      'InvalidArgument',
      undefined,
    ],
    [
      'of a list as body',
      { 'x-oss-callback': encode(callback({ callbackBody: [1] })) },
      'InvalidArgument',
      undefined,
    ],
    [
      'of an unknown type',
      { 'x-oss-callback': encode(callback({ callbackBodyType: 123 })) },
      'InvalidArgument',
      '0007-00000012',
    ],
    [
      'to no URL',
      { 'x-oss-callback': encode(callback({ callbackUrl: 'a.example.com:test' })) },
      'InvalidArgument',
      '0007-00000004',
    ],
    [
      'to six URLs',
      { 'x-oss-callback': encode(callback({ callbackUrl: six })) },
      'InvalidArgument',
      '0007-00000005',
    ],
    [
      'with a host that ends the header',
      { 'x-oss-callback': encode(callback({ callbackHost: 'a\r\nx: y' })) },
      'InvalidArgument',
      undefined,
    ],
    [
      'with variables that are no JSON',
      { 'x-oss-callback': encode(callback()), 'x-oss-callback-var': 'x' },
      'InvalidArgument',
      '0007-00000103',
    ],
    [
      'of a policy that the bucket has not',
      { 'x-oss-callback': encode({ callbackPolicy: 'none' }) },
      'InvalidArgument',
      undefined,
    ],
  ])('%s is refused, and nothing stored', async (_, headers, code, ec) => {
    const answer = await put(headers, 'refused')
    expect([answer.status, codeOf(answer), answer.headers['x-oss-ec']]).toEqual([400, code, ec])
    expect(await failure(client.head('refused'))).toMatchObject({ status: 404 })
    expect(calls).toEqual([])
  })

  test.each([
    ['CopyObject', { 'x-oss-copy-source': '/b/k', 'x-oss-callback': encode(callback()) }, {}],
    ['CopyObject', { 'x-oss-copy-source': '/b/k' }, { callback: encode(callback()) }],
    ['PutSymlink', { 'x-oss-symlink-target': 'k', 'x-oss-callback': encode(callback()) }, { symlink: null }],
  ])('is not for %s', async (_, asked, query) => {
    const answer = await world.send({
      method: 'PUT',
      bucket,
      key: 'refused',
      headers: asked as Headers,
      query: query as Headers,
    })
    expect(codeOf(answer)).toBe('NotImplemented')
  })
})

describe('a callback policy', () => {
  const policy = { policy: null, comp: 'callback' }
  const item = (name: string, asked: object, variables = '') =>
    `<PolicyItem><PolicyName>${name}</PolicyName><Callback>${encode(asked)}</Callback><CallbackVar>${variables}</CallbackVar></PolicyItem>`
  const set = (items: string) =>
    world.send({
      method: 'PUT',
      bucket,
      query: policy,
      body: `<BucketCallbackPolicy>${items}</BucketCallbackPolicy>`,
    })

  test('is kept, beside the bucket’s policy, and named by uploads', async () => {
    const get = () => world.send({ bucket, query: policy })
    expect([(await get()).status, codeOf(await get())]).toEqual([404, 'BucketCallbackPolicyNotExist'])
    const items =
      item('first', callback({ callbackUrl: 'first.example.com' })) + item('second', callback(), own)
    expect((await set(items)).status).toBe(200)
    expect((await get()).text).toContain(items.replaceAll('<CallbackVar></CallbackVar>', '<CallbackVar/>'))
    expect(codeOf(await world.send({ bucket, query: { policy: null } }))).toBe('NoSuchBucketPolicy')
    const named = { 'x-oss-callback': encode({ callbackPolicy: 'second' }) }
    expect((await put(named)).text).toBe(fine.body)
    await put({ ...named, 'x-oss-callback-var': encode({ 'x:own': 'mine' }) })
    expect(calls.map(({ url, body }) => [url, /&v=([^&]*)/.exec(body)?.[1]])).toEqual([
      [URL_OF_APP, '%C3%A4%20%26%20b'],
      [URL_OF_APP, 'mine'],
    ])
    expect((await world.send({ method: 'DELETE', bucket, query: policy })).status).toBe(204)
    expect(codeOf(await get())).toBe('BucketCallbackPolicyNotExist')
  })

  test.each([
    ['an item without a name', '<PolicyItem><Callback>e30=</Callback></PolicyItem>', 'MalformedXML'],
    ['an item without a callback', '<PolicyItem><PolicyName>n</PolicyName></PolicyItem>', 'MalformedXML'],
    [
      'a callback that is no JSON',
      '<PolicyItem><PolicyName>n</PolicyName><Callback>x</Callback></PolicyItem>',
      'InvalidArgument',
    ],
  ])('is refused for %s', async (_, items, code) => {
    expect(codeOf(await set(items))).toBe(code)
    expect(codeOf(await world.send({ bucket, query: policy }))).toBe('BucketCallbackPolicyNotExist')
  })

  test('may have no items', async () => {
    expect((await set('')).status).toBe(200)
    await world.send({ method: 'DELETE', bucket, query: policy })
  })
})

describe('without a sender of one’s own', () => {
  let plain: World
  beforeAll(async () => {
    plain = await startWorld()
    await plain.client().putBucket('plain')
  })
  afterAll(() => plain.stop())

  const upload = (url: string) =>
    plain.send({
      method: 'PUT',
      bucket: 'plain',
      key: 'k',
      headers: { 'x-oss-callback': encode(callback({ callbackUrl: url })) },
      body: 'x',
    })

  test.each([
    '127.0.0.1',
    'http://127.1:80/',
    'http://0x7f000001/',
    'http://2130706433/',
    '10.0.0.1:8080/x',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254/latest',
    '100.64.0.1',
    '0.0.0.0',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://example.com;http://10.0.0.1/',
  ])('nobody is called at %s', async (url) => {
    const answer = await upload(url)
    expect([answer.status, codeOf(answer), answer.headers['x-oss-ec']]).toEqual([
      400,
      'InvalidArgument',
      '0007-00000008',
    ])
  })

  test('nobody is called by a name that has such an address', async () => {
    let called = false
    const server = createServer(() => {
      called = true
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const answer = await upload(`http://localhost:${(server.address() as AddressInfo).port}/`)
    expect([answer.status, codeOf(answer)]).toEqual([203, 'CallbackFailed'])
    expect(answer.text).toContain('OSS can not connect to your callbackUrl')
    expect(called).toBe(false)
    server.close()
  })

  test.each([
    ['8.8.8.8', false],
    ['172.15.255.255', false],
    ['172.31.255.255', true],
    ['223.255.255.255', false],
    ['224.0.0.1', true],
    ['255.255.255.255', true],
  ])('%s is private: %s', (address, isPrivate) => {
    expect(isPrivateAddress(address)).toBe(isPrivate)
  })
})

describe('a callback is sent', () => {
  const send = createSender(() => false)
  /** Posts to a server that answers so. @returns what it was sent, and what came back. */
  async function exchange(listener: RequestListener) {
    let seen: Pick<IncomingMessage, 'method' | 'url' | 'headers'> & { body: string } = {
      headers: {},
      body: '',
    }
    const server = createServer(async (request, response) => {
      const { method, url, headers } = request
      seen = { ...(method && { method }), ...(url && { url }), headers, body: '' }
      for await (const chunk of request) seen.body += chunk
      listener(request, response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const headers = { host: 'app.example.com', 'content-type': 'text/x-own' }
    const request = { url: `http://localhost:${port}/p?q=1`, headers, body: 'ä', sni: false }
    const answer = await send({ ...request, signal: new AbortController().signal }).catch((cause) => cause)
    server.close()
    return { seen, answer }
  }

  test('as it is, and read whole', async () => {
    const { seen, answer } = await exchange((_, response) => response.end('{"a":1}'))
    expect(seen).toMatchObject({
      method: 'POST',
      url: '/p?q=1',
      body: 'ä',
      headers: { host: 'app.example.com', 'content-type': 'text/x-own', 'content-length': '2' },
    })
    expect(answer).toEqual({ status: 200, body: '{"a":1}' })
  })

  test('to no other place that the server names', async () => {
    const { answer } = await exchange((_, response) =>
      response.writeHead(302, { location: '/elsewhere', 'content-length': '0' }).end(),
    )
    expect(answer).toEqual({ status: 302, body: '' })
  })

  test.each([
    ['no length', { 'transfer-encoding': 'chunked' }],
    ['too great a length', { 'content-length': String(3 * 1024 ** 2 + 1) }],
  ])('to no avail for an answer of %s', async (_, headers) => {
    const { answer } = await exchange((_, response) => {
      response.writeHead(200, headers as Headers).write('{')
    })
    expect(answer).toBeInstanceOf(CallbackFailure)
  })
})
