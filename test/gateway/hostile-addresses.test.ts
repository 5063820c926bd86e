import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { runtimes, startWorld, type World } from '../harness.ts'
import { postForm, signFields } from './form.ts'
import { type Answer, send, sign, type WireRequest } from './wire.ts'

const DOMAIN = 's3.example.com'
const SECRET = 'of everyone else'

/** What can be no bucket of OSS, and must not become a host. */
const noBuckets = [
  '127.0.0.1',
  '2130706433.',
  '[::1]',
  '0x7f.1',
  'evil.example',
  'other.evil.example',
  'other.oss-cn-beijing.aliyuncs.com',
  'localhost:80',
  'a@b',
  'user:pw@evil.example',
  'a#b',
  'a?b',
  'a:80',
  'other/..',
  'other%2f..',
  'other\\',
  'OTHER',
  'Other',
  'o'.repeat(64),
  'oo',
  '-other',
  'other-',
  'other_',
  '.',
  '..',
  '.other',
  'other.',
  ' other',
  'other ',
  'other\t',
  'other\r\n',
  'other\0',
  'büro',
  'оther', // a letter of another alphabet
  'ｏther',
  'other。',
  'other\u00ad',
  '\u202eother',
]
/** What looks like a host, but is a bucket's name. */
const buckets = ['localhost', 'oss-cn-hangzhou', 'xn--e1afmkfd', 'constructor', '2130706433', 'o'.repeat(63)]

/** Below a bucket of one's own, ways to say that of another. */
const paths = [
  '../other/key',
  '..%2Fother/key',
  '%2e%2e/other/key',
  '%2E%2E%2Fother%2Fkey',
  '.%2e/other/key',
  '..%5Cother%5Ckey',
  '%5C..%5Cother',
  'a/../../other/key',
  'a/..%2f..%2fother/key',
  '%252e%252e/other/key',
  '%c0%ae%c0%ae/other/key',
  '%c0%ae%c0%ae%c0%afother',
  '%e0%80%ae%e0%80%ae/other/key',
  '%ef%bc%8e%ef%bc%8e/other/key',
  '%ed%a0%80',
  '%ed%a0%80%ed%b0%80',
  '%f4%90%80%80',
  '%ff',
  '%00',
  'key%00.txt',
  'key;versionId=null',
  'key;../other',
  '%0d%0ahost:%20other',
  '//other/key',
  '/other/key',
  '%2Fother/key',
  '%2F%2Fother/key',
  'http://other/key',
  '@other/key',
  ':80@other/key',
  '%23@other',
  '%3fx-oss-acl',
  'key?x-oss-process=image/info',
  '%',
  '%2',
  '%zz',
  '%u002e%u002e/other',
  '~',
  '*',
]

