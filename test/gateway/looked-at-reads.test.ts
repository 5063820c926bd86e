import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type OssBucket, runtimes, startWorld, type World } from '../harness.ts'
import { send, sign } from './wire.ts'

const etagOf = (text: string) => `"${createHash('md5').update(text).digest('hex')}"`
const OLD = 'old bytes!'
const NEW = 'new bytes, and more of them'

describe.each(runtimes)('reads that depend on what the object is, on %s', (runtime) => {
  let world: World
  let oss: OssBucket

  beforeAll(async () => {
    world = await startWorld(runtime)
    oss = world.oss()
    await oss.putBucket('bucket')
    oss = world.oss('bucket')
  })
  beforeEach(async () => {
    await oss.put('key', Buffer.from(OLD))
    world.ossRequests()
  })
  afterAll(() => world.stop())

  const get = async (headers: Record<string, string>, query = '') => {
    const request = sign(
      { method: 'GET', target: `/bucket/key${query}`, headers },
      new URL(world.endpoint).host,
    )
    const { status, headers: answered, body, error } = await send(world.endpoint, request)
    return { status, etag: answered.etag, body: body.toString(), code: error.Code }
  }
  const lastModified = async () => (await oss.head('key')).res.headers as unknown as Record<string, string>
  const range = 'bytes=0-2'

  test.each([
    ['a range', { range }, ['GetObject']],
    ['a range of what is still there', { range, 'if-range': etagOf(OLD) }, ['GetObject']],
    ['a range of what is no more', { range, 'if-range': etagOf(NEW) }, ['GetObject', 'GetObject']],
    ['a range of what never was', { range, 'if-range': `W/${etagOf(OLD)}` }, ['GetObject']],
    ['no range', { 'if-range': etagOf(NEW) }, ['GetObject']],
    [
      'a range and another condition',
      { range, 'if-range': etagOf(OLD), 'if-none-match': '"0"' },
      ['GetObject'],
    ],
    ['a range of a time', { range, 'if-range': 'Tue, 9 Aug 2022 12:00:00 GMT' }, ['HeadObject', 'GetObject']],
  ])('%s costs %j as few calls as it can', async (_, headers, calls) => {
    await get(headers as Record<string, string>)
    expect(world.ossRequests()).toEqual(calls)
  })

  describe('when the object is replaced between the look at it and the read', () => {
    let count = 0
    const replaced = (times = 1) =>
      world.localOss.faults.add({
        operation: 'GetObject',
        times,
        action: { kind: 'call', run: () => oss.put('key', Buffer.from(`${NEW} ${count++}`)) },
      })

    test('a range of a time is no part of the new one', async () => {
      const { 'last-modified': time = '' } = await lastModified()
      // A time that the replacement does not have.
      await new Promise((resolve) => setTimeout(resolve, 1_100))
      replaced()
      const answer = await get({ range, 'if-range': time })
      expect(answer).toMatchObject({ status: 200, etag: etagOf(answer.body) })
      expect(answer.body).toContain(NEW)
    })

    test('a list of ETags does not let the new one through', async () => {
      replaced()
      expect(await get({ 'if-match': `"0", ${etagOf(OLD)}` })).toMatchObject({
        status: 412,
        code: 'PreconditionFailed',
      })
    })

    test('a part is of the new one alone', async () => {
      replaced()
      const answer = await get({}, '?partNumber=1')
      expect(answer).toMatchObject({ status: 206, etag: etagOf(answer.body) })
    })

    test('again and again, its client is told to come back', async () => {
      const stop = replaced(10)
      expect(await get({}, '?partNumber=1')).toMatchObject({ status: 503, code: 'SlowDown' })
      stop()
    })
  })
})
