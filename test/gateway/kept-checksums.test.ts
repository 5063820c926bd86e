import { Readable } from 'node:stream'
import {
  type ChecksumAlgorithm,
  ChecksumMode,
  CopyObjectCommand,
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runtimes, startWorld, type World } from '../harness.ts'

/** Of the five bytes `hello`. */
const sums = {
  CRC32: 'NhCmhg==',
  CRC32C: 'mnG7TA==',
  CRC64NVME: 'M3eFcAZSQlc=',
  SHA1: 'qvTGHdzF6KLavt4PO0gs2a6pQ00=',
  SHA256: 'LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=',
}

describe.each(runtimes)('checksums kept with objects, on %s', (runtime) => {
  let world: World
  let s3: S3Client
  beforeAll(async () => {
    world = await startWorld(runtime)
    s3 = world.s3()
    await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
    await s3.send(
      new CreateBucketCommand({
        Bucket: 'beijing',
        CreateBucketConfiguration: { LocationConstraint: 'cn-beijing' as never },
      }),
    )
    await world.oss('bucket').put('native', Buffer.from('hello'))
    await world.oss('beijing', 'cn-beijing').put('native', Buffer.from('hello'))
  })
  afterAll(() => world.stop())

  const head = (Key: string, Range?: string) =>
    s3.send(
      new HeadObjectCommand({
        Bucket: 'bucket',
        Key,
        ChecksumMode: ChecksumMode.ENABLED,
        ...(Range ? { Range } : {}),
      }),
    )

  describe.each(Object.entries(sums))('%s', (name, sum) => {
    const algorithm = name as ChecksumAlgorithm
    const member = `Checksum${name}`

    test.each(['bucket/native', 'beijing/native'])(
      'a copy of %s is given it, and tells it',
      async (CopySource) => {
        const Key = `copy-${name}`
        const answer = await s3.send(
          new CopyObjectCommand({ Bucket: 'bucket', Key, CopySource, ChecksumAlgorithm: algorithm }),
        )
        expect(answer.CopyObjectResult).toMatchObject({ [member]: sum, ChecksumType: 'FULL_OBJECT' })
        expect(await head(Key)).toMatchObject({ [member]: sum, ChecksumType: 'FULL_OBJECT' })
        expect((await world.oss('bucket').get(Key)).content.toString()).toBe('hello')
      },
    )

    test('an upload keeps it, and a copy of that needs no reading', async () => {
      const Key = `put-${name}`
      await s3.send(
        new PutObjectCommand({ Bucket: 'bucket', Key, Body: 'hello', ChecksumAlgorithm: algorithm }),
      )
      expect(await head(Key)).toMatchObject({ [member]: sum, Metadata: {} })
      world.ossRequests()
      const copy = new CopyObjectCommand({
        Bucket: 'bucket',
        Key: `${Key}-copy`,
        CopySource: `bucket/${Key}`,
        ChecksumAlgorithm: algorithm,
      })
      expect((await s3.send(copy)).CopyObjectResult).toMatchObject({ [member]: sum })
      expect(world.ossRequests()).toEqual(['HeadObject', 'CopyObject'])
    })
  })

  test('one that came as a trailer is kept with a short body', async () => {
    const Body = Readable.from([Buffer.from('he'), Buffer.from('llo')])
    await s3.send(
      new PutObjectCommand({
        Bucket: 'bucket',
        Key: 'trailer',
        Body,
        ContentLength: 5,
        ChecksumAlgorithm: 'CRC64NVME',
      }),
    )
    expect(await head('trailer')).toMatchObject({ ChecksumCRC64NVME: sums.CRC64NVME })
  })

  test('only who asks is told, and never about a part of the object', async () => {
    await s3.send(
      new PutObjectCommand({ Bucket: 'bucket', Key: 'k', Body: 'hello', ChecksumAlgorithm: 'SHA256' }),
    )
    const quiet = world.s3({ responseChecksumValidation: 'WHEN_REQUIRED' })
    expect(await quiet.send(new HeadObjectCommand({ Bucket: 'bucket', Key: 'k' }))).not.toHaveProperty(
      'ChecksumSHA256',
    )
    expect(await head('k', 'bytes=0-1')).not.toHaveProperty('ChecksumSHA256')
    const part = await s3.send(
      new GetObjectCommand({ Bucket: 'bucket', Key: 'k', Range: 'bytes=0-1', ChecksumMode: 'ENABLED' }),
    )
    expect(part).not.toHaveProperty('ChecksumSHA256')
    expect(await part.Body?.transformToString()).toBe('he')
    const whole = await s3.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'k', ChecksumMode: 'ENABLED' }))
    expect(whole.ChecksumSHA256).toBe(sums.SHA256)
    expect(await whole.Body?.transformToString()).toBe('hello')
  })

  test('a client cannot set it by its metadata', async () => {
    const Metadata = { 's3gw-checksum-sha256': 'forged' }
    await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'forged', Body: 'hello', Metadata }))
    const seen = await head('forged')
    expect(seen.Metadata).toEqual(Metadata)
    expect(seen).not.toHaveProperty('ChecksumSHA256')
  })

  test('replacing the algorithm leaves only the new one', async () => {
    await s3.send(
      new PutObjectCommand({
        Bucket: 'bucket',
        Key: 'two',
        Body: 'hello',
        ChecksumAlgorithm: 'SHA1',
        Metadata: { a: 'b' },
      }),
    )
    await s3.send(
      new CopyObjectCommand({
        Bucket: 'bucket',
        Key: 'two-copy',
        CopySource: 'bucket/two',
        ChecksumAlgorithm: 'CRC32',
      }),
    )
    const seen = await head('two-copy')
    expect(seen).toMatchObject({ ChecksumCRC32: sums.CRC32, Metadata: { a: 'b' } })
    expect(seen).not.toHaveProperty('ChecksumSHA1')
  })
})
