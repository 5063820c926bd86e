import { describe, expect } from 'vitest'
import { failure } from './errors.ts'
import { type Ask, must, target, type Xml } from './s3.ts'
import { ownBucket, put, type Row, rows } from './table.ts'

const keys = ['a b+c', 'dir/1', 'dir/2', 'dir/sub/3', 'dir2/4', 'é', 'z~*_-.=']
const bucket = ownBucket(async (name) => {
  for (const key of keys) await put(name, key)
})
const emptyBucket = ownBucket()
const byBytes = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))

type Listed = { Contents?: Xml[]; CommonPrefixes?: Xml[] } & Xml
const listed = (xml: Xml) => (xml.ListBucketResult ?? {}) as Listed
const keysOf = (xml: Xml) => (listed(xml).Contents ?? []).map(({ Key }) => Key)
const prefixesOf = (xml: Xml) => (listed(xml).CommonPrefixes ?? []).map(({ Prefix }) => Prefix)

/** Rows both versions of the list have: `more` is the second's parameter. */
function common(more: Record<string, string>): Row[] {
  const list = (query: Record<string, string> = {}): Ask => ({ query: { ...more, ...query } })
  return [
    {
      name: 'keys come in the order of their bytes',
      ask: list(),
      status: 200,
      headers: { 'content-type': /^application\/xml/ },
      xml: { ListBucketResult: { IsTruncated: 'false', MaxKeys: '1000', Prefix: '' } },
      and: ({ xml }, name) => {
        expect(keysOf(xml)).toEqual(byBytes)
        expect(listed(xml).Name).toBe(name)
      },
    },
    {
      name: 'each key has its ETag, size, class and time',
      ask: list(),
      status: 200,
      and: ({ xml }) =>
        expect(listed(xml).Contents?.[0]).toMatchObject({
          ETag: '"5d41402abc4b2a76b9719d911017c592"',
          Size: '5',
          StorageClass: 'STANDARD',
          LastModified: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        }),
    },
    {
      name: 'a prefix narrows the list',
      ask: list({ prefix: 'dir/' }),
      status: 200,
      xml: { ListBucketResult: { Prefix: 'dir/' } },
      and: ({ xml }) => expect(keysOf(xml)).toEqual(['dir/1', 'dir/2', 'dir/sub/3']),
    },
    {
      name: 'a delimiter rolls keys up into common prefixes',
      ask: list({ delimiter: '/' }),
      status: 200,
      xml: { ListBucketResult: { Delimiter: '/' } },
      and: ({ xml }) => {
        expect(keysOf(xml)).toEqual(['a b+c', 'z~*_-.=', 'é'])
        expect(prefixesOf(xml)).toEqual(['dir/', 'dir2/'])
      },
    },
    {
      name: 'prefix and delimiter together look into one folder',
      ask: list({ delimiter: '/', prefix: 'dir/' }),
      status: 200,
      and: ({ xml }) => {
        expect(keysOf(xml)).toEqual(['dir/1', 'dir/2'])
        expect(prefixesOf(xml)).toEqual(['dir/sub/'])
      },
    },
    {
      name: 'a delimiter may be any text',
      ask: list({ delimiter: 'ir' }),
      status: 200,
      and: ({ xml }) => expect(prefixesOf(xml)).toEqual(['dir']),
    },
    {
      name: 'an empty delimiter and an empty prefix are as if they were not there',
      ask: list({ delimiter: '', prefix: '' }),
      status: 200,
      and: ({ xml }) => expect(keysOf(xml)).toEqual(byBytes),
    },
    {
      name: 'a prefix that nothing has gives an empty list',
      ask: list({ prefix: 'nothing' }),
      status: 200,
      and: ({ xml }) => expect(listed(xml).Contents).toBeUndefined(),
    },
    {
      name: 'no keys at most gives none, and nothing is left',
      ask: list({ 'max-keys': '0' }),
      status: 200,
      xml: { ListBucketResult: { MaxKeys: '0', IsTruncated: 'false' } },
      and: ({ xml }) => expect(keysOf(xml)).toEqual([]),
    },
    {
      name: 'more than a thousand keys at most is a thousand',
      ask: list({ 'max-keys': '5000' }),
      status: 200,
      xml: { ListBucketResult: { MaxKeys: '1000' } },
    },
    {
      name: 'fewer than no keys are refused',
      ask: list({ 'max-keys': '-1' }),
      status: 400,
      error: { Code: 'InvalidArgument', ArgumentName: 'max-keys', ArgumentValue: '-1' },
    },
    {
      name: 'a number of keys that is none is refused',
      ask: list({ 'max-keys': 'many' }),
      status: 400,
      error: { Code: 'InvalidArgument', ArgumentName: 'max-keys', ArgumentValue: 'many' },
    },
    {
      name: 'encoding-type=url encodes keys as a form, blanks as plus, tildes encoded and stars kept',
      ask: list({ 'encoding-type': 'url' }),
      status: 200,
      xml: { ListBucketResult: { EncodingType: 'url' } },
      and: ({ xml }) => {
        expect(keysOf(xml)).toContain('a+b%2Bc')
        expect(keysOf(xml)).toContain('z%7E*_-.%3D')
        expect(keysOf(xml)).toContain('dir/1')
        expect(keysOf(xml)).toContain('%C3%A9')
      },
    },
    {
      name: 'encoding-type=url encodes prefix, delimiter and common prefixes too',
      ask: list({ 'encoding-type': 'url', prefix: 'a b', delimiter: '+' }),
      status: 200,
      xml: { ListBucketResult: { Prefix: 'a+b', Delimiter: '%2B' } },
      and: ({ xml }) => expect(prefixesOf(xml)).toEqual(['a+b%2B']),
    },
    {
      name: 'another encoding is refused',
      ask: list({ 'encoding-type': 'base64' }),
      ...failure('InvalidArgument', {
        Message: 'Invalid Encoding Method specified in Request',
        ArgumentName: 'encoding-type',
        ArgumentValue: 'base64',
      }),
    },
    {
      name: 'a bucket that is not there is named',
      ask: { ...list(), bucket: 'conformance-no-such-bucket' },
      ...failure('NoSuchBucket', { BucketName: 'conformance-no-such-bucket' }),
    },
  ]
}

