import { createHmac } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { BOUNDARY, postForm, signFields } from '../gateway/form.ts'
import { send, sign, type WireRequest } from '../gateway/wire.ts'
import type { World } from '../harness.ts'
import { expectUnharmed, startHostileWorld } from './hostile-wire.ts'

let world: World
let host: string

beforeAll(async () => {
  ;({ world, host } = await startHostileWorld())
  await send(world.endpoint, sign({ method: 'PUT', target: '/bucket/key', body: 'hello' }, host))
  world.ossRequests()
})
afterAll(() => world.stop())
afterEach(() => expectUnharmed(world))

/** Every operation that reads an XML document, and the document's root. */
const readers: [root: string, method: string, target: string][] = [
  ['Delete', 'POST', '/bucket?delete'],
  ['CompleteMultipartUpload', 'POST', '/bucket/key?uploadId=0123456789ABCDEF0123456789ABCDEF'],
  ['CreateBucketConfiguration', 'PUT', '/new-bucket'],
  ['Tagging', 'PUT', '/bucket/key?tagging'],
  ['Tagging', 'PUT', '/bucket?tagging'],
  ['AccessControlPolicy', 'PUT', '/bucket/key?acl'],
  ['AccessControlPolicy', 'PUT', '/bucket?acl'],
  ['RestoreRequest', 'POST', '/bucket/key?restore'],
  ['Retention', 'PUT', '/bucket/key?retention'],
  ['LegalHold', 'PUT', '/bucket/key?legal-hold'],
  ['VersioningConfiguration', 'PUT', '/bucket?versioning'],
  ['CORSConfiguration', 'PUT', '/bucket?cors'],
  ['LifecycleConfiguration', 'PUT', '/bucket?lifecycle'],
  ['ServerSideEncryptionConfiguration', 'PUT', '/bucket?encryption'],
  ['PublicAccessBlockConfiguration', 'PUT', '/bucket?publicAccessBlock'],
  ['BucketLoggingStatus', 'PUT', '/bucket?logging'],
  ['WebsiteConfiguration', 'PUT', '/bucket?website'],
  ['RequestPaymentConfiguration', 'PUT', '/bucket?requestPayment'],
  ['AccelerateConfiguration', 'PUT', '/bucket?accelerate'],
  ['ObjectLockConfiguration', 'PUT', '/bucket?object-lock'],
]

/** Within S3's 2 MB. */
const LARGE = 2 * 1024 ** 2 - 1000
const filled = (unit: string) => unit.repeat(Math.floor(LARGE / unit.length))
const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')

/** Documents that are none, or mean nothing, for any root. */
const documents: [name: string, make: (root: string) => string | Uint8Array][] = [
  [
    'a hundred thousand levels',
    (root) => `<${root}>${'<a>'.repeat(100_000)}${'</a>'.repeat(100_000)}</${root}>`,
  ],
  ['three hundred thousand levels that nobody closes', () => '<a>'.repeat(300_000)],
  ['fifty levels', (root) => `<${root}>${'<a>'.repeat(50)}${'</a>'.repeat(50)}</${root}>`],
  ['half a million elements', (root) => `<${root}>${'<a/>'.repeat(500_000)}</${root}>`],
  ['half a million comments', (root) => `<${root}>${filled('<!---->')}</${root}>`],
  ['a comment without an end', (root) => `<${root}><!-- </${root}>`],
  ['comments without an end', (root) => `<${root}>${filled('<!--')}</${root}>`],
  ['CDATA without an end', (root) => `<${root}><![CDATA[</${root}>`],
  ['an instruction without an end', (root) => `<${root}><?a </${root}>`],
  ['a tag without an end', (root) => `<${root} `],
  ['an attribute without an end', (root) => `<${root} a="></${root}>`],
  ['ends without a beginning', (root) => `<${root}>${filled('</a>')}</${root}>`],
  ['the root twice', (root) => `<${root}></${root}><${root}></${root}>`],
  ['no root', () => 'text'],
  ['another root', () => '<constructor/>'],
  ['the root twice, empty', (root) => `<${root}/><${root}/>`],
  ['text behind the root', (root) => `<${root}></${root}>text`],
  [
    'a document type with a bomb of entities',
    (root) => `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><${root}>&b;</${root}>`,
  ],
  ['a document type of another file', (root) => `<!DOCTYPE x SYSTEM "file:///etc/passwd"><${root}/>`],
  ['a document type in small letters', (root) => `<!doctype x><${root}/>`],
  ['an entity outside a document type', (root) => `<!ENTITY a "b"><${root}>&a;</${root}>`],
  ['an element of a document type', (root) => `<!ELEMENT a ANY><${root}/>`],
  [
    'the prototype as an element',
    (root) => `<${root}><__proto__><Status>Enabled</Status></__proto__></${root}>`,
  ],
  ['a constructor as an element', (root) => `<${root}><constructor>a</constructor></${root}>`],
  ['a method as an element', (root) => `<${root}><hasOwnProperty>a</hasOwnProperty></${root}>`],
  ['the parser’s own name for text', (root) => `<${root}><#text>a</#text></${root}>`],
  ['UTF-16', (root) => utf16(`<${root}/>`)],
  ['UTF-16, the other way round', (root) => utf16(`<${root}/>`).swap16()],
  ['bytes of no text', (root) => Buffer.from(`<${root}>\xff\xfe\xc0\x80</${root}>`, 'latin1')],
  ['NUL bytes', (root) => `\0<\0${root}\0/\0>\0`],
  ['a NUL in a name', (root) => `<${root}><a\0/></${root}>`],
  ['gzip', (root) => gzipSync(`<${root}/>`)],
  ['JSON', () => '{"Status":"Enabled"}'],
  ['blanks', () => ' \n '],
  ['text for elements', (root) => `<${root}>a</${root}>`],
  ['more than two megabytes', (root) => `<${root}>${' '.repeat(2 * 1024 ** 2)}</${root}>`],
]

