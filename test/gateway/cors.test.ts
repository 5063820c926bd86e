import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { runtimes, startWorld, type World } from '../harness.ts'
import { postForm, signFields } from './form.ts'
import { presign, send, sign, type WireRequest } from './wire.ts'

const origin = 'https://app.example'
const cors = (answer: { headers: Record<string, string> }) =>
  Object.fromEntries(Object.entries(answer.headers).filter(([name]) => name.startsWith('access-control-')))

const toEverything = {
  'access-control-allow-origin': origin,
  'access-control-allow-methods': 'GET, PUT, POST, HEAD',
  'access-control-allow-credentials': 'true',
  'access-control-expose-headers': 'ETag',
  'access-control-max-age': '300',
}

describe.each(runtimes)('browsers of other origins, on %s', (runtime) => {
  let world: World
  let s3: S3Client
  let host: string
  beforeAll(async () => {
    world = await startWorld(runtime)
    host = new URL(world.endpoint).host
    s3 = world.s3()
    for (const Bucket of ['bucket', 'plain']) await s3.send(new CreateBucketCommand({ Bucket }))
    await s3.send(
      new CreateBucketCommand({
        Bucket: 'beijing',
        CreateBucketConfiguration: { LocationConstraint: 'cn-beijing' as never },
      }),
    )
    const rules = [
      {
        allowedOrigin: origin,
        allowedMethod: ['GET', 'PUT', 'POST', 'HEAD'],
        allowedHeader: '*',
        exposeHeader: 'ETag',
        maxAgeSeconds: '300',
      },
      { allowedOrigin: '*', allowedMethod: 'GET' },
    ]
    await world.oss('bucket').putBucketCORS('bucket', rules as never)
    await world.oss('beijing', 'cn-beijing').putBucketCORS('beijing', rules as never)
    await world.oss('bucket').put('key', Buffer.from('hello'))
  })
  afterAll(() => world.stop())
  beforeEach(() => void world.ossRequests())

  const preflight = (target: string, headers: Record<string, string>) =>
    send(world.endpoint, { method: 'OPTIONS', target, headers })
  const asking = (method: string, headers?: string) => ({
    origin,
    'access-control-request-method': method,
    ...(headers === undefined ? {} : { 'access-control-request-headers': headers }),
  })

  test.each(['/bucket', '/bucket/', '/bucket/key', '/bucket/key?uploads', '/beijing/key'])(
    'may ask for %s',
    async (target) => {
      const answer = await preflight(target, asking('PUT', 'Content-Type,x-amz-date'))
      expect(answer.status).toBe(200)
      expect(cors(answer)).toEqual({
        ...toEverything,
        'access-control-allow-headers': 'content-type, x-amz-date',
      })
      expect(answer.headers.vary).toContain('Origin')
      expect(answer.headers['x-amz-request-id']).toMatch(/^[0-9A-F]{16}$/)
      expect(answer.body).toHaveLength(0)
    },
  )

  test('ask before a presigned request with its very address', async () => {
    const { target } = presign({ method: 'PUT', target: '/bucket/key' }, host)
    expect((await preflight(target, asking('PUT'))).status).toBe(200)
  })

  test('ask OSS once for many answers', async () => {
    await preflight('/bucket/other', asking('GET'))
    world.ossRequests()
    for (let i = 0; i < 5; i++) await preflight('/bucket/other', asking('GET'))
    expect(world.ossRequests()).toEqual([])
  })

  const refusals: [
    name: string,
    target: string,
    headers: Record<string, string>,
    status: number,
    text: string,
  ][] = [
    ['without an Origin', '/bucket/key', {}, 400, 'Insufficient information. Origin request header needed.'],
    ['without a method', '/bucket/key', { origin }, 400, 'Invalid Access-Control-Request-Method: null'],
    ['with no method', '/bucket/key', asking('PATCH'), 400, 'Invalid Access-Control-Request-Method: PATCH'],
    [
      'of a method not allowed',
      '/bucket/key',
      asking('DELETE'),
      403,
      'CORSResponse: This CORS request is not allowed.',
    ],
    [
      'of an origin not allowed',
      '/bucket/key',
      { ...asking('PUT'), origin: 'https://other.example' },
      403,
      'CORSResponse: This CORS request is not allowed.',
    ],
    [
      'of a bucket without rules',
      '/plain/key',
      asking('GET'),
      403,
      'CORSResponse: CORS is not enabled for this bucket.',
    ],
    ['of no bucket', '/nowhere/key', asking('GET'), 403, 'CORSResponse: Bucket not found'],
  ]
  test.each(refusals)('are refused a question %s', async (_, target, headers, status, text) => {
    const answer = await preflight(target, headers)
    expect(answer.status).toBe(status)
    expect(answer.error.Code).toBe(status === 403 ? 'AccessForbidden' : 'BadRequest')
    expect(answer.error.Message).toContain(text)
    if (status === 403)
      expect(answer.error).toMatchObject({
        ResourceType: 'OBJECT',
        Method: headers['access-control-request-method'],
      })
    expect(cors(answer)).toEqual({})
  })

  const withOrigin = (request: WireRequest, from = origin): WireRequest => ({
    ...request,
    headers: { ...request.headers, origin: from },
  })

  const answered: [name: string, make: () => WireRequest, status: number][] = [
    ['a GET', () => sign({ method: 'GET', target: '/bucket/key' }, host), 200],
    ['a HEAD', () => sign({ method: 'HEAD', target: '/bucket/key' }, host), 200],
    ['a presigned PUT', () => presign({ method: 'PUT', target: '/bucket/put', body: 'x' }, host), 200],
    ['a form', () => postForm(signFields({ key: 'form' }, 'bucket'), 'x'), 204],
    ['an error of OSS', () => sign({ method: 'GET', target: '/bucket/none' }, host), 404],
    ['a refusal', () => ({ method: 'GET', target: '/bucket/key' }), 403],
    [
      'a bad signature',
      () => sign({ method: 'GET', target: '/bucket/key' }, host, { secretAccessKey: 'x' }),
      403,
    ],
  ]
  test.each(answered)('can read the answer to %s', async (_, make, status) => {
    const answer = await send(world.endpoint, withOrigin(make()))
    expect(answer.status).toBe(status)
    expect(cors(answer)).toEqual(toEverything)
  })

  test('of any other origin are answered by the rule for everyone', async () => {
    const answer = await send(
      world.endpoint,
      withOrigin(sign({ method: 'GET', target: '/bucket/key' }, host), 'https://other.example'),
    )
    expect(cors(answer)).toEqual({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET',
    })
  })

  test.each([
    ['that no rule allows', '/bucket/key', 'DELETE', 204],
    ['in a bucket without rules', '/plain', 'GET', 200],
    ['in no bucket', '/nowhere/key', 'GET', 404],
    ['of no bucket', '/', 'GET', 200],
  ])(
    'cannot read the answer to a request %s, which is done all the same',
    async (_, target, method, status) => {
      const answer = await send(world.endpoint, withOrigin(sign({ method, target }, host)))
      expect(answer.status).toBe(status)
      expect(cors(answer)).toEqual({})
    },
  )

  test('are not thought of without an Origin', async () => {
    const answer = await send(world.endpoint, sign({ method: 'GET', target: '/bucket/put' }, host))
    expect(cors(answer)).toEqual({})
    expect(answer.headers).not.toHaveProperty('vary')
    expect(world.ossRequests()).toEqual(['GetObject'])
  })

  test('see a bucket’s new life at once', async () => {
    expect((await preflight('/reborn', asking('GET'))).error.Message).toContain('Bucket not found')
    await s3.send(new CreateBucketCommand({ Bucket: 'reborn' }))
    expect((await preflight('/reborn', asking('GET'))).error.Message).toContain('not enabled')
  })
})

test('rules that cannot be read fail a preflight, and no request', async () => {
  const world = await startWorld('node')
  const host = new URL(world.endpoint).host
  await world.s3().send(new CreateBucketCommand({ Bucket: 'bucket' }))
  world.localOss.faults.add({
    when: ({ query }) => query.has('cors'),
    // All attempts of two readings.
    times: 6,
    action: { kind: 'error', status: 500, code: 'InternalError' },
  })
  const put = sign({ method: 'PUT', target: '/bucket/key', body: 'x' }, host)
  const ask = { origin, 'access-control-request-method': 'GET' }
  const options = { method: 'OPTIONS', target: '/bucket/key', headers: ask }
  const answers = [
    await send(world.endpoint, { ...put, headers: { ...put.headers, origin } }),
    await send(world.endpoint, options),
    await send(world.endpoint, options),
  ]
  expect(answers.map(({ status }) => status)).toEqual([200, 503, 403])
  await world.stop()
})
