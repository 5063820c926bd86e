import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signV4 } from '../../src/local-oss/auth/sign-v4.ts'
import { readForm } from '../../src/local-oss/post/form.ts'
import { basicTime } from '../encodings.ts'
import { type Client, codeOf, credentials, startWorld, type World } from './setup.ts'

let world: World
let client: Client
let bucket: string
beforeAll(async () => {
  // A form is signed by the real time, whatever the store’s clock says.
  world = await startWorld({ now: () => Date.now() + 1000 * 86_400_000 })
  client = await world.bucket()
  bucket = client.getBucket()
})
afterAll(() => world.stop())

type Field = [name: string, value: string]
const BOUNDARY = '----boundary'

/** A form as browsers send it. */
function form(fields: readonly Field[], file: string | Buffer | null = 'data', after: readonly Field[] = []) {
  const part = ([name, value]: Field) =>
    Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
  const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="C:\\dir\\my file.txt"\r\nContent-Type: text/plain\r\n\r\n`
  return Buffer.concat([
    ...fields.map(part),
    ...(file === null ? [] : [Buffer.from(head), Buffer.from(file), Buffer.from('\r\n')]),
    ...after.map(part),
    Buffer.from(`--${BOUNDARY}--\r\n`),
  ])
}

const send = (
  body: Buffer,
  { to = bucket, type = `multipart/form-data; boundary=${BOUNDARY}`, headers = {} as object } = {},
) =>
  world.fetch(`http://${to}.oss-cn-hangzhou.aliyuncs.com/`, {
    method: 'POST',
    headers: { 'content-type': type, 'content-length': String(body.length), ...headers },
    body,
  })

const soon = () => new Date(Date.now() + 60_000).toISOString()
const encode = (policy: unknown) => Buffer.from(JSON.stringify(policy)).toString('base64')
const policyOf = (conditions: unknown[]) => encode({ expiration: soon(), conditions })

/** The fields of a V1 signature. */
function signedV1(policy: string): Field[] {
  const signature = createHmac('sha1', credentials.accessKeySecret).update(policy).digest('base64')
  return [
    ['OSSAccessKeyId', credentials.accessKeyId],
    ['policy', policy],
    ['Signature', signature],
  ]
}

/** The fields of a V4 signature. */
function signedV4(policy: string, region = 'cn-hangzhou'): Field[] {
  const date = basicTime(Date.now())
  const scope = `${date.slice(0, 8)}/${region}/oss/aliyun_v4_request`
  return [
    ['policy', policy],
    ['x-oss-signature-version', 'OSS4-HMAC-SHA256'],
    ['x-oss-credential', `${credentials.accessKeyId}/${scope}`],
    ['x-oss-date', date],
    ['x-oss-signature', signV4(credentials.accessKeySecret, scope, policy)],
  ]
}

const post = (fields: Field[], conditions: unknown[] = [], file?: string | Buffer) =>
  send(form([...fields, ...signedV1(policyOf(conditions))], file))
const content = async (key: string) => String((await client.get(key)).content)