describe('is no document of any operation', () => {
  test.each(documents)('%s', async (_, make) => {
    for (const [root, method, target] of readers) {
      const body = make(root)
      // They all read alike.
      if (body.length > 100_000 && !['Delete', 'CompleteMultipartUpload', 'Tagging'].includes(root)) continue
      const answer = await send(world.endpoint, sign({ method, target, body }, host))
      expect([target, answer.error.Code]).toEqual([
        target,
        expect.stringMatching(
          /^(Malformed(XML|ACLError)|NotImplemented|InvalidRequest|MaxMessageLengthExceeded)$/,
        ),
      ])
    }
    // Whose an ACL is, is asked before it is read to its end.
    expect(world.ossRequests().filter((operation) => operation !== 'GetBucketAcl')).toEqual([])
  })

  test.each([
    ['POST', '/bucket?delete', '<Delete><Object><Key>a\xff</Key></Object></Delete>', 'MalformedXML'],
    ['PUT', '/bucket?policy', '{"Id":"a\xff"}', 'MalformedPolicy'],
  ])('no text, for %s %s', async (method, target, text, code) => {
    const body = Buffer.from(text, 'latin1')
    const answer = await send(world.endpoint, sign({ method, target, body }, host))
    expect(answer.error.Code).toBe(code)
  })

  test('what is compressed is not unpacked', async () => {
    const body = gzipSync(`<Delete><Object><Key>key</Key></Object>${' '.repeat(5_000_000)}</Delete>`)
    const headers = { 'content-encoding': 'gzip' }
    const answer = await send(
      world.endpoint,
      sign({ method: 'POST', target: '/bucket?delete', headers, body }, host),
    )
    expect(answer.error.Code).toBe('MalformedXML')
    expect(world.ossRequests()).toEqual([])
    expect((await world.oss('bucket').head('key')).status).toBe(200)
  })
})

test.each<[name: string, make: (content: string) => string]>([
  [
    'a thousand attributes',
    (content) =>
      `<Tagging ${Array.from({ length: 1000 }, (_, i) => `a${i}="b"`).join(' ')}>${content}</Tagging>`,
  ],
  ['a mark of byte order', (content) => `\ufeff<Tagging>${content}</Tagging>`],
  ['a namespace of nobody', (content) => `<x:Tagging xmlns:x="urn:x">${content}</x:Tagging>`],
  ['a thousand comments', (content) => `<Tagging>${'<!-- -->'.repeat(1000)}${content}</Tagging>`],
  ['sixty kilobytes of blanks', (content) => `<Tagging>${' '.repeat(6e4)}${content}</Tagging>`],
])('%s changes nothing', async (_, make) => {
  const content = '<TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet>'
  const request = { method: 'PUT', target: '/bucket/key?tagging', body: make(content) }
  expect((await send(world.endpoint, sign(request, host))).status).toBe(200)
  expect(world.ossRequests()).toEqual(['PutObjectTagging'])
})

