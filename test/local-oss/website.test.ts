import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, codeOf, startWorld, type World } from './setup.ts'

let world: World
let client: Client
let bucket: string
beforeAll(async () => {
  world = await startWorld()
  client = await world.bucket()
  bucket = client.getBucket()
  await client.putBucketACL(bucket, 'public-read')
  for (const key of ['index.html', 'dir/index.html', 'error.html', 'page', 'other']) {
    await client.put(key, Buffer.from(key), { headers: { 'content-type': 'text/html' } })
  }
})
afterAll(() => world.stop())

const setTo = async (document: string) => {
  const body = `<WebsiteConfiguration>${document}</WebsiteConfiguration>`
  const answer = await world.send({ method: 'PUT', bucket, query: { website: null }, body })
  return answer.status
}
const index = (more = '') => `<IndexDocument><Suffix>index.html</Suffix>${more}</IndexDocument>`
const subDir = (type: number) => index(`<SupportSubDir>true</SupportSubDir><Type>${type}</Type>`)
const error = '<ErrorDocument><Key>error.html</Key></ErrorDocument>'
const get = (path: string, headers: Record<string, string> = {}) =>
  world.fetch(`http://${bucket}.oss-cn-hangzhou.aliyuncs.com${path}`, { headers })

describe('a website', () => {
  test.each([
    [index() + error, '/', 200, 'index.html'],
    [index() + error, '/page', 200, 'page'],
    [index() + error, '/dir/', 200, 'index.html'],
    [index() + error, '/dir', 404, 'error.html'],
    [index() + error, '/nothing', 404, 'error.html'],
    [subDir(0) + error, '/dir/', 200, 'dir/index.html'],
    [subDir(0) + error, '/dir', 302, ''],
    [subDir(0) + error, '/none', 404, 'error.html'],
    [subDir(0) + error, '/none/', 404, 'error.html'],
    [subDir(1) + error, '/dir', 404, 'error.html'],
    [subDir(2) + error, '/dir', 200, 'dir/index.html'],
    [subDir(2) + error, '/none', 404, 'error.html'],
    [`<IndexDocument><Suffix></Suffix></IndexDocument>${error}`, '/nothing', 404, 'error.html'],
    [`${index()}<ErrorDocument><Key></Key></ErrorDocument>`, '/', 200, 'index.html'],
    [
      `${index()}<ErrorDocument><Key>error.html</Key><HttpStatus>200</HttpStatus></ErrorDocument>`,
      '/nothing',
      200,
      'error.html',
    ],
  ])('of %s answers %s with %i %s', async (document, path, status, content) => {
    expect(await setTo(document)).toBe(200)
    const answer = await get(path)
    expect([answer.status, answer.text]).toEqual([status, content])
    if (status === 302) expect(answer.headers.location).toBe('/dir/')
  })

  test('without pages tells the error itself', async () => {
    await setTo(`${index()}<ErrorDocument><Key>no-such.html</Key></ErrorDocument>`)
    const answer = await get('/nothing')
    expect([answer.status, codeOf(answer)]).toEqual([404, 'NoSuchKey'])
  })

  test('answers its error’s page whole, whatever was asked of the object', async () => {
    await setTo(index() + error)
    const answer = await get('/nothing', { range: 'bytes=0-1', 'if-none-match': '"x"' })
    expect([answer.status, answer.text]).toEqual([404, 'error.html'])
  })

  test('has a head', async () => {
    await setTo(index() + error)
    const head = (path: string) =>
      world.fetch(`http://${bucket}.oss-cn-hangzhou.aliyuncs.com${path}`, { method: 'HEAD' })
    expect((await head('/')).headers).toMatchObject({ 'content-length': '10', 'content-type': 'text/html' })
    expect((await head('/nothing')).status).toBe(404)
  })

  test('is seen by who signs in its directories alone', async () => {
    await setTo(index() + error)
    expect((await client.get('nothing/')).content.toString()).toBe('index.html')
    expect(codeOf(await world.send({ bucket, key: 'nothing' }))).toBe('NoSuchKey')
    expect((await world.send({ method: 'HEAD', bucket, key: 'nothing/' })).status).toBe(404)
    expect((await world.send({ bucket })).text).toContain('<ListBucketResult>')
    expect((await get('/?prefix=dir')).text).toContain('<ListBucketResult>')
  })

  test('lets nobody read what is private', async () => {
    await setTo(index() + error)
    await client.putACL('index.html', 'private')
    expect((await get('/')).status).toBe(403)
    await client.putACL('index.html', 'default' as never)
    await client.putBucketACL(bucket, 'private')
    expect((await get('/nothing')).status).toBe(403)
    const statement = { Effect: 'Allow', Principal: ['*'], Action: ['oss:GetObject'] }
    const Resource = [`acs:oss:*:*:${bucket}/index.html`]
    await client.putBucketPolicy(bucket, { Version: '1', Statement: [{ ...statement, Resource }] })
    expect((await get('/')).text).toBe('index.html')
    expect((await get('/page')).status).toBe(403)
    await client.deleteBucketPolicy(bucket)
    await client.putBucketACL(bucket, 'public-read')
  })
})

