import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Cursor } from '../../src/local-oss/store/cursor.ts'
import { type Client, codeOf, startWorld, temporaryDirectory, type World } from './setup.ts'

let world: World
let client: Client
let bucket: string
// In the order of their UTF-8 bytes; UTF-16 would put the emoji before the ideograph above U+E000.
const keys = ['a', 'a/b', 'a/c', 'a/d/e', 'a/d/f', 'a0', 'b', 'b/1', 'z\u0001', 'é', '\ue000', '\ufa0e', '😀']
beforeAll(async () => {
  world = await startWorld({ directory: await temporaryDirectory() })
  client = await world.bucket()
  bucket = client.getBucket()
  for (const key of [...keys].reverse()) await client.put(key, Buffer.from(key))
})
afterAll(() => world.stop())

type Query = Record<string, string | number>
type Listing = { names: string[]; prefixes: string[]; next: string | null }
const v1 = async (query: Query = {}): Promise<Listing> => {
  const { objects, prefixes, nextMarker } = (await client.list(
    { 'encoding-type': 'url', ...query } as never,
    {},
  )) as unknown as {
    objects: { name: string }[]
    prefixes: string[] | null
    nextMarker: string | null
  }
  return {
    names: objects.map(({ name }) => decodeURIComponent(name)),
    prefixes: (prefixes ?? []).map(decodeURIComponent),
    next: nextMarker && decodeURIComponent(nextMarker),
  }
}
const v2 = async (query: Query = {}): Promise<Listing> => {
  const { objects, prefixes, nextContinuationToken } = (await client.listV2({
    'encoding-type': 'url',
    ...query,
  } as never)) as unknown as {
    objects: { name: string }[]
    prefixes: string[] | null
    nextContinuationToken: string | null
  }
  return {
    names: objects.map(({ name }) => decodeURIComponent(name)),
    prefixes: (prefixes ?? []).map(decodeURIComponent),
    next: nextContinuationToken,
  }
}

describe.each([
  ['ListObjects', v1, 'marker'],
  ['ListObjectsV2', v2, 'continuation-token'],
] as const)('%s', (_, list, marker) => {
  test('gives keys in the order of their bytes', async () => {
    expect((await list()).names).toEqual(keys)
  })

  test.each([1, 2, 3, 5])('goes through all of them by pages of %i', async (size) => {
    const names: string[] = []
    for (let next: string | null = ''; next !== null; ) {
      const page: Listing = await list({ 'max-keys': size, ...(next ? { [marker]: next } : {}) })
      expect(page.names.length).toBeLessThanOrEqual(size)
      names.push(...page.names)
      next = page.next
    }
    expect(names).toEqual(keys)
  })

  test.each([1, 2, 4])('rolls up common prefixes, each counted once, by pages of %i', async (size) => {
    const names: string[] = []
    const prefixes: string[] = []
    for (let next: string | null = ''; next !== null; ) {
      const page: Listing = await list({
        delimiter: '/',
        'max-keys': size,
        ...(next ? { [marker]: next } : {}),
      })
      expect(page.names.length + page.prefixes.length).toBeLessThanOrEqual(size)
      names.push(...page.names)
      prefixes.push(...page.prefixes)
      next = page.next
    }
    expect(names).toEqual(keys.filter((key) => !key.includes('/')))
    expect(prefixes).toEqual(['a/', 'b/'])
  })

  test('narrows by prefix', async () => {
    expect((await list({ prefix: 'a/' })).names).toEqual(['a/b', 'a/c', 'a/d/e', 'a/d/f'])
    expect(await list({ prefix: 'a/', delimiter: '/' })).toMatchObject({
      names: ['a/b', 'a/c'],
      prefixes: ['a/d/'],
    })
    expect(await list({ prefix: 'a/d', delimiter: '/' })).toMatchObject({ names: [], prefixes: ['a/d/'] })
    expect((await list({ prefix: 'nothing' })).names).toEqual([])
    expect(await list({ delimiter: 'd/' })).toMatchObject({ prefixes: ['a/d/'] })
  })
})

test('a listing starts behind its marker, whether or not that is a key', async () => {
  expect((await v1({ marker: 'a/c' })).names[0]).toBe('a/d/e')
  expect((await v1({ marker: 'a/bb' })).names[0]).toBe('a/c')
  expect((await v1({ marker: 'a/c', prefix: 'b' })).names).toEqual(['b', 'b/1'])
  expect((await v1({ marker: 'c', prefix: 'b' })).names).toEqual([])
  expect((await v1({ marker: 'a/c/', prefix: 'b', delimiter: '/' })).names).toEqual(['b'])
  expect((await v2({ 'start-after': 'b' })).names[0]).toBe('b/1')
})

test('a listing has 100 keys unless told otherwise, and at most 1000', async () => {
  const full = await world.bucket()
  await Promise.all(Array.from({ length: 105 }, (_, i) => full.put(`k${i}`, Buffer.from('x'))))
  const { objects, isTruncated } = (await full.list({ 'max-keys': 1000 }, {})) as {
    objects: object[]
    isTruncated: boolean
  }
  expect([objects.length, isTruncated]).toEqual([105, false])
  const byDefault = await world.send({ bucket: full.getBucket() })
  expect(byDefault.text.match(/<Contents>/g)).toHaveLength(100)
  expect(byDefault.text).toContain(
    '<MaxKeys>100</MaxKeys><Delimiter/><IsTruncated>true</IsTruncated><NextMarker>',
  )
  for (const wrong of ['1001', '0', '-1', 'x']) {
    const answer = await world.send({ bucket, query: { 'max-keys': wrong } })
    expect([answer.status, codeOf(answer)]).toEqual([400, 'InvalidArgument'])
  }
})

