import { afterAll, beforeAll, expect, test } from 'vitest'
import { codeOf, startWorld, type World } from './setup.ts'

let world: World
let bucket: string
beforeAll(async () => {
  world = await startWorld()
  bucket = (await world.bucket()).getBucket()
})
afterAll(() => world.stop())

test('a bucket has no live channels', async () => {
  const query = { live: null, prefix: 'a', 'max-keys': '5' }
  const { status, text } = await world.send({ bucket, query })
  expect(status).toBe(200)
  expect(text).toContain('<ListLiveChannelResult><Prefix>a</Prefix>')
  expect(text).toContain('<MaxKeys>5</MaxKeys><IsTruncated>false</IsTruncated></ListLiveChannelResult>')
})

const live = { live: null }
test.each([
  ['PUT', 'made', live, 400, 'OperationNotSupported'],
  ['DELETE', 'deleted', live, 400, 'OperationNotSupported'],
  ['GET', 'told of', live, 404, 'NoSuchLiveChannel'],
  ['GET', 'told of', { ...live, comp: 'stat' }, 404, 'NoSuchLiveChannel'],
  ['POST', 'played', { vod: null }, 400, 'OperationNotSupported'],
])('%s: none can be %s', async (method, _, query, status, code) => {
  const answer = await world.send({ method, bucket, key: 'channel', query })
  expect([answer.status, codeOf(answer)]).toEqual([status, code])
  expect((await world.send({ bucket, key: 'channel' })).status).toBe(404)
})

test('a bucket that is missing is missed before its channels', async () => {
  for (const query of [live, { vod: null }]) {
    expect(codeOf(await world.send({ bucket: 'no-such-bucket', query }))).toBe('NoSuchBucket')
  }
})
