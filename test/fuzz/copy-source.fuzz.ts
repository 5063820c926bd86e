import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sign } from '../gateway/wire.ts'
import { type FuzzWorld, HOST, headerSafe, mutated, openWorld, runs } from './world.ts'

let world: FuzzWorld
beforeAll(async () => {
  world = await openWorld()
  for (const target of ['/bucket', '/secrets', '/bucket/up/a', '/bucket/key', '/secrets/up/a']) {
    await world.ask(sign({ method: 'PUT', target, headers: { 'content-length': '0' } }, HOST))
  }
})
afterAll(() => world.close())

const sources = mutated(
  [
    'bucket/up/a',
    '/bucket/up%2Fa',
    'bucket%2Fup/a?versionId=null',
    'arn:aws:s3:::accesspoint/b/object/up/a',
    'secrets/up/a',
  ],
  [
    '/',
    '//',
    '%2F',
    '%2f',
    '..',
    '%2E%2E/',
    '?',
    '?versionId=',
    '&',
    '%',
    '%00',
    '%0d%0a',
    '+',
    'é',
    '中',
    '\\',
    '%25',
    '%3F',
    '#',
    'secrets',
    'up/',
    'bucket',
    ':',
    '@',
    '.oss-cn-hangzhou.aliyuncs.com',
  ],
).map(headerSafe)

const ranges = fc.option(
  fc.constantFrom('bytes=0-0', 'bytes=0-', 'bytes=-1', '0-0', 'bytes=0-99999999999999999999'),
  { nil: undefined },
)

test('a copy source reads nothing that its client may not read', async () => {
  await fc.assert(
    fc.asyncProperty(sources, ranges, fc.boolean(), async (source, range, part) => {
      const request = sign(
        {
          method: 'PUT',
          target: part ? '/bucket/up/copy?partNumber=1&uploadId=x' : '/bucket/up/copy',
          headers: {
            'x-amz-copy-source': source,
            ...(range === undefined ? {} : { 'x-amz-copy-source-range': range }),
          },
        },
        HOST,
        { accessKeyId: 'team', secretAccessKey: 'team-secret' },
      )
      const { calls, writes } = await world.ask(request)
      for (const { url, headers } of calls) {
        // By hand: a URL object would resolve `..` in keys.
        const [, hostname = '', pathname = ''] = /^https:\/\/([^/]+)([^?]*)/.exec(url) ?? []
        expect(hostname).toMatch(/^(bucket\.)?oss-cn-hangzhou\.aliyuncs\.com$/)
        const [read] = (headers['x-oss-copy-source'] ?? '').split('?')
        if (read) expect(decodeURIComponent(read)).toMatch(/^\/bucket\/up\//)
        else if (pathname !== '/') expect(decodeURIComponent(pathname)).toMatch(/^\/up\//)
      }
      for (const { url } of writes) expect(url).toMatch(/\.com\/up\/copy/)
    }),
    runs(),
  )
})