rows('ListObjects', bucket, [
  ...common({}),
  {
    name: 'the marker and the prefix are empty, not absent, and the owner is always there',
    ask: {},
    status: 200,
    xml: { ListBucketResult: { Marker: '', Prefix: '' } },
    and: ({ xml }) => {
      expect(listed(xml).Contents?.[0]).toMatchObject({ Owner: { ID: expect.stringMatching(/./) } })
      expect(listed(xml)).not.toHaveProperty('KeyCount')
    },
  },
  {
    name: 'without a delimiter a truncated list has no NextMarker',
    ask: { query: { 'max-keys': '2' } },
    status: 200,
    xml: { ListBucketResult: { IsTruncated: 'true', MaxKeys: '2' } },
    and: ({ xml }) => {
      expect(keysOf(xml)).toEqual(byBytes.slice(0, 2))
      expect(listed(xml)).not.toHaveProperty('NextMarker')
    },
  },
  {
    name: 'with a delimiter a truncated list has a NextMarker, which may be a prefix',
    ask: { query: { 'max-keys': '2', delimiter: '/' } },
    status: 200,
    xml: { ListBucketResult: { IsTruncated: 'true', NextMarker: 'dir/' } },
    and: async ({ xml }, name) => {
      expect([...keysOf(xml), ...prefixesOf(xml)]).toEqual(['a b+c', 'dir/'])
      const next = await must({ bucket: name, query: { delimiter: '/', marker: 'dir/' } })
      expect(prefixesOf(next.xml)).toEqual(['dir2/'])
      expect(keysOf(next.xml)).toEqual(['z~*_-.=', 'é'])
    },
  },
  {
    name: 'the list goes on after the marker, which need not be a key',
    ask: { query: { marker: 'dir/11' } },
    status: 200,
    xml: { ListBucketResult: { Marker: 'dir/11' } },
    and: ({ xml }) =>
      expect(keysOf(xml)).toEqual(byBytes.filter((key) => key !== 'a b+c' && key !== 'dir/1')),
  },
])

