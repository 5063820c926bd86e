import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLocalOss } from '../../src/local-oss/index.ts'
import { basicTime } from '../encodings.ts'
import { signUtils } from '../oss-signer.ts'
import { codeOf, credentials, startWorld, type World } from './setup.ts'

let world: World
let now = Date.now()
beforeAll(async () => {
  world = await startWorld({
    cnames: {
      'files.example.com': 'custom',
      'far.example.com': 'distant',
      'void.example.com': 'not-made',
    },
    now: () => now,
  })
  await world.client('custom').putBucket('custom')
  await world
    .client('custom')
    .put('a b', Buffer.from('x'), { headers: { 'x-oss-object-acl': 'public-read' } })
  await world.send({ method: 'PUT', bucket: 'distant', region: 'cn-beijing' })
  await world.send({ method: 'PUT', bucket: 'distant', key: 'k', region: 'cn-beijing', body: 'far' })
})
afterAll(() => world.stop())

/** Asks a host, signed as for the bucket. */
function ask(host: string, bucket: string, key: string, region = 'cn-hangzhou', method = 'GET') {
  const headers: Record<string, string> = {
    'x-oss-date': basicTime(Date.now()),
    'x-oss-content-sha256': 'UNSIGNED-PAYLOAD',
  }
  const { accessKeyId, accessKeySecret } = credentials
  headers.authorization = signUtils.authorizationV4(
    accessKeyId,
    accessKeySecret,
    region,
    method,
    { headers, queries: {} },
    bucket,
    key,
  )
  return world.fetch(`http://${host}/${encodeURIComponent(key)}`, { method, headers })
}

describe('a request whose host is a custom domain is for its bucket', () => {
  test('unsigned, with any port', async () => {
    for (const host of ['files.example.com', 'files.example.com:8080']) {
      expect((await world.fetch(`http://${host}/a%20b`)).text).toBe('x')
    }
    expect((await world.fetch('http://files.example.com/')).status).toBe(403)
  })

  test('signed by V4, in the region of the bucket', async () => {
    expect((await ask('files.example.com', 'custom', 'a b')).text).toBe('x')
    expect((await ask('far.example.com', 'distant', 'k', 'cn-beijing')).text).toBe('far')
    const elsewhere = await ask('far.example.com', 'distant', 'k')
    expect(elsewhere.status).toBe(400)
    expect(codeOf(await ask('files.example.com', 'files', 'a b'))).toBe('SignatureDoesNotMatch')
  })

  test('signed by V1 with the bucket in its resource', async () => {
    const date = new Date().toUTCString()
    const sign = (resource: string) => {
      const signature = createHmac('sha1', credentials.accessKeySecret)
        .update(`GET\n\n\n${date}\n${resource}`)
        .digest('base64')
      const authorization = `OSS ${credentials.accessKeyId}:${signature}`
      return world.fetch('http://far.example.com/k', { headers: { date, authorization } })
    }
    expect((await sign('/distant/k')).text).toBe('far')
    expect(codeOf(await sign('/k'))).toBe('SignatureDoesNotMatch')
  })

  test('of a bucket that there is not', async () => {
    expect(codeOf(await world.fetch('http://void.example.com/k'))).toBe('NoSuchBucket')
  })
})

