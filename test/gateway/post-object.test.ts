import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request as httpRequest } from 'node:http'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parseXml, text } from '../../src/xml/index.ts'
import { type OssBucket, runtimes, startWorld, type World } from '../harness.ts'
import { type FormSigning, postForm, signFields } from './form.ts'
import { type Answer, send, type WireRequest } from './wire.ts'

const MiB = 1024 ** 2
// biome-ignore lint/suspicious/noTemplateCurlyInString: S3's own variable
const FILE_NAME = '${filename}'
const HELLO_MD5 = '"5d41402abc4b2a76b9719d911017c592"'
const document = JSON.stringify({
  clients: [
    { accessKeyId: 'reader', secretAccessKey: 's', readOnly: true },
    { accessKeyId: 'team', secretAccessKey: 's', buckets: ['bucket'], prefixes: ['team/'] },
  ],
})

describe.each(runtimes)('a browser’s form, on %s', (runtime) => {
  let world: World
  let bucket: OssBucket
  beforeAll(async () => {
    world = await startWorld(runtime, { GATEWAY_CONFIG: document, S3_DOMAIN: 's3.example.com' })
    for (const Bucket of ['bucket', 'other']) await world.s3().send(new CreateBucketCommand({ Bucket }))
    bucket = world.oss('bucket')
  })
  afterAll(() => world.stop())
  beforeEach(() => void world.ossRequests())

  const upload = (
    fields: Record<string, string>,
    file: Uint8Array | string = 'hello',
    signing: FormSigning = {},
    form: Parameters<typeof postForm>[2] = {},
  ) => send(world.endpoint, postForm(signFields(fields, 'bucket', signing), file, form))
  const stored = async (key: string) => {
    const { content, res } = await bucket.get(key)
    return { content: content as Buffer, headers: res.headers as Record<string, string> }
  }

  test.each([2, 4] as const)('signed with version %i, becomes an object', async (version) => {
    const answer = await upload({ key: `v${version}/ä b.txt` }, 'hello', { version })
    expect(answer.status).toBe(204)
    expect(answer.headers.etag).toBe(HELLO_MD5)
    expect(answer.headers.location).toBe(`${world.endpoint}/bucket/v${version}/%C3%A4%20b.txt`)
    const { content, headers } = await stored(`v${version}/ä b.txt`)
    expect(content.toString()).toBe('hello')
    expect(headers['content-type']).toBe('binary/octet-stream')
  })

  test('says in its fields what a PutObject says in its headers', async () => {
    const fields = {
      key: 'all',
      acl: 'public-read',
      'Content-Type': 'text/plain',
      'Cache-Control': 'no-cache',
      'Content-Disposition': 'attachment; filename="ü.txt"',
      'x-amz-meta-My_Name': 'ünïcode',
      'x-amz-storage-class': 'STANDARD_IA',
      'x-amz-checksum-crc32': 'NhCmhg==',
      tagging: '<Tagging><TagSet><Tag><Key>a b</Key><Value>1+1</Value></Tag></TagSet></Tagging>',
    }
    const answer = await upload(fields)
    expect(answer.status).toBe(204)
    expect(answer.headers['x-amz-checksum-crc32']).toBe('NhCmhg==')
    const { headers } = await stored('all')
    expect(headers).toMatchObject({
      'content-type': 'text/plain',
      'cache-control': 'no-cache',
      'x-oss-storage-class': 'IA',
      'x-oss-tagging-count': '1',
    })
    expect((await bucket.getObjectTagging('all')).tag).toEqual({ 'a b': '1+1' })
    expect((await upload({ key: 'tagged', 'x-amz-tagging': 'c=d' })).status).toBe(204)
    expect((await bucket.getObjectTagging('tagged')).tag).toEqual({ c: 'd' })
    expect((await bucket.getACL('all')).acl).toBe('public-read')
    const seen = await send(world.endpoint, { method: 'GET', target: '/bucket/all' })
    expect(seen.status).toBe(403)
  })

  test('may have a condition, which holds', async () => {
    const fields = { key: 'once', 'If-None-Match': '*' }
    expect((await upload(fields, 'first')).status).toBe(204)
    expect(await upload(fields, 'second')).toMatchObject({
      status: 412,
      error: { Condition: 'If-None-Match' },
    })
    expect((await stored('once')).content.toString()).toBe('first')
    const etag = `"${createHash('md5').update('first').digest('hex')}"`
    expect((await upload({ key: 'once', 'If-Match': etag }, 'third')).status).toBe(204)
    expect(await upload({ key: 'once', 'If-Match': etag }, 'fourth')).toMatchObject({
      status: 412,
      error: { Condition: 'If-Match' },
    })
    expect((await stored('once')).content.toString()).toBe('third')
  })

  test.each([
    ['If-Unmodified-Since', 'Tue, 09 Apr 2019 03:45:32 GMT', 501],
    ['x-amz-if-match-size', '1', 501],
    ['x-amz-website-redirect-location', '/other', 501],
    ['x-amz-metadata-directive', 'COPY', 400],
  ])('with %s is refused, and stores nothing', async (name, value, status) => {
    expect((await upload({ key: 'refused', [name]: value })).status).toBe(status)
    await expect(bucket.head('refused')).rejects.toMatchObject({ code: 'NoSuchKey' })
  })

  test('names its object after the file', async () => {
    expect((await upload({ key: `up/${FILE_NAME}` }, 'x', {}, { fileName: 'C:\\b $& c.txt' })).status).toBe(
      204,
    )
    expect((await stored('up/b $& c.txt')).content.toString()).toBe('x')
  })

  test.each([
    ['200', 200],
    ['204', 204],
    ['404', 204],
  ])('may ask for the status %s and gets %i', async (success_action_status, status) => {
    const answer = await upload({ key: 'status', success_action_status })
    expect(answer).toMatchObject({ status, body: Buffer.alloc(0) })
  })

  test('is told in XML what it made, with 201', async () => {
    const answer = await upload({ key: 'a/b', success_action_status: '201' })
    expect(answer.status).toBe(201)
    const result = parseXml(answer.body.toString(), 'PostResponse')
    expect(['Location', 'Bucket', 'Key', 'ETag'].map((name) => text(result, name))).toEqual([
      `${world.endpoint}/bucket/a/b`,
      'bucket',
      'a/b',
      HELLO_MD5,
    ])
  })

  test.each([
    ['http://example.com/done', 'http://example.com/done?'],
    ['http://example.com/done?a=b', 'http://example.com/done?a=b&'],
  ])('is sent on to %s', async (success_action_redirect, start) => {
    const answer = await upload({ key: 'a&b', success_action_redirect, success_action_status: '201' })
    expect(answer.status).toBe(303)
    expect(answer.headers.location).toBe(
      `${start}bucket=bucket&key=a%26b&etag=%225d41402abc4b2a76b9719d911017c592%22`,
    )
  })

  test.each(['javascript:alert(1)', '/done', 'http://'])(
    'is not sent on to %s',
    async (success_action_redirect) => {
      expect((await upload({ key: 'k', success_action_redirect })).status).toBe(204)
    },
  )

  test('reaches its bucket by the bucket’s own host name', async () => {
    const form = postForm(signFields({ key: 'by-host' }, 'bucket'), 'hello', { target: '/' })
    const answer = await send(world.endpoint, {
      ...form,
      headers: { ...form.headers, host: 'bucket.s3.example.com' },
    })
    expect(answer.status).toBe(204)
    expect(answer.headers.location).toBe('http://bucket.s3.example.com/by-host')
    expect((await stored('by-host')).content.toString()).toBe('hello')
  })

  test.each([0, 1, 3 * MiB])('of %i bytes arrives whole', async (size) => {
    const bytes = randomBytes(size)
    const answer = await upload({ key: 'sized' }, bytes, { more: [['content-length-range', size, size]] })
    expect(answer.status).toBe(204)
    expect((await stored('sized')).content.equals(bytes)).toBe(true)
  })

  test('of FormData, by fetch', async () => {
    const form = new FormData()
    for (const [name, value] of Object.entries(signFields({ key: 'fetched' }, 'bucket')))
      form.append(name, value)
    form.append('file', new Blob(['hello']), 'hello.txt')
    const { status } = await fetch(`${world.endpoint}/bucket`, { method: 'POST', body: form })
    expect(status).toBe(204)
    expect((await stored('fetched')).content.toString()).toBe('hello')
  })

  // workerd ends such a connection itself.
  test.skipIf(runtime === 'workerd')(
    'leaves its connection fit for the next one, when it is refused before its end',
    async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      const post = (file: Buffer) =>
        new Promise<[status: number | undefined, reused: boolean]>((resolve, reject) => {
          const fields = signFields({ key: 'twice' }, 'bucket', { more: [['content-length-range', 0, 1000]] })
          const { headers, body } = postForm(fields, file)
          const length = String((body as Uint8Array).length)
          const options = { agent, method: 'POST', headers: { ...headers, 'content-length': length } }
          const asking = httpRequest(`${world.endpoint}/bucket`, options, (answer) => {
            answer.resume().once('end', async () => {
              // Refused early it is still being sent, and its connection not free.
              if (!asking.writableFinished) await once(asking, 'finish')
              setImmediate(() => resolve([answer.statusCode, asking.reusedSocket]))
            })
          })
          asking.once('error', reject).end(body)
        })
      expect(await post(Buffer.alloc(MiB / 2))).toEqual([400, false])
      expect(await post(Buffer.alloc(10))).toEqual([204, true])
      // What is announced beyond a megabyte is not taken in to keep its connection.
      expect(await post(Buffer.alloc(3 * MiB))).toEqual([400, true])
      expect(await post(Buffer.alloc(10))).toEqual([204, false])
      agent.destroy()
    },
  )

  describe('is refused, and nothing stored:', () => {
    const key = 'refused/key'
    const big = Buffer.alloc(2 * MiB, 'x')
    type Refusal = { status: number } & Record<string, unknown>
    const rows: [name: string, ask: () => WireRequest, refusal: Refusal][] = [
      [
        'without a policy',
        () => postForm({ key }, 'x'),
        { status: 403, Code: 'AccessDenied', Message: 'Access Denied' },
      ],
      [
        'without a key',
        () => postForm(signFields({}, 'bucket'), 'x'),
        { status: 400, Code: 'InvalidArgument', ArgumentName: 'key' },
      ],
      [
        'with a field after signing',
        () => postForm({ ...signFields({ key }, 'bucket'), 'x-amz-meta-a': 'b' }, 'x'),
        {
          status: 403,
          Code: 'AccessDenied',
          Message: 'Invalid according to Policy: Extra input fields: x-amz-meta-a',
        },
      ],
      [
        'for another bucket',
        () => postForm(signFields({ key }, 'bucket'), 'x', { target: '/other' }),
        {
          status: 403,
          Code: 'AccessDenied',
          Message: expect.stringContaining('["eq", "$bucket", "bucket"]'),
        },
      ],
      [
        'expired',
        () => postForm(signFields({ key }, 'bucket', { expires: -1 }), 'x'),
        { status: 403, Code: 'AccessDenied', Message: 'Invalid according to Policy: Policy expired.' },
      ],
      [
        'with a guessed signature',
        () => postForm(signFields({ key }, 'bucket', { secretAccessKey: 'guessed' }), 'x'),
        { status: 403, Code: 'SignatureDoesNotMatch', AWSAccessKeyId: 'local' },
      ],
      [
        'of a client that may only read',
        () => postForm(signFields({ key }, 'bucket', { accessKeyId: 'reader', secretAccessKey: 's' }), 'x'),
        { status: 403, Code: 'AccessDenied' },
      ],
      [
        'outside of its signer’s prefixes',
        () =>
          postForm(
            signFields({ key: FILE_NAME }, 'bucket', { accessKeyId: 'team', secretAccessKey: 's' }),
            'x',
            { fileName: 'team/../secret' },
          ),
        { status: 403, Code: 'AccessDenied' },
      ],
      [
        'with a file too large, in one piece',
        () => postForm(signFields({ key }, 'bucket', { more: [['content-length-range', 0, 4]] }), 'hello'),
        { status: 400, Code: 'EntityTooLarge', ProposedSize: '5', MaxSizeAllowed: '4' },
      ],
      [
        'with a file too large, in many',
        () =>
          postForm(signFields({ key }, 'bucket', { more: [['content-length-range', 0, 1.5 * MiB]] }), big),
        { status: 400, Code: 'EntityTooLarge', MaxSizeAllowed: String(1.5 * MiB) },
      ],
      [
        'with a file too small',
        () =>
          postForm(
            signFields({ key }, 'bucket', { more: [['content-length-range', 3 * MiB, 4 * MiB]] }),
            big,
          ),
        {
          status: 400,
          Code: 'EntityTooSmall',
          ProposedSize: String(2 * MiB),
          MinSizeAllowed: String(3 * MiB),
        },
      ],
      [
        'whose file does not end',
        () => postForm(signFields({ key }, 'bucket'), big, { end: '\r\n--form-boundary-of-the' }),
        { status: 400, Code: 'MalformedPOSTRequest' },
      ],
      [
        'with another file behind',
        () =>
          postForm(signFields({ key }, 'bucket'), big, {
            end: `\r\n--form-boundary-of-the-tests\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--form-boundary-of-the-tests--`,
          }),
        { status: 400, Code: 'InvalidArgument' },
      ],
      [
        'with another checksum',
        () => postForm(signFields({ key, 'x-amz-checksum-crc32': 'AAAAAA==' }, 'bucket'), big),
        { status: 400, Code: 'BadDigest' },
      ],
      [
        'with tags that are none',
        () => postForm(signFields({ key, tagging: '<Tagging>' }, 'bucket'), 'x'),
        { status: 400, Code: 'MalformedXML' },
      ],
      [
        'with tags twice, by both names',
        () =>
          postForm(
            signFields({ key, tagging: '<Tagging><TagSet/></Tagging>', 'x-amz-tagging': 'a=b' }, 'bucket'),
            'x',
          ),
        { status: 400, Code: 'InvalidArgument', ArgumentName: 'x-amz-tagging' },
      ],
      [
        'with an ACL twice, by both names',
        () => postForm(signFields({ key, acl: 'private', 'x-amz-acl': 'public-read' }, 'bucket'), 'x'),
        { status: 400, Code: 'InvalidArgument', ArgumentName: 'x-amz-acl' },
      ],
      [
        'with an ACL that is none',
        () => postForm(signFields({ key, acl: 'everyone' }, 'bucket'), 'x'),
        { status: 400, Code: 'InvalidArgument', ArgumentName: 'x-amz-acl' },
      ],
      [
        'with the source of a copy',
        () => postForm(signFields({ key, 'x-amz-copy-source': 'bucket/secret' }, 'bucket'), 'x'),
        { status: 400, Code: 'InvalidArgument', ArgumentName: 'x-amz-copy-source' },
      ],
      [
        'for a bucket of somebody else',
        () => postForm(signFields({ key, 'x-amz-expected-bucket-owner': '123456789012' }, 'bucket'), 'x'),
        { status: 403, Code: 'AccessDenied' },
      ],
      [
        'with a storage class that is none',
        () => postForm(signFields({ key, 'x-amz-storage-class': 'NONE' }, 'bucket'), 'x'),
        { status: 400, Code: 'InvalidStorageClass' },
      ],
      [
        'with a line break in a header',
        () =>
          postForm(signFields({ key, 'Content-Type': 'a\r\nx-oss-object-acl: public-read' }, 'bucket'), 'x'),
        { status: 400, Code: 'InvalidArgument' },
      ],
      [
        'in another content type',
        () => ({ method: 'POST', target: '/bucket', headers: { 'content-type': 'text/plain' }, body: 'x' }),
        {
          status: 412,
          Code: 'PreconditionFailed',
          Condition: expect.stringContaining('multipart/form-data'),
        },
      ],
      [
        'for a key',
        () => postForm(signFields({ key }, 'bucket'), 'x', { target: '/bucket/key' }),
        { status: 405, Code: 'MethodNotAllowed' },
      ],
    ]
    test.each(rows)('%s', async (_, ask, { status, ...elements }) => {
      const answer: Answer = await send(world.endpoint, ask())
      expect(answer.error).toMatchObject(elements)
      expect(answer.status).toBe(status)
      const { objects = [] } = await bucket.list({ prefix: 'refused/', 'max-keys': 10 }, {})
      expect(objects).toEqual([])
    })

    test('cut off on its way', async () => {
      const form = postForm(signFields({ key }, 'bucket'), big)
      await send(world.endpoint, { ...form, cutAfter: 1.5 * MiB }).catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 200))
      const { objects = [] } = await bucket.list({ prefix: 'refused/', 'max-keys': 10 }, {})
      expect(objects).toEqual([])
    })
  })
})
