import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { beforeAll, describe, expect, test } from 'vitest'

const Bucket = 'behind-a-proxy'
const s3 = new S3Client({
  endpoint: process.env.S3_ENDPOINT as string,
  region: 'us-east-1',
  forcePathStyle: true,
  maxAttempts: 1,
  credentials: { accessKeyId: 'image', secretAccessKey: 'image-secret-of-tests' },
})
const keys = [
  'plain',
  'a b',
  'a+b',
  'a//b',
  'a/./b',
  'a/../b',
  'a%2Fb',
  'a%b',
  'a?b#c',
  "~!$&'()*,;=:@",
  '"<>\\^`{|}',
  'é中文😀',
  'a/',
]

beforeAll(() => s3.send(new CreateBucketCommand({ Bucket })))

describe('behind a proxy', () => {
  test.each(keys)('the key %j arrives as it is', async (Key) => {
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key, Metadata: { my_key: 'value', plain: 'x' } }))
    const { Body, Metadata } = await s3.send(new GetObjectCommand({ Bucket, Key }))
    expect(await Body?.transformToString()).toBe(Key)
    expect(Metadata).toEqual({ my_key: 'value', plain: 'x' })
    const CopySource = `${Bucket}/${encodeURIComponent(Key)}`
    await s3.send(new CopyObjectCommand({ Bucket, Key: `copies/${Key}`, CopySource }))
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: `copies/${Key}` }))).ContentLength).toBe(
      Buffer.byteLength(Key),
    )
  })

  test('lists and deletes them all', async () => {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }))
    const Objects = Contents.map(({ Key = '' }) => ({ Key }))
    expect(Objects).toHaveLength(2 * keys.length)
    const { Errors = [] } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
    expect(Errors).toEqual([])
  })

  test('large bodies stream both ways, in one request and in parts, with a length and without', async () => {
    const bytes = randomBytes(12 * 1024 ** 2)
    await s3.send(new PutObjectCommand({ Bucket, Key: 'one', Body: bytes }))
    const upload = new Upload({ client: s3, params: { Bucket, Key: 'parts', Body: Readable.from([bytes]) } })
    await upload.done()
    for (const Key of ['one', 'parts']) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }))
      expect(bytes.equals((await Body?.transformToByteArray()) ?? new Uint8Array())).toBe(true)
    }
  })
})