describe('a website’s rule', () => {
  const rule = (condition: string, redirect: string, number = 1, more = '') =>
    `<RoutingRule><RuleNumber>${number}</RuleNumber><Condition>${condition}</Condition><Redirect>${redirect}</Redirect>${more}</RoutingRule>`
  const rules = (...all: string[]) => `${index()}${error}<RoutingRules>${all.join('')}</RoutingRules>`
  const missing = '<HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals>'
  const prefix = '<KeyPrefixEquals>old/</KeyPrefixEquals>'
  const origin = '<MirrorURL>http://example.com/</MirrorURL>'
  const to = (more: string, type = 'External') =>
    `<RedirectType>${type}</RedirectType><Protocol>https</Protocol><HostName>example.com</HostName>${more}`

  test.each([
    [
      prefix,
      to('<ReplaceKeyPrefixWith>new/</ReplaceKeyPrefixWith>'),
      '/old/a%20b?x=1',
      'https://example.com/new/a%20b',
    ],
    [
      prefix,
      to('<PassQueryString>true</PassQueryString>'),
      '/old/a?x=1&y',
      'https://example.com/old/a?x=1&y=',
    ],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: OSS's own word
    [missing, to('<ReplaceKeyWith>p/${key}.x</ReplaceKeyWith>'), '/gone', 'https://example.com/p/gone.x'],
    ['<KeySuffixEquals>.gif</KeySuffixEquals>', to('', 'AliCDN'), '/a.gif', 'https://example.com/a.gif'],
    [
      '<IncludeHeader><Key>X-Kind</Key><StartsWith>a</StartsWith></IncludeHeader>',
      to(''),
      '/page',
      'https://example.com/page',
    ],
  ])('with the condition %s and %s sends %s to %s', async (condition, redirect, path, location) => {
    expect(await setTo(rules(rule(condition, redirect)))).toBe(200)
    const answer = await get(path, { 'x-kind': 'abc' })
    expect([answer.status, answer.headers.location]).toEqual([302, location])
  })

  test.each([
    [prefix, '/page', 200, 'page'],
    [missing, '/page', 200, 'page'],
    [prefix + missing, '/gone', 404, 'error.html'],
    ['<IncludeHeader><Key>x-kind</Key><Equals>b</Equals></IncludeHeader>', '/page', 200, 'page'],
  ])('with the condition %s is not met by %s', async (condition, path, status, text) => {
    await setTo(rules(rule(condition, to(''))))
    const answer = await get(path, { 'x-kind': 'abc' })
    expect([answer.status, answer.text]).toEqual([status, text])
  })

  test('has a status, and comes by its number', async () => {
    const code = (status: number) => to(`<HttpRedirectCode>${status}</HttpRedirectCode>`)
    await setTo(rules(rule(prefix, code(307), 2), rule(prefix, code(303), 1)))
    expect((await get('/old/a')).status).toBe(303)
  })

  test.each([
    [
      'is a redirection, where it says nothing else',
      '<HostName>a</HostName>',
      '<RedirectType>External</RedirectType>',
    ],
    [
      'passes no queries to a mirror, nor slashes as they were, follows it and checks nothing, unless it says so',
      to(origin, 'Mirror'),
      '<PassQueryString>false</PassQueryString><MirrorPassQueryString>false</MirrorPassQueryString><MirrorFollowRedirect>true</MirrorFollowRedirect><MirrorCheckMd5>false</MirrorCheckMd5><MirrorPassOriginalSlashes>false</MirrorPassOriginalSlashes>',
    ],
    [
      'passes no header to a mirror but those it names',
      `${to(origin, 'Mirror')}<MirrorHeaders><Pass>a</Pass></MirrorHeaders>`,
      '<MirrorHeaders><Pass>a</Pass><PassAll>false</PassAll></MirrorHeaders>',
    ],
  ])('%s', async (_, redirect, told) => {
    expect(await setTo(rules(rule(missing, redirect)))).toBe(200)
    expect((await world.send({ bucket, query: { website: null } })).text).toContain(told)
  })

  test('may answer with another object', async () => {
    await setTo(
      rules(rule(missing, '<RedirectType>Internal</RedirectType><ReplaceKeyWith>other</ReplaceKeyWith>')),
    )
    const answer = await get('/gone')
    expect([answer.status, answer.text]).toEqual([200, 'other'])
  })

  test('about a mirror has one say about queries', async () => {
    const mirror = `<RedirectType>Mirror</RedirectType>${origin}<MirrorPassQueryString>true</MirrorPassQueryString>`
    await setTo(rules(rule(missing, `${mirror}<PassQueryString>false</PassQueryString>`)))
    const { text } = await world.send({ bucket, query: { website: null } })
    expect(text).toContain('<PassQueryString>true</PassQueryString>')
  })

  test('fetches nothing from elsewhere, and runs no script', async () => {
    const mirror = `<RedirectType>Mirror</RedirectType>${origin}`
    await setTo(rules(rule(missing, mirror)))
    const fetched = await get('/gone')
    expect([fetched.status, codeOf(fetched)]).toEqual([424, 'MirrorFailed'])
    expect((await get('/page')).status).toBe(200)
    await setTo(rules(rule(missing, to(''), 1, '<LuaConfig><Script>a.lua</Script></LuaConfig>')))
    expect(codeOf(await get('/gone'))).toBe('OperationNotSupported')
  })

  test.each([
    '',
    '<IndexDocument><Suffix></Suffix></IndexDocument>',
    '<IndexDocument><Suffix>a/b</Suffix></IndexDocument>',
    index('<Type>3</Type>'),
    `${index()}<ErrorDocument><Key>e</Key><HttpStatus>500</HttpStatus></ErrorDocument>`,
    rules(rule(prefix, '<RedirectType>Other</RedirectType><HostName>a</HostName>')),
    rules(rule(prefix, to('<HttpRedirectCode>200</HttpRedirectCode>'))),
    rules(rule('<HttpErrorCodeReturnedEquals>403</HttpErrorCodeReturnedEquals>', to(origin, 'Mirror'))),
    rules(rule(missing, to('', 'Mirror'))),
    rules(rule(prefix, to(''), 0)),
    rules(...Array.from({ length: 21 }, (_, i) => rule(prefix, to(''), i + 1))),
  ])('is refused where it is %s', async (document) => {
    expect(await setTo(document)).toBe(400)
  })
})

test('by the other reading, who signs sees no website', async () => {
  const other = await startWorld({ readings: { signedReadsSeeWebsite: false } })
  const made = await other.bucket()
  await made.put('index.html', Buffer.from('x'))
  const body = `<WebsiteConfiguration>${index()}</WebsiteConfiguration>`
  await other.send({ method: 'PUT', bucket: made.getBucket(), query: { website: null }, body })
  expect(codeOf(await other.send({ bucket: made.getBucket(), key: 'nothing/' }))).toBe('NoSuchKey')
  await other.stop()
})
