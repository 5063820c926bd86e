import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutBucketAccelerateConfigurationCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createLocalOss, type FaultAction, type LocalOss } from '../../src/local-oss/index.ts'
import { type NamesWorld, startNamesWorld } from './names-world.ts'

const credentials = { accessKeyId: 'local', accessKeySecret: 'local-secret' }
const buckets = { near: 'cn-hangzhou', far: 'cn-beijing' }
const AccelerateConfiguration = { Status: 'Enabled' } as const
const stream = Buffer.alloc(300_000, 'stream')

let localOss: LocalOss
beforeAll(async () => {
  localOss = await createLocalOss({ directory: ':memory:', credentials })
  const { s3, stop } = await startNamesWorld(localOss, {})
  for (const [Bucket, region] of Object.entries(buckets)) {
    const CreateBucketConfiguration = { LocationConstraint: region as never }
    await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }))
    await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'hello' }))
    await s3.send(new PutBucketAccelerateConfigurationCommand({ Bucket, AccelerateConfiguration }))
  }
  stop()
})
afterAll(() => localOss.close())
afterEach(() => localOss.faults.clear())

const calls: Record<string, (s3: S3Client) => Promise<unknown>> = {
  'a read': async (s3) => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'far', Key: 'k' }))
    expect(await Body?.transformToString()).toBe('hello')
  },
  'a HEAD': (s3) => s3.send(new HeadObjectCommand({ Bucket: 'far', Key: 'k' })),
  'a list': (s3) => s3.send(new ListObjectsV2Command({ Bucket: 'far' })),
  'a short write': (s3) => s3.send(new PutObjectCommand({ Bucket: 'far', Key: 'short', Body: 'x' })),
  'a write in a stream': (s3) => s3.send(new PutObjectCommand({ Bucket: 'far', Key: 'long', Body: stream })),
  'a copy to it': (s3) => s3.send(new CopyObjectCommand({ Bucket: 'far', Key: 'copy', CopySource: 'far/k' })),
}

/** OSS_ENDPOINT, and the hosts that near and far are asked for at. */
const endpoints: [endpoint: string, near: string, far: string][] = [
  [
    'https://oss-cn-hangzhou.aliyuncs.com',
    'near.oss-cn-hangzhou.aliyuncs.com',
    'far.oss-cn-beijing.aliyuncs.com',
  ],
  // The internal network of another region cannot be reached.
  [
    'https://oss-cn-hangzhou-internal.aliyuncs.com',
    'near.oss-cn-hangzhou-internal.aliyuncs.com',
    'far.oss-cn-beijing.aliyuncs.com',
  ],
  [
    'https://cn-hangzhou.oss.aliyuncs.com',
    'near.cn-hangzhou.oss.aliyuncs.com',
    'far.oss-cn-beijing.aliyuncs.com',
  ],
  [
    'https://oss-accelerate.aliyuncs.com',
    'near.oss-accelerate.aliyuncs.com',
    'far.oss-accelerate.aliyuncs.com',
  ],
  [
    'https://oss-accelerate-overseas.aliyuncs.com',
    'near.oss-accelerate-overseas.aliyuncs.com',
    'far.oss-accelerate-overseas.aliyuncs.com',
  ],
]

describe.each(endpoints)('with OSS_ENDPOINT %s', (OSS_ENDPOINT, near, far) => {
  let world: NamesWorld
  beforeEach(async () => {
    world = await startNamesWorld(localOss, { OSS_ENDPOINT })
    return () => world.stop()
  })
  const last = () => new URL(world.hosts().at(-1)?.replace(/^\w+ /, '') ?? '').host

  test('a bucket of its region is asked for there', async () => {
    await world.s3.send(new PutObjectCommand({ Bucket: 'near', Key: 'k', Body: stream }))
    expect(last()).toBe(near)
  })

  test.each(Object.keys(calls))('%s finds a bucket of another region, and knows it then', async (name) => {
    await calls[name]?.(world.s3)
    expect(last()).toBe(far)
    await world.s3.send(new HeadObjectCommand({ Bucket: 'far', Key: 'k' }))
    expect(world.hosts()).toEqual([`HEAD https://${far}`])
  })
})

