import {
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketWebsiteCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { runtimes, startWorld, type World } from '../harness.ts'

const Bucket = 'bucket'
const to = (HttpErrorCodeReturnedEquals?: string) => ({
  Redirect: { HostName: 'example.com', ReplaceKeyPrefixWith: 'new/' },
  Condition: { KeyPrefixEquals: 'moved/', HttpErrorCodeReturnedEquals },
})
const website = (...RoutingRules: ReturnType<typeof to>[]) => ({
  IndexDocument: { Suffix: 'index.html' },
  ErrorDocument: { Key: 'error.html' },
  RoutingRules: RoutingRules.length === 0 ? undefined : RoutingRules,
})
const pages = ['index.html', 'error.html', 'folder/index.html']
const objects = [...pages, 'kept/', 'kept/index.html', 'moved/there', 'moved/kept/']

describe.each(runtimes)('objects of a bucket that is a website, on %s', (runtime) => {
  let world: World
  let s3: S3Client
  beforeAll(async () => {
    world = await startWorld(runtime)
    s3 = world.s3()
    await world.oss().putBucket(Bucket)
    for (const key of objects) await world.oss(Bucket).put(key, Buffer.from(`of ${key}`))
  })
  afterAll(() => world.stop())

  const read = async (Key: string, more: object = {}) => {
    const answer = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }))
    return [await answer.Body?.transformToString(), answer.VersionId]
  }
  const missing = ['none', 'none/', 'folder', 'folder/', 'moved/none', 'moved/none/']
  const readings = [website(), website(to()), website(to('404'))]

  describe.each(readings.map((setting) => [setting.RoutingRules?.[0]?.Condition, setting] as const))(
    'with a rule for %j',
    (_, WebsiteConfiguration) => {
      beforeEach(async () => {
        await s3.send(new PutBucketWebsiteCommand({ Bucket, WebsiteConfiguration }))
      })

      test.each(objects)('%s is read as it is', async (key) => {
        expect(await read(key)).toEqual([`of ${key}`, undefined])
        expect(await read(key, { Range: 'bytes=0-1' })).toEqual(['of', undefined])
        await expect(read(key, { IfMatch: '"other"' })).rejects.toMatchObject({ name: 'PreconditionFailed' })
      })

      test.each(missing)('%s is missing', async (key) => {
        await expect(read(key)).rejects.toMatchObject({ name: 'NoSuchKey' })
        await expect(read(key, { IfNoneMatch: '"other"' })).rejects.toMatchObject({ name: 'NoSuchKey' })
        await expect(s3.send(new HeadObjectCommand({ Bucket, Key: key }))).rejects.toMatchObject({
          name: 'NotFound',
        })
      })
    },
  )

  test('costs one call more where a key ends with a slash, and none otherwise', async () => {
    await s3.send(new PutBucketWebsiteCommand({ Bucket, WebsiteConfiguration: website() }))
    world.ossRequests()
    await read('index.html')
    expect(world.ossRequests()).toEqual(['GetObject'])
    await read('kept/')
    expect(world.ossRequests()).toEqual(['HeadObject', 'GetObject'])
  })

  test('has its current version, and any that is named', async () => {
    const oss = world.oss('versions')
    await oss.putBucket('versions')
    await oss.putBucketVersioning('versions', 'Enabled')
    const Key = 'moved/there'
    const first = (await oss.put(Key, Buffer.from('first'))).res as { headers: Record<string, string> }
    const second = (await oss.put(Key, Buffer.from('second'))).res as typeof first
    const version = ({ headers }: typeof first) => headers['x-oss-version-id']
    const WebsiteConfiguration = website(to())
    await s3.send(new PutBucketWebsiteCommand({ Bucket: 'versions', WebsiteConfiguration }))
    expect(await read(Key, { Bucket: 'versions' })).toEqual(['second', version(second)])
    expect(await read(Key, { Bucket: 'versions', VersionId: version(first) })).toEqual([
      'first',
      version(first),
    ])
  })
})