describe('a form upload', () => {
  test.each([
    ['V1', signedV1],
    ['V4', signedV4],
  ])('signed by %s becomes an object', async (version, sign) => {
    const key = `signed ${version}/ü`
    const answer = await send(form([['key', key], ...sign(policyOf([{ bucket }]))], 'x\r\n--not-the-end'))
    expect([answer.status, answer.text]).toEqual([204, ''])
    expect(answer.headers).toMatchObject({ etag: expect.stringMatching(/^"[0-9A-F]{32}"$/) })
    expect(answer.headers).toHaveProperty('x-oss-hash-crc64ecma')
    expect(await content(key)).toBe('x\r\n--not-the-end')
  })

  test('needs a signature unless everyone may write', async () => {
    expect((await send(form([['key', 'k']]))).status).toBe(403)
    await client.putBucketACL(bucket, 'public-read-write')
    expect((await send(form([['key', 'open']]))).status).toBe(204)
    await client.putBucketACL(bucket, 'private')
    expect(await content('open')).toBe('data')
  })

  test('is not judged by another signature', async () => {
    const headers = { authorization: 'OSS nobody:wrong' }
    const body = form([['key', 'k'], ...signedV1(policyOf([]))])
    expect((await send(body, { headers })).status).toBe(204)
  })

  test('names its object by the file', async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: OSS's own word
    await post([['key', 'up/${filename}']], [['eq', '$key', 'up/my file.txt']])
    expect(await content('up/my file.txt')).toBe('data')
  })

  test('takes its fields for headers', async () => {
    await post([
      ['key', 'fields'],
      ['Cache-Control', 'no-cache'],
      ['x-oss-meta-uuid', 'ü1'],
      ['x-oss-object-acl', 'public-read'],
      ['x-oss-server-side-encryption', 'AES256'],
    ])
    const { res } = await client.head('fields')
    expect((res as { headers: object }).headers).toMatchObject({
      'cache-control': 'no-cache',
      'content-type': 'text/plain',
      'x-oss-meta-uuid': Buffer.from('ü1').toString('latin1'),
      'x-oss-server-side-encryption': 'AES256',
    })
    expect((await client.getACL('fields')).acl).toBe('public-read')
    expect(
      codeOf(
        await post([
          ['key', 'fields'],
          ['x-oss-forbid-overwrite', 'true'],
        ]),
      ),
    ).toBe('FileAlreadyExists')
  })

  test.each([
    [[], 'text/plain'],
    [[['Content-Type', 'a/b']], 'a/b'],
    [
      [
        ['Content-Type', 'a/b'],
        ['x-oss-content-type', 'c/d'],
      ],
      'c/d',
    ],
  ] as [Field[], string][])('with the types %j is of type %s', async (fields, type) => {
    await post([['key', 'typed'], ...fields])
    const { res } = await client.head('typed')
    expect((res as { headers: object }).headers).toMatchObject({ 'content-type': type })
  })

  test.each([
    ['200', 200],
    ['204', 204],
    ['500', 204],
  ])('with success_action_status %s is answered %i', async (asked, status) => {
    expect(
      (
        await post([
          ['key', 'k'],
          ['success_action_status', asked],
        ])
      ).status,
    ).toBe(status)
  })

  test('with success_action_status 201 is answered by a document', async () => {
    const { status, text } = await post([
      ['key', 'a b'],
      ['success_action_status', '201'],
    ])
    expect(status).toBe(201)
    expect(text).toContain(`<PostResponse><Bucket>${bucket}</Bucket><ETag>`)
    expect(text).toContain(`<Location>http://${bucket}.oss-cn-hangzhou.aliyuncs.com/a%20b</Location>`)
  })

  test('redirects whoever asks for it', async () => {
    const to = 'https://example.com/done?a=1'
    const answer = await post([
      ['key', 'k'],
      ['success_action_redirect', to],
      ['success_action_status', '200'],
    ])
    expect(answer.status).toBe(303)
    const { origin, searchParams } = new URL(answer.headers.location ?? '')
    expect([origin, ...searchParams.keys()]).toEqual(['https://example.com', 'a', 'bucket', 'key', 'etag'])
    expect(
      (
        await post([
          ['key', 'k'],
          ['success_action_redirect', 'javascript:x'],
        ])
      ).status,
    ).toBe(204)
  })

  test('is held to the bucket’s policy', async () => {
    const Condition = { Bool: { 'acs:SecureTransport': 'false' } }
    const statement = { Effect: 'Deny', Principal: ['*'], Action: ['oss:PutObject'], Condition }
    const Resource = [`acs:oss:*:*:${bucket}/denied/*`]
    await client.putBucketPolicy(bucket, { Version: '1', Statement: [{ ...statement, Resource }] })
    expect(codeOf(await post([['key', 'denied/k']]))).toBe('AccessDenied')
    expect((await post([['key', 'other/k']])).status).toBe(204)
    await client.deleteBucketPolicy(bucket)
  })
})

describe('a form is read as it comes', () => {
  const file = Buffer.from('\r\n--\r\n----boundar\r\r\n----bound'.repeat(50))
  const whole = form([['key', 'k']], file, [['later', 'x']])
  const type = `multipart/form-data; boundary=${BOUNDARY}`

  test.each([1, 2, 3, 7, 16, 17, 64, 1000, 100_000])('in pieces of %i bytes', async (size) => {
    async function* pieces() {
      for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size)
    }
    const { fields, fileName, fileType, file: read } = await readForm(type, pieces())
    expect([[...fields], fileName, fileType]).toEqual([[['key', 'k']], 'my file.txt', 'text/plain'])
    const found: Uint8Array[] = []
    for await (const piece of read) found.push(piece)
    expect(Buffer.concat(found).equals(file)).toBe(true)
  })

  test('and holds no more of its file than came at once', async () => {
    const piece = Buffer.alloc(1000, '\r\n--')
    const [head = '', tail = ''] = form([['key', 'k']], 'FILE')
      .toString('latin1')
      .split('FILE')
    let given = 0
    async function* pieces() {
      yield Buffer.from(head, 'latin1')
      for (; given < 1_000_000; given += piece.length) yield piece
      yield Buffer.from(tail, 'latin1')
    }
    let taken = 0
    for await (const { length } of (await readForm(type, pieces())).file) {
      taken += length
      expect(given - taken).toBeLessThan(2 * piece.length)
    }
    expect(taken).toBe(1_000_000)
  })
})

