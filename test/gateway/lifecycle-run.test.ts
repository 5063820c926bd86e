import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketLifecycleConfigurationCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type LifecycleRule,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  RestoreObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { setups, startWorld, type World } from '../harness.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const WRITTEN = Date.UTC(2030, 0, 1, 1)

describe.each(setups)('over %s', (setup) => {
  let world: World
  let s3: S3Client
  let Bucket: string
  let clock = WRITTEN
  let count = 0
  beforeAll(async () => {
    world = await startWorld(setup, {}, { now: () => clock, restoreDelay: HOUR, lifecycle: false })
    s3 = world.s3()
  })
  beforeEach(async () => {
    clock = WRITTEN
    Bucket = `lifecycle-${++count}`
    await s3.send(new CreateBucketCommand({ Bucket }))
  })
  afterAll(() => world.stop())

  const put = (Key: string, more: object = {}) =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x', ...more }))
  const putRules = (...Rules: LifecycleRule[]) =>
    s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }))
  const runAt = (time: number) => {
    clock = time
    return world.localOss.runLifecycle()
  }
  const head = (Key: string) => s3.send(new HeadObjectCommand({ Bucket, Key }))
  const stateOf = (Key: string) =>
    head(Key).then(
      ({ StorageClass }) => StorageClass,
      (error) => error.name,
    )
  const all = { Status: 'Enabled', Filter: { Prefix: '' } } as const

  test('an object is deleted when S3’s rule says so, which it tells beforehand', async () => {
    await put('logs/a')
    await put('b')
    await putRules({ ...all, ID: 'old logs', Filter: { Prefix: 'logs/' }, Expiration: { Days: 3 } })
    const { Expiration } = await s3.send(new GetObjectCommand({ Bucket, Key: 'logs/a' }))
    expect(Expiration).toBe('expiry-date="Sat, 05 Jan 2030 00:00:00 GMT", rule-id="old%20logs"')
    expect((await head('b')).Expiration).toBeUndefined()
    await runAt(WRITTEN + 4 * DAY - 2 * HOUR)
    expect((await head('logs/a')).Expiration).toBe(Expiration)
    await runAt(WRITTEN + 4 * DAY)
    expect([await stateOf('logs/a'), await stateOf('b')]).toEqual(['NotFound', undefined])
  })

  test('a rule without an id gets one, by which the deletion is told', async () => {
    await put('k')
    await putRules({ ...all, Expiration: { Days: 3 } })
    const { Rules } = await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))
    expect((await head('k')).Expiration).toContain(`rule-id="${Rules?.[0]?.ID}"`)
  })

  test('an object becomes colder, is told as S3’s classes, and can be restored', async () => {
    await put('k')
    await putRules({
      ...all,
      ID: 'colder',
      Transitions: [
        { Days: 30, StorageClass: 'STANDARD_IA' },
        { Days: 60, StorageClass: 'GLACIER' },
        { Days: 90, StorageClass: 'DEEP_ARCHIVE' },
      ],
    })
    const seen: unknown[] = []
    for (const days of [29, 31, 61, 91]) {
      await runAt(WRITTEN + days * DAY)
      const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket }))
      seen.push([await stateOf('k'), Contents?.[0]?.StorageClass])
    }
    expect(seen).toEqual([
      [undefined, 'STANDARD'],
      ['STANDARD_IA', 'STANDARD_IA'],
      ['GLACIER', 'GLACIER'],
      ['DEEP_ARCHIVE', 'DEEP_ARCHIVE'],
    ])
    await expect(s3.send(new GetObjectCommand({ Bucket, Key: 'k' }))).rejects.toMatchObject({
      name: 'InvalidObjectState',
    })
    await s3.send(new RestoreObjectCommand({ Bucket, Key: 'k', RestoreRequest: { Days: 2 } }))
    expect((await head('k')).Restore).toBe('ongoing-request="true"')
    clock += HOUR
    const until = new Date(clock + 2 * DAY).toUTCString()
    expect((await head('k')).Restore).toBe(`ongoing-request="false", expiry-date="${until}"`)
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: 'k' }))
    expect(await Body?.transformToString()).toBe('x')
    clock += 2 * DAY
    expect((await head('k')).Restore).toBeUndefined()
    await expect(s3.send(new GetObjectCommand({ Bucket, Key: 'k' }))).rejects.toMatchObject({
      name: 'InvalidObjectState',
    })
  })

  test('old versions and markers go as S3’s rules say', async () => {
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }))
    await put('k')
    await put('k')
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'alone' }))
    await putRules(
      { ...all, ID: 'versions', NoncurrentVersionExpiration: { NoncurrentDays: 2 } },
      { ...all, ID: 'markers', Expiration: { ExpiredObjectDeleteMarker: true } },
    )
    await runAt(WRITTEN + 3 * DAY)
    const { Versions, DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }))
    expect([Versions?.map(({ Key, IsLatest }) => [Key, IsLatest]), DeleteMarkers]).toEqual([
      [['k', true]],
      [],
    ])
  })

  test('tags and sizes are heeded', async () => {
    const Tagging = 'a=1&b=2'
    await put('both', { Tagging, Body: 'x'.repeat(10) })
    await put('small', { Tagging })
    await put('untagged', { Body: 'x'.repeat(10) })
    const Tags = [
      { Key: 'a', Value: '1' },
      { Key: 'b', Value: '2' },
    ]
    await putRules({ ...all, Filter: { And: { Tags, ObjectSizeGreaterThan: 5 } }, Expiration: { Days: 1 } })
    await runAt(WRITTEN + 2 * DAY)
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket }))
    expect(Contents?.map(({ Key }) => Key)).toEqual(['small', 'untagged'])
  })

  test('an upload that nobody finishes is aborted', async () => {
    await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'k' }))
    await putRules({ ...all, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } })
    const uploads = async () => (await s3.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads ?? []
    await runAt(WRITTEN + 7 * DAY - 2 * HOUR)
    expect(await uploads()).toHaveLength(1)
    await runAt(WRITTEN + 8 * DAY)
    expect(await uploads()).toEqual([])
  })
})

