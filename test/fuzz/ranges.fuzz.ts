import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sign } from '../gateway/wire.ts'
import { type FuzzWorld, HOST, headerSafe, mutated, openWorld, runs } from './world.ts'

const content = 'hello world'
let world: FuzzWorld
beforeAll(async () => {
  world = await openWorld()
  for (const target of ['/bucket', '/bucket/key', '/bucket/empty']) {
    const body = target.endsWith('key') ? content : ''
    const headers = { 'content-length': String(body.length) }
    await world.ask(sign({ method: 'PUT', target, headers, body }, HOST))
  }
})
afterAll(() => world.close())

const offsets = fc.oneof(
  fc.integer({ min: -3, max: 14 }),
  fc.constantFrom('', '00', '9007199254740993', '1e1', '0x1', '99999999999999999999'),
)
const ranges = fc
  .oneof(
    fc.tuple(fc.nat(12), fc.nat(12)).map(([first, last]) => `bytes=${first}-${last}`),
    fc
      .tuple(
        fc.constantFrom('bytes=', 'Bytes=', 'bytes =', 'items=', ''),
        offsets,
        fc.constantFrom('-', '--', ''),
        offsets,
      )
      .map((parts) => parts.join('')),
    mutated(['bytes=0-4', 'bytes=-5', 'bytes=3-'], ['-', ',', '=', ' ', '0-1,3-4', '\t', 'é']),
  )
  .map(headerSafe)
const conditions = fc.dictionary(
  fc.constantFrom(
    'if-match',
    'if-none-match',
    'if-modified-since',
    'if-unmodified-since',
    'if-range',
    'x-amz-checksum-mode',
  ),
  fc.constantFrom(
    '*',
    '"5eb63bbbe01eeed093cb22bb8f5acdc3"',
    '5EB63BBBE01EEED093CB22BB8F5ACDC3',
    '"x"',
    '',
    'Fri, 24 May 2013 00:00:00 GMT',
    'Fri, 24 May 2113 00:00:00 GMT',
    'yesterday',
    'ENABLED',
    '"a","b"',
    ',',
  ),
  { maxKeys: 2 },
)
const queries = fc.constantFrom(
  '',
  '',
  '?partNumber=1',
  '?partNumber=0',
  '?partNumber=2',
  '?partNumber=x',
  '?versionId=null',
  '?versionId=x',
  '?response-content-type=a%0D%0Ab',
  '?response-content-type=text/plain',
  '?response-expires=%C3%A9',
  '?response-cache-control=',
)

test('a read gives the bytes that it says it gives', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('GET', 'HEAD'),
      fc.constantFrom('key', 'key', 'key', 'empty', 'none'),
      queries,
      fc.option(ranges, { nil: undefined }),
      conditions,
      async (method, key, query, range, more) => {
        const headers = { ...more, ...(range === undefined ? {} : { range }) }
        const {
          status,
          headers: answer,
          body,
        } = await world.ask(sign({ method, target: `/bucket/${key}${query}`, headers }, HOST))
        if (status !== 200 && status !== 206) return
        const whole = key === 'key' ? content : ''
        const [, first, last, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(answer['content-range'] ?? '') ?? []
        if (status === 206) expect(Number(size)).toBe(whole.length)
        const expected =
          status === 206 && first !== undefined ? whole.slice(Number(first), Number(last) + 1) : whole
        expect(answer['content-length']).toBe(String(expected.length))
        if (method === 'GET') expect(body.toString()).toBe(expected)
      },
    ),
    runs(),
  )
})
