import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { ClassicLevel } from 'classic-level'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createLocalOss, type LocalOssOptions } from '../../src/local-oss/index.ts'
import { credentials, eventually, startWorld, temporaryDirectory, type World } from './setup.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

const open: World[] = []
const start = async (options: Partial<LocalOssOptions>) => {
  const world = await startWorld(options)
  open.push(world)
  return world
}
afterEach(async () => {
  vi.restoreAllMocks()
  for (const world of open.splice(0)) await world.stop()
})

const bucket = 'bucket'
const expireAfter = (days: number) => ({
  method: 'PUT',
  bucket,
  query: { lifecycle: null },
  body: `<LifecycleConfiguration><Rule><ID>r</ID><Prefix/><Status>Enabled</Status><Expiration><Days>${days}</Days></Expiration></Rule></LifecycleConfiguration>`,
})
const statusOf = async (world: World, key: string) =>
  (await world.send({ method: 'HEAD', bucket, key })).status
const fill = async (world: World, ...keys: string[]) => {
  await world.client(bucket).putBucket(bucket)
  for (const key of keys) await world.client(bucket).put(key, Buffer.from('x'))
  expect((await world.send(expireAfter(1))).status).toBe(200)
}

describe('lifecycle rules run by themselves', () => {
  test('at every midnight, of days as short as they are set', async () => {
    const world = await start({ day: 100 })
    await fill(world, 'a')
    await eventually(async () => expect(await statusOf(world, 'a')).toBe(404))
    await world.client(bucket).put('b', Buffer.from('x'))
    await eventually(async () => expect(await statusOf(world, 'b')).toBe(404))
  })

  test('at the start, for the midnights that nobody was there', async () => {
    const directory = await temporaryDirectory()
    const before = await start({ directory })
    await fill(before, 'k')
    await open.pop()?.stop()
    const after = await start({ directory, now: () => Date.now() + 2 * DAY })
    await eventually(async () => expect(await statusOf(after, 'k')).toBe(404))
  })

  test('but not where they are only to when asked', async () => {
    const directory = await temporaryDirectory()
    const options = { directory, lifecycle: false, now: () => Date.now() + 2 * DAY }
    const before = await start({ directory })
    await fill(before, 'k')
    await open.pop()?.stop()
    const after = await start(options)
    // Longer than it takes where they run by themselves.
    for (let time = 0; time < 100; time++) expect(await statusOf(after, 'k')).toBe(200)
    await after.oss.runLifecycle()
    expect(await statusOf(after, 'k')).toBe(404)
  })
})

test('two runs at once are one after the other', async () => {
  let clock = Date.UTC(2030, 0, 1, 1)
  const world = await start({ now: () => clock, lifecycle: false })
  const keys = Array.from({ length: 250 }, (_, i) => `k${i}`)
  await fill(world, ...keys)
  clock += 2 * DAY
  await Promise.all([world.oss.runLifecycle(), world.oss.runLifecycle(), world.oss.runLifecycle()])
  const { objects } = await world.client(bucket).list({ 'max-keys': 1000 }, {})
  expect(objects ?? []).toEqual([])
})

test('what is written while rules run is judged as it is then', async () => {
  let clock = Date.UTC(2030, 0, 1, 1)
  const world = await start({ now: () => clock, lifecycle: false })
  const client = world.client(bucket)
  const keys = Array.from({ length: 60 }, (_, i) => `k${i}`)
  await fill(world, ...keys)
  clock += 2 * DAY
  const running = world.oss.runLifecycle()
  await Promise.all(keys.map((key) => client.put(key, Buffer.from('new'))))
  await running
  for (const key of keys) expect(String((await client.get(key)).content)).toBe('new')
})

test('closing breaks a run off, and loses nothing', async () => {
  const directory = await temporaryDirectory()
  let clock = Date.UTC(2030, 0, 1, 1)
  const options = { directory, now: () => clock, lifecycle: false }
  const before = await start(options)
  const keys = Array.from({ length: 500 }, (_, i) => `k${i}`)
  await fill(before, ...keys)
  clock += 2 * DAY
  const running = before.oss.runLifecycle()
  await open.pop()?.stop()
  await running
  const after = await start(options)
  const { objects = [] } = await after.client(bucket).list({ 'max-keys': 1000 }, {})
  expect(objects.length).toBeGreaterThan(0)
  await after.oss.runLifecycle()
  expect((await after.client(bucket).list({ 'max-keys': 1000 }, {})).objects ?? []).toEqual([])
})

