import {
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectLegalHoldCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { text } from '../../src/xml/index.ts'
import { type OssBucket, runtimes, setups, startWorld, type World } from '../harness.ts'
import { readObject, writeBucket } from './raw-oss.ts'
import { send, sign } from './wire.ts'

const DAY = 86_400_000
const LOCKED = 'Access Denied because object protected by object lock.'

describe.each(runtimes)('object lock on %s', (runtime) => {
  let world: World
  let s3: S3Client
  let oss: OssBucket
  let object: { Bucket: string; Key: string }
  let VersionId: string
  let count = 0

  beforeAll(async () => {
    world = await startWorld(runtime)
    s3 = world.s3()
    for (const Bucket of ['locked', 'open']) await s3.send(new CreateBucketCommand({ Bucket }))
    oss = world.oss('locked')
    await oss.putBucketVersioning('locked', 'Enabled')
    await writeBucket(
      oss,
      'locked',
      'objectWorm',
      '<ObjectWormConfiguration><ObjectWormEnabled>Enabled</ObjectWormEnabled></ObjectWormConfiguration>',
    )
    await world.oss('open').put('key', Buffer.from('x'))
  })
  beforeEach(async () => {
    object = { Bucket: 'locked', Key: `key-${count++}` }
    VersionId = (await s3.send(new PutObjectCommand({ ...object, Body: 'x' }))).VersionId as string
  })
  afterAll(() => world.stop())

  const until = new Date(Math.floor(Date.now() / 1000) * 1000 + 2 * DAY)
  const retain = (Mode: 'GOVERNANCE' | 'COMPLIANCE', RetainUntilDate = until, more: object = {}) =>
    s3.send(new PutObjectRetentionCommand({ ...object, Retention: { Mode, RetainUntilDate }, ...more }))
  const hold = (Status: 'ON' | 'OFF', more: object = {}) =>
    s3.send(new PutObjectLegalHoldCommand({ ...object, LegalHold: { Status }, ...more }))

  describe('a read tells', () => {
    const reads = async () => {
      const head = await s3.send(new HeadObjectCommand(object))
      const get = await s3.send(new GetObjectCommand(object))
      await get.Body?.transformToByteArray()
      const part = await s3.send(new GetObjectCommand({ ...object, Range: 'bytes=0-0', VersionId }))
      await part.Body?.transformToByteArray()
      return [head, get, part]
    }
    const locks = async () =>
      (await reads()).map(({ ObjectLockMode, ObjectLockRetainUntilDate, ObjectLockLegalHoldStatus }) => [
        ObjectLockMode,
        ObjectLockRetainUntilDate,
        ObjectLockLegalHoldStatus,
      ])

    test.each(['GOVERNANCE', 'COMPLIANCE'] as const)('a retention period, %s', async (mode) => {
      await retain(mode)
      expect(await locks()).toEqual(Array(3).fill([mode, until, undefined]))
    })

    test('a legal hold, while it is on and when it is off', async () => {
      await hold('ON')
      expect(await locks()).toEqual(Array(3).fill([undefined, undefined, 'ON']))
      await hold('OFF')
      expect(await locks()).toEqual(Array(3).fill([undefined, undefined, 'OFF']))
    })

    test('both', async () => {
      await retain('GOVERNANCE')
      await hold('ON')
      expect(await locks()).toEqual(Array(3).fill(['GOVERNANCE', until, 'ON']))
      await hold('OFF')
    })

    test('nothing of an object without a lock', async () => {
      expect(await locks()).toEqual(Array(3).fill([undefined, undefined, undefined]))
    })

    test('what concerns the version that was read', async () => {
      await retain('GOVERNANCE')
      const newer = await s3.send(new PutObjectCommand({ ...object, Body: 'y' }))
      const head = (VersionId?: string) => s3.send(new HeadObjectCommand({ ...object, VersionId }))
      expect((await head()).ObjectLockMode).toBeUndefined()
      expect((await head(newer.VersionId)).ObjectLockMode).toBeUndefined()
      expect((await head(VersionId)).ObjectLockMode).toBe('GOVERNANCE')
    })
  })

  describe('a read asks OSS for no lock', () => {
    const key = { Bucket: 'versions', Key: 'key' }
    const ask = async (Bucket: string, method: 'HEAD' | 'GET' = 'HEAD') => {
      world.ossRequests()
      const read = { Bucket, Key: 'key' }
      if (method === 'HEAD') await s3.send(new HeadObjectCommand(read))
      else await (await s3.send(new GetObjectCommand(read))).Body?.transformToByteArray()
      return world.ossRequests()
    }

    test('in a bucket without versions', async () => {
      expect(await ask('open')).toEqual(['HeadObject'])
      expect(await ask('open', 'GET')).toEqual(['GetObject'])
    })

    test('in a bucket with versions, once it is known to have no locks', async () => {
      await s3.send(new CreateBucketCommand({ Bucket: key.Bucket }))
      await world.oss('versions').putBucketVersioning('versions', 'Enabled')
      await s3.send(new PutObjectCommand({ ...key, Body: 'x' }))
      expect(await ask('versions')).toEqual(['HeadObject'])
      expect(await ask('versions', 'GET')).toEqual(['GetObject', expect.stringMatching(/Worm/)])
      expect(await ask('versions', 'GET')).toEqual(['GetObject'])
    })

    test('until it is given locks', async () => {
      const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled' } as const
      await s3.send(new PutObjectLockConfigurationCommand({ Bucket: 'versions', ObjectLockConfiguration }))
      await s3.send(new PutObjectLegalHoldCommand({ ...key, LegalHold: { Status: 'ON' } }))
      expect((await s3.send(new HeadObjectCommand(key))).ObjectLockLegalHoldStatus).toBe('ON')
    })
  })

  test('a retention period is OSS’s own', async () => {
    await retain('GOVERNANCE')
    const atOss = await readObject(oss, object.Key, 'retention', 'Retention')
    expect(text(atOss, 'Mode')).toBe('GOVERNANCE')
    expect(new Date(text(atOss, 'RetainUntilDate') ?? '')).toEqual(until)
    const { Retention } = await s3.send(new GetObjectRetentionCommand({ ...object, VersionId }))
    expect(Retention).toEqual({ Mode: 'GOVERNANCE', RetainUntilDate: until })
  })

  test('keeps a version from being deleted, except by who bypasses governance', async () => {
    await retain('GOVERNANCE')
    const remove = (more: object = {}) => s3.send(new DeleteObjectCommand({ ...object, VersionId, ...more }))
    await expect(remove()).rejects.toMatchObject({ name: 'AccessDenied', message: LOCKED })
    const { Errors, Deleted } = await s3.send(
      new DeleteObjectsCommand({ Bucket: 'locked', Delete: { Objects: [{ Key: object.Key, VersionId }] } }),
    )
    expect(Deleted).toBeUndefined()
    expect(Errors).toMatchObject([{ Key: object.Key, VersionId, Code: 'AccessDenied' }])
    expect((await remove({ BypassGovernanceRetention: true })).$metadata.httpStatusCode).toBe(204)
    await expect(oss.head(object.Key)).rejects.toMatchObject({ status: 404 })
  })

  test('a bypass may delete many, too', async () => {
    await retain('GOVERNANCE')
    const { Deleted } = await s3.send(
      new DeleteObjectsCommand({
        Bucket: 'locked',
        Delete: { Objects: [{ Key: object.Key, VersionId }] },
        BypassGovernanceRetention: true,
      }),
    )
    expect(Deleted).toEqual([{ Key: object.Key, VersionId }])
  })

  test('is shortened only by who bypasses governance', async () => {
    await retain('GOVERNANCE')
    const sooner = new Date(until.getTime() - DAY)
    await expect(retain('GOVERNANCE', sooner)).rejects.toMatchObject({
      name: 'AccessDenied',
      message: LOCKED,
    })
    await retain('GOVERNANCE', sooner, { BypassGovernanceRetention: true })
    const compliant = { Key: `${object.Key}-compliant` }
    await s3.send(new PutObjectCommand({ ...object, ...compliant, Body: 'x' }))
    await retain('COMPLIANCE', until, compliant)
    const bypass = { ...compliant, BypassGovernanceRetention: true }
    await expect(retain('COMPLIANCE', sooner, bypass)).rejects.toMatchObject({ name: 'AccessDenied' })
  })

  test('has one mode until it is over, in which OSS is stricter than S3', async () => {
    const later = new Date(until.getTime() + DAY)
    const denied = { name: 'AccessDenied', message: LOCKED }
    const bypass = { BypassGovernanceRetention: true }
    await retain('GOVERNANCE')
    await expect(retain('COMPLIANCE', later)).rejects.toMatchObject(denied)
    await expect(retain('COMPLIANCE', later, bypass)).rejects.toMatchObject({
      name: 'NotImplemented',
      message: expect.stringContaining('changes the mode of a retention only when its period is over'),
    })
    const compliant = { Key: `${object.Key}-compliant` }
    await s3.send(new PutObjectCommand({ ...object, ...compliant, Body: 'x' }))
    await retain('COMPLIANCE', until, compliant)
    await expect(retain('GOVERNANCE', later, { ...compliant, ...bypass })).rejects.toMatchObject(denied)
  })

  test('a legal hold is OSS’s own, and is lifted', async () => {
    await hold('ON')
    expect(text(await readObject(oss, object.Key, 'legalHold', 'LegalHold'), 'Status')).toBe('ON')
    const { LegalHold } = await s3.send(new GetObjectLegalHoldCommand(object))
    expect(LegalHold).toEqual({ Status: 'ON' })
    const remove = new DeleteObjectCommand({ ...object, VersionId })
    await expect(s3.send(remove)).rejects.toMatchObject({ name: 'AccessDenied' })
    await hold('OFF')
    await s3.send(remove)
  })

  test('of an object that has none is not found', async () => {
    for (const command of [new GetObjectRetentionCommand(object), new GetObjectLegalHoldCommand(object)]) {
      await expect(s3.send(command as GetObjectRetentionCommand)).rejects.toMatchObject({
        name: 'NoSuchObjectLockConfiguration',
        message: 'The specified object does not have a ObjectLock configuration',
      })
    }
  })

  test('in a bucket without it is an invalid request', async () => {
    const open = { Bucket: 'open', Key: 'key' }
    const missing = { name: 'InvalidRequest', message: 'Bucket is missing Object Lock Configuration' }
    await expect(s3.send(new GetObjectRetentionCommand(open))).rejects.toMatchObject(missing)
    await expect(s3.send(new GetObjectLegalHoldCommand(open))).rejects.toMatchObject(missing)
    await expect(retain('GOVERNANCE', until, open)).rejects.toMatchObject(missing)
    await expect(hold('ON', open)).rejects.toMatchObject(missing)
    await expect(
      s3.send(new DeleteObjectCommand({ ...open, BypassGovernanceRetention: true })),
    ).rejects.toMatchObject({
      name: 'InvalidArgument',
      message: 'x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.',
    })
    await world.oss('open').head('key')
  })

  const retention = (mode: string, date: string) =>
    `<Retention><Mode>${mode}</Mode><RetainUntilDate>${date}</RetainUntilDate></Retention>`
  test.each([
    ['retention', 'an unknown mode', retention('FOREVER', '2090-01-01T00:00:00Z'), 'MalformedXML'],
    ['retention', 'a date in the past', retention('GOVERNANCE', '2020-01-01T00:00:00Z'), 'InvalidArgument'],
    ['retention', 'no date', retention('GOVERNANCE', 'tomorrow'), 'MalformedXML'],
    ['retention', 'only a mode', '<Retention><Mode>GOVERNANCE</Mode></Retention>', 'MalformedXML'],
    ['retention', 'nothing to keep', '<Retention/>', 'NotImplemented'],
    ['legal-hold', 'an unknown status', '<LegalHold><Status>on</Status></LegalHold>', 'MalformedXML'],
    ['legal-hold', 'no status', '<LegalHold/>', 'MalformedXML'],
    ['legal-hold', 'no document', '', 'MissingRequestBodyError'],
  ])('%s with %s is refused', async (subresource, _, body, code) => {
    const target = `/locked/${object.Key}?${subresource}`
    const host = new URL(world.endpoint).host
    const answer = await send(world.endpoint, sign({ method: 'PUT', target, body }, host))
    expect(answer.error.Code).toBe(code)
    await s3.send(new DeleteObjectCommand({ ...object, VersionId }))
  })
})

test.each(setups)(
  'object lock costs a read no call where OSS tells of it by itself, on %s',
  async (runtime) => {
    const world = await startWorld(runtime, {}, { readings: { getTellsLock: true } })
    try {
      const s3 = world.s3()
      const object = { Bucket: 'locked', Key: 'key' }
      await s3.send(new CreateBucketCommand({ Bucket: 'locked', ObjectLockEnabledForBucket: true }))
      await s3.send(new PutObjectCommand({ ...object, Body: 'x' }))
      await s3.send(new PutObjectLegalHoldCommand({ ...object, LegalHold: { Status: 'ON' } }))
      world.ossRequests()
      expect((await s3.send(new HeadObjectCommand(object))).ObjectLockLegalHoldStatus).toBe('ON')
      const { Body, ObjectLockLegalHoldStatus } = await s3.send(new GetObjectCommand(object))
      await Body?.transformToByteArray()
      expect(ObjectLockLegalHoldStatus).toBe('ON')
      expect(world.ossRequests()).toEqual(['HeadObject', 'GetObject'])
    } finally {
      await world.stop()
    }
  },
)

describe.each(setups)('object lock, where GetObject does not tell of it, on %s', (runtime) => {
  const object = { Bucket: 'locked', Key: 'key' }
  let world: World
  let s3: S3Client
  beforeAll(async () => {
    world = await startWorld(runtime, {}, { readings: { getTellsLock: false, noRetentionIsEmpty: true } })
    s3 = world.s3()
    await s3.send(new CreateBucketCommand({ Bucket: 'locked', ObjectLockEnabledForBucket: true }))
  })
  beforeEach(async () => {
    await s3.send(new PutObjectCommand({ ...object, Body: 'x' }))
    world.ossRequests()
  })
  afterAll(() => world.stop())
  const get = async () => {
    const answer = await s3.send(new GetObjectCommand(object))
    expect(await answer.Body?.transformToString()).toBe('x')
    return answer
  }

  test('is asked for, by one HEAD', async () => {
    const RetainUntilDate = new Date(Math.floor(Date.now() / 1000) * 1000 + DAY)
    const Retention = { Mode: 'GOVERNANCE', RetainUntilDate } as const
    await s3.send(new PutObjectRetentionCommand({ ...object, Retention }))
    world.ossRequests()
    expect(await get()).toMatchObject({
      ObjectLockMode: 'GOVERNANCE',
      ObjectLockRetainUntilDate: RetainUntilDate,
    })
    expect(world.ossRequests().filter((name) => !name.includes('Worm'))).toEqual(['GetObject', 'HeadObject'])
  })

  test('is left out where it cannot be read; the object is read all the same', async () => {
    await s3.send(new PutObjectLegalHoldCommand({ ...object, LegalHold: { Status: 'ON' } }))
    const denied = { kind: 'error', status: 403, code: 'AccessDenied' } as const
    world.localOss.faults.add({ operation: 'HeadObject', action: denied })
    expect((await get()).ObjectLockLegalHoldStatus).toBeUndefined()
    expect((await get()).ObjectLockLegalHoldStatus).toBe('ON')
  })

  test('of a version without retention is not found, whichever way OSS says so', async () => {
    await expect(s3.send(new GetObjectRetentionCommand(object))).rejects.toMatchObject({
      name: 'NoSuchObjectLockConfiguration',
    })
  })
})