describe.each(runtimes)('%s', (runtime) => {
  let world: World
  let asked: { operation: string; bucket: string; key: string }[] = []

  beforeAll(async () => {
    world = await startWorld(runtime, {
      S3_DOMAIN: DOMAIN,
      GATEWAY_CONFIG: JSON.stringify({ accessPoints: { mine: 'bucket' } }),
    })
    for (const target of ['/bucket', '/other', ...buckets.map((name) => `/${name}`)]) {
      await send(world.endpoint, sign({ method: 'PUT', target }, DOMAIN))
    }
    await world.oss('other').put('key', Buffer.from(SECRET))
    world.localOss.onRequest(({ operation, bucket, key, headers }) => {
      if (!headers['user-agent']?.startsWith('aliyun-sdk')) asked.push({ operation, bucket, key })
    })
  })
  afterAll(() => world.stop())
  afterEach(() => {
    asked = []
  })

  // A `..` that workerd's fetch would resolve never leaves it: to the gateway, OSS is not there.
  const unserved = runtime === 'workerd' ? [501, 503] : [501]

  /** The answer; none where the runtime itself ends the connection. Nothing is ever the gateway's own failure. */
  async function ask(request: WireRequest): Promise<Answer | undefined> {
    const answer = await send(world.endpoint, request).catch(() => undefined)
    expect(answer?.status ?? 400).toSatisfy((status: number) => status < 500 || unserved.includes(status))
    expect(answer?.body.toString() ?? '').not.toContain(SECRET)
    return answer
  }

  describe('is no bucket, wherever it is said', () => {
    const encoded = (name: string) => encodeURIComponent(name)
    const ways: [where: string, make: (name: string) => WireRequest][] = [
      ['in the path', (name) => sign({ method: 'GET', target: `/${encoded(name)}/key` }, DOMAIN)],
      ['to make', (name) => sign({ method: 'PUT', target: `/${encoded(name)}` }, DOMAIN)],
      [
        'in the path, unsigned',
        (name) => ({ method: 'GET', target: `/${encoded(name)}/key`, headers: { host: DOMAIN } }),
      ],
      [
        'in the path, by a browser',
        (name) => ({
          method: 'OPTIONS',
          target: `/${encoded(name)}/key`,
          headers: { host: DOMAIN, origin: 'https://evil.example', 'access-control-request-method': 'GET' },
        }),
      ],
      ['in a copy source', (name) => copy(`${encoded(name)}/key`)],
      ['in a copy source, as it is', (name) => copy(`${name.replace(/[^\x20-\x7e]/g, '%00')}/key`)],
      ['in a copy source with a scheme', (name) => copy(`https://${encoded(name)}/key`)],
      [
        'in a copy source’s access point',
        (name) => copy(`arn:aws:s3:us-east-1:123456789012:accesspoint/${encoded(name)}/object/key`),
      ],
      [
        'in a form',
        (name) => ({
          ...postForm(signFields({ key: 'key' }, name), 'hello', { target: `/${encoded(name)}` }),
        }),
      ],
    ]
    test.each(ways)('%s', async (where, make) => {
      for (const name of noBuckets) {
        // Behind a bucket's name and a slash there is a key; blanks around a value are no part of it.
        if (where.includes('copy source') && /^ |^other(\/|%2f)|[ \t]$/.test(name)) continue
        // workerd has resolved them before the gateway sees the target.
        if (runtime === 'workerd' && /^\.+$/.test(name)) continue
        const answer = await ask(make(name))
        expect([name, answer?.status]).toEqual([name, expect.toSatisfy((status) => !(status < 400))])
      }
      expect(asked).toEqual([])
    })

    test('in the Host', async () => {
      // A host in upper case is the same host, and of others workerd itself makes no URL.
      const hosts = noBuckets.filter((name) => !/[A-Z]/.test(name) && /^[\x21-\x7e]+$/.test(name))
      for (const name of runtime === 'workerd' ? hosts.filter((name) => /^[\w.:[\]-]+$/.test(name)) : hosts) {
        const host = `${name}.${DOMAIN}`
        const answer = await ask(sign({ method: 'GET', target: '/key', headers: { host } }, host))
        expect([name, answer?.status]).toEqual([name, expect.toSatisfy((status) => !(status < 400))])
      }
      expect(asked).toEqual([])
    })

    test('in an access point’s name of every object in JavaScript', async () => {
      for (const name of ['constructor', '__proto__', 'toString']) {
        const answer = await ask(copy(`arn:aws:s3:us-east-1:123456789012:accesspoint/${name}/object/key`))
        expect(answer?.error.Code).toBe('InvalidArgument')
      }
      expect(asked).toEqual([])
    })

    const copy = (source: string) =>
      sign({ method: 'PUT', target: '/bucket/copy', headers: { 'x-amz-copy-source': source } }, DOMAIN)
  })

  test.each(buckets)('%s is a bucket, and nothing else', async (name) => {
    for (const [target, host] of [
      [`/${name}`, DOMAIN],
      ['/', `${name}.${DOMAIN}`],
    ] as const) {
      expect((await ask(sign({ method: 'GET', target, headers: { host } }, host)))?.status).toBe(200)
    }
    expect(asked).toHaveLength(2)
    for (const { bucket } of asked) expect(bucket).toBe(name)
  })

  describe('no path leads from one’s own bucket into another', () => {
    test.each<[where: string, make: (path: string) => WireRequest]>([
      ['to read', (path) => sign({ method: 'GET', target: `/bucket/${path}` }, DOMAIN)],
      ['to delete', (path) => sign({ method: 'DELETE', target: `/bucket/${path}` }, DOMAIN)],
      [
        'to read, behind the bucket’s host',
        (path) =>
          sign(
            { method: 'GET', target: `/${path}`, headers: { host: `bucket.${DOMAIN}` } },
            `bucket.${DOMAIN}`,
          ),
      ],
      [
        'as a copy’s source',
        (path) =>
          sign(
            { method: 'PUT', target: '/bucket/copy', headers: { 'x-amz-copy-source': `bucket/${path}` } },
            DOMAIN,
          ),
      ],
    ])('%s', async (_, make) => {
      for (const path of paths) {
        await ask(make(path))
        for (const { bucket } of asked) expect([path, bucket]).toEqual([path, 'bucket'])
      }
      // A test that asked for nothing would prove nothing.
      expect(asked.length).toBeGreaterThan(5)
      expect((await world.oss('other').get('key')).content.toString()).toBe(SECRET)
    })

    test('nor does anything before it', async () => {
      for (const target of [
        '//other/key',
        '/./other/key',
        '/%2e/other/key',
        '/..//other/key',
        '/;/other/key',
      ]) {
        expect((await ask(sign({ method: 'GET', target }, DOMAIN)))?.status).toBeGreaterThanOrEqual(400)
      }
      expect(asked).toEqual([])
    })
  })

  describe('a parameter', () => {
    const long = 'a'.repeat(12_000)
    const odd = [
      'a%0D%0Ab',
      '%00',
      '%c0%80',
      '%',
      '%zz',
      '%ff',
      '..%2F..',
      '&x-oss-acl',
      '%26x-oss-acl',
      '__proto__',
    ]

    test.each(['versionId', 'uploadId', 'encoding-type', 'partNumber', 'max-keys'])(
      '%s that cannot be one does not come to OSS',
      async (name) => {
        const target = /^(encoding|max)/.test(name) ? '/bucket' : '/bucket/key'
        const more = name === 'partNumber' ? '&uploadId=0123456789ABCDEF' : ''
        for (const value of [long, ...odd.filter((value) => !value.includes('&'))]) {
          const answer = await ask(
            sign({ method: 'GET', target: `${target}?${name}=${value}${more}` }, DOMAIN),
          )
          if (name === 'partNumber') continue
          expect([value, answer?.status]).toEqual([value, expect.toSatisfy((status) => status >= 400)])
        }
        expect(asked.filter(({ operation }) => operation !== 'ListParts')).toEqual([])
      },
    )

    test.each([
      ['', 'marker'],
      ['', 'prefix'],
      ['', 'delimiter'],
      ['list-type=2&', 'continuation-token'],
      ['list-type=2&', 'start-after'],
      ['versions&', 'key-marker'],
      ['uploads&', 'key-marker'],
      ['uploads&key-marker=a&', 'upload-id-marker'],
    ])('%s%s may be anything, and stays what it is', async (more, name) => {
      for (const value of [long, ...odd]) {
        await ask(sign({ method: 'GET', target: `/bucket?${more}${name}=${value}` }, DOMAIN))
      }
      for (const request of asked) {
        expect(request).toEqual({ operation: expect.stringMatching(/^List/), bucket: 'bucket', key: '' })
      }
    })

    test('without a value, thousands of times', async () => {
      const target = `/bucket?${'a&'.repeat(5_000)}location`
      expect((await ask(sign({ method: 'GET', target }, DOMAIN)))?.status).toBe(200)
      expect(asked.map(({ operation }) => operation)).toEqual(['GetBucketLocation'])
    })
  })
})
