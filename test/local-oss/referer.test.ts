import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { problemOfReferer, type RefererRules } from '../../src/local-oss/referer/referer-rules.ts'
import { type Client, codeOf, credentials, startWorld, type World } from './setup.ts'

const none: RefererRules = {
  allowEmpty: false,
  truncateQuery: true,
  truncatePath: false,
  whitelist: [],
  blacklist: [],
}
const site = 'http://www.example.com'

test.each([
  ['anything without patterns', {}, '', undefined],
  ['the whitelisted', { whitelist: [site] }, site, undefined],
  ['what begins with the whitelisted', { whitelist: [site] }, `${site}/a/b`, undefined],
  ['nothing else', { whitelist: [site] }, 'http://other.com', 'not whitelisted'],
  ['no other scheme', { whitelist: [site] }, 'https://www.example.com', 'not whitelisted'],
  ['no empty one', { whitelist: [site] }, '', 'empty'],
  ['the empty one where it is allowed', { whitelist: [site], allowEmpty: true }, '', undefined],
  ['a star’s', { whitelist: ['http://*.example.com'] }, 'http://a.b.example.com/c', undefined],
  [
    'not a star’s without a label',
    { whitelist: ['http://*.example.com'] },
    'http://example.com',
    'not whitelisted',
  ],
  ['a question mark’s', { whitelist: ['http://?.example.com'] }, 'http://a.example.com', undefined],
  ['not two characters', { whitelist: ['http://?.example.com'] }, 'http://ab.example.com', 'not whitelisted'],
  ['any but the blacklisted', { blacklist: [site] }, 'http://other.com', undefined],
  ['not the blacklisted', { blacklist: [site] }, `${site}/a`, 'blacklisted'],
  ['not both listed', { blacklist: [site], whitelist: ['http://*'] }, site, 'blacklisted'],
  ['no query to compare', { whitelist: [`${site}/?a=1`] }, `${site}/?a=1`, 'not whitelisted'],
  ['a query to compare', { whitelist: [`${site}/?a=1`], truncateQuery: false }, `${site}/?a=1`, undefined],
  ['no path to compare', { whitelist: [`${site}/a`], truncatePath: true }, `${site}/a`, 'not whitelisted'],
] as [string, Partial<RefererRules>, string, string | undefined][])(
  'takes %s',
  (_, rules, referer, problem) => {
    expect(problemOfReferer({ ...none, ...rules }, referer)).toBe(problem)
  },
)

describe('a bucket’s referers', () => {
  let world: World
  let client: Client
  let bucket: string
  beforeAll(async () => {
    world = await startWorld()
    client = await world.bucket()
    bucket = client.getBucket()
    await client.put('k', Buffer.from('x'))
    await client.putACL('k', 'public-read')
    await client.putBucketReferer(bucket, false, ['https://*.example.com'])
  })
  afterAll(() => world.stop())

  const from = (referer: string) => ({ referer })
  const url = () => `http://${bucket}.oss-cn-hangzhou.aliyuncs.com/k`

  test.each([
    [{}, '0003-00000501'],
    [from('https://other.com/'), '0003-00000503'],
    [from('https://a.example.com/page'), undefined],
  ])('are asked about who does not sign: %j', async (headers, ec) => {
    const answer = await world.fetch(url(), { headers: headers as Record<string, string> })
    expect([answer.status, answer.headers['x-oss-ec']]).toEqual([ec === undefined ? 200 : 403, ec])
  })

  test('are asked about signed URLs, and not about signed headers', async () => {
    const expires = Math.floor(Date.now() / 1000) + 60
    const signature = createHmac('sha1', credentials.accessKeySecret)
      .update(`GET\n\n\n${expires}\n/${bucket}/k`)
      .digest('base64')
    const query = `OSSAccessKeyId=${credentials.accessKeyId}&Expires=${expires}&Signature=${encodeURIComponent(signature)}`
    const fetch = (headers: Record<string, string>) => world.fetch(`${url()}?${query}`, { headers })
    expect(codeOf(await fetch({}))).toBe('AccessDenied')
    expect((await fetch(from('https://a.example.com'))).status).toBe(200)
    expect((await client.get('k')).res.status).toBe(200)
  })

  test('may be black, and of any script', async () => {
    const put = (inner: string) =>
      world.send({
        method: 'PUT',
        bucket,
        query: { referer: null },
        body: `<RefererConfiguration>${inner}</RefererConfiguration>`,
      })
    const black = '<RefererBlacklist><Referer>https://例え.example</Referer></RefererBlacklist>'
    expect((await put(`<AllowEmptyReferer>true</AllowEmptyReferer>${black}`)).status).toBe(200)
    const referer = Buffer.from('https://例え.example/x').toString('latin1')
    const denied = await world.fetch(url(), { headers: { referer } })
    expect([denied.status, denied.headers['x-oss-ec']]).toEqual([403, '0003-00000502'])
    expect((await world.fetch(url())).status).toBe(200)
    for (const wrong of [
      black,
      '<AllowEmptyReferer>perhaps</AllowEmptyReferer>',
      '<AllowEmptyReferer>true</AllowEmptyReferer><AllowTruncateQueryString>false</AllowTruncateQueryString><TruncatePath>true</TruncatePath>',
    ]) {
      expect((await put(wrong)).status).toBe(400)
    }
  })
})
