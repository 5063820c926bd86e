import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetBucketTaggingCommand,
  GetObjectTaggingCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OssBucket, startWorld, type World } from '../harness.ts'

const PART = 100 * 1024
const Bucket = 'bucket'
/** In letters and digits of several scripts, two of them outside the first plane, and in all signs that tags may have. */
const tags = { 中文: '标签', 'Ключ-1': 'значение', مفتاح: '١٢٣', 'ß+-=._:/ x': '𝒜𠮷', empty: '' }
const header = new URLSearchParams(tags).toString()
const TagSet = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))

let world: World
let s3: S3Client
let oss: OssBucket
beforeAll(async () => {
  world = await startWorld('node', {
    LOCAL_OSS_COPY_LIMIT: String(PART),
    GATEWAY_CONFIG: JSON.stringify({ copy: { partSize: PART } }),
  })
  s3 = world.s3()
  oss = world.oss(Bucket)
  await s3.send(new CreateBucketCommand({ Bucket }))
})
afterAll(() => world.stop())

const large = Buffer.alloc(2 * PART, 'x')
const ways: Record<string, (Key: string) => Promise<unknown>> = {
  PutObjectTagging: async (Key) => {
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))
    await s3.send(new PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet } }))
  },
  'x-amz-tagging of an upload': (Key) =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x', Tagging: header })),
  'x-amz-tagging of a multipart upload': async (Key) => {
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, Tagging: header }))
    const { ETag } = await s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: 'x' }))
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
    await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload }))
  },
  'a copy with the tags of its source': async (Key) => {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'small', Body: 'x', Tagging: header }))
    await s3.send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/small` }))
  },
  'a copy with tags of its own': async (Key) => {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'plain', Body: 'x' }))
    const own = { TaggingDirective: 'REPLACE', Tagging: header } as const
    await s3.send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/plain`, ...own }))
  },
  'a copy in parts': async (Key) => {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'large', Body: large, Tagging: header }))
    await s3.send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/large` }))
  },
}

test.each(Object.keys(ways))('tags of any script are the same in OSS and back: %s', async (way) => {
  await ways[way]?.(way)
  expect((await oss.getObjectTagging(way)).tag).toEqual(tags)
  const read = await s3.send(new GetObjectTaggingCommand({ Bucket, Key: way }))
  expect(read.TagSet).toEqual(expect.arrayContaining(TagSet))
})

test('so are those of a bucket', async () => {
  await s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }))
  const read = await s3.send(new GetBucketTaggingCommand({ Bucket }))
  expect(read.TagSet).toEqual(expect.arrayContaining(TagSet))
})

test.each([
  ['%', 'S3 has not', 0],
  ['a\u0301', 'S3 has not', 0],
  ['@', 'OSS has not', 1],
])('%j, which %s, is InvalidTag, and nothing is stored', async (Value, _, calls) => {
  world.ossRequests()
  const Tagging = new URLSearchParams({ k: Value }).toString()
  await expect(
    s3.send(new PutObjectCommand({ Bucket, Key: 'refused', Body: 'x', Tagging })),
  ).rejects.toMatchObject({ name: 'InvalidTag' })
  expect(world.ossRequests()).toHaveLength(calls)
  await expect(oss.head('refused')).rejects.toMatchObject({ status: 404 })
})
