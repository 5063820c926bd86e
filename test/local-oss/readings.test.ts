import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, codeOf, startWorld, type World } from './setup.ts'

type Headers = Record<string, string>

let world: World
let client: Client
let bucket: string

const copyOnto = (key: string, headers: Headers) =>
  world.send({
    method: 'PUT',
    bucket,
    key,
    headers: { 'x-oss-copy-source': `/${bucket}/source`, ...headers },
  })

const head = async (key: string) => ((await client.head(key)).res as { headers: Headers }).headers
/** Of two sorts. */
const metadata = async (key: string) => {
  const { 'content-type': type, 'x-oss-meta-own': own } = await head(key)
  return { 'content-type': type, 'x-oss-meta-own': own }
}

describe.each([true, false])('where selfCopyKeepsMetadata is %s', (selfCopyKeepsMetadata) => {
  beforeAll(async () => {
    world = await startWorld({ readings: { selfCopyKeepsMetadata } })
    client = await world.bucket()
    bucket = client.getBucket()
  })
  afterAll(() => world.stop())

  const former = { 'content-type': 'text/x-former', 'x-oss-meta-own': 'former' }
  const none = { 'content-type': 'application/octet-stream', 'x-oss-meta-own': undefined }
  const kept = selfCopyKeepsMetadata ? former : none
  test.each<[request: string, Headers, after: object]>([
    ['nothing', {}, kept],
    ['the directive COPY', { 'x-oss-metadata-directive': 'COPY' }, kept],
    ['an ACL and a class', { 'x-oss-object-acl': 'private', 'x-oss-storage-class': 'IA' }, kept],
    ['an empty header', { 'cache-control': '' }, kept],
    ['the directive REPLACE', { 'x-oss-metadata-directive': 'REPLACE' }, none],
    ['a header of its own', { 'content-type': 'text/x-own' }, { ...none, 'content-type': 'text/x-own' }],
    ['metadata of its own', { 'x-oss-meta-own': 'new' }, { ...none, 'x-oss-meta-own': 'new' }],
    [
      'metadata and COPY',
      { 'x-oss-meta-own': 'new', 'x-oss-metadata-directive': 'COPY' },
      { ...none, 'x-oss-meta-own': 'new' },
    ],
  ])('an object copied onto itself with %s', async (_, headers, after) => {
    await client.put('source', Buffer.from('x'), { headers: former })
    expect((await copyOnto('source', headers)).status).toBe(200)
    expect(await metadata('source')).toEqual(after)
  })

  test('an object copied elsewhere keeps its metadata', async () => {
    await client.put('source', Buffer.from('x'), { headers: former })
    await copyOnto('copy', {})
    expect(await metadata('copy')).toEqual(former)
  })
})

describe.each([true, false])('where selfCopyKeepsAcl is %s', (selfCopyKeepsAcl) => {
  beforeAll(async () => {
    world = await startWorld({ readings: { selfCopyKeepsAcl } })
    client = await world.bucket()
    bucket = client.getBucket()
  })
  afterAll(() => world.stop())

  const kept = selfCopyKeepsAcl ? 'public-read' : 'default'
  const replace = { 'x-oss-metadata-directive': 'REPLACE' }
  test.each<[versioning: string, headers: Headers, acl: string]>([
    ['', {}, kept],
    ['', replace, kept],
    ['', { 'x-oss-object-acl': 'default' }, 'default'],
    ['', { 'x-oss-object-acl': 'private' }, 'private'],
    ['Enabled', replace, kept],
    ['Enabled', { 'x-oss-object-acl': 'default' }, 'default'],
  ])(
    'an object copied onto itself, versioning %j, with %j, has the ACL %s',
    async (versioning, headers, acl) => {
      if (versioning !== '') await client.putBucketVersioning(bucket, versioning)
      await client.put('source', Buffer.from('x'))
      await client.putACL('source', 'public-read')
      expect((await copyOnto('source', headers)).status).toBe(200)
      expect((await client.getACL('source')).acl).toBe(acl)
    },
  )

  test('an object copied elsewhere has its bucket’s', async () => {
    await client.put('source', Buffer.from('x'), { headers: { 'x-oss-object-acl': 'public-read' } })
    await copyOnto('copy', {})
    expect((await client.getACL('copy')).acl).toBe('default')
  })
})

