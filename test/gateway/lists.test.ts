import {
  CreateBucketCommand,
  type EncodingType,
  ListObjectsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { children, parseLenientXml, text } from '../../src/xml/index.ts'
import { type OssBucket, runtimes, startWorld, type World } from '../harness.ts'
import { send, sign } from './wire.ts'

// Upper before lower case, `!` before `/`, and what UTF-16 would put before U+FFFD comes after it in UTF-8.
const keys = [
  '!',
  'A',
  'Z',
  'a',
  'a b',
  'a+b',
  'a/',
  'a/1',
  'a/2',
  'a/b/1',
  'a/b/2',
  'a//x',
  'aa',
  'b/1',
  'c&d<e>',
  'd=%7E~*()',
  'é',
  '中文',
  '\ufffd',
  '\u{1f600}',
]
const bytewise = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
const sorted = [...keys].sort(bytewise)

describe.each(runtimes)('lists on %s', (runtime) => {
  let world: World
  let s3: S3Client
  let oss: OssBucket
  let host: string

  beforeAll(async () => {
    world = await startWorld(runtime)
    s3 = world.s3()
    host = new URL(world.endpoint).host
    for (const Bucket of ['bucket', 'many', 'odd', 'empty'])
      await s3.send(new CreateBucketCommand({ Bucket }))
    oss = world.oss('bucket')
    for (const key of keys) await oss.put(key, Buffer.from(key))
  })
  afterAll(() => world.stop())

  const list = (version: 1 | 2, input: { Bucket: string; MaxKeys?: number }) =>
    version === 1 ? s3.send(new ListObjectsCommand(input)) : s3.send(new ListObjectsV2Command(input))

  type Page = { keys: string[]; prefixes: string[]; next: string | undefined; truncated: boolean | undefined }
  const versions = {
    1: async (input: Omit<ListObjectsV2CommandInput, 'Bucket'>, next?: string): Promise<Page> => {
      const { ContinuationToken: _, StartAfter, ...rest } = input
      const marker = next ?? StartAfter
      const answer = await s3.send(
        new ListObjectsCommand({ Bucket: 'bucket', ...(marker ? { Marker: marker } : {}), ...rest }),
      )
      const listed = (answer.Contents ?? []).map(({ Key }) => Key ?? '')
      return {
        keys: listed,
        prefixes: (answer.CommonPrefixes ?? []).map(({ Prefix }) => Prefix ?? ''),
        // Without a delimiter S3 names no marker: the last key is it.
        next: answer.IsTruncated ? (answer.NextMarker ?? listed.at(-1)) : undefined,
        truncated: answer.IsTruncated,
      }
    },
    2: async (input: Omit<ListObjectsV2CommandInput, 'Bucket'>, next?: string): Promise<Page> => {
      const answer = await s3.send(
        new ListObjectsV2Command({
          Bucket: 'bucket',
          ...input,
          ...(next ? { ContinuationToken: next } : {}),
        }),
      )
      const prefixes = (answer.CommonPrefixes ?? []).map(({ Prefix }) => Prefix ?? '')
      expect(answer.KeyCount).toBe((answer.Contents ?? []).length + prefixes.length)
      return {
        keys: (answer.Contents ?? []).map(({ Key }) => Key ?? ''),
        prefixes,
        next: answer.NextContinuationToken,
        truncated: answer.IsTruncated,
      }
    },
  }
  const all = async (version: 1 | 2, input: Omit<ListObjectsV2CommandInput, 'Bucket'>) => {
    const seen = { keys: [] as string[], prefixes: [] as string[], pages: 0 }
    let next: string | undefined
    do {
      const page = await versions[version](input, next)
      expect(page.keys.length + page.prefixes.length).toBeLessThanOrEqual(input.MaxKeys ?? 1000)
      seen.keys.push(...page.keys)
      seen.prefixes.push(...page.prefixes)
      seen.pages++
      next = page.next
    } while (next !== undefined && seen.pages < 100)
    return seen
  }

  describe.each([1, 2] as const)('version %i', (version) => {
    test.each([1, 2, 3, 7, 19, 20, 21, 1000])(
      'in pages of %i gives each key once, in UTF-8 order',
      async (MaxKeys) => {
        const seen = await all(version, { MaxKeys })
        expect(seen.keys).toEqual(sorted)
        expect(seen.pages).toBe(Math.ceil(keys.length / MaxKeys))
      },
    )

    test.each([1, 2, 3, 1000])(
      'with a delimiter in pages of %i gives each key and prefix once',
      async (MaxKeys) => {
        const seen = await all(version, { MaxKeys, Delimiter: '/' })
        expect(seen.keys).toEqual(sorted.filter((key) => !key.includes('/')))
        expect(seen.prefixes).toEqual(['a/', 'b/'])
      },
    )

    test('below a prefix, prefixes are rolled up by the next delimiter', async () => {
      const seen = await all(version, { Prefix: 'a/', Delimiter: '/' })
      expect(seen).toMatchObject({ keys: ['a/', 'a/1', 'a/2'], prefixes: ['a//', 'a/b/'] })
    })

    test('a delimiter may be any text', async () => {
      expect((await all(version, { Delimiter: 'b/' })).prefixes).toEqual(['a/b/', 'b/'])
      expect((await all(version, { Delimiter: '中' })).prefixes).toEqual(['中'])
    })

    test('may start after any key, there or not', async () => {
      expect((await all(version, { StartAfter: 'a/2' })).keys).toEqual(
        sorted.slice(sorted.indexOf('a/2') + 1),
      )
      expect((await all(version, { StartAfter: 'a/2x', MaxKeys: 2 })).keys[0]).toBe('a/b/1')
      expect((await all(version, { StartAfter: '\u{1f601}' })).keys).toEqual([])
    })

    test('of a prefix that none has, or an empty bucket, is empty', async () => {
      expect(await all(version, { Prefix: 'nothing' })).toEqual({ keys: [], prefixes: [], pages: 1 })
      const answer = await list(version, { Bucket: 'empty' })
      expect(answer).toMatchObject({ Name: 'empty', IsTruncated: false, MaxKeys: 1000, Prefix: '' })
      expect(answer.Contents).toBeUndefined()
    })

    test('of a bucket that is not there is NoSuchBucket', async () => {
      await expect(list(version, { Bucket: 'nowhere' })).rejects.toMatchObject({
        name: 'NoSuchBucket',
      })
    })

    test('no more than a thousand come at once, whatever is asked', async () => {
      const many = world.oss('many')
      if (version === 1) {
        for (let i = 0; i < 1100; i += 50) {
          await Promise.all(
            Array.from({ length: 50 }, (_, j) =>
              many.put(`k${String(i + j).padStart(5, '0')}`, Buffer.alloc(0)),
            ),
          )
        }
      }
      for (const MaxKeys of [undefined, 1001, 2_147_483_647]) {
        const answer = await list(version, { Bucket: 'many', ...(MaxKeys ? { MaxKeys } : {}) })
        expect(answer.Contents).toHaveLength(1000)
        expect(answer).toMatchObject({ IsTruncated: true, MaxKeys: 1000 })
      }
    })

    test('of no keys is an empty page that is not truncated', async () => {
      expect(await versions[version]({ MaxKeys: 0 })).toMatchObject({
        keys: [],
        prefixes: [],
        truncated: false,
      })
    })

    test('with encoding-type=url the SDK’s raw answer is in S3’s form', async () => {
      const query = version === 2 ? 'list-type=2&' : ''
      const target = `/bucket?${query}encoding-type=url&prefix=a%20&delimiter=%3D&${version === 1 ? 'marker' : 'start-after'}=a%20%7E`
      const document = async (one: string) => {
        const { body } = await send(world.endpoint, sign({ method: 'GET', target: one }, host))
        return parseLenientXml(body.toString(), 'ListBucketResult')
      }
      const whole = await document(`/bucket?${query}encoding-type=url`)
      expect(text(whole, 'EncodingType')).toBe('url')
      expect(children(whole, 'Contents').map((one) => text(one, 'Key'))).toEqual([
        '%21',
        'A',
        'Z',
        'a',
        'a+b',
        'a%2Bb',
        'a/',
        'a//x',
        'a/1',
        'a/2',
        'a/b/1',
        'a/b/2',
        'aa',
        'b/1',
        'c%26d%3Ce%3E',
        'd%3D%257E%7E*%28%29',
        '%C3%A9',
        '%E4%B8%AD%E6%96%87',
        '%EF%BF%BD',
        '%F0%9F%98%80',
      ])
      const echoed = await document(target)
      expect(text(echoed, 'Prefix')).toBe('a+')
      expect(text(echoed, 'Delimiter')).toBe('%3D')
      expect(text(echoed, version === 1 ? 'Marker' : 'StartAfter')).toBe('a+%7E')
    })
  })

  test('entries have ETag, size, time and class; the owner in version 1, and in 2 when asked for', async () => {
    await world.oss('odd').put('ia', Buffer.from('hello'), { headers: { 'x-oss-storage-class': 'IA' } })
    const expected = {
      ETag: '"5d41402abc4b2a76b9719d911017c592"',
      Size: 5,
      LastModified: expect.any(Date),
      StorageClass: 'STANDARD_IA',
    }
    const at = { Bucket: 'odd', Prefix: 'ia' }
    const [first] = (await s3.send(new ListObjectsCommand(at))).Contents ?? []
    expect(first).toMatchObject({ ...expected, Owner: { ID: expect.any(String) } })
    const [plain] = (await s3.send(new ListObjectsV2Command(at))).Contents ?? []
    expect(plain).toMatchObject(expected)
    expect(plain?.Owner).toBeUndefined()
    const [owned] = (await s3.send(new ListObjectsV2Command({ ...at, FetchOwner: true }))).Contents ?? []
    expect(owned?.Owner?.ID).toBe(first?.Owner?.ID)
  })

  test('a token is echoed, makes start-after moot, and a wrong one is refused', async () => {
    const first = await s3.send(new ListObjectsV2Command({ Bucket: 'bucket', MaxKeys: 5, StartAfter: 'A' }))
    expect(first.StartAfter).toBe('A')
    const second = await s3.send(
      new ListObjectsV2Command({
        Bucket: 'bucket',
        StartAfter: 'zzz',
        ContinuationToken: first.NextContinuationToken,
      }),
    )
    expect(second.ContinuationToken).toBe(first.NextContinuationToken)
    expect(second.StartAfter).toBeUndefined()
    expect(second.Contents?.[0]?.Key).toBe(sorted[sorted.indexOf('A') + 6])
    for (const ContinuationToken of ['nonsense', '\u0000', '%', '🙂']) {
      await expect(
        s3.send(new ListObjectsV2Command({ Bucket: 'bucket', ContinuationToken })),
      ).rejects.toMatchObject({
        name: 'InvalidArgument',
        message: 'The continuation token provided is incorrect',
        ArgumentName: 'continuation-token',
      })
    }
  })

  test.each([[undefined], ['url' as EncodingType]])(
    'control characters and line ends in keys survive with EncodingType %s',
    async (EncodingType) => {
      // Of the control characters XML has only these three.
      const odd = [
        'tab\there',
        'line\nfeed',
        'return\rhere',
        ' blank',
        'blank ',
        '  ',
        '&amp;',
        '&#10;',
        ']]>',
      ]
      for (const key of odd) await world.oss('odd').put(key, Buffer.from('x'))
      const input = { Bucket: 'odd', ...(EncodingType ? { EncodingType } : {}) }
      const { Contents = [] } = await s3.send(new ListObjectsV2Command(input))
      const decode = (key = '') => (EncodingType ? decodeURIComponent(key.replaceAll('+', ' ')) : key)
      const listed = Contents.map(({ Key }) => decode(Key)).filter((key) => key !== 'ia')
      expect(listed).toEqual([...odd].sort(bytewise))
    },
  )
})