describe.each([true, false])('where OSS takes a date of expiration: %s', (expirationTakesDate) => {
  test.each([
    ['Filter', { Filter: { Prefix: '' } }],
    ['Prefix', { Prefix: '' }],
  ])('a rule by %s that has one is OSS’s, or refused by its name', async (_, scope) => {
    const world = await startWorld('sockets', {}, { readings: { expirationTakesDate } })
    const s3 = world.s3()
    const Bucket = 'bucket'
    await s3.send(new CreateBucketCommand({ Bucket }))
    const Expiration = { Date: new Date('2030-01-01T00:00:00Z') }
    const Rules: LifecycleRule[] = [{ ID: 'r', Status: 'Enabled', ...scope, Expiration }]
    const LifecycleConfiguration = { Rules }
    const put = s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }))
    const get = () => s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))
    if (expirationTakesDate) {
      await put
      expect((await get()).Rules).toEqual(Rules)
    } else {
      await expect(put).rejects.toMatchObject({
        name: 'NotImplemented',
        Element: 'LifecycleConfiguration/Rule/Expiration/Date',
      })
      await expect(get()).rejects.toMatchObject({ name: 'NoSuchLifecycleConfiguration' })
    }
    await world.stop()
  })
})

test('a running gateway with short days shows how an object becomes colder, is restored, and ends', async () => {
  const world = await startWorld('node', { LOCAL_OSS_DAY: '300ms', LOCAL_OSS_RESTORE_TIME: '2s' })
  const s3 = world.s3()
  const at = { Bucket: 'bucket', Key: 'k' }
  await s3.send(new CreateBucketCommand({ Bucket: at.Bucket }))
  const putRule = (action: Partial<LifecycleRule>) => {
    const Rules: LifecycleRule[] = [{ ID: 'r', Status: 'Enabled', Filter: { Prefix: '' }, ...action }]
    const LifecycleConfiguration = { Rules }
    const { Bucket } = at
    return s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }))
  }
  await putRule({ Transitions: [{ Days: 1, StorageClass: 'GLACIER' }] })
  await s3.send(new PutObjectCommand({ ...at, Body: 'x' }))
  const head = () => s3.send(new HeadObjectCommand(at))
  await expect.poll(async () => (await head()).StorageClass).toBe('GLACIER')
  await s3.send(new RestoreObjectCommand({ ...at, RestoreRequest: { Days: 7 } }))
  expect((await head()).Restore).toBe('ongoing-request="true"')
  await expect.poll(async () => (await head()).Restore).toContain('ongoing-request="false"')
  await expect.poll(async () => (await head()).Restore).toBeUndefined()
  await putRule({ Expiration: { Days: 1 } })
  const state = () =>
    head().then(
      () => 'there',
      (error) => error.name,
    )
  await expect.poll(state).toBe('NotFound')
  await world.stop()
}, 60_000)