describe('custom domains are', () => {
  const configuration = (domain: string, more = '') =>
    `<BucketCnameConfiguration><Cname><Domain>${domain}</Domain>${more}</Cname></BucketCnameConfiguration>`
  const post = (comp: string, domain: string, bucket = 'custom', more?: string) =>
    world.send({
      method: 'POST',
      bucket,
      query: { cname: null, comp },
      body: configuration(domain, more),
    })
  const list = async () =>
    [
      ...(await world.send({ bucket: 'custom', query: { cname: null } })).text.matchAll(/<Domain>(.*?)</g),
    ].map(([, domain]) => domain)

  test('listed, freed and bound again', async () => {
    expect(await list()).toEqual(['files.example.com'])
    expect((await post('delete', 'files.example.com')).status).toBe(200)
    expect(await list()).toEqual([])
    expect((await world.fetch('http://files.example.com/a%20b')).status).toBe(404)
    expect((await post('add', 'files.example.com')).status).toBe(200)
    expect((await post('add', 'files.example.com')).status).toBe(200)
    expect(await list()).toEqual(['files.example.com'])
    expect((await world.fetch('http://files.example.com/a%20b')).text).toBe('x')
  })

  test('bound only by who owns them', async () => {
    const strange = await post('add', 'other.example.com')
    expect([strange.status, codeOf(strange)]).toEqual([403, 'NeedVerifyDomainOwnership'])
    expect(strange.text).toContain('<EC>0018-00000115</EC>')
    expect(codeOf(await post('add', 'far.example.com'))).toBe('CnameAlreadyExists')
    expect((await post('delete', 'far.example.com')).status).toBe(200)
    expect((await ask('far.example.com', 'distant', 'k', 'cn-beijing')).status).toBe(200)
  })

  test.each(['', 'a', '10.0.0.1', 'b.oss-cn-hangzhou.aliyuncs.com', 'a_b.example.com'])(
    'not what %j is',
    async (domain) => {
      expect((await post('add', domain)).status).toBe(400)
      expect((await post('token', domain)).status).toBe(400)
    },
  )

  test('not served with a certificate', async () => {
    await post('delete', 'files.example.com')
    const certificate = '<CertificateConfiguration><CertId>1</CertId></CertificateConfiguration>'
    expect(codeOf(await post('add', 'files.example.com', 'custom', certificate))).toBe(
      'OperationNotSupported',
    )
    expect(await list()).toEqual([])
    await post('add', 'files.example.com')
  })

  test('proved by a token that is the same for 72 hours', async () => {
    const tokenOf = ({ text }: { text: string }) => /<Token>(.*)<\/Token>/.exec(text)?.[1]
    const get = (domain: string) => world.send({ bucket: 'custom', query: { cname: domain, comp: 'token' } })
    expect((await get('new.example.com')).status).toBe(404)
    const made = await post('token', 'new.example.com')
    expect(made.text).toContain('<Bucket>custom</Bucket><Cname>new.example.com</Cname>')
    expect(tokenOf(made)).toMatch(/^[0-9a-f]{32}$/)
    expect(tokenOf(await post('token', 'new.example.com'))).toBe(tokenOf(made))
    expect(tokenOf(await get('new.example.com'))).toBe(tokenOf(made))
    now += 73 * 3600_000
    expect((await get('new.example.com')).status).toBe(404)
    now = Date.now()
  })

  test.each([
    [{ '127.0.0.1': 'bucket' }],
    [{ localhost: 'bucket' }],
    [{ 'b.oss-cn-hangzhou.aliyuncs.com': 'bucket' }],
    [{ 'files.example.com': 'No Bucket' }],
  ])('not made of %j', async (cnames) => {
    await expect(createLocalOss({ directory: ':memory:', credentials, cnames })).rejects.toThrow()
  })
})

describe('the host for transfer acceleration', () => {
  const accelerate = (enabled: boolean) =>
    world.send({
      method: 'PUT',
      bucket: 'distant',
      region: 'cn-beijing',
      query: { transferAcceleration: null },
      body: `<TransferAccelerationConfiguration><Enabled>${enabled}</Enabled></TransferAccelerationConfiguration>`,
    })
  const hosts = ['distant.oss-accelerate.aliyuncs.com', 'distant.oss-accelerate-overseas.aliyuncs.com']

  test.each(hosts)('%s serves a bucket of any region that has it switched on', async (host) => {
    const disabled = await ask(host, 'distant', 'k', 'cn-beijing')
    expect([disabled.status, codeOf(disabled)]).toEqual([403, 'TransferAccelerationDisabled'])
    await accelerate(true)
    expect((await ask(host, 'distant', 'k', 'cn-beijing')).text).toBe('far')
    await accelerate(false)
    expect(codeOf(await ask(host, 'distant', 'k', 'cn-beijing'))).toBe('TransferAccelerationDisabled')
  })

  test('is missing no bucket', async () => {
    expect(codeOf(await ask('nothing.oss-accelerate.aliyuncs.com', 'nothing', 'k'))).toBe('NoSuchBucket')
  })
})

test('the internal host is the region’s', async () => {
  const internal = await ask('distant.oss-cn-beijing-internal.aliyuncs.com', 'distant', 'k', 'cn-beijing')
  expect(internal.text).toBe('far')
  expect((await ask('distant.oss-cn-hangzhou-internal.aliyuncs.com', 'distant', 'k')).status).toBe(403)
})