describe.each([true, false])('where copyIgnoresWriteConditions is %s', (copyIgnoresWriteConditions) => {
  let etag = ''
  beforeAll(async () => {
    world = await startWorld({ readings: { copyIgnoresWriteConditions } })
    client = await world.bucket()
    bucket = client.getBucket()
    await client.put('source', Buffer.from('x'))
    etag = (await head('source')).etag ?? ''
  })
  afterAll(() => world.stop())

  const of = (name: string, value: string): Headers => ({ [name]: value })
  const both = (name: string, value: string) => ({
    ...of(name, value),
    ...of(`x-oss-copy-source-${name}`, value),
  })
  const future = new Date(Date.now() + 3_600_000).toUTCString()
  const past = new Date(Date.now() - 3_600_000).toUTCString()
  const cases: [name: string, headers: () => Headers, status: number][] = [
    ['If-Match that holds', () => both('if-match', etag), 200],
    ['If-Match that does not', () => both('if-match', '"else"'), 412],
    ['If-None-Match that holds', () => both('if-none-match', '"else"'), 200],
    ['If-None-Match that does not', () => both('if-none-match', etag), 304],
    ['If-Modified-Since that holds', () => both('if-modified-since', past), 200],
    ['If-Modified-Since that does not', () => both('if-modified-since', future), 304],
    ['If-Unmodified-Since that holds', () => both('if-unmodified-since', future), 200],
    ['If-Unmodified-Since that does not', () => both('if-unmodified-since', past), 412],
  ]
  test.each(cases)('a copy’s condition that is sent twice, %s', async (_, headers, status) => {
    const answer = await copyOnto('copy', headers())
    const refused = [400, 'NotImplemented']
    const [expected, code] = copyIgnoresWriteConditions ? [status] : refused
    expect(answer.status).toBe(expected)
    if (code !== undefined) expect(codeOf(answer)).toBe(code)
  })

  test.each<[string, Headers]>([
    ['alone', of('if-match', '"else"')],
    ['beside another', { ...of('if-match', '"else"'), ...of('x-oss-copy-source-if-none-match', '"else"') }],
    ['beside a callback', { ...both('if-none-match', '"else"'), 'x-oss-callback': 'e30=' }],
  ])('a condition on the target, %s, is refused', async (_, headers) => {
    const answer = await copyOnto('copy', headers)
    expect([answer.status, codeOf(answer)]).toEqual([400, 'NotImplemented'])
  })

  test('a write that is no copy has no conditions', async () => {
    const headers = both('if-match', etag)
    const answer = await world.send({ method: 'PUT', bucket, key: 'put', headers, body: 'x' })
    expect([answer.status, codeOf(answer)]).toEqual([400, 'NotImplemented'])
  })
})

describe.each([true, false])('where expirationTakesDate is %s', (expirationTakesDate) => {
  beforeAll(async () => {
    world = await startWorld({ readings: { expirationTakesDate } })
    client = await world.bucket()
    bucket = client.getBucket()
  })
  afterAll(() => world.stop())

  const date = '<Date>2030-01-01T00:00:00.000Z</Date>'
  test.each<[rule: string, isTaken: boolean]>([
    [`<Expiration>${date}</Expiration>`, expirationTakesDate],
    [date, true],
    ['<Expiration><CreatedBeforeDate>2030-01-01T00:00:00.000Z</CreatedBeforeDate></Expiration>', true],
  ])('a rule of %s', async (inner, isTaken) => {
    const rule = `<Rule><ID>r</ID><Prefix/><Status>Enabled</Status>${inner}</Rule>`
    const { status, headers } = await world.send({
      method: 'PUT',
      bucket,
      query: { lifecycle: null },
      body: `<LifecycleConfiguration>${rule}</LifecycleConfiguration>`,
    })
    expect([status, headers['x-oss-ec']]).toEqual(isTaken ? [200, undefined] : [400, '0014-00000056'])
  })
})
