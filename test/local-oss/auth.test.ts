import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, codeOf, failure, later, startWorld, type World } from './setup.ts'

let world: World
let client: Client
let bucket: string

beforeAll(async () => {
  world = await startWorld()
  client = await world.bucket()
  bucket = client.getBucket()
  await client.put('k', Buffer.from('secret'))
})
afterAll(() => world.stop())

const otherSecret = () => world.client(bucket, { accessKeySecret: 'wrong' })

describe('a signature', () => {
  test('of either version opens the bucket', async () => {
    for (const authorizationV4 of [true, false]) {
      const { content } = await world.client(bucket, { authorizationV4 }).get('k')
      expect(String(content)).toBe('secret')
    }
  })

  test('covers awkward keys, queries and non-ASCII metadata', async () => {
    const key = "阿里云/加油/:?;@&=+$, <>{}[]|%//x'()!*~.txt"
    for (const authorizationV4 of [true, false]) {
      const speaker = world.client(bucket, { authorizationV4, headerEncoding: 'latin1' })
      await speaker.put(key, Buffer.from('x'), { meta: { who: '李白' } as never })
      const { meta } = (await speaker.head(key)) as unknown as { meta: Record<string, string> }
      expect(Buffer.from(meta.who ?? '', 'latin1').toString()).toBe('李白')
      await speaker.get(key, { subres: { 'response-content-type': 'a b+c/d&e' } } as never)
      // ali-oss signs `'()*!` as escapes, and sends them bare.
      for (const prefix of ['阿里云/', key]) {
        const { objects } = await speaker.list({ prefix, 'max-keys': 5 }, {})
        expect(objects.map(({ name }) => name)).toEqual([key])
      }
    }
  })

  test('covers a key whose dots a client must not resolve', async () => {
    const key = 'a/../b/./c'
    expect((await world.send({ method: 'PUT', bucket, key, body: 'dots' })).status).toBe(200)
    expect((await world.send({ bucket, key })).text).toBe('dots')
    expect(codeOf(await world.send({ bucket, key: 'b/c' }))).toBe('NoSuchKey')
  })

  test('of another secret is refused, with what was signed', async () => {
    expect(await failure(otherSecret().get('k'))).toMatchObject({
      code: 'SignatureDoesNotMatch',
      status: 403,
    })
    const { status, text } = await world.send({
      bucket,
      key: 'k',
      authorization: await authorization('wrong'),
    })
    expect(status).toBe(403)
    expect(text).toContain(`<CanonicalRequest>GET&#xa;/${bucket}/k&#xa;`)
    expect(text).toContain('<StringToSign>OSS4-HMAC-SHA256&#xa;')
  })

  test('of an unknown key is refused', async () => {
    const stranger = world.client(bucket, { accessKeyId: 'nobody' })
    expect(await failure(stranger.get('k'))).toMatchObject({ code: 'InvalidAccessKeyId', status: 403 })
  })

  test('that is too old or for later is refused', async () => {
    for (const amendTimeSkewed of [-16 * 60_000, 16 * 60_000]) {
      for (const authorizationV4 of [true, false]) {
        const late = world.client(bucket, { amendTimeSkewed, authorizationV4 })
        expect(await failure(late.get('k'))).toMatchObject({
          code: 'RequestTimeTooSkewed',
          status: 403,
          ecCode: '0002-00000504',
        })
      }
    }
  })

  test('for another region than the host’s is an invalid argument', async () => {
    const { status, text } = await world.send({
      bucket,
      key: 'k',
      authorization: await authorization('region'),
    })
    expect(status).toBe(400)
    expect(text).toContain('Invalid signing region in Authorization header.')
    expect(text).toContain('<EC>0002-00000226</EC>')
  })

  test('covers additional headers, and an empty list of them is refused', async () => {
    const request = { bucket, key: 'k', headers: { 'x-custom': ' v ' }, additionalHeaders: ['x-custom'] }
    expect((await world.send(request)).status).toBe(200)
    const changed = {
      ...request,
      authorization: (await authorization('ok')).replace(',Signature', ',AdditionalHeaders=,Signature'),
    }
    expect((await world.send(changed)).text).toContain('<EC>0002-00000209</EC>')
  })

  test('needs a date and the payload header', async () => {
    const dateless = { 'x-oss-date': 'yesterday' }
    expect(
      codeOf(
        await world.send({ bucket, key: 'k', headers: dateless, authorization: await authorization('ok') }),
      ),
    ).toBe('AccessDenied')
    const hashed = await world.send({ bucket, key: 'k', headers: { 'x-oss-content-sha256': 'abc' } })
    expect(codeOf(hashed)).toBe('InvalidArgument')
  })

  /** An Authorization header that is wrong in one way. */
  async function authorization(how: 'ok' | 'wrong' | 'region'): Promise<string> {
    let seen = ''
    const stop = world.oss.onRequest(({ headers }) => {
      seen = headers.authorization ?? ''
    })
    const signer = how === 'wrong' ? otherSecret() : client
    await signer.get('k').catch(() => {})
    stop()
    return how === 'region' ? seen.replace('/cn-hangzhou/', '/cn-beijing/') : seen
  }
})

