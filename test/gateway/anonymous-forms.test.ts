import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ObservedRequest } from '../../src/local-oss/index.ts'
import { type OssBucket, runtimes, startWorld, type World } from '../harness.ts'
import { postForm, signFields } from './form.ts'
import { send } from './wire.ts'

describe.each(runtimes)('a form that nobody has signed, on %s', (runtime) => {
  let world: World
  let bucket: OssBucket
  let seen: ObservedRequest[] = []
  beforeAll(async () => {
    world = await startWorld(runtime, { GATEWAY_CONFIG: 'anonymous: forward', S3_DOMAIN: 's3.example.com' })
    world.localOss.onRequest((request) => {
      if (!request.headers['user-agent']?.startsWith('aliyun-sdk')) seen.push(request)
    })
    for (const name of ['bucket', 'readable', 'closed', 'held']) await world.oss().putBucket(name)
    await world.oss().putBucketACL('bucket', 'public-read-write')
    await world.oss().putBucketACL('held', 'public-read-write')
    await world.oss().putBucketACL('readable', 'public-read')
    bucket = world.oss('bucket')
  })
  afterAll(() => world.stop())
  beforeEach(() => {
    seen = []
  })

  const upload = (
    fields: Record<string, string>,
    form: Parameters<typeof postForm>[2] = {},
    headers: Record<string, string> = {},
  ) => {
    const request = postForm(fields, 'hello', form)
    return send(world.endpoint, { ...request, headers: { ...request.headers, ...headers } })
  }
  const names = () => seen.map(({ operation }) => operation)

  test('becomes an object where OSS lets everybody write', async () => {
    const fields = {
      key: 'a/ä b',
      'Content-Type': 'text/plain',
      'x-amz-meta-a': 'b',
      'x-amz-storage-class': 'STANDARD_IA',
      'x-amz-checksum-crc32': 'NhCmhg==',
      success_action_status: '201',
    }
    const answer = await upload(fields)
    expect([answer.status, answer.headers['x-amz-checksum-crc32']]).toEqual([201, 'NhCmhg=='])
    const { content, res } = await bucket.get('a/ä b')
    expect((content as Buffer).toString()).toBe('hello')
    expect(res.headers).toMatchObject({
      'content-type': 'text/plain',
      'x-oss-meta-a': 'b',
      'x-oss-storage-class': 'IA',
    })
    for (const { headers } of seen) expect(headers).not.toHaveProperty('authorization')
  })

  test('and with another, is one call each, once the region is known', async () => {
    await upload({ key: 'first' })
    seen = []
    expect((await upload({ key: 'second' })).status).toBe(204)
    expect(names()).toEqual(['PutObject'])
  })

  test('makes what everybody may read where the bucket says so, unless it says otherwise', async () => {
    await upload({ key: 'plain' })
    await upload({ key: 'kept', acl: 'private' })
    expect((await bucket.getACL('plain')).acl).toBe('default')
    expect((await bucket.getACL('kept')).acl).toBe('private')
    const read = (key: string) => send(world.endpoint, { method: 'GET', target: `/bucket/${key}` })
    expect([(await read('plain')).status, (await read('kept')).status]).toEqual([200, 403])
  })

  test.each(['readable', 'closed'])('is refused by OSS in a bucket that is %s', async (name) => {
    const answer = await upload({ key: 'k' }, { target: `/${name}` })
    expect([answer.status, answer.error.Code, answer.error.Message]).toEqual([
      403,
      'AccessDenied',
      'Access Denied',
    ])
    await expect(world.oss(name).head('k')).rejects.toMatchObject({ code: 'NoSuchKey' })
    for (const { headers } of seen) expect(headers).not.toHaveProperty('authorization')
  })

  test('for no bucket is told so', async () => {
    const answer = await upload({ key: 'k' }, { target: '/not-there' })
    expect([answer.status, answer.error.Code]).toEqual([404, 'NoSuchBucket'])
  })

  const { policy = '', 'x-amz-signature': signature = '', ...rest } = signFields({ key: 'k' }, 'bucket')
  const v2 = signFields({ key: 'k' }, 'bucket', { version: 2 })
  type Refusal = [what: string, fields: Record<string, string>, status: number]
  test.each<Refusal>([
    ['a policy without a signature', { key: 'k', policy }, 403],
    ['a signature without a policy', { ...rest, 'x-amz-signature': signature }, 400],
    ['an algorithm alone', { key: 'k', 'x-amz-algorithm': 'AWS4-HMAC-SHA256' }, 400],
    ['an access key alone', { key: 'k', AWSAccessKeyId: 'local' }, 400],
    ['a wrong signature', { ...v2, signature: 'x' }, 403],
    ['a session token', { key: 'k', 'x-amz-security-token': 'x' }, 400],
    ['a condition', { key: 'k', 'If-None-Match': '*' }, 501],
    ['another condition', { key: 'k', 'If-Match': '"x"' }, 501],
    ['an owner', { key: 'k', 'x-amz-expected-bucket-owner': '1000000000000001' }, 501],
    [
      'a grant',
      { key: 'k', 'x-amz-grant-read': 'uri="http://acs.amazonaws.com/groups/global/AllUsers"' },
      501,
    ],
    ['a lock', { key: 'k', 'x-amz-object-lock-mode': 'GOVERNANCE' }, 501],
    ['a legal hold', { key: 'k', 'x-amz-object-lock-legal-hold': 'ON' }, 501],
    ['a copy source', { key: 'k', 'x-amz-copy-source': '/closed/key' }, 400],
    ['a key of the gateway’s own', { key: '.s3-oss-gateway/x' }, 403],
    ['no key', {}, 400],
  ])('with %s is refused, and OSS is not asked', async (_, fields, status) => {
    expect((await upload(fields)).status).toBe(status)
    expect(names()).toEqual([])
  })

  test.each<[string, Record<string, string>, string]>([
    ['a header that is a signature', { authorization: 'AWS4-HMAC-SHA256 Credential=x' }, '/bucket'],
    ['a header of another scheme', { authorization: 'Bearer x' }, '/bucket'],
    ['half a presigned URL', {}, '/bucket?X-Amz-Expires=1'],
    ['a token', { 'x-amz-security-token': 'x' }, '/bucket'],
  ])('beside %s is refused, and OSS is not asked', async (_, headers, target) => {
    expect([400, 403]).toContain((await upload({ key: 'k' }, { target }, headers)).status)
    expect(names()).toEqual([])
  })

  test('says nothing to OSS in fields of OSS’s own', async () => {
    const fields = { key: 'own', 'x-oss-object-acl': 'public-read', 'x-oss-copy-source': '/closed/key' }
    expect((await upload(fields)).status).toBe(204)
    const put = seen.find(({ operation }) => operation === 'PutObject')
    expect(Object.keys(put?.headers ?? {}).filter((name) => name.startsWith('x-oss-'))).toEqual([])
  })

  test('beside signed ones takes nothing from them: those go in the gateway’s name', async () => {
    const signed = postForm(signFields({ key: 'signed' }, 'closed'), 'hello', { target: '/closed' })
    expect((await send(world.endpoint, signed)).status).toBe(204)
    expect((await world.oss('closed').getACL('signed')).acl).toBe('private')
  })

  test('reaches its bucket by the bucket’s own host name', async () => {
    const answer = await upload({ key: 'hosted' }, { target: '/' }, { host: 'bucket.s3.example.com' })
    expect(answer.status).toBe(204)
    expect(((await bucket.get('hosted')).content as Buffer).toString()).toBe('hello')
  })
})
