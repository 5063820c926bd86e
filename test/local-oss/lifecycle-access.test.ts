import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Client, codeOf, type RawRequest, startWorld, type World } from './setup.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const START = Date.UTC(2030, 0, 1, 1)

let world: World
let client: Client
let bucket: string
let clock = START
beforeAll(async () => {
  world = await startWorld({ now: () => clock, lifecycle: false })
})
beforeEach(async () => {
  clock = START
  client = await world.bucket()
  bucket = client.getBucket()
})
afterAll(() => world.stop())

const send = (raw: RawRequest) => world.send({ bucket, ...raw })
const monitor = (status: string) => {
  const body = `<AccessMonitorConfiguration><Status>${status}</Status></AccessMonitorConfiguration>`
  return send({ method: 'PUT', query: { accessmonitor: null }, body })
}
let ids = 0
const putRules = (...inner: string[]) => {
  const rules = inner.map((each) => `<Rule><ID>r${++ids}</ID><Prefix/><Status>Enabled</Status>${each}</Rule>`)
  const body = `<LifecycleConfiguration>${rules.join('')}</LifecycleConfiguration>`
  return send({ method: 'PUT', query: { lifecycle: null }, body })
}
const byAccess = (to: string, days: number, more = '') =>
  `<Transition><Days>${days}</Days><StorageClass>${to}</StorageClass><IsAccessTime>true</IsAccessTime>${more}</Transition>`
const returns = '<ReturnToStdWhenVisit>true</ReturnToStdWhenVisit>'
const smallFiles = (allowed: boolean) => `<AllowSmallFile>${allowed}</AllowSmallFile>`
const runAt = (time: number) => {
  clock = time
  return world.oss.runLifecycle()
}
const classOf = async (key: string) => (await send({ method: 'HEAD', key })).headers['x-oss-storage-class']
const accessOf = async (key: string) =>
  (await send({ method: 'HEAD', key, query: { objectMeta: null } })).headers['x-oss-last-access-time']
const date = (time: number) => new Date(time).toUTCString()

describe('the last access', () => {
  test('is not told where a bucket keeps no account', async () => {
    await client.put('k', Buffer.from('x'))
    await client.get('k')
    expect(await accessOf('k')).toBeUndefined()
  })

  test('is when the account began, then when an object was written, then when it was read', async () => {
    await client.put('old', Buffer.from('x'))
    clock += HOUR
    const begun = clock
    expect((await monitor('Enabled')).status).toBe(200)
    clock += HOUR
    await client.put('new', Buffer.from('x'))
    expect([await accessOf('old'), await accessOf('new')]).toEqual([date(begun), date(clock)])
    clock += HOUR
    await client.get('old')
    expect([await accessOf('old'), await accessOf('new')]).toEqual([date(clock), date(clock - HOUR)])
    // Said again, it began no later.
    await monitor('Enabled')
    await client.put('other', Buffer.from('x'))
    expect(await accessOf('new')).toBe(date(clock - HOUR))
  })

  const others: [what: string, raw: RawRequest][] = [
    ['a HEAD', { method: 'HEAD', key: 'k' }],
    ['its tags', { key: 'k', query: { tagging: null } }],
    ['a list', {}],
    ['a read that fails', { key: 'k', headers: { 'if-match': '"no"' } }],
  ]
  test.each(others)('is not %s', async (_, raw) => {
    await monitor('Enabled')
    await client.put('k', Buffer.from('x'))
    const written = clock
    clock += HOUR
    await send(raw)
    expect(await accessOf('k')).toBe(date(written))
  })

  test('is of several reads within a day the first', async () => {
    await monitor('Enabled')
    await client.put('k', Buffer.from('x'))
    clock += HOUR
    const first = clock
    for (const later of [0, HOUR, DAY - HOUR - 1]) {
      clock += later
      await client.get('k')
      expect(await accessOf('k')).toBe(date(first))
    }
    clock = first + DAY
    await client.get('k')
    expect(await accessOf('k')).toBe(date(clock))
  })

  test('through a link is its target’s', async () => {
    await monitor('Enabled')
    await client.put('target', Buffer.from('x'))
    await client.putSymlink('link', 'target', {} as never)
    clock += HOUR
    await client.get('link')
    expect(await accessOf('target')).toBe(date(clock))
  })

  test('is each version’s own', async () => {
    await monitor('Enabled')
    await client.putBucketVersioning(bucket, 'Enabled')
    await client.put('k', Buffer.from('x'))
    const versionId = (await send({ method: 'HEAD', key: 'k' })).headers['x-oss-version-id'] as string
    await client.put('k', Buffer.from('y'))
    const written = clock
    clock += HOUR
    expect((await send({ key: 'k', query: { versionId } })).text).toBe('x')
    const { headers } = await send({ method: 'HEAD', key: 'k', query: { objectMeta: null, versionId } })
    expect(headers['x-oss-last-access-time']).toBe(date(clock))
    expect(await accessOf('k')).toBe(date(written))
  })
})