describe('a signed URL', () => {
  const named = (options = {}) =>
    world.client(bucket, { endpoint: 'http://oss-cn-hangzhou.aliyuncs.com', ...options })

  test('of V1 reads, overrides headers, and writes', async () => {
    const read = named().signatureUrl('k', { response: { 'content-type': 'text/x-own' } } as never)
    const { status, text, headers } = await world.fetch(read)
    expect([status, text, headers['content-type']]).toEqual([200, 'secret', 'text/x-own'])
    const write = named().signatureUrl('written', { method: 'PUT', 'Content-Type': 'text/plain' } as never)
    const written = await world.fetch(write, {
      method: 'PUT',
      body: 'by url',
      headers: { 'content-type': 'text/plain', 'content-length': '6' },
    })
    expect(written.status).toBe(200)
    expect(String((await client.get('written')).content)).toBe('by url')
  })

  test('of V4 reads and writes, with additional headers', async () => {
    const read = await named().signatureUrlV4('GET', 60, { headers: {} }, 'k')
    expect((await world.fetch(read)).text).toBe('secret')
    const host = `${bucket}.oss-cn-hangzhou.aliyuncs.com`
    const write = await named().signatureUrlV4('PUT', 60, { headers: { host } }, 'written', ['host'])
    const written = await world.fetch(write, {
      method: 'PUT',
      body: 'v4',
      headers: { 'content-length': '2' },
    })
    expect(written.status).toBe(200)
  })

  test('does not stretch to another key or method', async () => {
    const url = await named().signatureUrlV4('GET', 60, { headers: {} }, 'k')
    expect(codeOf(await world.fetch(url.replace('/k?', '/other?')))).toBe('SignatureDoesNotMatch')
    expect(codeOf(await world.fetch(url, { method: 'DELETE' }))).toBe('SignatureDoesNotMatch')
  })

  test('expires', async () => {
    const v1 = named().signatureUrl('k', { expires: -10 })
    expect((await world.fetch(v1)).text).toContain('Request has expired.')
    const v4 = await named().signatureUrlV4('GET', 60, { headers: {} }, 'k')
    expect((await later(61_000, () => world.fetch(v4))).text).toContain('Request has expired.')
    const tooLong = await named().signatureUrlV4('GET', 8 * 24 * 3600, { headers: {} }, 'k')
    expect(codeOf(await world.fetch(tooLong))).toBe('InvalidArgument')
  })
})

describe('a security token', () => {
  test('is needed, must be the right one, and works in all four forms', async () => {
    const sts = await startWorld({
      credentials: { accessKeyId: 'local', accessKeySecret: 'local-secret', securityToken: 'token' },
    })
    const make = (stsToken: string | undefined, more = {}) =>
      sts.client('sts-bucket', {
        ...(stsToken ? { stsToken, refreshSTSToken: null, refreshSTSTokenInterval: 1e9 } : {}),
        ...more,
      })
    await make('token').putBucket('sts-bucket')
    for (const authorizationV4 of [true, false]) {
      await make('token', { authorizationV4 }).put('k', Buffer.from('x'))
      expect(await failure(make('stolen', { authorizationV4 }).get('k'))).toMatchObject({
        code: 'InvalidSecurityToken',
      })
      expect(await failure(make(undefined, { authorizationV4 }).get('k'))).toMatchObject({
        code: 'InvalidAccessKeyId',
      })
    }
    const named = make('token', { endpoint: 'http://oss-cn-hangzhou.aliyuncs.com' })
    expect((await sts.fetch(named.signatureUrl('k'))).text).toBe('x')
    expect((await sts.fetch(await named.signatureUrlV4('GET', 60, { headers: {} }, 'k'))).text).toBe('x')
    await sts.stop()
  })
})

describe('without a signature', () => {
  const url = (key: string, query = '') => `http://${bucket}.oss-cn-hangzhou.aliyuncs.com/${key}${query}`
  const put = (key: string) =>
    world.fetch(url(key), { method: 'PUT', body: 'x', headers: { 'content-length': '1' } })

  test('a private bucket is closed', async () => {
    const answer = await world.fetch(url('k'))
    expect([answer.status, codeOf(answer)]).toEqual([403, 'AccessDenied'])
    expect((await world.fetch('http://oss-cn-hangzhou.aliyuncs.com/')).status).toBe(403)
  })

  test('a public object can be read but not written, nor its headers overridden', async () => {
    await client.putACL('k', 'public-read')
    expect((await world.fetch(url('k'))).text).toBe('secret')
    expect((await put('k')).status).toBe(403)
    expect(codeOf(await world.fetch(url('k', '?response-content-type=x')))).toBe('InvalidRequest')
    await client.putACL('k', 'default' as never)
  })

  test('a public bucket can be read and listed; its private objects stay closed', async () => {
    const open = await world.bucket()
    bucket = open.getBucket()
    await open.putBucketACL(bucket, 'public-read')
    await open.put('k', Buffer.from('open'))
    await open.put('closed', Buffer.from('x'), { headers: { 'x-oss-object-acl': 'private' } })
    expect((await world.fetch(url('k'))).text).toBe('open')
    expect((await world.fetch(url(''))).status).toBe(200)
    expect((await world.fetch(url('closed'))).status).toBe(403)
    expect((await put('new')).status).toBe(403)
    await open.putBucketACL(bucket, 'public-read-write')
    expect((await put('new')).status).toBe(200)
    expect((await world.fetch(url('', '?acl'))).text).toContain(
      'Anonymous access is forbidden for this operation.',
    )
    bucket = client.getBucket()
  })
})

test('a refusal of path style names the host', async () => {
  const answer = await world.fetch('http://oss-cn-hangzhou.aliyuncs.com/bucket/key')
  expect([answer.status, codeOf(answer)]).toEqual([403, 'SecondLevelDomainForbidden'])
  expect(answer.text).toContain('<HostId>oss-cn-hangzhou.aliyuncs.com</HostId>')
})
