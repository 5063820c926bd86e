import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketTaggingCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { startKeyUri } from '../key-services.ts'
import {
  ACCOUNT,
  Bucket,
  folder,
  HOUR,
  type MakeSource,
  MINUTE,
  pass,
  sources,
  World,
} from './credentials-world.ts'

let world: World
afterEach(async () => {
  vi.useRealTimers()
  await world.stop()
})

/** What the client is told of a request that fails. */
const failure = (request: Promise<unknown>) =>
  request.then(
    () => 'none',
    ({ name, $metadata }) => `${$metadata.httpStatusCode} ${name}`,
  )
const UNAVAILABLE = '503 ServiceUnavailable'

describe.each(Object.entries(sources))('a key of %s', (_, make) => {
  test('is got once for all requests while it is fresh', async () => {
    world = await World.start(make)
    expect(await Promise.all(Array.from({ length: 20 }, world.read))).toEqual(Array(20).fill('content'))
    expect(world.issued).toHaveLength(1)
    expect(world.ossErrors).toEqual([])
  })

  test('near its end is renewed while requests go on with it', async () => {
    world = await World.start(make)
    world.service.mood = 'slow'
    pass(46 * MINUTE)
    expect(await world.read()).toBe('content')
    expect(world.issued).toHaveLength(1)
    world.service.release()
    await expect.poll(() => world.issued.length).toBe(2)
    world.localOss.removeKey('STS.0')
    expect(await world.read()).toBe('content')
    expect(world.ossErrors).toEqual([])
  })

  test('near its end goes on while the service is down', async () => {
    world = await World.start(make)
    world.service.mood = 'failing'
    pass(46 * MINUTE)
    await expect.poll(() => world.logged.join()).toContain('the key for OSS cannot be renewed')
    pass(13 * MINUTE)
    expect(await world.read()).toBe('content')
    expect(world.ossErrors).toEqual([])
  })

  test('that expires while an object is on its way ends no answer, and the next request has another', async () => {
    world = await World.start(make)
    const Body = Buffer.alloc(8_000_000, 'x')
    await world.s3.send(new PutObjectCommand({ Bucket, Key: 'large', Body }))
    const begun = await world.s3.send(new GetObjectCommand({ Bucket, Key: 'large' }))
    pass(2 * HOUR)
    expect(await world.read()).toBe('content')
    expect(await world.s3.send(new PutObjectCommand({ Bucket, Key: 'large', Body }))).toBeDefined()
    expect((await begun.Body?.transformToByteArray())?.length).toBe(8_000_000)
    expect(world.issued).toHaveLength(2)
    expect(world.ossErrors).toEqual([])
  })

  test('that OSS refuses before its time is renewed, by one question for all', async () => {
    world = await World.start(make)
    world.localOss.removeKey(world.last.accessKeyId)
    expect(await Promise.all(Array.from({ length: 20 }, world.read))).toEqual(Array(20).fill('content'))
    expect(world.issued).toHaveLength(2)
    expect(new Set(world.ossErrors)).toEqual(new Set(['InvalidAccessKeyId']))
  })

  test('that OSS refuses is waited for where the service is slow', async () => {
    world = await World.start(make)
    world.service.mood = 'slow'
    world.localOss.removeKey(world.last.accessKeyId)
    const reads = [world.read(), world.read()]
    await expect.poll(() => world.ossErrors.length).toBe(2)
    world.service.release()
    expect(await Promise.all(reads)).toEqual(['content', 'content'])
    expect(world.issued).toHaveLength(2)
  })

  test.each(['down', 'page', 'failing', 'half'] as const)(
    'that OSS refuses is a 503 while the service is %s, and works again once that is well',
    async (mood) => {
      world = await World.start(make)
      world.service.mood = mood
      world.localOss.removeKey(world.last.accessKeyId)
      expect(await failure(world.read())).toBe(UNAVAILABLE)
      world.service.mood = 'well'
      pass(MINUTE)
      expect(await world.read()).toBe('content')
      expect(world.logged.join()).not.toMatch(/secret-of|token-of/)
    },
  )
})

/** How OSS comes to refuse a key of which the gateway believes that it is right. */
const refusals: Record<string, (world: World) => void> = {
  InvalidAccessKeyId: ({ localOss, last }) => localOss.removeKey(last.accessKeyId),
  SecurityTokenExpired: ({ localOss, last }) => localOss.addKey(ACCOUNT, { ...last, expiration: Date.now() }),
  InvalidSecurityToken: ({ localOss, last }) =>
    localOss.addKey(ACCOUNT, { ...last, securityToken: 'another' }),
  SignatureDoesNotMatch: ({ localOss, last }) =>
    localOss.addKey(ACCOUNT, { ...last, accessKeySecret: 'another' }),
  AccessKeyIdAndSecurityTokenNotMatch: ({ localOss, last }) => {
    localOss.addKey(ACCOUNT, { ...last, securityToken: 'another' })
    localOss.addKey(ACCOUNT, { ...last, accessKeyId: 'STS.other' })
  },
}
const AssumeRole = sources.AssumeRole as MakeSource

