import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Client, codeOf, failure, startWorld, type World } from './setup.ts'

const DAY = 86_400_000
let world: World
let elapsed = 0
let client: Client
let bucket: string
beforeAll(async () => {
  world = await startWorld({ now: () => Date.now() + elapsed })
})
afterAll(() => world.stop())
beforeEach(async () => {
  elapsed = 0
  client = await world.bucket()
  bucket = client.getBucket()
})

const send = (method: string, query: Record<string, string | null>, root = '', days = '1') =>
  world.send({
    method,
    bucket,
    query,
    ...(root && { body: `<${root}><RetentionPeriodInDays>${days}</RetentionPeriodInDays></${root}>` }),
  })
const initiate = (days?: string) => send('POST', { worm: null }, 'InitiateWormConfiguration', days)
const complete = (wormId: string) => send('POST', { wormId })
const extend = (wormId: string, days: string) =>
  send('POST', { wormId, wormExtend: null }, 'ExtendWormConfiguration', days)
const abort = () => send('DELETE', { worm: null })
const get = () => send('GET', { worm: null })
const result = async (answer: ReturnType<typeof send>) => codeOf(await answer) ?? (await answer).status
const begun = async (days?: string) => String((await initiate(days)).headers['x-oss-worm-id'])
const state = async () =>
  /<State>(.*)<\/State><RetentionPeriodInDays>(\d+)</.exec((await get()).text)?.slice(1)

describe('a retention policy', () => {
  test('is begun, locked and extended', async () => {
    expect(await result(get())).toBe('NoSuchWORMConfiguration')
    const id = await begun()
    expect(await state()).toEqual(['InProgress', '1'])
    expect((await get()).text).toMatch(
      new RegExp(`<WormId>${id}</WormId>.*<CreationDate>\\d{4}-.*Z</CreationDate>`),
    )
    expect(await result(initiate())).toBe('WORMConfigurationAlreadyExists')
    expect(await result(extend(id, '2'))).toBe('InvalidWORMConfiguration')
    expect(await result(complete(id))).toBe(200)
    expect(await state()).toEqual(['Locked', '1'])
    expect(await result(complete(id))).toBe('WORMConfigurationLocked')
    expect(await result(extend(id, '1'))).toBe('InvalidWORMConfiguration')
    expect(await result(extend(id, '2'))).toBe(200)
    expect(await state()).toEqual(['Locked', '2'])
    expect(await result(abort())).toBe('WORMConfigurationLocked')
  })

  test('is given up before it is locked, and known no more', async () => {
    const id = await begun()
    expect(await result(abort())).toBe(204)
    expect(await result(abort())).toBe('NoSuchWORMConfiguration')
    expect(await result(complete(id))).toBe('NoSuchWORMConfiguration')
    expect(await result(extend(id, '2'))).toBe('NoSuchWORMConfiguration')
  })

  test('by another name is none', async () => {
    await initiate()
    expect(await result(complete('other'))).toBe('NoSuchWORMConfiguration')
    expect(await state()).toEqual(['InProgress', '1'])
  })

  test('that is not locked within a day is none', async () => {
    const id = await begun()
    elapsed = DAY + 1000
    expect(await result(get())).toBe('NoSuchWORMConfiguration')
    expect(await result(complete(id))).toBe('NoSuchWORMConfiguration')
    expect(await result(initiate('3'))).toBe(200)
    expect(await state()).toEqual(['InProgress', '3'])
  })

  test.each([
    ['0', 'InvalidArgument'],
    ['25551', 'InvalidArgument'],
    ['-1', 'InvalidArgument'],
    ['one', 'MalformedXML'],
    ['', 'MalformedXML'],
    ['25550', 200],
  ])('of %j days', async (days, expected) => {
    expect(await result(initiate(days))).toBe(expected)
  })

  test('and versions exclude each other', async () => {
    await initiate()
    const body = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
    const enable = () => world.send({ method: 'PUT', bucket, query: { versioning: null }, body })
    expect(codeOf(await enable())).toBe('InvalidWORMConfiguration')
    await abort()
    expect((await enable()).status).toBe(200)
    expect(await result(initiate())).toBe('InvalidWORMConfiguration')
  })
})

describe('what a policy retains', () => {
  const immutable = { code: 'FileImmutable', status: 409 }

  test.each([false, true])('is neither deleted nor overwritten; locked: %s', async (locked) => {
    await client.put('k', Buffer.from('1'))
    await client.put('other', Buffer.from('1'))
    await client.append('log', Buffer.from('1'))
    const id = await begun()
    if (locked) await complete(id)
    expect(await failure(client.put('k', Buffer.from('2')))).toMatchObject(immutable)
    expect(await failure(client.copy('k', 'other'))).toMatchObject(immutable)
    expect(await failure(client.append('log', Buffer.from('2'), { position: '1' }))).toMatchObject(immutable)
    expect(await failure(client.delete('k'))).toMatchObject(immutable)
    expect(await failure(client.deleteBucket(bucket))).toMatchObject({ code: 'BucketNotEmpty' })
    await client.put('new', Buffer.from('1'))
    expect(await failure(client.delete('new'))).toMatchObject(immutable)
    expect(String((await client.get('k')).content)).toBe('1')
  })

  test('is so many days after its last change', async () => {
    await client.put('k', Buffer.from('1'))
    await complete(await begun('3'))
    const remove = () => result(world.send({ method: 'DELETE', bucket, key: 'k' }))
    for (const days of [0, 1, 2.9]) {
      elapsed = days * DAY
      expect(await remove(), String(days)).toBe('FileImmutable')
    }
    elapsed = 3 * DAY + 1000
    expect(await remove()).toBe(204)
  })

  test('is free when the policy is given up', async () => {
    await client.put('k', Buffer.from('1'))
    await initiate()
    await abort()
    await client.put('k', Buffer.from('2'))
    await client.delete('k')
  })
})