describe('more than anyone needs', () => {
  const numbered = (make: (i: number) => string) => {
    let text = ''
    for (let i = 0; text.length < LARGE; i++) text += make(i)
    return text
  }
  test.each<[name: string, method: string, target: string, body: () => string, code: string]>([
    [
      'rules of a name each',
      'PUT',
      '/bucket?lifecycle',
      () =>
        `<LifecycleConfiguration>${numbered((i) => `<Rule><ID>${i}</ID></Rule>`)}</LifecycleConfiguration>`,
      'MaxMessageLengthExceeded',
    ],
    ['text', 'POST', '/bucket?delete', () => `<Delete>${filled('a')}</Delete>`, 'MalformedXML'],
    [
      'objects to delete',
      'POST',
      '/bucket?delete',
      () => `<Delete>${numbered((i) => `<Object><Key>${i}</Key></Object>`)}</Delete>`,
      'MalformedXML',
    ],
    [
      'parts',
      'POST',
      '/bucket/key?uploadId=0123456789ABCDEF',
      () =>
        `<CompleteMultipartUpload>${numbered((i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>a</ETag></Part>`)}</CompleteMultipartUpload>`,
      'MalformedXML',
    ],
    [
      'tags',
      'PUT',
      '/bucket/key?tagging',
      () => `<Tagging><TagSet>${numbered((i) => `<Tag><Key>${i}</Key><Value/></Tag>`)}</TagSet></Tagging>`,
      'MaxMessageLengthExceeded',
    ],
    [
      'keys of conditions',
      'PUT',
      '/bucket?policy',
      () =>
        policy({
          Condition: { StringEquals: JSON.parse(`{${numbered((i) => `"k${i}":"a",`)}"s3:prefix":"a"}`) },
        }),
      'MaxMessageLengthExceeded',
    ],
  ])('%s', async (_, method, target, body, code) => {
    const answer = await send(world.endpoint, sign({ method, target, body: body() }, host))
    expect(answer.error.Code).toBe(code)
  })
})

const statement = {
  Effect: 'Allow',
  Principal: '*',
  Action: 's3:GetObject',
  Resource: 'arn:aws:s3:::bucket/*',
}
const policy = (change: object) => JSON.stringify({ Statement: [{ ...statement, ...change }] })
const deep = (levels: number, open = '[', close = ']') => open.repeat(levels) + close.repeat(levels)

describe('is no policy', () => {
  /** The statement with something in place of a field. */
  const within = (field: string, json: string) => policy({ [field]: 'HERE' }).replace('"HERE"', json)

  test.each<[name: string, body: string]>([
    ['brackets without an end', filled('[')],
    ['braces without an end', filled('{"a":')],
    ...['Effect', 'Principal', 'Action', 'Resource', 'Condition'].map((field): [string, string] => [
      `a hundred thousand levels as ${field}`,
      within(field, deep(100_000)),
    ]),
    ['a hundred thousand levels as its version', `{"Version":${deep(100_000)},"Statement":[]}`],
    [
      'thousands of objects as a condition',
      within('Condition', deep(100_000, '{"a":', '}').replace(':}', ':1}')),
    ],
    ['the prototype as a field', `{"__proto__":{"Statement":[${JSON.stringify(statement)}]}}`],
    ['the prototype as an operator', within('Condition', '{"__proto__":{"s3:prefix":"a"}}')],
    ['the prototype as a condition’s key', within('Condition', '{"StringEquals":{"__proto__":"a"}}')],
    ['a constructor as an action', within('Action', '"constructor"')],
    ['a break of lines in another bucket’s resource', within('Resource', '"arn:aws:s3:::bucket\\n/*"')],
    ['a number of hundreds of digits', within('Effect', '9'.repeat(400))],
    ['UTF-16', `\ufeff${policy({})}`],
    ['a NUL', `${policy({})}\0`],
    ['more than two megabytes', policy({ Sid: 'a'.repeat(2 * 1024 ** 2) })],
  ])('%s', async (_, body) => {
    const answer = await send(world.endpoint, sign({ method: 'PUT', target: '/bucket?policy', body }, host))
    expect(answer.error.Code).toMatch(/^(MalformedPolicy|NotImplemented|MaxMessageLengthExceeded)$/)
  })
})

describe('a form', () => {
  /** A form that is signed, with its policy as it is given. */
  const withPolicy = (json: string) => {
    const encoded = Buffer.from(json).toString('base64')
    const signature = createHmac('sha1', 'local-secret').update(encoded).digest('base64')
    return postForm({ key: 'form', AWSAccessKeyId: 'local', policy: encoded, signature }, 'hello')
  }
  const expiration = new Date(Date.now() + 3_600_000).toISOString()
  const raw = (body: string, boundary = BOUNDARY): WireRequest => ({
    method: 'POST',
    target: '/bucket',
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body,
  })
  const part = (disposition: string, value = '') =>
    `--${BOUNDARY}\r\nContent-Disposition: form-data${disposition}\r\n\r\n${value}\r\n`

  test.each<[name: string, request: WireRequest]>([
    [
      'of ten thousand fields',
      postForm(Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`f${i}`, ''])), ''),
    ],
    ['with a field of a megabyte', postForm({ key: 'k'.repeat(1e6) }, '')],
    ['with a boundary of 71 characters', raw('', 'b'.repeat(71))],
    ['with a boundary of a kilobyte', raw('', 'b'.repeat(1024))],
    ['with an empty boundary', raw('--\r\n\r\n----\r\n', '""')],
    ['without a boundary in its body', raw(filled('\r\n-'))],
    ['of nothing but beginnings of its boundary', raw(filled(`\r\n--${BOUNDARY.slice(0, -1)}`))],
    ['with headers without an end', raw(`--${BOUNDARY}\r\n${'a: b\r\n'.repeat(100_000)}`)],
    ['with a header of a megabyte', raw(`--${BOUNDARY}\r\na: ${'b'.repeat(1e6)}`)],
    ['with a name of quotes', raw(part(`;${' name="\\'.repeat(500)}`))],
    ['with names of blanks', raw(part(`;${' '.repeat(4000)}`))],
    ['with names of nothing', raw(part(';'.repeat(4000)))],
    ['with a name without an end', raw(part('; name="key'))],
    ['with a field twice', raw(`${part('; name="key"', 'a')}${part('; name="key"', 'b')}`)],
    ['that ends before its file', raw(part('; name="key"', 'a'))],
    ['that is compressed', { ...raw(gzipSync(part('; name="key"', 'a')).toString('latin1')) }],
    [
      'whose policy has thousands of levels for a date',
      withPolicy(`{"expiration":${deep(5_000)},"conditions":[]}`),
    ],
    [
      'whose policy has thousands of levels for a condition',
      withPolicy(`{"expiration":"${expiration}","conditions":[[${deep(5_000)}]]}`),
    ],
    [
      'whose policy has thousands of levels for a value',
      withPolicy(`{"expiration":"${expiration}","conditions":[["eq","$key",${deep(5_000)}]]}`),
    ],
    [
      'whose policy has thousands of objects',
      withPolicy(
        `{"expiration":"${expiration}","conditions":[[${deep(2_000, '{"":', '}').replace(':}', ':1}')}]]}`,
      ),
    ],
    [
      'whose policy is the prototype',
      withPolicy(`{"__proto__":{"expiration":"${expiration}","conditions":[]}}`),
    ],
    [
      'whose policy has a date of no calendar',
      withPolicy('{"expiration":"9999-99-99T99:99:99Z","conditions":[]}'),
    ],
    [
      'whose key is in another bucket',
      postForm(signFields({ key: 'form', bucket: 'other' }, 'other'), 'hello'),
    ],
    [
      'whose metadata breaks a line',
      postForm(
        signFields({ key: 'form', 'x-amz-meta-a': 'b\r\nx-oss-object-acl: public-read' }, 'bucket'),
        'hello',
      ),
    ],
    ['whose metadata’s name breaks a line', raw(part('; name="x-amz-meta-a\nb"', 'c'))],
  ])('%s is refused, and stores nothing', async (_, request) => {
    const answer = await send(world.endpoint, request)
    expect([400, 403]).toContain(answer.status)
    expect(answer.error.Code).toBeDefined()
  })

  test.each<[name: string, field: string, value: string]>([
    ['names an ACL of the prototype', 'acl', '__proto__'],
    ['brings a document of tags without an end', 'tagging', '<Tagging><TagSet>'],
    ['brings a document type', 'tagging', '<!DOCTYPE x><Tagging/>'],
  ])('that %s is refused', async (_, field, value) => {
    const answer = await send(
      world.endpoint,
      postForm(signFields({ key: 'form', [field]: value }, 'bucket'), 'hello'),
    )
    expect(answer.status).toBe(400)
  })

  test('keeps what is dangerous elsewhere out of the object’s headers', async () => {
    const fields = {
      key: 'form',
      'x-ignore-host': 'evil',
      'x-oss-object-acl': 'public-read',
      host: 'evil.example',
      'content-length': '1',
    }
    const answer = await send(world.endpoint, postForm(signFields(fields, 'bucket'), 'hello'))
    expect(answer.status).toBe(204)
    expect(world.ossRequests()).toEqual(['PutObject'])
    expect((await world.oss('bucket').getACL('form')).acl).toBe('private')
    expect((await world.oss('bucket').get('form')).content.toString()).toBe('hello')
  })
})
