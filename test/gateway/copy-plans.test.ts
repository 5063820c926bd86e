import { createHash } from 'node:crypto'
import {
  CopyObjectCommand,
  type CopyObjectCommandInput,
  CreateBucketCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FaultRule } from '../../src/local-oss/index.ts'
import { type OssBucket, runtimes, startWorld, type World } from '../harness.ts'

const MiB = 1024 ** 2
const LIMIT = MiB
/** Parts small enough that a few megabytes make several of them. */
const settings = {
  LOCAL_OSS_COPY_LIMIT: String(LIMIT),
  GATEWAY_CONFIG: JSON.stringify({ copy: { partSize: MiB } }),
}
const patterned = (size: number) =>
  Buffer.from(Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 255))
const small = patterned(1000)
const large = patterned(3 * MiB + 17)

/** Bytes by their sum and number: comparing megabytes byte by byte takes the test runner seconds. */
const contentOf = (bytes: Buffer) =>
  `${bytes.length} bytes, ${createHash('sha256').update(bytes).digest('hex')}`

/** Everything of an object that a client can see, but what must differ between plans: time, ids and ETag form. */
async function observe(bucket: OssBucket, key: string) {
  const headers = (await bucket.head(key)).res.headers as unknown as Record<string, string>
  const ignored =
    /^(date|etag|last-modified|connection|keep-alive|x-oss-(request-id|server-time|version-id|object-type|ec))$|^content-md5$/
  return {
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !ignored.test(name))),
    tags: (await bucket.getObjectTagging(key)).tag,
    acl: (await bucket.getACL(key)).acl,
    content: contentOf((await bucket.get(key)).content),
  }
}

/** Headers without what is told of the bytes, which are others in the source of a native copy. */
const withoutContent = (headers: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => !/^content-length$|^x-oss-hash-crc64ecma$|^x-oss-meta-s3gw-checksum-/.test(name),
    ),
  )

/** Once: by older documents, OSS copies no appendable object. */
const refusesLog: FaultRule = {
  operation: 'CopyObject',
  when: ({ headers }) => headers['x-oss-copy-source'] === '/hangzhou/log',
  action: { kind: 'error', status: 400, code: 'OperationNotSupported' },
}

