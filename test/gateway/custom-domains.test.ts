import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutBucketAccelerateConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createLocalOss, type LocalOss } from '../../src/local-oss/index.ts'
import { startWorld } from '../harness.ts'
import { type NamesWorld, startNamesWorld } from './names-world.ts'

const credentials = { accessKeyId: 'local', accessKeySecret: 'local-secret' }
const PART = 100 * 1024

/** Which bucket OSS has bound a domain to. */
const cnames = {
  'files.example.com': 'near',
  'archive.example.com': 'other',
  'north.example.com': 'far',
  'swapped.example.com': 'plain',
}
const endpoints = {
  near: 'https://files.example.com',
  other: 'http://archive.example.com:8443',
  far: 'https://north.example.com/',
  // Bound to another bucket than the settings say.
  mistaken: 'https://swapped.example.com',
}
const buckets = {
  near: 'cn-hangzhou',
  other: 'cn-hangzhou',
  far: 'cn-beijing',
  plain: 'cn-hangzhou',
  mistaken: 'cn-hangzhou',
}

let localOss: LocalOss
beforeAll(async () => {
  localOss = await createLocalOss({ directory: ':memory:', credentials, copyLimit: PART, cnames })
  const { s3, stop } = await startNamesWorld(localOss, {})
  for (const [Bucket, region] of Object.entries(buckets))
    await s3.send(
      new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: region as never } }),
    )
  stop()
})
afterAll(() => localOss.close())

