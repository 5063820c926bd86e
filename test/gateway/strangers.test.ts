import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { runtimes, startWorld, type World } from '../harness.ts'
import { postForm, signFields } from './form.ts'
import { presign, send, sign, type WireRequest } from './wire.ts'

const origin = 'https://app.example'
const asking = { origin, 'access-control-request-method': 'GET' }

describe.each(runtimes)('who has not signed, on %s', (runtime) => {
  let world: World
  let host: string
  beforeAll(async () => {
    world = await startWorld(runtime)
    host = new URL(world.endpoint).host
    await world.s3().send(new CreateBucketCommand({ Bucket: 'bucket' }))
    const rule = { allowedOrigin: origin, allowedMethod: 'GET' }
    await world.oss('bucket').putBucketCORS('bucket', [rule] as never)
  })
  afterAll(() => world.stop())
  beforeEach(() => void world.ossRequests())

  const wrong = { secretAccessKey: 'wrong' }
  const form = signFields({ key: 'form' }, 'bucket', wrong)
  const unsigned: [name: string, request: () => WireRequest][] = [
    ['nothing', () => ({ method: 'GET', target: '/bucket/key' })],
    ['a wrong signature', () => sign({ method: 'GET', target: '/bucket/key' }, host, wrong)],
    ['a wrong signature in the query', () => presign({ method: 'GET', target: '/bucket/key' }, host, wrong)],
    [
      'a key that nobody has',
      () => sign({ method: 'GET', target: '/bucket/key' }, host, { accessKeyId: 'none' }),
    ],
    ['a bucket that nobody has', () => ({ method: 'GET', target: '/made-up/key' })],
    ['a form signed by nobody', () => postForm({ key: 'form' }, 'x')],
    ['a form with a wrong signature', () => postForm(form, 'x')],
  ]
  test.each(unsigned)(
    'but comes with %s, causes no call to OSS, from another origin or not',
    async (_, make) => {
      for (const headers of [{}, { origin }]) {
        const request = make()
        const answer = await send(world.endpoint, { ...request, headers: { ...request.headers, ...headers } })
        expect(answer.status).toBe(403)
      }
      expect(world.ossRequests()).toEqual([])
    },
  )

  const preflight = (bucket: string) =>
    send(world.endpoint, { method: 'OPTIONS', target: `/${bucket}/key`, headers: asking })

  test('asks about buckets that are not there at the host that all share, once each', async () => {
    for (let i = 0; i < 3; i++) {
      expect((await preflight('not-there')).error.Message).toContain('Bucket not found')
    }
    expect(world.ossRequests()).toEqual(['ListBuckets'])
  })

  test('is answered about a bucket that no signed request has named', async () => {
    await world.oss().putBucket('elsewhere')
    const rule = { allowedOrigin: origin, allowedMethod: 'GET' }
    await world.oss('elsewhere').putBucketCORS('elsewhere', [rule] as never)
    for (let i = 0; i < 3; i++) expect((await preflight('elsewhere')).status).toBe(200)
    expect(world.ossRequests()).toEqual(['ListBuckets', 'GetBucketCors'])
  })
})

test('a gateway that may not list buckets asks the bucket itself', async () => {
  const world = await startWorld('node')
  await world.oss().putBucket('bucket')
  const rule = { allowedOrigin: origin, allowedMethod: 'GET' }
  await world.oss('bucket').putBucketCORS('bucket', [rule] as never)
  world.localOss.faults.add({
    operation: 'ListBuckets',
    times: Number.POSITIVE_INFINITY,
    action: { kind: 'error', status: 403, code: 'AccessDenied' },
  })
  const preflight = { method: 'OPTIONS', target: '/bucket/key', headers: asking }
  expect((await send(world.endpoint, preflight)).status).toBe(200)
  await world.stop()
})

describe('what the settings switch off is refused in words of S3', () => {
  let world: World
  let host: string
  beforeAll(async () => {
    world = await startWorld('node', { GATEWAY_CONFIG: 'postForms: false\nsignatureV2: false\ncors: false' })
    host = new URL(world.endpoint).host
    await world.s3().send(new CreateBucketCommand({ Bucket: 'bucket' }))
    const rule = { allowedOrigin: '*', allowedMethod: 'GET' }
    await world.oss('bucket').putBucketCORS('bucket', [rule] as never)
  })
  afterAll(() => world.stop())
  beforeEach(() => void world.ossRequests())

  const v2Query = `AWSAccessKeyId=local&Expires=${Math.floor(Date.now() / 1000) + 600}&Signature=x`
  test.each<[name: string, make: () => WireRequest, status: number, code: string, message: string]>([
    [
      'forms',
      () => postForm(signFields({ key: 'k' }, 'bucket'), 'x'),
      405,
      'MethodNotAllowed',
      'not allowed',
    ],
    [
      'Signature Version 2 in the header',
      () => ({ method: 'GET', target: '/bucket/key', headers: { authorization: 'AWS local:x' } }),
      400,
      'InvalidRequest',
      'Please use AWS4-HMAC-SHA256.',
    ],
    [
      'Signature Version 2 in the query',
      () => ({ method: 'GET', target: `/bucket/key?${v2Query}` }),
      400,
      'InvalidRequest',
      'Please use AWS4-HMAC-SHA256.',
    ],
    [
      'preflights',
      () => ({ method: 'OPTIONS', target: '/bucket/key', headers: asking }),
      403,
      'AccessForbidden',
      'CORS is not enabled',
    ],
  ])('%s', async (_, make, status, code, message) => {
    const answer = await send(world.endpoint, make())
    expect([answer.status, answer.error.Code]).toEqual([status, code])
    expect(answer.error.Message).toContain(message)
    expect(world.ossRequests()).toEqual([])
  })

  test('and an answer has no rules of other origins', async () => {
    const answer = await send(
      world.endpoint,
      sign({ method: 'GET', target: '/bucket', headers: { origin } }, host),
    )
    expect(answer.status).toBe(200)
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin')
    expect(world.ossRequests()).toEqual(['ListObjects'])
  })
})

test('forms may be on while Signature Version 2 is off', async () => {
  const world = await startWorld('node', { GATEWAY_CONFIG: 'signatureV2: false' })
  await world.s3().send(new CreateBucketCommand({ Bucket: 'bucket' }))
  const post = (version: 2 | 4) =>
    send(world.endpoint, postForm(signFields({ key: 'k' }, 'bucket', { version }), 'x'))
  expect((await post(4)).status).toBe(204)
  const refused = await post(2)
  expect([refused.status, refused.error.Code]).toEqual([400, 'InvalidRequest'])
  await world.stop()
})