describe.each(runtimes)('a copy that OSS refuses, on %s', (runtime) => {
  let world: World
  let s3: S3Client
  let hangzhou: OssBucket
  let beijing: OssBucket
  let count = 0

  beforeAll(async () => {
    world = await startWorld(runtime, settings)
    s3 = world.s3()
    for (const [Bucket, region] of [
      ['hangzhou', 'cn-hangzhou'],
      ['beijing', 'cn-beijing'],
      ['target', 'cn-hangzhou'],
    ] as const) {
      await s3.send(
        new CreateBucketCommand({
          Bucket,
          CreateBucketConfiguration: { LocationConstraint: region as never },
        }),
      )
    }
    hangzhou = world.oss('hangzhou')
    beijing = world.oss('beijing', 'cn-beijing')
    for (const Bucket of ['hangzhou', 'beijing']) {
      for (const [Key, Body] of [
        ['small', small],
        ['large', large],
        ['empty', Buffer.alloc(0)],
      ] as const) {
        await s3.send(
          new PutObjectCommand({
            Bucket,
            Key,
            Body,
            ContentType: 'text/x-source',
            CacheControl: 'max-age=7',
            ContentLanguage: 'de',
            Expires: new Date(Date.UTC(2031, 0)),
            Metadata: { my_key: 'kept', other: 'too' },
            Tagging: 'team=a%20b&k=v',
          }),
        )
      }
    }
  })
  afterAll(() => world.stop())

  const copy = (source: string, input: Partial<CopyObjectCommandInput> = {}) => {
    const Key = input.Key ?? `copy-${count++}`
    return s3
      .send(new CopyObjectCommand({ Bucket: 'target', Key, CopySource: source, ...input }))
      .then((answer) => ({ ...answer, Key }))
  }
  const target = () => world.oss('target')
  const uploads = async () =>
    ((await target().listUploads({ 'max-uploads': 1000 }, {})) as { uploads?: unknown[] }).uploads ?? []

  test('over the limit is copied in parts, each pinned to the source', async () => {
    const pins: string[] = []
    const stop = world.localOss.onRequest(({ operation, headers }) => {
      if (operation === 'UploadPartCopy') pins.push(headers['x-oss-copy-source-if-match'] ?? '')
    })
    world.ossRequests()
    const { Key, CopyObjectResult } = await copy('hangzhou/large')
    stop()
    expect(world.ossRequests().filter((name) => name !== 'UploadPartCopy')).toEqual([
      'CopyObject',
      'HeadObject',
      'GetObjectTagging',
      'ListMultipartUploads',
      'InitiateMultipartUpload',
      'CompleteMultipartUpload',
      'HeadObject',
    ])
    expect(pins).toHaveLength(4)
    expect(new Set(pins).size).toBe(1)
    expect(CopyObjectResult?.ETag).toMatch(/^"[0-9a-f]{32}-4"$/)
    expect(CopyObjectResult?.LastModified).toBeInstanceOf(Date)
    expect((await observe(target(), Key)).content).toBe(contentOf(large))
    expect(await uploads()).toEqual([])
  })

  test.each(['small', 'large', 'empty'])('from another region the %s object is relayed', async (key) => {
    const { Key } = await copy(`beijing/${key}`)
    const copied = await observe(target(), Key)
    const source = await observe(beijing, key)
    expect({ ...copied, acl: '' }).toEqual({ ...source, acl: '' })
    expect(copied.acl).toBe('private')
    expect(await uploads()).toEqual([])
  })

  test('to another region as well', async () => {
    const { Key } = await copy('hangzhou/large', { Bucket: 'beijing', Key: 'from-hangzhou' })
    expect((await observe(beijing, Key)).content).toBe(contentOf(large))
  })

  test.each([true, false])(
    'an appendable object is copied, or relayed where OSS refuses: %s',
    async (refused) => {
      const mend = refused ? world.localOss.faults.add(refusesLog) : () => {}
      await hangzhou.delete('log')
      await hangzhou.append('log', Buffer.from('one '), { headers: { 'Content-Type': 'text/x-log' } })
      await hangzhou.append('log', Buffer.from('two'), { position: '4' })
      const { Key } = await copy('hangzhou/log')
      const { content, headers } = await observe(target(), Key)
      expect(content).toBe(contentOf(Buffer.from('one two')))
      expect(headers['content-type']).toBe('text/x-log')
      mend()
    },
  )

  test('what a symlink points to is relayed, once it is known to be one', async () => {
    await hangzhou.putSymlink('link', 'large', { headers: {} } as never)
    const { Key } = await copy('hangzhou/link', { CopySourceIfMatch: '*' })
    expect((await observe(target(), Key)).content).toBe(contentOf(large))
  })

  describe('gives the destination what a native copy gives', () => {
    const combination = fc.record(
      {
        MetadataDirective: fc.constantFrom('COPY', 'REPLACE'),
        TaggingDirective: fc.constantFrom('COPY', 'REPLACE'),
        Tagging: fc.constantFrom('a=1', 'x=y%20z&k=', ''),
        StorageClass: fc.constantFrom('STANDARD', 'STANDARD_IA', 'GLACIER_IR'),
        ACL: fc.constantFrom('private', 'public-read', 'public-read-write', 'bucket-owner-full-control'),
        ServerSideEncryption: fc.constantFrom('AES256', 'aws:kms'),
        ContentType: fc.constantFrom('text/plain', 'application/x-new'),
        ContentLanguage: fc.constantFrom('fr', 'en'),
        CacheControl: fc.constantFrom('no-store'),
        Metadata: fc.constantFrom({ new_key: 'n' }, { 'a.b': '1', plain: 'p' }),
        CopySourceIfModifiedSince: fc.constant(new Date(0)),
        CopySourceIfUnmodifiedSince: fc.constant(new Date(Date.now() + 86_400_000)),
      },
      { requiredKeys: [] },
    ) as fc.Arbitrary<Partial<CopyObjectCommandInput>>

    test.each([
      ['parts', 'hangzhou/large'],
      ['relay in parts', 'beijing/large'],
      ['relay in one', 'beijing/small'],
    ])('%s', async (_, source) => {
      await fc.assert(
        fc.asyncProperty(combination, async (input) => {
          const native = await copy('hangzhou/small', input)
          const rerouted = await copy(source, input)
          const expected = await observe(target(), native.Key)
          const actual = await observe(target(), rerouted.Key)
          expect({ ...actual, headers: withoutContent(actual.headers), content: '' }).toEqual({
            ...expected,
            headers: withoutContent(expected.headers),
            content: '',
          })
          expect(actual.content).toBe(contentOf(source.endsWith('large') ? large : small))
        }),
        { numRuns: runtime === 'node' ? 25 : 5 },
      )
    })
  })

  describe('a source with versions', () => {
    test('is copied in the version asked for, and pinned to the current one otherwise', async () => {
      await s3.send(new CreateBucketCommand({ Bucket: 'versions' }))
      await world.oss('versions').putBucketVersioning('versions', 'Enabled')
      const first = await s3.send(new PutObjectCommand({ Bucket: 'versions', Key: 'k', Body: large }))
      await s3.send(
        new PutObjectCommand({ Bucket: 'versions', Key: 'k', Body: Buffer.concat([large, small]) }),
      )
      const older = await copy(`versions/k?versionId=${first.VersionId}`)
      expect(older.CopySourceVersionId).toBe(first.VersionId)
      expect((await observe(target(), older.Key)).content).toBe(contentOf(large))
      const current = await copy('versions/k')
      expect((await observe(target(), current.Key)).content).toBe(contentOf(Buffer.concat([large, small])))
      const versioned = await copy('hangzhou/large', { Bucket: 'versions', Key: 'new' })
      expect(versioned.VersionId).toBeTruthy()
    })
  })

  describe('a condition that fails', () => {
    test.each(['hangzhou/large', 'beijing/large', 'beijing/small'])(
      'is 412 before anything is written: %s',
      async (source) => {
        const Key = `failed-${count++}`
        world.ossRequests()
        for (const input of [
          { CopySourceIfMatch: '"0"' },
          { CopySourceIfNoneMatch: '*' },
          { CopySourceIfUnmodifiedSince: new Date(0) },
        ]) {
          await expect(copy(source, { Key, ...input })).rejects.toMatchObject({ name: 'PreconditionFailed' })
        }
        expect(world.ossRequests()).not.toContain('InitiateMultipartUpload')
        await expect(target().head(Key)).rejects.toMatchObject({ status: 404 })
      },
    )

    test('If-None-Match: * spares the object that is there', async () => {
      const { Key } = await copy('hangzhou/small')
      for (const source of ['hangzhou/large', 'beijing/large', 'beijing/small']) {
        await expect(copy(source, { Key, IfNoneMatch: '*' })).rejects.toMatchObject({
          name: 'PreconditionFailed',
          Condition: 'If-None-Match',
        })
      }
      expect((await observe(target(), Key)).content).toBe(contentOf(small))
      expect(await uploads()).toEqual([])
    })
  })
})