const v2 = (query: Record<string, string> = {}): Ask => ({ query: { 'list-type': '2', ...query } })
rows('ListObjectsV2', bucket, [
  ...common({ 'list-type': '2' }),
  {
    name: 'keys and common prefixes are counted together',
    ask: v2({ delimiter: '/' }),
    status: 200,
    xml: { ListBucketResult: { KeyCount: '5' } },
  },
  {
    name: 'the owner is there only when it is fetched',
    ask: v2(),
    status: 200,
    and: async ({ xml }, name) => {
      expect(listed(xml).Contents?.[0]).not.toHaveProperty('Owner')
      const fetched = await must({ bucket: name, ...v2({ 'fetch-owner': 'true' }) })
      expect(listed(fetched.xml).Contents?.[0]).toMatchObject({ Owner: { ID: expect.stringMatching(/./) } })
      expect(fetched.text).not.toContain('DisplayName')
    },
  },
  {
    name: 'the list starts after a key, which need not be there',
    ask: v2({ 'start-after': 'dir/11' }),
    status: 200,
    xml: { ListBucketResult: { StartAfter: 'dir/11' } },
    and: ({ xml }) => expect(keysOf(xml)[0]).toBe('dir/2'),
  },
  {
    name: 'a continuation token that is none is refused',
    ask: v2({ 'continuation-token': 'no-such-token' }),
    ...failure('InvalidArgument', {
      Message: 'The continuation token provided is incorrect',
      ArgumentName: 'continuation-token',
    }),
  },
  ...['', '/'].flatMap((delimiter) =>
    [1, 2, 3].map(
      (size): Row => ({
        name: `pages of ${size} ${delimiter === '' ? 'keys' : 'keys and prefixes'} give each once and in order`,
        ask: v2({ 'max-keys': String(size), delimiter }),
        status: 200,
        and: async (first, name) => {
          const found: unknown[] = []
          for (let page = first; ; ) {
            const entries = [...keysOf(page.xml), ...prefixesOf(page.xml)]
            expect(entries.length).toBeLessThanOrEqual(size)
            expect(listed(page.xml).KeyCount).toBe(String(entries.length))
            found.push(...entries)
            const token = listed(page.xml).NextContinuationToken
            expect(listed(page.xml).IsTruncated).toBe(String(token !== undefined))
            if (token === undefined) break
            const query = { 'max-keys': String(size), delimiter, 'continuation-token': String(token) }
            page = await must({ bucket: name, ...v2(query) })
            expect(listed(page.xml).ContinuationToken).toBe(token)
          }
          const expected = delimiter === '' ? byBytes : ['a b+c', 'dir/', 'dir2/', 'z~*_-.=', 'é']
          if (delimiter === '') expect(found).toEqual(expected)
          else expect([...found].sort()).toEqual([...expected].sort())
        },
      }),
    ),
  ),
])

const publicBucket = ownBucket(async (name) => {
  await put(name, 'key')
  await must({ method: 'PUT', bucket: name, query: { acl: '' }, headers: { 'x-amz-acl': 'public-read' } })
})
const byNobody: Ask = { sign: 'none' }
rows('A list of a public bucket', publicBucket, [
  {
    name: 'is for nobody in particular',
    ask: byNobody,
    status: 200,
    and: ({ xml }) => expect(keysOf(xml)).toEqual(['key']),
  },
  {
    name: 'is so in the second version, too',
    ask: { ...v2(), ...byNobody },
    status: 200,
    xml: { ListBucketResult: { KeyCount: '1' } },
  },
  {
    name: 'is read-only for nobody',
    ask: { method: 'PUT', key: 'other', body: 'x', ...byNobody },
    ...failure('AccessDenied'),
  },
  {
    name: 'does not tell nobody the bucket’s settings',
    ask: { query: { acl: '' }, ...byNobody },
    ...failure('AccessDenied'),
  },
])

rows('ListObjectsV2 of an empty bucket', emptyBucket, [
  {
    name: 'has no keys',
    ask: v2(),
    status: 200,
    xml: { ListBucketResult: { KeyCount: '0', IsTruncated: 'false', Prefix: '' } },
    and: ({ xml }) => expect(keysOf(xml)).toEqual([]),
  },
])

describe('control characters', () => {
  const controls = ownBucket(async (name) => {
    await put(name, 'a\rb\tc')
  })
  rows('ListObjectsV2', controls, [
    {
      name: 'are told as references, so that an XML parser keeps them',
      ask: v2(),
      status: 200,
      body: /<Key>a&#(x0?[dD]|13);b/,
    },
    {
      name: 'are percent-encoded with encoding-type=url',
      ask: v2({ 'encoding-type': 'url' }),
      status: 200,
      body: /a%0Db%09c/,
    },
  ])
})

describe.runIf(target.isGateway)('a list of many keys', () => {
  const many = ownBucket(async (name) => {
    for (let start = 0; start < 1100; start += 50) {
      await Promise.all(
        Array.from({ length: 50 }, (_, index) => put(name, `k${String(start + index).padStart(5, '0')}`, '')),
      )
    }
  })
  rows('ListObjectsV2', many, [
    {
      name: 'has a thousand keys on a page',
      ask: v2(),
      status: 200,
      xml: { ListBucketResult: { KeyCount: '1000', IsTruncated: 'true', MaxKeys: '1000' } },
      and: async ({ xml }, name) => {
        const token = String(listed(xml).NextContinuationToken)
        const next = await must({ bucket: name, ...v2({ 'continuation-token': token }) })
        expect(listed(next.xml)).toMatchObject({ KeyCount: '100', IsTruncated: 'false' })
        expect(new Set([...keysOf(xml), ...keysOf(next.xml)]).size).toBe(1100)
      },
    },
  ])
})
