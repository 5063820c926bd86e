import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OssBucket, runtimes, startWorld, type World } from '../harness.ts'

const Key = '.s3-oss-gateway/k'
/** Sorted: what is listed before the reserved keys, behind them, and what only looks like one. */
const visible = [
  '!',
  '.s3-oss',
  '.s3-oss-gateway',
  '.s3-oss-gateway-2',
  '.s3-oss-gateway0',
  'a/.s3-oss-gateway/b',
  'z',
]
const reserved = ['.s3-oss-gateway/a', '.s3-oss-gateway/b/c', '.s3-oss-gateway/z z', '.s3-oss-gateway/中']

describe.each(runtimes)('reserved keys on %s', (runtime) => {
  let world: World
  let s3: S3Client
  let oss: OssBucket
  const Bucket = 'bucket'

  beforeAll(async () => {
    world = await startWorld(runtime)
    s3 = world.s3()
    await s3.send(new CreateBucketCommand({ Bucket }))
    oss = world.oss(Bucket)
    for (const key of [...visible, ...reserved]) await oss.put(key, Buffer.from('x'))
  })
  afterAll(() => world.stop())

  test.each([
    ['GetObject', () => new GetObjectCommand({ Bucket, Key })],
    ['HeadObject', () => new HeadObjectCommand({ Bucket, Key })],
    ['PutObject', () => new PutObjectCommand({ Bucket, Key, Body: 'x' })],
    ['DeleteObject', () => new DeleteObjectCommand({ Bucket, Key })],
    ['CopyObject to one', () => new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/z` })],
    [
      'CopyObject from one',
      () => new CopyObjectCommand({ Bucket, Key: 'k', CopySource: `${Bucket}/${Key}` }),
    ],
    ['CreateMultipartUpload', () => new CreateMultipartUploadCommand({ Bucket, Key })],
    [
      'UploadPartCopy from one',
      () =>
        new UploadPartCopyCommand({
          Bucket,
          Key: 'k',
          CopySource: `${Bucket}/${encodeURIComponent(Key)}`,
          UploadId: 'upload',
          PartNumber: 1,
        }),
    ],
    ['a list of them', () => new ListObjectsV2Command({ Bucket, Prefix: '.s3-oss-gateway/' })],
  ] as [string, () => object][])('%s is refused, and OSS is not asked', async (_, command) => {
    world.ossRequests()
    await expect(s3.send(command() as never)).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } })
    expect(world.ossRequests()).toEqual([])
  })

  test('DeleteObjects deletes the others', async () => {
    await oss.put('gone', Buffer.from('x'))
    const Objects = [{ Key: reserved[0] as string }, { Key: 'gone' }]
    const answer = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
    expect(answer.Deleted).toEqual([{ Key: 'gone' }])
    expect(answer.Errors).toMatchObject([{ Key: reserved[0], Code: 'AccessDenied' }])
    await oss.head(reserved[0] as string)
  })

  /** All keys of a list, page by page, none of which is empty but the last. */
  async function all(page: (after: string | undefined) => Promise<Page>): Promise<string[]> {
    const keys: string[] = []
    let after: string | undefined
    do {
      const { listed, next } = await page(after)
      expect(listed.length > 0 || next === undefined).toBe(true)
      expect(reserved).not.toContain(next)
      keys.push(...listed)
      after = next
    } while (after !== undefined)
    return keys
  }
  type Page = { listed: string[]; next: string | undefined }
  const names = (objects: { Key?: string | undefined }[] = []) => objects.map((object) => object.Key ?? '')

  describe.each([1, 2, 3, 5, 1000])('with %d a page', (MaxKeys) => {
    test('ListObjects leaves them out', async () => {
      const keys = await all(async (Marker) => {
        const page = await s3.send(new ListObjectsCommand({ Bucket, MaxKeys, Marker }))
        const listed = names(page.Contents)
        return { listed, next: page.IsTruncated ? listed.at(-1) : undefined }
      })
      expect(keys).toEqual(visible)
    })

    test.each([
      ['/', [...visible.filter((key) => !key.startsWith('a/')), 'a/'].sort()],
      ['x', visible],
    ])('ListObjects leaves them out of what %j rolls up', async (Delimiter, expected) => {
      const keys = await all(async (Marker) => {
        const page = await s3.send(new ListObjectsCommand({ Bucket, MaxKeys, Marker, Delimiter }))
        const prefixes = (page.CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix)
        return { listed: [...names(page.Contents), ...prefixes], next: page.NextMarker }
      })
      expect(keys.sort()).toEqual(expected)
    })

    test('ListObjectsV2 leaves them out, and counts what it lists', async () => {
      const keys = await all(async (ContinuationToken) => {
        const page = await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys, ContinuationToken }))
        expect(page.KeyCount).toBe(page.Contents?.length ?? 0)
        return { listed: names(page.Contents), next: page.NextContinuationToken }
      })
      expect(keys).toEqual(visible)
    })

    test('ListObjectVersions leaves them out', async () => {
      const keys = await all(async (KeyMarker) => {
        const page = await s3.send(new ListObjectVersionsCommand({ Bucket, MaxKeys, KeyMarker }))
        return { listed: names(page.Versions), next: page.NextKeyMarker }
      })
      expect(keys).toEqual(visible)
    })
  })

  test('a bucket with reserved keys alone is empty, and can be deleted', async () => {
    for (const status of ['', 'Enabled'] as const) {
      const name = `reserved${status.toLowerCase()}`
      await s3.send(new CreateBucketCommand({ Bucket: name }))
      const bucket = world.oss(name)
      if (status) await bucket.putBucketVersioning(name, status)
      for (const key of [...reserved, 'z']) await bucket.put(key, Buffer.from('x'))
      const deleted = await bucket.delete(reserved[0] as string)
      expect(deleted.res.status).toBe(204)
      await expect(s3.send(new DeleteBucketCommand({ Bucket: name }))).rejects.toMatchObject({
        name: 'BucketNotEmpty',
      })
      await bucket.head(reserved[1] as string)
      const { Versions } = await s3.send(new ListObjectVersionsCommand({ Bucket: name }))
      for (const { Key: key, VersionId } of Versions ?? []) {
        await s3.send(new DeleteObjectCommand({ Bucket: name, Key: key, VersionId }))
      }
      expect((await s3.send(new ListObjectsV2Command({ Bucket: name, MaxKeys: 1 }))).KeyCount).toBe(0)
      await s3.send(new DeleteBucketCommand({ Bucket: name }))
    }
  })
})