describe('a form upload is refused', () => {
  const good = () => signedV1(policyOf([]))
  const rows: [what: string, body: () => Buffer, status: number, code: string][] = [
    ['without a key', () => form(good()), 400, 'InvalidArgument'],
    ['with an empty key', () => form([['key', ''], ...good()]), 400, 'InvalidObjectName'],
    [
      'without a file',
      () => form([['key', 'k'], ...good()], null),
      400,
      'IncorrectNumberOfFilesInPOSTRequest',
    ],
    [
      'with two files',
      () => form([['key', 'k'], ...good()], 'x', [['file', 'y']]),
      400,
      'IncorrectNumberOfFilesInPOSTRequest',
    ],
    ['with a field twice', () => form([['key', 'k'], ['Key', 'l'], ...good()]), 400, 'MalformedPOSTRequest'],
    [
      'with a long field',
      () =>
        form([
          ['key', 'k'],
          ['x-oss-meta-a', 'x'.repeat(9000)],
        ]),
      400,
      'FieldItemTooLong',
    ],
    [
      'with many fields',
      () => form(Array.from({ length: 200 }, (_, i): Field => [`x-${i}`, 'x'.repeat(8000)])),
      400,
      'MaxPOSTPreDataLengthExceededError',
    ],
    ['cut off', () => form([['key', 'k'], ...good()]).subarray(0, -20), 400, 'MalformedPOSTRequest'],
    ['of another boundary', () => Buffer.from('--other\r\n'.repeat(2000)), 400, 'MalformedPOSTRequest'],
    [
      'without a policy to be signed',
      () =>
        form([
          ['key', 'k'],
          ['Signature', 'x'],
        ]),
      400,
      'InvalidArgument',
    ],
    ['without a key id', () => form([['key', 'k'], ...good().slice(1)]), 400, 'InvalidArgument'],
    [
      'with a wrong signature',
      () => form([['key', 'k'], ...good().slice(0, 2), ['Signature', 'wrong']]),
      403,
      'SignatureDoesNotMatch',
    ],
    [
      'with an unknown key id',
      () => form([['key', 'k'], ['OSSAccessKeyId', 'nobody'], ...good().slice(1)]),
      403,
      'InvalidAccessKeyId',
    ],
    [
      'of another region',
      () => form([['key', 'k'], ...signedV4(policyOf([]), 'cn-x')]),
      400,
      'InvalidArgument',
    ],
    [
      'with a V4 signature of something else',
      () => form([['key', 'k'], ...signedV4(policyOf([])).slice(1), ['policy', policyOf([{ bucket: 'b' }])]]),
      403,
      'SignatureDoesNotMatch',
    ],
    [
      'with a callback that is none',
      () => form([['key', 'k'], ['callback', 'x'], ...good()]),
      400,
      'InvalidArgument',
    ],
    [
      'with a header of two lines',
      () => form([['key', 'k'], ['x-oss-meta-a', 'a\nb'], ...good()]),
      400,
      'InvalidArgument',
    ],
  ]
  test.each(rows)('%s', async (_, body, status, code) => {
    const answer = await send(body())
    expect([answer.status, codeOf(answer)]).toEqual([status, code])
  })

  test('that is no form, or has no boundary', async () => {
    const body = form([['key', 'k'], ...good()])
    expect(codeOf(await send(body, { type: 'application/json' }))).toBe('RequestIsNotMultiPartContent')
    expect(codeOf(await send(body, { type: 'multipart/form-data' }))).toBe('MalformedPOSTRequest')
    expect(codeOf(await send(body, { to: 'no-such-bucket' }))).toBe('NoSuchBucket')
  })

  test('and its connection serves on, however much of it is left', async () => {
    for (let i = 0; i < 5; i++) {
      const large = form([['key', 'k']], Buffer.alloc(300_000, '\r'))
      expect((await send(large)).status).toBe(403)
      const over = await post([['key', 'k']], [['content-length-range', 0, 10]], Buffer.alloc(300_000))
      expect(codeOf(over)).toBe('EntityTooLarge')
    }
    expect((await post([['key', 'k']])).status).toBe(204)
  })
})