test('what the disk does not take fails the run, and is done by the next', async () => {
  const directory = await temporaryDirectory()
  const problems: string[] = []
  let clock = Date.UTC(2030, 0, 1, 1)
  const options: Partial<LocalOssOptions> = {
    directory,
    now: () => clock,
    lifecycle: false,
    onProblem: ({ kind }) => void problems.push(kind),
  }
  const before = await start(options)
  await fill(before, ...Array.from({ length: 250 }, (_, i) => `k${i}`))
  clock += 2 * DAY
  const full = new Error('IO error: 000003.log: No space left on device')
  vi.spyOn(ClassicLevel.prototype, 'batch').mockRejectedValueOnce(full)
  await expect(before.oss.runLifecycle()).rejects.toMatchObject({ name: 'StoreProblem', kind: 'full' })
  expect(problems).toEqual(['full'])
  expect(await statusOf(before, 'k0')).toBe(200)
  await open.pop()?.stop()
  const after = await start(options)
  await after.oss.runLifecycle()
  expect(await statusOf(after, 'k0')).toBe(404)
})

test('its timer keeps no process alive', async () => {
  const script = `
    import { createLocalOss } from './src/local-oss/index.ts'
    await createLocalOss({ directory: ':memory:', credentials: ${JSON.stringify(credentials)} })`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  expect((await once(child, 'exit'))[0]).toBe(0)
})

describe('a day', () => {
  test.each([0, -1, Number.NaN, DAY + 1, Number.POSITIVE_INFINITY])('of %d is refused', async (day) => {
    await expect(createLocalOss({ directory: ':memory:', credentials, day })).rejects.toThrow(`day is ${day}`)
  })

  test('is as long for restores and for retention as for rules', async () => {
    let clock = Date.UTC(2030, 0, 1, 1)
    const world = await start({ day: HOUR, now: () => clock, lifecycle: false })
    const client = world.client(bucket)
    await client.putBucket(bucket)
    await client.put('ice', Buffer.from('x'), { headers: { 'x-oss-storage-class': 'Archive' } })
    const body = '<RestoreRequest><Days>3</Days></RestoreRequest>'
    await world.send({ method: 'POST', bucket, key: 'ice', query: { restore: null }, body })
    const { headers } = await world.send({ method: 'HEAD', bucket, key: 'ice' })
    expect(headers['x-oss-restore']).toContain(`expiry-date="${new Date(clock + 3 * HOUR).toUTCString()}"`)
    const period = '<RetentionPeriodInDays>3</RetentionPeriodInDays>'
    const worm = { method: 'POST', bucket, query: { worm: null } }
    const made = await world.send({
      ...worm,
      body: `<InitiateWormConfiguration>${period}</InitiateWormConfiguration>`,
    })
    await world.send({ ...worm, query: { wormId: made.headers['x-oss-worm-id'] as string } })
    await world.send(expireAfter(1))
    clock += 2 * HOUR
    await world.oss.runLifecycle()
    expect(await statusOf(world, 'ice')).toBe(200)
    clock += HOUR
    await world.oss.runLifecycle()
    expect(await statusOf(world, 'ice')).toBe(404)
    // And for the retention that a bucket gives each of its objects.
    await world.client('locked').putBucket('locked')
    const locked = { method: 'PUT', bucket: 'locked' }
    const versioning = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
    await world.send({ ...locked, query: { versioning: null }, body: versioning })
    const rule = '<DefaultRetention><Mode>COMPLIANCE</Mode><Days>3</Days></DefaultRetention>'
    const enabled = '<ObjectWormEnabled>Enabled</ObjectWormEnabled>'
    const configuration = `<ObjectWormConfiguration>${enabled}<Rule>${rule}</Rule></ObjectWormConfiguration>`
    await world.send({ ...locked, query: { objectWorm: null }, body: configuration })
    await world.client('locked').put('kept', Buffer.from('x'))
    const { text } = await world.send({ bucket: 'locked', key: 'kept', query: { retention: null } })
    expect(text).toContain(`<RetainUntilDate>${new Date(clock + 3 * HOUR).toISOString()}</RetainUntilDate>`)
  })
})