describe('a bucket with a custom domain', () => {
  let world: NamesWorld
  let s3: S3Client
  beforeEach(async () => {
    world = await startNamesWorld(localOss, {}, { endpoints, copy: { partSize: PART } })
    s3 = world.s3
    return () => world.stop()
  })

  const near = 'https://files.example.com'
  const far = 'https://north.example.com'
  const ordinary = 'https://near.oss-cn-hangzhou.aliyuncs.com'
  const located = [
    'GET https://far.oss-cn-hangzhou.aliyuncs.com',
    'GET https://far.oss-cn-beijing.aliyuncs.com',
  ]
  const at = { Bucket: 'near', Key: 'a b/ü' }

  test('is asked for by it, bare, for all that is done with what the bucket has', async () => {
    const stream = Buffer.alloc(300_000, 'x')
    await s3.send(new PutObjectCommand({ ...at, Body: 'hello', Tagging: 'k=v' }))
    await s3.send(new PutObjectCommand({ ...at, Key: 'large', Body: stream }))
    await s3.send(new HeadObjectCommand(at))
    const { Body } = await s3.send(new GetObjectCommand(at))
    expect(await Body?.transformToString()).toBe('hello')
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: 'near' }))
    expect(Contents?.map(({ Key }) => Key)).toEqual([at.Key, 'large'])
    await s3.send(
      new PutBucketVersioningCommand({ Bucket: 'near', VersioningConfiguration: { Status: 'Suspended' } }),
    )
    await s3.send(new GetBucketVersioningCommand({ Bucket: 'near' }))
    await s3.send(new HeadBucketCommand({ Bucket: 'near' }))
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...at, Key: 'parts' }))
    const { ETag } = await s3.send(
      new UploadPartCommand({ ...at, Key: 'parts', UploadId, PartNumber: 1, Body: stream }),
    )
    await s3.send(
      new CompleteMultipartUploadCommand({
        ...at,
        Key: 'parts',
        UploadId,
        MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
      }),
    )
    await s3.send(new DeleteObjectsCommand({ Bucket: 'near', Delete: { Objects: [{ Key: 'parts' }] } }))
    const asked = world.hosts()
    expect(asked.length).toBeGreaterThanOrEqual(11)
    expect(asked.map((host) => host.replace(/^\w+ /, ''))).toEqual(asked.map(() => near))
  })

  test.each<[_: string, ask: (s3: S3Client) => Promise<unknown>, hosts: string[]]>([
    [
      'ListBuckets, which no domain can be asked',
      (s3) => s3.send(new ListBucketsCommand()),
      ['GET https://oss-cn-hangzhou.aliyuncs.com'],
    ],
    [
      'DeleteBucket and CreateBucket',
      async (s3) => {
        await s3.send(new DeleteBucketCommand({ Bucket: 'far' }))
        const CreateBucketConfiguration = { LocationConstraint: 'cn-beijing' as never }
        await s3.send(new CreateBucketCommand({ Bucket: 'far', CreateBucketConfiguration }))
      },
      [
        'DELETE https://far.oss-cn-hangzhou.aliyuncs.com',
        'DELETE https://far.oss-cn-beijing.aliyuncs.com',
        // Whether there is one of that name.
        `GET ${far}`,
        'PUT https://far.oss-cn-beijing.aliyuncs.com',
      ],
    ],
    [
      'GetBucketLocation, which every region answers',
      (s3) => s3.send(new GetBucketLocationCommand({ Bucket: 'near' })),
      [`GET ${ordinary}`],
    ],
    [
      'what switches acceleration',
      (s3) =>
        s3.send(
          new PutBucketAccelerateConfigurationCommand({
            Bucket: 'near',
            AccelerateConfiguration: { Status: 'Suspended' },
          }),
        ),
      [`PUT ${ordinary}`],
    ],
  ])('is asked for by OSS for %s', async (_, ask, hosts) => {
    await ask(s3)
    expect(world.hosts()).toEqual(hosts)
  })

  test('is not what leads elsewhere: other buckets are asked for as ever', async () => {
    await s3.send(new PutObjectCommand({ Bucket: 'plain', Key: 'k', Body: 'x' }))
    expect(world.hosts().at(-1)).toBe('PUT https://plain.oss-cn-hangzhou.aliyuncs.com')
  })

  test('of another region is signed for that as soon as OSS has refused the gateway’s', async () => {
    const put = (Key: string, Body: string | Buffer) =>
      s3.send(new PutObjectCommand({ Bucket: 'far', Key, Body }))
    // A stream cannot be sent twice: the client is told to repeat it.
    const error = await put('stream', Buffer.alloc(300_000)).catch((error) => error)
    expect(error.$metadata.httpStatusCode).toBe(503)
    expect(world.hosts()).toEqual([`PUT ${far}`, ...located])
    await put('stream', Buffer.alloc(300_000))
    await put('k', 'x')
    expect(world.hosts()).toEqual([`PUT ${far}`, `PUT ${far}`])
  })

  test('of another region is found without the client’s notice where a call can be repeated', async () => {
    await s3.send(new ListObjectsV2Command({ Bucket: 'far' }))
    expect(world.hosts()).toEqual([`GET ${far}`, ...located, `GET ${far}`])
  })

  const copies: [what: string, from: string, to: string, size: number, hosts: RegExp[]][] = [
    ['natively', 'near', 'other', 5_000, [/^PUT http:\/\/archive\.example\.com:8443$/]],
    [
      'in parts',
      'near',
      'other',
      3 * PART,
      [/^(?:HEAD|GET) https:\/\/files\.example\.com$/, /^\w+ http:\/\/archive\.example\.com:8443$/],
    ],
    [
      'in a stream from another region',
      'far',
      'near',
      5_000,
      [/^(?:HEAD|GET) https:\/\/north\.example\.com$/, /^\w+ https:\/\/files\.example\.com$/],
    ],
    [
      'in a stream, from a domain to none',
      'far',
      'plain',
      5_000,
      [
        /^(?:HEAD|GET) https:\/\/north\.example\.com$/,
        /^\w+ https:\/\/plain\.oss-cn-hangzhou\.aliyuncs\.com$/,
      ],
    ],
    ['from none to a domain', 'plain', 'near', 5_000, [/^PUT https:\/\/files\.example\.com$/]],
  ]
  test.each(copies)(
    'is copied %s: the source is read and the destination written by its own',
    async (_, from, to, size, hosts) => {
      const content = Buffer.alloc(size, 'content ')
      await s3.send(new ListObjectsV2Command({ Bucket: 'far' }))
      await s3.send(new PutObjectCommand({ Bucket: from, Key: 'source', Body: content }))
      await s3.send(new ListObjectsV2Command({ Bucket: to }))
      world.hosts()
      await s3.send(new CopyObjectCommand({ Bucket: to, Key: 'copy', CopySource: `${from}/source` }))
      const asked = world.hosts()
      for (const host of asked)
        expect(
          hosts.some((form) => form.test(host)) || host === 'GET https://far.oss-cn-hangzhou.aliyuncs.com',
        ).toBe(true)
      for (const form of hosts) expect(asked).toContainEqual(expect.stringMatching(form))
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: to, Key: 'copy' }))
      expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(content)).toBe(true)
    },
  )

  test('is copied into parts by its own', async () => {
    await s3.send(new PutObjectCommand({ Bucket: 'near', Key: 'source', Body: 'x'.repeat(5_000) }))
    const upload = { Bucket: 'other', Key: 'parts' }
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(upload))
    world.hosts()
    await s3.send(
      new UploadPartCopyCommand({ ...upload, UploadId, PartNumber: 1, CopySource: 'near/source' }),
    )
    expect(world.hosts()).toEqual(['PUT http://archive.example.com:8443'])
  })

  test('is never mistaken for the one that a domain is really bound to', async () => {
    const error = await s3
      .send(new PutObjectCommand({ Bucket: 'mistaken', Key: 'k2', Body: 'x' }))
      .catch((error) => error)
    expect(error).toMatchObject({ name: 'InternalError' })
    expect(world.logged.join()).toContain('SignatureDoesNotMatch')
    const { KeyCount } = await s3.send(new ListObjectsV2Command({ Bucket: 'plain', Prefix: 'k2' }))
    expect(KeyCount).toBe(0)
  })
})

test('a domain that OSS refuses is the settings’ mistake, and told in the log', async () => {
  const { s3, logged, stop } = await startNamesWorld(localOss, {})
  const answers = [
    [400, 'PublicEndpointForbidden'],
    [403, 'CnameDenied'],
  ] as const
  for (const [status, code] of answers) {
    const remove = localOss.faults.add({ action: { kind: 'error', status, code } })
    const error = await s3.send(new GetObjectCommand({ Bucket: 'near', Key: 'k' })).catch((error) => error)
    remove()
    expect(error.$metadata.httpStatusCode).toBe(500)
    expect(logged.at(-1)).toContain(code)
  }
  stop()
})

test('the embedded OSS of the gateway itself is asked by custom domains too', async () => {
  const embedded = await startWorld('node', { GATEWAY_CONFIG: JSON.stringify({ endpoints }) })
  const s3 = embedded.s3()
  await s3.send(new CreateBucketCommand({ Bucket: 'near' }))
  await s3.send(new PutObjectCommand({ Bucket: 'near', Key: 'k', Body: 'x' }))
  await s3.send(new CopyObjectCommand({ Bucket: 'near', Key: 'c', CopySource: 'near/k' }))
  expect(String((await embedded.oss('near').get('c')).content)).toBe('x')
  await embedded.stop()
})
