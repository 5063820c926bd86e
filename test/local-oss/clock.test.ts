import { afterAll, beforeAll, expect, test } from 'vitest'
import { basicTime } from '../encodings.ts'
import { codeOf, startWorld, type World } from './setup.ts'

const DAY = 86_400_000
let world: World
let ahead = 0
beforeAll(async () => {
  world = await startWorld({ now: () => Date.now() + ahead })
})
afterAll(() => world.stop())

test.each([-1000, -1, 0, 1, 1000])(
  'a store whose clock is %i days ahead takes what is signed today, in headers and in URLs',
  async (days) => {
    ahead = days * DAY
    const client = await world.bucket()
    const bucket = client.getBucket()
    for (const authorizationV4 of [true, false]) {
      await world.client(bucket, { authorizationV4 }).put('k', Buffer.from('content'))
    }
    const { res } = (await client.head('k')) as { res: { headers: Record<string, string> } }
    const modified = Date.parse(res.headers['last-modified'] ?? '')
    expect(Math.abs(modified - Date.now() - days * DAY)).toBeLessThan(DAY / 2)
    const named = world.client(bucket, { endpoint: 'http://oss-cn-hangzhou.aliyuncs.com' })
    for (const url of [
      named.signatureUrl('k', { expires: 60 }),
      await named.signatureUrlV4('GET', 60, { headers: {} }, 'k'),
    ]) {
      expect((await world.fetch(url)).text).toBe('content')
    }
    const old = basicTime(Date.now() - 16 * 60_000)
    const late = await world.send({ bucket, key: 'k', headers: { 'x-oss-date': old } })
    expect(codeOf(late)).toBe('RequestTimeTooSkewed')
  },
)
