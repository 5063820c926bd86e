import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandInput,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runtimes, startWorld, type World } from '../harness.ts'
import { send, sign } from './wire.ts'

describe.each(runtimes)('ListObjectVersions on %s', (runtime) => {
  let world: World
  let s3: S3Client
  const Bucket = 'bucket'
  /** What was written, in S3's order: `key@id`, delete markers with `!`. */
  const written: string[] = []

  const put = async (Key: string, to = Bucket) =>
    (await s3.send(new PutObjectCommand({ Bucket: to, Key, Body: Key }))).VersionId
  const mark = async (Key: string) => (await s3.send(new DeleteObjectCommand({ Bucket, Key }))).VersionId

  beforeAll(async () => {
    world = await startWorld(runtime)
    s3 = world.s3()
    for (const name of [Bucket, 'plain']) await s3.send(new CreateBucketCommand({ Bucket: name }))
    await put('a')
    await world.oss(Bucket).putBucketVersioning(Bucket, 'Enabled')
    const a = await put('a')
    const marker = await mark('a')
    written.push(`a!${marker}`, `a@${a}`, 'a@null')
    for (const key of ['b/1', 'b/2', 'c d+é', '｡', '𝒳']) {
      const old = await put(key)
      written.push(`${key}@${await put(key)}`, `${key}@${old}`)
    }
    await put('plain', 'plain')
  })
  afterAll(() => world.stop())

  const list = (input: Partial<ListObjectVersionsCommandInput> = {}) =>
    s3.send(new ListObjectVersionsCommand({ Bucket, ...input }))
  const raw = async (query: string) =>
    send(
      world.endpoint,
      sign({ method: 'GET', target: `/${Bucket}?versions${query}` }, new URL(world.endpoint).host),
    )
  /** The entries in the order of the document, which the SDK does not keep. */
  const order = async (query = '') =>
    [
      ...(await raw(query)).body
        .toString()
        .matchAll(/<(Version|DeleteMarker)><Key>([^<]*)<\/Key><VersionId>([^<]*)/g),
    ].map(([, kind, key, id]) => `${key}${kind === 'Version' ? '@' : '!'}${id}`)

  test('lists versions and delete markers in the order of keys’ bytes, the newest of each first', async () => {
    expect(await order()).toEqual(written)
  })

  test('tells of each what S3 tells', async () => {
    const { Versions, DeleteMarkers, ...page } = await list({ Prefix: 'a' })
    expect(page).toMatchObject({ Name: Bucket, Prefix: 'a', MaxKeys: 1000, IsTruncated: false })
    expect(DeleteMarkers).toMatchObject([{ Key: 'a', IsLatest: true, Owner: { ID: '1000000000000001' } }])
    expect(Versions).toMatchObject([
      { Key: 'a', IsLatest: false, Size: 1, StorageClass: 'STANDARD' },
      { Key: 'a', IsLatest: false, VersionId: 'null', ETag: '"0cc175b9c0f1b6a831c399e269772661"' },
    ])
    expect(Versions?.[0]?.LastModified).toBeInstanceOf(Date)
  })

  test.each([1, 2, 3, 7])('pages of %i give each once', async (MaxKeys) => {
    const seen: string[] = []
    let next: Partial<ListObjectVersionsCommandInput> = {}
    for (let pages = 0; pages < 40; pages++) {
      const page = await list({ MaxKeys, ...next })
      const entries = [
        ...(page.Versions ?? []).map(({ Key, VersionId }) => `${Key}@${VersionId}`),
        ...(page.DeleteMarkers ?? []).map(({ Key, VersionId }) => `${Key}!${VersionId}`),
      ]
      expect(entries.length).toBeLessThanOrEqual(MaxKeys)
      seen.push(...entries)
      if (!page.IsTruncated) break
      next = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
    }
    expect([...seen].sort()).toEqual([...written].sort())
    expect(new Set(seen).size).toBe(seen.length)
  })

  test('rolls keys up at a delimiter', async () => {
    const page = await list({ Delimiter: '/', MaxKeys: 4 })
    expect(page.CommonPrefixes).toEqual([{ Prefix: 'b/' }])
    expect(page).toMatchObject({ IsTruncated: true, NextKeyMarker: 'b/', Delimiter: '/' })
    const rest = await list({ Delimiter: '/', KeyMarker: 'b/' })
    expect(rest.Versions?.map(({ Key }) => Key)).not.toContain('b/1')
    expect(rest.Versions).toHaveLength(6)
  })

  test('encodes keys in S3’s way when asked to', async () => {
    expect(await order('&encoding-type=url&prefix=c')).toEqual([
      expect.stringMatching(/^c\+d%2B%C3%A9@/),
      expect.stringMatching(/^c\+d%2B%C3%A9@/),
    ])
  })

  test('of a bucket without versions has null versions', async () => {
    const { Versions } = await list({ Bucket: 'plain' })
    expect(Versions).toMatchObject([{ Key: 'plain', VersionId: 'null', IsLatest: true }])
  })

  test('of no keys is an empty page', async () => {
    expect(await list({ MaxKeys: 0 })).toMatchObject({ MaxKeys: 0, IsTruncated: false })
    expect(await order('&max-keys=0')).toEqual([])
  })

  test.each([
    ['&version-id-marker=null', 'version-id-marker'],
    ['&max-keys=-1', 'max-keys'],
    ['&encoding-type=base64', 'encoding-type'],
  ])('%s is refused', async (query, ArgumentName) => {
    expect((await raw(query)).error).toMatchObject({ Code: 'InvalidArgument', ArgumentName })
  })
})
