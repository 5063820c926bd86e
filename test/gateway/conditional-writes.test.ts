import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  PutBucketEncryptionCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectLockConfigurationCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ObservedRequest } from '../../src/local-oss/index.ts'
import type { OssClient } from '../../src/oss/client.ts'
import { runtimes, startWorld, type World } from '../harness.ts'
import { ossClient, reservedVersions } from '../reserved.ts'

const isLock = ({ key }: ObservedRequest) => key.startsWith('.s3-oss-gateway/locks/')
const buckets = ['plain', 'versioned', 'suspended']
const status = (code: number) => ({ $metadata: { httpStatusCode: code } })

describe.each(runtimes)('conditional writes on %s', (runtime) => {
  let world: World
  let s3: S3Client
  beforeEach(async () => {
    world = await startWorld(runtime)
    s3 = world.s3()
    for (const Bucket of buckets) await s3.send(new CreateBucketCommand({ Bucket }))
    for (const [Bucket, Status] of [
      ['versioned', 'Enabled'],
      ['suspended', 'Enabled'],
      ['suspended', 'Suspended'],
    ] as const)
      await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }))
  })
  afterEach(async () => {
    for (const bucket of buckets) {
      await expect.poll(() => reservedVersions(world.localOss, bucket)).toEqual([])
    }
    await world.stop()
  })

  const put = (Bucket: string, input: Partial<PutObjectCommandInput> = {}) =>
    s3.send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'hello', ...input }))

  describe.each(buckets)('in a bucket %s', (Bucket) => {
    /** What OSS is asked for one write, but for what a gateway asks once a minute. */
    async function calls(write: (etag: string) => Promise<unknown>) {
      const { ETag = '' } = await put(Bucket)
      await write('"0"').catch(() => {})
      world.ossRequests()
      await write(ETag)
      return world.ossRequests()
    }
    const locked = (...write: string[]) => ['AppendObject', 'HeadObject', ...write, 'DeleteObject']

    test.each<[string, (etag: string) => Promise<unknown>, string[]]>([
      ['PutObject', (IfMatch) => put(Bucket, { IfMatch }), locked('PutObject')],
      [
        'CopyObject',
        (IfMatch) =>
          s3.send(
            new CopyObjectCommand({
              Bucket,
              Key: 'key',
              CopySource: `${Bucket}/key`,
              IfMatch,
              StorageClass: 'STANDARD',
            }),
          ),
        ['HeadObject', ...locked('CopyObject')],
      ],
      [
        'DeleteObject',
        (IfMatch) => s3.send(new DeleteObjectCommand({ Bucket, Key: 'key', IfMatch })),
        locked('DeleteObject'),
      ],
      [
        'DeleteObjects',
        (ETag) => s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'key', ETag }] } })),
        locked('DeleteObject'),
      ],
    ])('%s with If-Match is locked, looked at, made and unlocked', async (_, write, expected) => {
      expect(await calls(write)).toEqual(expected)
    })

    test('without a condition nothing is locked', async () => {
      world.ossRequests()
      await put(Bucket)
      await s3.send(new DeleteObjectCommand({ Bucket, Key: 'key' }))
      expect(world.ossRequests()).toEqual(['PutObject', 'DeleteObject'])
    })

    test('a long body is not sent at all when the condition fails already', async () => {
      const { ETag: IfMatch } = await put(Bucket, { Body: 'old' })
      await put(Bucket)
      world.ossRequests()
      await expect(put(Bucket, { Body: Buffer.alloc(400_000), IfMatch })).rejects.toMatchObject(status(412))
      expect(world.ossRequests().filter((name) => name === 'PutObject')).toEqual([])
    })
  })

  test('If-None-Match: * is one call in a bucket without versions, besides the look at the bucket', async () => {
    world.ossRequests()
    await put('plain', { IfNoneMatch: '*' })
    expect(world.ossRequests()).toEqual(['GetBucketInfo', 'PutObject'])
  })

  test('the lock is of its own class, private and encrypted by OSS, whatever the bucket says', async () => {
    const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' as const } }
    const ServerSideEncryptionConfiguration = { Rules: [rule] }
    await s3.send(new PutBucketEncryptionCommand({ Bucket: 'plain', ServerSideEncryptionConfiguration }))
    const { ETag: IfMatch } = await put('plain')
    let seen: Record<string, string> = {}
    const stop = world.localOss.onRequest((request) => {
      if (isLock(request) && request.operation === 'AppendObject') seen = request.headers
    })
    await put('plain', { IfMatch, RequestPayer: 'requester' })
    stop()
    expect(seen).toMatchObject({
      'x-oss-storage-class': 'Standard',
      'x-oss-object-acl': 'private',
      'x-oss-server-side-encryption': 'AES256',
      'x-oss-request-payer': 'requester',
    })
  })

  test('where the gateway may not write the lock, the client is told so, and nothing is written', async () => {
    const { ETag: IfMatch } = await put('plain')
    world.localOss.faults.add({
      operation: 'AppendObject',
      action: { kind: 'error', status: 403, code: 'AccessDenied' },
    })
    await expect(put('plain', { IfMatch, Body: 'other' })).rejects.toMatchObject({
      name: 'AccessDenied',
      message: expect.stringMatching(
        /identity at OSS may not .* \.s3-oss-gateway\/locks\/.*conditionalWrites/,
      ),
      ...status(403),
    })
    expect((await world.oss('plain').get('key')).content.toString()).toBe('hello')
  })

  test('where something else is in the place of the lock, it stays', async () => {
    const { ETag: IfMatch } = await put('plain')
    let name = ''
    const stop = world.localOss.onRequest((request) => {
      if (isLock(request)) name = request.key
    })
    await put('plain', { IfMatch, Body: 'hello' })
    stop()
    await world.oss('plain').put(name, Buffer.from('mine'))
    await expect(put('plain', { IfMatch })).rejects.toMatchObject({
      name: 'InternalError',
      message: expect.stringContaining(name),
    })
    expect((await world.oss('plain').get(name)).content.toString()).toBe('mine')
    await world.oss('plain').delete(name)
  })

  test.each([
    [
      'a retention policy',
      (oss: OssClient) =>
        oss.send({
          method: 'POST',
          bucket: 'retaining',
          query: { worm: null },
          body: Buffer.from(
            '<InitiateWormConfiguration><RetentionPeriodInDays>1</RetentionPeriodInDays></InitiateWormConfiguration>',
          ),
        }),
      {},
    ],
    [
      'object lock and a default retention',
      () =>
        s3.send(
          new PutObjectLockConfigurationCommand({
            Bucket: 'retaining',
            ObjectLockConfiguration: {
              ObjectLockEnabled: 'Enabled',
              Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } },
            },
          }),
        ),
      { ObjectLockEnabledForBucket: true },
    ],
    ['object lock alone', async () => {}, { ObjectLockEnabledForBucket: true }],
    [
      'object lock that the gateway may not see',
      async () => {
        const action = { kind: 'error', status: 403, code: 'AccessDenied' } as const
        world.localOss.faults.add({ operation: 'GetBucketObjectWormConfiguration', times: 9, action })
      },
      { ObjectLockEnabledForBucket: true },
    ],
  ] as const)(
    'in a bucket with %s no lock can be had or removed, so the write is refused',
    async (_, retain, options) => {
      await s3.send(new CreateBucketCommand({ Bucket: 'retaining', ...options }))
      const { ETag: IfMatch } = await put('retaining')
      await retain(ossClient(world.localOss))
      await expect(put('retaining', { IfMatch })).rejects.toMatchObject({
        name: 'NotImplemented',
        ...status(501),
      })
      expect(await reservedVersions(world.localOss, 'retaining')).toEqual([])
      await s3.send(new DeleteObjectCommand({ Bucket: 'retaining', Key: 'other' }))
    },
  )
})