describe('a rule by the last access', () => {
  test('needs a bucket that keeps account, which then cannot cease to', async () => {
    const refused = await putRules(byAccess('IA', 30))
    expect([refused.status, codeOf(refused), refused.headers['x-oss-ec']]).toEqual([
      400,
      'InvalidArgument',
      '0014-00000016',
    ])
    await monitor('Enabled')
    expect((await putRules(byAccess('IA', 30))).status).toBe(200)
    const { text } = await send({ query: { lifecycle: null } })
    expect(text).toContain(`<AtimeBase>${START / 1000}</AtimeBase></Rule>`)
    const kept = await monitor('Disabled')
    expect([kept.status, codeOf(kept), kept.headers['x-oss-ec']]).toEqual([
      400,
      'AccessMonitorDisableNotAllowed',
      '0036-00000005',
    ])
    await send({ method: 'DELETE', query: { lifecycle: null } })
    expect((await monitor('Disabled')).status).toBe(200)
  })

  const wrong: [what: string, inner: string, ec: string][] = [
    [
      'small files of a rule by the last change',
      `<Transition><Days>9</Days><StorageClass>IA</StorageClass>${smallFiles(true)}</Transition>`,
      '0014-00000055',
    ],
    [
      'small files beside a size',
      `${byAccess('IA', 9, smallFiles(true))}<Filter><ObjectSizeLessThan>9</ObjectSizeLessThan></Filter>`,
      '0014-00000054',
    ],
  ]
  test.each(wrong)('says nothing of %s', async (_, inner, ec) => {
    await monitor('Enabled')
    const { status, headers } = await putRules(inner)
    expect([status, headers['x-oss-ec']]).toEqual([400, ec])
  })

  test('moves what was not read for so many days, whenever it was written', async () => {
    await client.put('read', Buffer.from('x'))
    await client.put('unread', Buffer.from('x'))
    clock += 100 * DAY
    await monitor('Enabled')
    await putRules(byAccess('IA', 3))
    await runAt(clock)
    expect(await classOf('unread')).toBe('Standard')
    clock += 2 * DAY
    await client.get('read')
    await runAt(START + 104 * DAY)
    expect([await classOf('read'), await classOf('unread')]).toEqual(['Standard', 'IA'])
    await runAt(START + 106 * DAY)
    expect(await classOf('read')).toBe('IA')
  })

  const sizes: [more: string, size: number, to: string][] = [
    ['', 1, 'IA'],
    [smallFiles(true), 1, 'IA'],
    [smallFiles(false), 65_535, 'Standard'],
    [smallFiles(false), 65_536, 'IA'],
  ]
  test.each(sizes)('with %j makes %i bytes %s', async (more, size, to) => {
    await monitor('Enabled')
    await client.put('k', Buffer.alloc(size))
    await putRules(byAccess('IA', 1, more))
    await runAt(START + 9 * DAY)
    expect(await classOf('k')).toBe(to)
  })

  const reads: [returning: boolean, reads: boolean, is: string][] = [
    [true, true, 'Standard'],
    [true, false, 'IA'],
    [false, true, 'IA'],
  ]
  test.each(reads)('that takes back what is read (%s), read (%s): %s', async (returning, isRead, is) => {
    await monitor('Enabled')
    await client.put('k', Buffer.from('x'))
    await putRules(byAccess('IA', 3, returning ? returns : ''))
    await runAt(START + 4 * DAY)
    expect(await classOf('k')).toBe('IA')
    clock += HOUR
    if (isRead) await client.get('k')
    await runAt(START + 5 * DAY)
    expect(await classOf('k')).toBe(is)
    // And from there it moves again, as any other.
    await runAt(START + 30 * DAY)
    expect(await classOf('k')).toBe('IA')
  })

  test('takes nothing back that it has not moved', async () => {
    await monitor('Enabled')
    await client.put('k', Buffer.from('x'), { headers: { 'x-oss-storage-class': 'IA' } })
    await putRules(byAccess('IA', 3, returns))
    clock += HOUR
    await client.get('k')
    await runAt(START + 2 * DAY)
    expect(await classOf('k')).toBe('IA')
  })

  test('moves old versions by their own last access', async () => {
    await monitor('Enabled')
    await client.putBucketVersioning(bucket, 'Enabled')
    await client.put('k', Buffer.from('x'))
    const versionId = (await send({ method: 'HEAD', key: 'k' })).headers['x-oss-version-id'] as string
    await client.put('k', Buffer.from('y'))
    const times =
      '<NoncurrentDays>3</NoncurrentDays><StorageClass>IA</StorageClass><IsAccessTime>true</IsAccessTime>'
    await putRules(`<NoncurrentVersionTransition>${times}</NoncurrentVersionTransition>`)
    const oldClass = async () =>
      (await send({ method: 'HEAD', key: 'k', query: { versionId } })).headers['x-oss-storage-class']
    clock += 2 * DAY
    await send({ key: 'k', query: { versionId } })
    await runAt(START + 4 * DAY)
    expect(await oldClass()).toBe('Standard')
    await runAt(START + 6 * DAY)
    expect([await oldClass(), await classOf('k')]).toEqual(['IA', 'Standard'])
  })
})
