import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf, type RawRequest, startWorld, type World } from './setup.ts'

const DAY = 86_400_000
const HOUR = 3_600_000
const CLASSES = ['Archive', 'ColdArchive', 'DeepColdArchive']

let world: World
let bucket: string
let clock = Date.now()
let count = 0
beforeAll(async () => {
  world = await startWorld({ now: () => clock, restoreDelay: 4 * HOUR })
  bucket = (await world.bucket()).getBucket()
})
afterAll(() => world.stop())

const send = (raw: RawRequest) => world.send({ bucket, ...raw })
const restoreOf = async (key: string) => (await send({ method: 'HEAD', key })).headers['x-oss-restore']
const read = async (key: string) => {
  const answer = await send({ key })
  return answer.status === 200 ? answer.text : [answer.status, codeOf(answer)]
}
const unreadable = [403, 'InvalidObjectState']
const frozen = async (storageClass: string): Promise<string> => {
  const key = `frozen-${++count}`
  const headers = { 'x-oss-storage-class': storageClass }
  expect((await send({ method: 'PUT', key, headers, body: 'ice' })).status).toBe(200)
  return key
}
const post = (key: string, operation: string, body?: string) =>
  send({ method: 'POST', key, query: { [operation]: null }, ...(body ? { body } : {}) })
const request = (days: number | string, tier?: string) =>
  `<RestoreRequest><Days>${days}</Days>${tier ? `<JobParameters><Tier>${tier}</Tier></JobParameters>` : ''}</RestoreRequest>`
/** Status and what else is told, of a restore. */
const restore = async (key: string, body?: string) => {
  const answer = await post(key, 'restore', body)
  if (answer.status >= 400) return [answer.status, codeOf(answer), answer.headers['x-oss-ec']]
  return [answer.status, answer.headers['x-oss-object-restore-priority']]
}

describe.each(CLASSES)('an object in %s', (storageClass) => {
  const priority = storageClass === 'Archive' ? undefined : 'Standard'

  test('thaws for the days it is asked to, after a while', async () => {
    const key = await frozen(storageClass)
    expect(await read(key)).toEqual(unreadable)
    expect(await restoreOf(key)).toBeUndefined()
    expect(await restore(key, request(2))).toEqual([202, priority])
    expect(await restoreOf(key)).toBe('ongoing-request="true"')
    expect(await read(key)).toEqual(unreadable)
    expect(await restore(key)).toEqual([409, 'RestoreAlreadyInProgress', '0026-00000011'])
    clock += 4 * HOUR
    const expires = clock + 2 * DAY
    const expiry = `ongoing-request="false", expiry-date="${new Date(expires).toUTCString()}"`
    expect(await restoreOf(key)).toBe(expiry)
    expect(await read(key)).toBe('ice')
    clock = expires
    expect(await restoreOf(key)).toBeUndefined()
    expect(await read(key)).toEqual(unreadable)
    expect(await restore(key)).toEqual([202, priority])
  })

  test('restored, lasts longer by another restore, and not shorter', async () => {
    const key = await frozen(storageClass)
    await restore(key, request(3))
    clock += 4 * HOUR
    const expiries: [days: number, expires: number][] = [
      [1, clock + 3 * DAY],
      [5, clock + 5 * DAY],
    ]
    for (const [days, expires] of expiries) {
      expect(await restore(key, request(days))).toEqual([200, priority])
      expect(await restoreOf(key)).toContain(new Date(expires).toUTCString())
    }
  })

  test('is frozen again when its restore is cleaned, but not while that is under way', async () => {
    const key = await frozen(storageClass)
    const clean = async () => {
      const answer = await post(key, 'cleanRestoredObject')
      return [answer.status, codeOf(answer), answer.headers['x-oss-ec']]
    }
    expect(await clean()).toEqual([409, 'ArchiveRestoreFileStale', '0016-00000718'])
    await restore(key)
    expect(await clean()).toEqual([409, 'ArchiveRestoreNotFinished', '0016-00000719'])
    clock += 4 * HOUR
    expect((await clean())[0]).toBe(200)
    expect(await read(key)).toEqual(unreadable)
    expect(await clean()).toEqual([409, 'ArchiveRestoreFileStale', '0016-00000718'])
  })

  test('tells its restore in every listing', async () => {
    const key = await frozen(storageClass)
    const listings: Record<string, string | null>[] = [{}, { 'list-type': '2' }, { versions: null }]
    const told = async () => {
      const query = { prefix: key }
      const answers = listings.map((listing) => send({ query: { ...query, ...listing } }))
      const texts = (await Promise.all(answers)).map(({ text }) => text)
      return texts.map((text) =>
        /<RestoreInfo>(.*)<\/RestoreInfo>/.exec(text)?.[1]?.replaceAll('&quot;', '"'),
      )
    }
    expect(await told()).toEqual([undefined, undefined, undefined])
    await restore(key)
    expect(new Set(await told())).toEqual(new Set(['ongoing-request="true"']))
    clock += 4 * HOUR
    expect(new Set(await told())).toEqual(new Set([await restoreOf(key)]))
  })
})