describe.each(Object.entries(refusals))('where OSS says %s', (code, refuse) => {
  const requests: [name: string, send: (s3: S3Client) => Promise<unknown>][] = [
    ['GetObject', (s3) => s3.send(new GetObjectCommand({ Bucket, Key: 'key' }))],
    ['HeadObject', (s3) => s3.send(new HeadObjectCommand({ Bucket, Key: 'key' }))],
    ['ListObjectsV2', (s3) => s3.send(new ListObjectsV2Command({ Bucket }))],
    [
      'CopyObject',
      (s3) => s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/key` })),
    ],
    ['DeleteObject', (s3) => s3.send(new DeleteObjectCommand({ Bucket, Key: 'key' }))],
    [
      'DeleteObjects',
      (s3) => s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'key' }] } })),
    ],
    ['CreateMultipartUpload', (s3) => s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'parts' }))],
    [
      'PutBucketTagging',
      (s3) =>
        s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: [{ Key: 'a', Value: 'b' }] } })),
    ],
  ]
  test.each(requests)('%s is made again with the next key', async (_, send) => {
    world = await World.start(AssumeRole)
    refuse(world)
    await send(world.s3)
    expect(world.ossErrors).toEqual([code])
    expect(world.issued).toHaveLength(2)
  })

  test('an upload in a stream is a 503, which the SDK repeats; nothing is left of the first attempt', async () => {
    world = await World.start(AssumeRole)
    const put = (s3: S3Client) =>
      s3.send(new PutObjectCommand({ Bucket, Key: 'new', Body: Buffer.alloc(3_000_000, 'x') }))
    refuse(world)
    expect(await failure(put(world.s3))).toBe(UNAVAILABLE)
    expect(await failure(world.s3.send(new HeadObjectCommand({ Bucket, Key: 'new' })))).toBe('404 NotFound')
    refuse(world)
    const patient = world.client(3)
    pass(MINUTE)
    const { $metadata } = await put(patient)
    expect($metadata.attempts).toBe(2)
    patient.destroy()
  })
})

test('a key that OSS refuses whichever it is costs ever fewer questions, and is no wrong key of the client’s', async () => {
  world = await World.start(AssumeRole)
  const real = world.localOss.addKey
  world.localOss.addKey = () => {}
  world.localOss.removeKey(world.last.accessKeyId)
  for (let i = 0; i < 20; i++) expect(await failure(world.read())).toBe(UNAVAILABLE)
  expect(world.issued.length).toBeLessThan(8)
  world.localOss.addKey = real
  pass(MINUTE)
  expect(await world.read()).toBe('content')
})

test('an upload in parts with a public ACL, whose id is authenticated, outlives the key that it was begun with', async () => {
  world = await World.start(AssumeRole)
  const { s3 } = world
  const upload = { Bucket, Key: 'parts' }
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...upload, ACL: 'public-read' }))
  pass(2 * HOUR)
  const { ETag } = await s3.send(new UploadPartCommand({ ...upload, UploadId, PartNumber: 1, Body: 'part' }))
  pass(2 * HOUR)
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
  await s3.send(new CompleteMultipartUploadCommand({ ...upload, UploadId, MultipartUpload }))
  const { Grants } = await s3.send(new GetObjectAclCommand(upload))
  expect(Grants).toHaveLength(2)
  expect(world.issued).toHaveLength(3)
})

describe('a key in files', () => {
  const files = () => ({
    accessKeyId: join(folder, 'id'),
    accessKeySecret: join(folder, 'secret'),
  })
  const write = async (id: string, secret: string) => {
    await writeFile(files().accessKeyId, `${id}\n`)
    await writeFile(files().accessKeySecret, `${secret}\n`)
  }
  const inFiles: MakeSource = async (issue, localOss) => {
    const { accessKeyId, accessKeySecret } = { accessKeyId: 'LTAI5tOne', accessKeySecret: 'secret-of-one' }
    await write(accessKeyId, accessKeySecret)
    localOss.addKey(ACCOUNT, { accessKeyId, accessKeySecret })
    return {
      service: await startKeyUri(issue, '/'),
      source: { from: 'settings', key: { accessKeyId, accessKeySecret }, files: files() },
    }
  }
  const two = { accessKeyId: 'LTAI5tTwo', accessKeySecret: 'secret-of-two' }

  test('is read again when OSS refuses the old one', async () => {
    world = await World.start(inFiles)
    world.localOss.addKey(ACCOUNT, two)
    await write(two.accessKeyId, two.accessKeySecret)
    expect(await world.read()).toBe('content')
    world.localOss.removeKey('LTAI5tOne')
    expect(await Promise.all([world.read(), world.read()])).toEqual(['content', 'content'])
    expect(new Set(world.ossErrors)).toEqual(new Set(['InvalidAccessKeyId']))
  })

  test.each<[what: string, change: () => Promise<unknown>]>([
    ['is half written', () => writeFile(files().accessKeyId, two.accessKeyId)],
    ['is empty', () => write('', '')],
    ['is gone', () => rm(files().accessKeySecret)],
  ])('that %s is a 503 until it is whole', async (_, change) => {
    world = await World.start(inFiles)
    world.localOss.removeKey('LTAI5tOne')
    world.localOss.addKey(ACCOUNT, two)
    await change()
    expect(await failure(world.read())).toBe(UNAVAILABLE)
    await write(two.accessKeyId, two.accessKeySecret)
    pass(MINUTE)
    expect(await world.read()).toBe('content')
    expect(world.logged.join()).not.toMatch(/secret-of/)
  })
})
