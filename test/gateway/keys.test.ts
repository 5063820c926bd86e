import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeKey } from '../encodings.ts'
import { type OssBucket, runtimes, startWorld, type World } from '../harness.ts'
import { presign, send, sign } from './wire.ts'

const keys = [
  'a b',
  ' ',
  ' a',
  'a ',
  'a  b',
  'a+b',
  '+',
  '%',
  '%2F',
  'a%2Fb',
  '%25',
  '100%',
  '%zz',
  'a?b',
  '?',
  'a?versionId=1',
  '?versionId=',
  'a?acl',
  'a#b',
  '#',
  'a&b=c',
  '=',
  'a=b/c=d',
  '"quoted"',
  "it's",
  '<a>&amp;</a>',
  ']]>',
  'tab\there',
  'line\nfeed',
  'return\rhere',
  '\u0001\u001f\u007f',
  'caf\u00e9',
  'cafe\u0301',
  '中文/キー/ключ',
  '\u{1f600}',
  '\ufeffbom',
  '\u202eright-to-left',
  'k'.repeat(1023),
  '\u20ac'.repeat(341),
  'a//b',
  'a///',
  'folder/',
  'folder//',
  'a\\b',
  'a|b^c`d{e}f[g]h',
  "-_.!~*'()",
  ';/:@$,',
  'constructor',
  '__proto__',
  'toString/valueOf',
  'aux.txt',
  '~user',
  '...',
  'a...b/..c/d..',
  'http://evil.example/x',
  'x@evil.example:443/',
]
// A runtime's fetch resolves these segments, so workerd has to refuse them.
const dotKeys = ['.', '..', 'a/./b', 'a/../b', '../a', 'a/..', './a', 'a/.']

describe.each(runtimes)('keys on %s', (runtime) => {
  let world: World
  let s3: S3Client
  let oss: OssBucket
  let host: string
  let copies: OssBucket

  beforeAll(async () => {
    world = await startWorld(runtime)
    s3 = world.s3()
    host = new URL(world.endpoint).host
    for (const Bucket of ['bucket', 'copies']) await s3.send(new CreateBucketCommand({ Bucket }))
    oss = world.oss('bucket')
    copies = world.oss('copies')
  })
  afterAll(() => world.stop())

  /** Every name in a bucket, as OSS itself lists them. */
  const namesIn = async (bucket: OssBucket) =>
    ((await bucket.list({ 'max-keys': 1000, 'encoding-type': 'url' }, {})).objects ?? []).map(({ name }) =>
      decodeURIComponent(name.replaceAll('+', ' ')),
    )

  /** One key's whole life through the gateway; OSS is asked after each step what it holds. */
  async function live(key: string): Promise<void> {
    const at = { Bucket: 'bucket', Key: key }
    const body = Buffer.from(`of ${key}`)
    await s3.send(new PutObjectCommand({ ...at, Body: body }))
    expect(await namesIn(oss)).toEqual([key])
    const got = await s3.send(new GetObjectCommand(at))
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? [])).toEqual(body)
    expect((await s3.send(new HeadObjectCommand(at))).ContentLength).toBe(body.length)
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: 'bucket', EncodingType: 'url' }))
    expect(Contents?.map(({ Key = '' }) => decodeURIComponent(Key.replaceAll('+', ' ')))).toEqual([key])
    const { Contents: found } = await s3.send(
      new ListObjectsV2Command({ Bucket: 'bucket', Prefix: key, EncodingType: 'url' }),
    )
    expect(found).toHaveLength(1)
    const url = presign({ method: 'GET', target: `/bucket/${encodeKey(key)}` }, host)
    expect((await send(world.endpoint, url)).body.equals(body)).toBe(true)
    await s3.send(
      new CopyObjectCommand({ Bucket: 'copies', Key: key, CopySource: `bucket/${encodeURIComponent(key)}` }),
    )
    expect(await namesIn(copies)).toEqual([key])
    expect((await copies.get((await namesIn(copies))[0] as string)).content).toEqual(body)
    for (const Bucket of ['bucket', 'copies']) await s3.send(new DeleteObjectCommand({ Bucket, Key: key }))
    expect(await namesIn(oss)).toEqual([])
    expect(await namesIn(copies)).toEqual([])
  }

  test.each(keys.map((key) => [JSON.stringify(key).slice(0, 60), key]))('%s lives', (_, key) => live(key))

  // The SDK and a URL both resolve dot segments on the way: these go over the socket.
  describe.each(dotKeys)('%j', (key) => {
    const target = `/bucket/${encodeKey(key)}`
    const ask = (method: string, body?: string) =>
      send(world.endpoint, sign({ method, target, ...(body === undefined ? {} : { body }) }, host))

    test.runIf(runtime === 'node')('lives', async () => {
      expect((await ask('PUT', 'x')).status).toBe(200)
      expect(await namesIn(oss)).toEqual([key])
      expect((await ask('GET')).body.toString()).toBe('x')
      const copied = sign(
        {
          method: 'PUT',
          target: `/copies/${encodeKey(key)}`,
          headers: { 'x-amz-copy-source': `bucket/${encodeKey(key)}` },
        },
        host,
      )
      expect((await send(world.endpoint, copied)).status).toBe(200)
      expect(await namesIn(copies)).toEqual([key])
      expect((await ask('DELETE')).status).toBe(204)
      expect(await namesIn(oss)).toEqual([])
      await send(world.endpoint, sign({ method: 'DELETE', target: `/copies/${encodeKey(key)}` }, host))
    })

    test.runIf(runtime === 'workerd')('is refused, and no other key is touched', async () => {
      await oss.put('b', Buffer.from('b'))
      await oss.put('a/b', Buffer.from('a/b'))
      for (const [method, body] of [['PUT', 'x'], ['GET'], ['DELETE']] as const) {
        expect((await ask(method, body)).status).toBeGreaterThanOrEqual(400)
      }
      expect(await namesIn(oss)).toEqual(['a/b', 'b'])
      expect((await oss.get('b')).content.toString()).toBe('b')
      for (const name of ['b', 'a/b']) await oss.delete(name)
    })
  })

  test.runIf(runtime === 'node')('any other key lives too', async () => {
    const anyKey = fc
      .array(
        fc.oneof(
          fc.string({ unit: 'binary', minLength: 1, maxLength: 4 }),
          fc.constantFrom('/', '//', '%', '%2F', '+', ' ', '?', '#', '&', '=', '..x', '\\', 'é', '🙂'),
        ),
        { minLength: 1, maxLength: 12 },
      )
      .map((parts) => parts.join(''))
      .filter(
        (key) =>
          !/^[/\\]/.test(key) &&
          Buffer.from(key).toString() === key &&
          Buffer.byteLength(key) <= 1023 &&
          !/(^|\/)\.{1,2}(\/|$)/.test(key),
      )
    await fc.assert(fc.asyncProperty(anyKey, live), { numRuns: 15 })
  })
})