describe('an accelerate endpoint', () => {
  let world: NamesWorld
  beforeEach(async () => {
    world = await startNamesWorld(localOss, { OSS_ENDPOINT: 'https://oss-accelerate.aliyuncs.com' })
    return () => world.stop()
  })

  test('is asked for objects, and regions for the buckets themselves', async () => {
    const { s3 } = world
    const CreateBucketConfiguration = { LocationConstraint: 'cn-beijing' as never }
    await s3.send(new CreateBucketCommand({ Bucket: 'fast', CreateBucketConfiguration }))
    await s3.send(new HeadBucketCommand({ Bucket: 'fast' }))
    await s3.send(new PutBucketAccelerateConfigurationCommand({ Bucket: 'fast', AccelerateConfiguration }))
    await s3.send(new PutObjectCommand({ Bucket: 'fast', Key: 'k', Body: 'x' }))
    await s3.send(new DeleteObjectsCommand({ Bucket: 'fast', Delete: { Objects: [{ Key: 'k' }] } }))
    await s3.send(new DeleteBucketCommand({ Bucket: 'fast' }))
    await s3.send(new ListBucketsCommand())
    expect(world.hosts()).toEqual([
      'GET https://fast.oss-cn-hangzhou.aliyuncs.com',
      'PUT https://fast.oss-cn-beijing.aliyuncs.com',
      'GET https://fast.oss-cn-beijing.aliyuncs.com',
      'PUT https://fast.oss-cn-beijing.aliyuncs.com',
      'PUT https://fast.oss-accelerate.aliyuncs.com',
      'POST https://fast.oss-accelerate.aliyuncs.com',
      'DELETE https://fast.oss-cn-beijing.aliyuncs.com',
      'GET https://oss-cn-hangzhou.aliyuncs.com',
    ])
  })

  test('that the bucket has switched off is told in S3’s words', async () => {
    await world.s3.send(new CreateBucketCommand({ Bucket: 'slow' }))
    await expect(world.s3.send(new ListObjectsV2Command({ Bucket: 'slow' }))).rejects.toMatchObject({
      name: 'InvalidRequest',
      message: 'S3 Transfer Acceleration is not configured on this bucket',
    })
  })

  test('that says only that the signature is of another region leads to the bucket’s', async () => {
    const action: FaultAction = { kind: 'error', status: 400, code: 'InvalidArgument', ec: '0002-00000226' }
    localOss.faults.add({ operation: 'GetObject', action })
    await calls['a read']?.(world.s3)
    expect(world.hosts().at(-1)).toBe('GET https://far.oss-accelerate.aliyuncs.com')
  })

  test('that goes on saying so is asked no further: the settings are wrong', async () => {
    const action: FaultAction = { kind: 'error', status: 400, code: 'InvalidArgument', ec: '0002-00000226' }
    localOss.faults.add({ times: 100, action })
    const error = await world.s3
      .send(new GetObjectCommand({ Bucket: 'near', Key: 'k' }))
      .catch((error) => error)
    expect(error).toMatchObject({ name: 'InternalError' })
    expect(world.hosts().length).toBeLessThan(5)
    expect(world.logged.join()).toContain('0002-00000226')
  })
})

describe('a bucket of another account', () => {
  const action: FaultAction = {
    kind: 'error',
    status: 403,
    code: 'AccessDenied',
    message: 'The bucket you access does not belong to you.',
  }
  let world: NamesWorld
  beforeEach(async () => {
    world = await startNamesWorld(localOss, {})
    localOss.faults.add({ times: 100, action })
    return () => world.stop()
  })

  test.each<[_: string, ask: (s3: S3Client) => Promise<unknown>, status: number, name: string]>([
    ['GetObject', (s3) => s3.send(new GetObjectCommand({ Bucket: 'near', Key: 'k' })), 403, 'AccessDenied'],
    ['ListObjects', (s3) => s3.send(new ListObjectsV2Command({ Bucket: 'near' })), 403, 'AccessDenied'],
    [
      'GetBucketLocation',
      (s3) => s3.send(new GetBucketLocationCommand({ Bucket: 'near' })),
      403,
      'AccessDenied',
    ],
    ['HeadBucket', (s3) => s3.send(new HeadBucketCommand({ Bucket: 'near' })), 403, 'Unknown'],
    ['DeleteBucket', (s3) => s3.send(new DeleteBucketCommand({ Bucket: 'near' })), 403, 'AccessDenied'],
    [
      'PutObject in a stream',
      (s3) => s3.send(new PutObjectCommand({ Bucket: 'near', Key: 'k', Body: stream })),
      403,
      'AccessDenied',
    ],
    [
      'CopyObject',
      (s3) => s3.send(new CopyObjectCommand({ Bucket: 'near', Key: 'c', CopySource: 'near/k' })),
      403,
      'AccessDenied',
    ],
    [
      'CreateBucket',
      (s3) => s3.send(new CreateBucketCommand({ Bucket: 'near' })),
      409,
      'BucketAlreadyExists',
    ],
  ])('is refused as in S3: %s', async (_, ask, status, name) => {
    const error = await ask(world.s3).catch((error) => error)
    expect(error).toMatchObject({ name, $metadata: { httpStatusCode: status } })
  })
})