const BAD_TIER = [400, 'InvalidArgument', '0016-00000703']
const archiveDays = [400, 'InvalidArgument', '0016-00000708']
const coldDays = [400, 'InvalidArgument', '0016-00000704']
const malformed = [400, 'MalformedXML', undefined]
describe('a restore takes what its class has:', () => {
  test.each<[string, string | undefined, ...(string | number | undefined)[]]>([
    ['Archive', undefined, 202, undefined],
    ['Archive', request(1), 202, undefined],
    ['Archive', request(7), 202, undefined],
    ['Archive', request(8), ...archiveDays],
    ['Archive', request(0), ...archiveDays],
    ['Archive', request('a'), ...archiveDays],
    ...['Expedited', 'Standard', 'Bulk', 'Fast'].map(
      (tier) => ['Archive', request(5, tier), ...malformed] as [string, string, ...typeof malformed],
    ),
    ['ColdArchive', undefined, 202, 'Standard'],
    ['ColdArchive', request(365), 202, 'Standard'],
    ['ColdArchive', request(5, 'Expedited'), 202, 'Expedited'],
    ['ColdArchive', request(5, 'Standard'), 202, 'Standard'],
    ['ColdArchive', request(5, 'Bulk'), 202, 'Bulk'],
    ['ColdArchive', request(5, 'Fast'), ...BAD_TIER],
    ['ColdArchive', request(5, 'standard'), ...BAD_TIER],
    ['ColdArchive', request(366), ...coldDays],
    ['ColdArchive', request(-1, 'Standard'), ...coldDays],
    ['DeepColdArchive', request(365, 'Expedited'), 202, 'Expedited'],
    ['DeepColdArchive', request(5, 'Standard'), 202, 'Standard'],
    ['DeepColdArchive', request(5, 'Bulk'), ...BAD_TIER],
    ['DeepColdArchive', request(366), ...coldDays],
    ['Standard', undefined, 400, 'OperationNotSupported', '0016-00000702'],
    ['IA', request(1), 400, 'OperationNotSupported', '0016-00000702'],
    ...CLASSES.flatMap((storageClass) =>
      ['<RestoreRequest/>', '<Restore><Days>1</Days></Restore>', '<RestoreRequest>'].map(
        (body) => [storageClass, body, ...malformed] as [string, string, ...typeof malformed],
      ),
    ),
  ])('%s with %s', async (storageClass, body, ...answer) => {
    const key = await frozen(storageClass)
    expect(await restore(key, body)).toEqual(answer)
    const under = await restoreOf(key)
    expect(under).toBe(answer[0] === 202 ? 'ongoing-request="true"' : undefined)
  })
})

describe('a restore under way', () => {
  const slower = [409, 'RestoreAlreadyInProgress', '0016-00000715']
  const same = [409, 'RestoreAlreadyInProgress', '0026-00000011']
  test.each<[first: string, second: string, ...(string | number)[]]>([
    ['Bulk', 'Standard', 202, 'Standard'],
    ['Bulk', 'Expedited', 202, 'Expedited'],
    ['Standard', 'Expedited', 202, 'Expedited'],
    ['Bulk', 'Bulk', ...same],
    ['Standard', 'Standard', ...same],
    ['Expedited', 'Expedited', ...same],
    ['Standard', 'Bulk', ...slower],
    ['Expedited', 'Standard', ...slower],
    ['Expedited', 'Bulk', ...slower],
  ])('by %s may be asked to be %s', async (first, second, ...answer) => {
    const key = await frozen('ColdArchive')
    await restore(key, request(1, first))
    expect(await restore(key, request(1, second))).toEqual(answer)
  })

  test.each([
    ['Expedited', HOUR],
    ['Standard', 4 * HOUR],
    ['Bulk', 8 * HOUR],
  ])('by %s takes %i milliseconds', async (tier, time) => {
    const key = await frozen('ColdArchive')
    await restore(key, request(1, tier))
    clock += time - 1
    expect(await restoreOf(key)).toBe('ongoing-request="true"')
    clock += 1
    expect(await restoreOf(key)).toContain('ongoing-request="false"')
  })

  test('is over no later for being asked to be faster', async () => {
    const key = await frozen('ColdArchive')
    await restore(key, request(1, 'Standard'))
    clock += 4 * HOUR - 1000
    await restore(key, request(1, 'Expedited'))
    clock += 1000
    expect(await restoreOf(key)).toContain('ongoing-request="false"')
  })
})
