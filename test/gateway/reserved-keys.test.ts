import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refused } from '../../src/operations/refused.ts'
import { served } from '../../src/operations/served.ts'
import { type OssBucket, runtimes, startWorld, type World } from '../harness.ts'
import { postForm, signFields } from './form.ts'
import { presign, send, sign } from './wire.ts'

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
    world = await startWorld(runtime, { GATEWAY_CONFIG: `accessPoints: {point: ${Bucket}}` })
    s3 = world.s3()
    await s3.send(new CreateBucketCommand({ Bucket }))
    oss = world.oss(Bucket)
    for (const key of [...visible, ...reserved]) await oss.put(key, Buffer.from('x'))
  })
  afterAll(() => world.stop())

  /** The same key, as a target can write it. */
  const spellings = [
    '.s3-oss-gateway/k',
    '%2Es3-oss-gateway/k',
    '.s3-oss-gateway%2Fk',
    '%2es3%2doss%2Dgateway%2f%6b',
  ]
  /** Every operation about an object, with what else it needs to be that operation. */
  const onObjects = [
    ...served.filter(({ on, auth }) => on === 'object' && auth === undefined),
    ...refused
      .filter(([, , on]) => on === 'object')
      .map(([name, method, , ...query]) => ({ name, method, query: query as string[] })),
  ].map(({ name, method, query = [] }) => [name, method, query] as const)

  test.each(onObjects)(
    '%s (%s %j) of one is refused, however it is written, and OSS is not asked',
    async (name, method, query) => {
      const given = query.map((one) =>
        one.includes('=') || !/^(?:partNumber|uploadId)$/.test(one) ? one : `${one}=1`,
      )
      const headers: Record<string, string> = /Copy/.test(name) ? { 'x-amz-copy-source': `/${Bucket}/z` } : {}
      const host = new URL(world.endpoint).host
      world.ossRequests()
      for (const spelling of spellings) {
        const target = `/${Bucket}/${spelling}${given.length === 0 ? '' : `?${given.join('&')}`}`
        const presigned = presign({ method, target, headers }, host, {})
        for (const request of [sign({ method, target, headers }, host), presigned]) {
          expect((await send(world.endpoint, request)).status, request.target).toBeGreaterThanOrEqual(400)
        }
      }
      expect(world.ossRequests()).toEqual([])
    },
  )

  test.each(
    [
      `${Bucket}/${Key}`,
      `/${Bucket}/${Key}`,
      `%2F${Bucket}%2F.s3-oss-gateway%2Fk`,
      `${Bucket}/%2Es3-oss-gateway/k?versionId=null`,
      `arn:aws:s3:us-east-1:123456789012:accesspoint/point/object/${Key}`,
      `arn%3Aaws%3As3%3Aus-east-1%3A123456789012%3Aaccesspoint%2Fpoint%2Fobject%2F.s3-oss-gateway%2Fk`,
    ].flatMap((CopySource) => [
      ['CopyObject', CopySource, new CopyObjectCommand({ Bucket, Key: 'k', CopySource })] as const,
      [
        'UploadPartCopy',
        CopySource,
        new UploadPartCopyCommand({ Bucket, Key: 'k', CopySource, UploadId: 'A'.repeat(32), PartNumber: 1 }),
      ] as const,
    ]),
  )('%s from %s is refused, and OSS is not asked', async (_, __, command) => {
    world.ossRequests()
    await expect(s3.send(command as never)).rejects.toMatchObject({ name: 'AccessDenied' })
    expect(world.ossRequests()).toEqual([])
  })

  test.each([
    ['named', Key, 'file'],
    ['made of the file’s name', `.s3-oss-gateway/\${filename}`, 'k'],
  ])('a form whose key is %s is refused, and OSS is not asked', async (_, key, fileName) => {
    const form = postForm(signFields({ key }, Bucket), 'x', { target: `/${Bucket}`, fileName })
    world.ossRequests()
    expect(await send(world.endpoint, form)).toMatchObject({ status: 403, error: { Code: 'AccessDenied' } })
    expect(world.ossRequests()).toEqual([])
  })

  test.each(['', 'list-type=2', 'versions', 'uploads'])(
    'a list of them (%j) is refused, and OSS is not asked',
    async (list) => {
      const host = new URL(world.endpoint).host
      world.ossRequests()
      for (const prefix of ['.s3-oss-gateway/', '.s3-oss-gateway%2Flocks/', '%2Es3-oss-gateway/k']) {
        const target = `/${Bucket}?${[list, `prefix=${prefix}`].filter(Boolean).join('&')}`
        expect((await send(world.endpoint, sign({ method: 'GET', target }, host))).status).toBe(403)
      }
      expect(world.ossRequests()).toEqual([])
    },
  )

  test.each(['', 'list-type=2', 'versions', 'uploads'])(
    'nothing below the prefix is in any list (%j), however it is cut',
    async (list) => {
      const host = new URL(world.endpoint).host
      for (const key of reserved) await oss.initMultipartUpload(key)
      const behind = {
        '': 'marker',
        'list-type=2': 'start-after',
        versions: 'key-marker',
        uploads: 'key-marker',
      }[list]
      for (const delimiter of ['', '/', 'y', 's', 'y/', '/b', '-gateway/', '%2F']) {
        for (const prefix of ['', '.', '.s3-oss-gateway']) {
          for (const marker of ['', '.s3-oss-gateway', '.s3-oss-gateway/', '.s3-oss-gateway/b']) {
            const query = [
              list,
              `prefix=${prefix}`,
              `delimiter=${delimiter}`,
              `${behind}=${marker}`,
              'encoding-type=url',
            ]
            const request = sign(
              { method: 'GET', target: `/${Bucket}?${query.filter(Boolean).join('&')}` },
              host,
            )
            const answer = await send(world.endpoint, request)
            expect(answer.status).toBe(200)
            const told = answer.body.toString().replace(/<(?:KeyMarker|Marker|StartAfter)>[^<]*</g, '')
            expect(decodeURIComponent(told), request.target).not.toMatch(/>\.s3-oss-gateway\/[^\u{10ffff}<]/u)
          }
        }
      }
    },
  )

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
