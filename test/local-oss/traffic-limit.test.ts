import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { throttled } from '../../src/local-oss/traffic-limit.ts'
import { type Client, codeOf, type RawRequest, startWorld, type World } from './setup.ts'

const NAME = 'x-oss-traffic-limit'
const SLOWEST = 819_200
/** Half a second's worth at that. */
const bytes = Buffer.alloc(SLOWEST / 8 / 2, 'slow ')

let world: World
let client: Client
let bucket: string
beforeAll(async () => {
  world = await startWorld()
  client = await world.bucket()
  bucket = client.getBucket()
  await client.put('k', bytes, { headers: { 'content-type': 'text/plain' } })
})
afterAll(() => world.stop())

const timed = async (raw: RawRequest) => {
  const started = performance.now()
  const answer = await world.send({ bucket, ...raw })
  return { answer, time: performance.now() - started }
}

describe('a limited request takes its time:', () => {
  test.each<[string, RawRequest]>([
    ['PutObject', { method: 'PUT', key: 'put', body: bytes }],
    ['AppendObject', { method: 'POST', key: 'log', query: { append: null, position: '0' }, body: bytes }],
    ['GetObject', { key: 'k' }],
    ['GetObject of a part', { key: 'k', headers: { range: `bytes=0-${bytes.length - 1}` } }],
  ])('%s', async (_, raw) => {
    for (const limited of [
      { ...raw, headers: { ...raw.headers, [NAME]: String(SLOWEST) } },
      { ...raw, key: `${raw.key}`, query: { ...raw.query, [NAME]: String(SLOWEST) } },
    ]) {
      await client.delete('log')
      const { answer, time } = await timed(limited)
      expect(answer.status).toBeLessThan(300)
      expect(time).toBeGreaterThan(450)
      if (raw.method === undefined) expect(answer.body.equals(bytes)).toBe(true)
      // Of a download it is not known when its headers are sent.
      const delay = raw.method === undefined ? undefined : expect.stringMatching(/^[1-9]\d*$/)
      expect(answer.headers['x-oss-qos-delay-time']).toEqual(delay)
    }
    expect((await client.get('k')).content.equals(bytes)).toBe(true)
  })

  test.each([
    [SLOWEST, Array(5).fill(bytes.length / 5)],
    [838_860_800, [bytes.length]],
  ])('at %d bits a second in pieces of a tenth of a second', async (limit, sizes) => {
    const body = (async function* () {
      yield bytes
    })()
    const pieces: Uint8Array[] = []
    for await (const piece of throttled(body, { bytesPerSecond: limit / 8, delayed: 0 })) pieces.push(piece)
    expect(pieces.map(({ length }) => length)).toEqual(sizes)
    expect(Buffer.concat(pieces).equals(bytes)).toBe(true)
  })
})

test('an upload without a limit does not say that it was held back', async () => {
  const answer = await world.send({ method: 'PUT', bucket, key: 'put', body: bytes })
  expect(answer.headers).not.toHaveProperty('x-oss-qos-delay-time')
})

describe('a limit', () => {
  test.each(['abc', '0', '-1', '819199', '838860801', '1e6', '99999999999'])(
    'cannot be %j',
    async (limit) => {
      for (const raw of [{ headers: { [NAME]: limit } }, { query: { [NAME]: limit } }] as RawRequest[]) {
        for (const method of ['GET', 'PUT']) {
          const answer = await world.send({ method, bucket, key: 'k', ...raw })
          expect([answer.status, codeOf(answer), answer.headers['x-oss-ec']]).toEqual([
            400,
            'InvalidArgument',
            '0004-00000502',
          ])
        }
      }
    },
  )

  test('is a header or a parameter, not both', async () => {
    const limit = { [NAME]: String(SLOWEST) }
    const answer = await world.send({ bucket, key: 'k', query: limit, headers: limit })
    expect([answer.status, answer.headers['x-oss-ec']]).toEqual([400, '0004-00000501'])
  })
})