test('a listing describes each object', async () => {
  const { text } = await world.send({ bucket, query: { prefix: 'a0' } })
  expect(text).toMatch(
    /<Contents><Key>a0<\/Key><LastModified>[-\d]{10}T[:\d]{8}\.000Z<\/LastModified><ETag>&quot;[0-9A-F]{32}&quot;<\/ETag><Type>Normal<\/Type><Size>2<\/Size><StorageClass>Standard<\/StorageClass><Owner><ID>\d+<\/ID><DisplayName>\d+<\/DisplayName><\/Owner><\/Contents>/,
  )
  const second = await world.send({ bucket, query: { prefix: 'a0', 'list-type': '2' } })
  expect(second.text).toContain('<KeyCount>1</KeyCount>')
  expect(second.text).not.toContain('<Owner>')
  const withOwner = await world.send({
    bucket,
    query: { prefix: 'a0', 'list-type': '2', 'fetch-owner': 'true' },
  })
  expect(withOwner.text).toContain('<Owner>')
})

test('names are encoded on request, and only then', async () => {
  const query = { prefix: 'é', delimiter: ' ' }
  const encoded = await world.send({ bucket, query: { ...query, 'encoding-type': 'url' } })
  expect(encoded.text).toContain('<EncodingType>url</EncodingType>')
  expect(encoded.text).toContain('<Prefix>%C3%A9</Prefix>')
  expect(encoded.text).toContain('<Delimiter>%20</Delimiter>')
  expect(encoded.text).toContain('<Key>%C3%A9</Key>')
  expect((await world.send({ bucket, query })).text).toContain('<Key>é</Key>')
  expect(codeOf(await world.send({ bucket, query: { 'encoding-type': 'base64' } }))).toBe('InvalidArgument')
})

test('an empty continuation token is none', async () => {
  const open = await world.bucket()
  const name = open.getBucket()
  for (const key of ['a', 'b', 'c']) await open.put(key, Buffer.from('x'))
  // The SDK's signer signs an empty value in another way than OSS does.
  await open.putBucketACL(name, 'public-read')
  const rows = async (query: string) => {
    const host = `http://${name}.oss-cn-hangzhou.aliyuncs.com`
    const { text } = await world.fetch(`${host}/?list-type=2${query}&continuation-token=`)
    return [text.match(/(?<=<Key>).*?(?=<\/Key>)/g), text.includes('<ContinuationToken>')]
  }
  expect(await rows('')).toEqual([['a', 'b', 'c'], false])
  expect(await rows('&start-after=a')).toEqual([['b', 'c'], false])
})

test('a forged continuation token or an endless prefix is refused', async () => {
  for (const query of [{ 'continuation-token': 'forged', 'list-type': '2' }, { prefix: 'x'.repeat(1024) }]) {
    expect(codeOf(await world.send({ bucket, query }))).toBe('InvalidArgument')
  }
})

test('many keys under one prefix cost one step', async () => {
  const deep = await world.bucket()
  await Promise.all(Array.from({ length: 600 }, (_, i) => deep.put(`many/${i}`, Buffer.alloc(1))))
  await deep.put('zebra', Buffer.alloc(1))
  const reads = vi.spyOn(Cursor.prototype, 'peek')
  try {
    const { prefixes, objects } = (await deep.list({ delimiter: '/', 'max-keys': 10 }, {})) as unknown as {
      prefixes: string[]
      objects: { name: string }[]
    }
    expect([prefixes, objects.map(({ name }) => name)]).toEqual([['many/'], ['zebra']])
    expect(reads.mock.calls.length).toBeLessThan(10)
  } finally {
    reads.mockRestore()
  }
})

test('any listing is what its definition says', async () => {
  const names = fc.stringMatching(/^[ab/é😀]{1,5}$/u).filter((name) => !name.startsWith('/'))
  const own = await world.bucket()
  const all = [...new Set(fc.sample(names, { numRuns: 80, seed: 1 }))].sort((a, b) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  )
  await Promise.all(all.map((key) => own.put(key, Buffer.alloc(1))))
  const query = fc.record({
    prefix: fc.oneof(fc.constant(''), names),
    delimiter: fc.constantFrom('', '/', 'a', 'é', 'b/'),
    marker: fc.oneof(fc.constant(''), names),
    maxKeys: fc.integer({ min: 1, max: 9 }),
  })
  await fc.assert(
    fc.asyncProperty(query, async ({ prefix, delimiter, marker, maxKeys }) => {
      const behind = (name: string) => Buffer.compare(Buffer.from(name), Buffer.from(marker)) > 0
      const rolled = all
        .filter((key) => key.startsWith(prefix) && behind(key))
        .map((key) => {
          const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
          return at < 0 ? key : key.slice(0, at + delimiter.length)
        })
        // A marker that is a common prefix was the end of a page, so what it stands for is behind it.
        .filter((name) => name !== marker)
      const expected = [...new Set(rolled)]
      const answer = await world.send({
        bucket: own.getBucket(),
        query: definedOnly({ prefix, delimiter, marker, 'max-keys': String(maxKeys) }),
      })
      const seen = [
        ...answer.text.matchAll(/<Contents><Key>(.*?)<\/Key>|<CommonPrefixes><Prefix>(.*?)<\/Prefix>/g),
      ]
      const found = seen.map(([, key, common]) => key ?? common ?? '')
      expect(found.sort()).toEqual(expected.slice(0, maxKeys).sort())
      expect(answer.text.includes('<IsTruncated>true')).toBe(expected.length > maxKeys)
    }),
    { numRuns: 200 },
  )
})

/** The SDK's signer signs an empty value in another way than OSS's other clients do. */
const definedOnly = (query: Record<string, string>) =>
  Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ''))