describe('a setting that forbids to reroute', () => {
  let world: World
  beforeAll(async () => {
    const copy = { oversize: 'reject', crossRegion: 'reject', appendable: 'reject', symlink: 'reject' }
    world = await startWorld('node', { ...settings, GATEWAY_CONFIG: JSON.stringify({ copy }) })
    const s3 = world.s3()
    await s3.send(new CreateBucketCommand({ Bucket: 'hangzhou' }))
    await s3.send(
      new CreateBucketCommand({
        Bucket: 'beijing',
        CreateBucketConfiguration: { LocationConstraint: 'cn-beijing' as never },
      }),
    )
    await s3.send(new PutObjectCommand({ Bucket: 'hangzhou', Key: 'large', Body: large }))
    await s3.send(new PutObjectCommand({ Bucket: 'beijing', Key: 'small', Body: small }))
    await world.oss('hangzhou').append('log', Buffer.from('x'))
    world.localOss.faults.add(refusesLog)
  })
  afterAll(() => world.stop())

  test.each([
    [
      'hangzhou/large',
      'InvalidRequest',
      /^The specified copy source is larger than the maximum allowable size for a copy source: 5368709120$/,
    ],
    ['beijing/small', 'AccessDenied', /copy\.crossRegion/],
    ['hangzhou/log', 'InvalidRequest', /copy\.appendable/],
  ])('%s is %s, and nothing is written', async (CopySource, name, message) => {
    const command = new CopyObjectCommand({ Bucket: 'hangzhou', Key: 'copy', CopySource })
    await expect(world.s3().send(command)).rejects.toMatchObject({
      name,
      message: expect.stringMatching(message),
    })
    await expect(world.oss('hangzhou').head('copy')).rejects.toMatchObject({ status: 404 })
  })
})

test('over copy.maxSize is refused in the words that clients look for', async () => {
  const world = await startWorld('node', {
    ...settings,
    GATEWAY_CONFIG: JSON.stringify({ copy: { maxSize: 2 * MiB } }),
  })
  try {
    await world.s3().send(new CreateBucketCommand({ Bucket: 'bucket' }))
    await world.s3().send(new PutObjectCommand({ Bucket: 'bucket', Key: 'large', Body: large }))
    await expect(
      world.s3().send(new CopyObjectCommand({ Bucket: 'bucket', Key: 'copy', CopySource: 'bucket/large' })),
    ).rejects.toMatchObject({
      name: 'InvalidRequest',
      message: `The specified copy source is larger than the maximum allowable size for a copy source: ${2 * MiB}`,
    })
  } finally {
    await world.stop()
  }
})