describe('a form’s policy', () => {
  const conditions: [condition: unknown, accepted: boolean][] = [
    [['eq', '$key', 'user/k'], true],
    [['eq', '$key', 'user/'], false],
    [['starts-with', '$key', 'user/'], true],
    [['starts-with', '$key', 'k'], false],
    [{ key: 'user/k' }, true],
    [{ 'X-OSS-Meta-A': 'b' }, true],
    [{ 'x-oss-meta-b': 'b' }, false],
    [['eq', '$x-oss-meta-b', ''], false],
    [{ bucket: 'another' }, false],
    [['in', '$x-oss-meta-a', ['a', 'b']], true],
    [['in', '$x-oss-meta-a', ['a']], false],
    [['not-in', '$x-oss-meta-a', ['a']], true],
    [['not-in', '$x-oss-meta-a', ['a', 'b']], false],
    [['content-length-range', 4, 4], true],
    [['content-length-range', 0, 3], false],
    [['content-length-range', 5, 9], false],
  ]
  test.each(conditions)('%j lets a form pass: %s', async (condition, accepted) => {
    const { status } = await post(
      [
        ['key', 'user/k'],
        ['x-oss-meta-a', 'b'],
      ],
      [{ bucket }, condition],
    )
    expect(accepted ? [204] : [400, 403]).toContain(status)
  })

  test.each([
    [0, 3, 'EntityTooLarge'],
    [5, 9, 'EntityTooSmall'],
  ])('of %i to %i bytes', async (min, max, code) => {
    const answer = await post([['key', 'sized']], [['content-length-range', min, max]])
    expect([answer.status, codeOf(answer)]).toEqual([400, code])
    expect((await world.send({ bucket, key: 'sized' })).status).toBe(404)
  })

  const invalid: [what: string, policy: string][] = [
    ['no JSON', Buffer.from('{').toString('base64')],
    ['no expiration', encode({ conditions: [] })],
    ['no date', encode({ expiration: 'soon', conditions: [] })],
    ['no conditions', encode({ expiration: soon() })],
    ['two properties in one', policyOf([{ a: 'b', c: 'd' }])],
    ['an unknown operator', policyOf([['ends-with', '$key', 'k']])],
    ['a field without a dollar', policyOf([['eq', 'key', 'k']])],
    ['a list that is none', policyOf([['in', '$key', 'k']])],
    ['a size that is none', policyOf([['content-length-range', 'a', 10]])],
    ['sizes in the wrong order', policyOf([['content-length-range', 10, 1]])],
  ]
  test.each(invalid)('of %s is refused', async (_, policy) => {
    const answer = await send(form([['key', 'k'], ...signedV1(policy)]))
    expect([answer.status, codeOf(answer)]).toEqual([400, 'InvalidPolicyDocument'])
  })

  test('that has expired, or is not met, is told', async () => {
    const expired = encode({ expiration: '2020-01-01T00:00:00.000Z', conditions: [] })
    const late = await send(form([['key', 'k'], ...signedV1(expired)]))
    expect(late.status).toBe(403)
    expect(late.text).toContain('<Message>Invalid according to Policy: Policy expired.</Message>')
    const unmet = await post([['key', 'k']], [['eq', '$key', 'l']])
    expect(unmet.text).toContain('Invalid according to Policy: Policy Condition failed: [')
  })
})

test('a form with a temporary key has its token', async () => {
  const temporary = await startWorld({ credentials: { ...credentials, securityToken: 'token' } })
  const open = await temporary.send({
    method: 'PUT',
    bucket: 'sts',
    headers: { 'x-oss-security-token': 'token' },
  })
  expect(open.status).toBe(200)
  const upload = (token: Field[]) => {
    const body = form([['key', 'k'], ...signedV4(policyOf([])), ...token])
    return temporary.fetch('http://sts.oss-cn-hangzhou.aliyuncs.com/', {
      method: 'POST',
      headers: {
        'content-type': `multipart/form-data; boundary=${BOUNDARY}`,
        'content-length': String(body.length),
      },
      body,
    })
  }
  expect((await upload([['x-oss-security-token', 'token']])).status).toBe(204)
  expect(codeOf(await upload([]))).toBe('InvalidAccessKeyId')
  expect(codeOf(await upload([['x-oss-security-token', 'other']]))).toBe('InvalidSecurityToken')
  await temporary.stop()
})
