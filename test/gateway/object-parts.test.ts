import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type OssBucket, runtimes, startWorld, type World } from '../harness.ts'

const MiB = 1024 ** 2
const Bucket = 'bucket'
const PREFIX = '.s3-oss-gateway/parts/'

/** Bytes that differ by part. */
const bytesOf = (part: number, size: number) => Buffer.alloc(size, `part ${part}, `)

describe.each(runtimes)('the parts of an object, on %s', (runtime) => {
  let world: World
  let s3: S3Client
  let oss: OssBucket

  beforeAll(async () => {
    world = await startWorld(runtime, {
      LOCAL_OSS_COPY_LIMIT: String(8 * MiB),
      GATEWAY_CONFIG: 'copy: { partSize: 5MiB }',
    })
    s3 = world.s3()
    await s3.send(new CreateBucketCommand({ Bucket }))
    oss = world.oss(Bucket)
  })
  afterAll(() => world.stop())
  beforeEach(() => void world.ossRequests())

  /** @param parts bodies by part number. */
  async function upload(Key: string, parts: Record<number, Buffer>, more: object = {}) {
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    const to = { Bucket, Key, UploadId }
    const Parts = []
    for (const [number, Body] of Object.entries(parts)) {
      const PartNumber = Number(number)
      const { ETag } = await s3.send(new UploadPartCommand({ ...to, PartNumber, Body }))
      Parts.push({ PartNumber, ETag })
    }
    return s3.send(new CompleteMultipartUploadCommand({ ...to, MultipartUpload: { Parts }, ...more }))
  }
  const indexes = async () =>
    ((await oss.listV2({ prefix: PREFIX }, {})).objects ?? []).map(({ name }) => name)

  describe.each([
    ['of equal size, and a short one', { 1: 5 * MiB, 2: 5 * MiB, 3: 7 }],
    ['of different sizes', { 1: 6 * MiB, 2: 5 * MiB, 3: 5 * MiB + 1, 4: 1 }],
    ['whose numbers have gaps', { 2: 5 * MiB, 7: 5 * MiB + 3, 10000: 9 }],
    ['the last without bytes', { 1: 5 * MiB, 2: 0 }],
    ['one', { 1: 11 }],
  ] as [string, Record<number, number>][])('%s', (name, sizes) => {
    const Key = `parts/${name} ü+%`
    const bodies = Object.values(sizes).map((size, at) => bytesOf(at, size))
    const whole = Buffer.concat(bodies)

    beforeAll(async () => {
      const parts = Object.keys(sizes).map((number, at) => [number, bodies[at] as Buffer])
      await upload(Key, Object.fromEntries(parts))
    })

    test('are read one by one, and make the object', async () => {
      const { PartsCount, ETag } = await s3.send(new HeadObjectCommand({ Bucket, Key, PartNumber: 1 }))
      expect(PartsCount).toBe(bodies.length)
      const read: Buffer[] = []
      for (const [at, body] of bodies.entries()) {
        const asked = { Bucket, Key, PartNumber: at + 1, IfMatch: ETag }
        const first = Buffer.concat(bodies.slice(0, at)).length
        const told = {
          ContentLength: body.length,
          ...(body.length === 0
            ? {}
            : { ContentRange: `bytes ${first}-${first + body.length - 1}/${whole.length}` }),
          PartsCount: bodies.length,
          ETag,
          $metadata: expect.objectContaining({ httpStatusCode: 206 }),
        }
        expect(await s3.send(new HeadObjectCommand(asked))).toMatchObject(told)
        const part = await s3.send(new GetObjectCommand(asked))
        expect(part).toMatchObject(told)
        read.push(Buffer.from((await part.Body?.transformToByteArray()) ?? []))
      }
      expect(Buffer.concat(read).equals(whole)).toBe(true)
      await expect(
        s3.send(new GetObjectCommand({ Bucket, Key, PartNumber: bodies.length + 1 })),
      ).rejects.toMatchObject({ name: 'InvalidPartNumber', ActualPartCount: String(bodies.length) })
    })
  })

  test('are told by pages', async () => {
    const Key = 'paged'
    await upload(Key, { 1: bytesOf(1, 5 * MiB), 2: bytesOf(2, 5 * MiB), 3: bytesOf(3, 1) })
    const attributes = async (more: object) => {
      const ObjectAttributes = ['ObjectParts' as const]
      return (await s3.send(new GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes, ...more })))
        .ObjectParts
    }
    world.ossRequests()
    expect(await attributes({})).toEqual({
      TotalPartsCount: 3,
      PartNumberMarker: '0',
      NextPartNumberMarker: '3',
      MaxParts: 1000,
      IsTruncated: false,
      Parts: [
        { PartNumber: 1, Size: 5 * MiB },
        { PartNumber: 2, Size: 5 * MiB },
        { PartNumber: 3, Size: 1 },
      ],
    })
    expect(world.ossRequests()).toEqual(['HeadObject', 'GetObject'])
    expect(await attributes({ MaxParts: 2 })).toMatchObject({
      NextPartNumberMarker: '2',
      MaxParts: 2,
      IsTruncated: true,
      Parts: [{ PartNumber: 1 }, { PartNumber: 2 }],
    })
    expect(await attributes({ MaxParts: 2, PartNumberMarker: '2' })).toMatchObject({
      PartNumberMarker: '2',
      IsTruncated: false,
      Parts: [{ PartNumber: 3, Size: 1 }],
    })
    expect(await attributes({ PartNumberMarker: '3' })).toMatchObject({
      IsTruncated: false,
      TotalPartsCount: 3,
    })
  })

  test('cost one call more to keep, none where there is one, and reads of the whole object none', async () => {
    const calls = async (Key: string, parts: Record<number, Buffer>) => {
      world.ossRequests()
      await upload(Key, parts)
      return world.ossRequests().slice(1)
    }
    const parts = ['UploadPart', 'UploadPart', 'ListParts', 'PutObject', 'CompleteMultipartUpload']
    expect(await calls('two', { 1: bytesOf(1, 5 * MiB), 2: bytesOf(2, 1) })).toEqual(parts)
    expect(await calls('one', { 1: bytesOf(1, 5) })).toEqual([
      'UploadPart',
      'ListParts',
      'CompleteMultipartUpload',
    ])
    world.ossRequests()
    await (await s3.send(new GetObjectCommand({ Bucket, Key: 'two' }))).Body?.transformToByteArray()
    await s3.send(new HeadObjectCommand({ Bucket, Key: 'two' }))
    expect(world.ossRequests()).toEqual(['GetObject', 'HeadObject'])
  })

  test('are kept where no client sees it', async () => {
    await upload('hidden', { 1: bytesOf(1, 5 * MiB), 2: bytesOf(2, 1) })
    const own = (await indexes()).filter((name) => name.endsWith('/hidden'))
    expect(own).toHaveLength(1)
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }))
    expect(Contents.map(({ Key }) => Key)).not.toContain(own[0])
    expect((await oss.getACL(own[0] as string)).acl).toBe('private')
  })

  test('are those of the object that is there now', async () => {
    const Key = 'replaced'
    await upload(Key, { 1: bytesOf(1, 5 * MiB), 2: bytesOf(2, 1) })
    await upload(Key, { 1: bytesOf(1, 6 * MiB), 2: bytesOf(2, 2) })
    const { ContentRange } = await s3.send(new HeadObjectCommand({ Bucket, Key, PartNumber: 2 }))
    expect(ContentRange).toBe(`bytes ${6 * MiB}-${6 * MiB + 1}/${6 * MiB + 2}`)
    await oss.put(Key, Buffer.from('whole'))
    const whole = await s3.send(new HeadObjectCommand({ Bucket, Key, PartNumber: 1 }))
    expect(whole.ContentRange).toBe('bytes 0-4/5')
    expect(whole.PartsCount).toBeUndefined()
  })

  test.each([
    ['no document', 'x'],
    ['another document', '[]'],
    [
      'a later version',
      JSON.stringify({
        version: 2,
        uploadId: 'x',
        sizes: [
          [5 * MiB, 1],
          [1, 1],
        ],
      }),
    ],
    [
      'other sizes',
      JSON.stringify({
        version: 1,
        uploadId: 'x',
        sizes: [
          [5 * MiB, 1],
          [2, 1],
        ],
      }),
    ],
    ['another number of parts', JSON.stringify({ version: 1, uploadId: 'x', sizes: [[5 * MiB + 1, 1]] })],
    ['more parts than there can be', JSON.stringify({ version: 1, uploadId: 'x', sizes: [[0, 1e9]] })],
    [
      'sizes below nothing',
      JSON.stringify({
        version: 1,
        uploadId: 'x',
        sizes: [
          [-1, 1],
          [5 * MiB + 2, 1],
        ],
      }),
    ],
  ])('are not believed where %s is kept', async (name, text) => {
    const Key = `forged ${name}`
    await upload(Key, { 1: bytesOf(1, 5 * MiB), 2: bytesOf(2, 1) })
    const index = (await indexes()).find((one) => one.endsWith(`/${Key}`)) as string
    await oss.put(index, Buffer.from(text))
    const first = await s3.send(new HeadObjectCommand({ Bucket, Key, PartNumber: 1 }))
    expect(first.ContentLength).toBe(5 * MiB + 1)
    expect(first.PartsCount).toBeUndefined()
    await expect(s3.send(new GetObjectCommand({ Bucket, Key, PartNumber: 2 }))).rejects.toMatchObject({
      name: 'NotImplemented',
    })
  })

  describe('of a copy', () => {
    const Key = 'copied from'
    const second = (Bucket: string, Key: string) =>
      s3.send(new HeadObjectCommand({ Bucket, Key, PartNumber: 2 }))

    beforeAll(async () => {
      await upload(Key, { 1: bytesOf(1, 5 * MiB), 2: bytesOf(2, 1) })
      await s3.send(new CreateBucketCommand({ Bucket: 'another' }))
    })

    test.each([
      ['to another key', 'bucket', 'copied to', {}, ['CopyObject', 'CopyObject']],
      ['to another bucket', 'another', 'copied to', {}, ['CopyObject', 'CopyObject']],
      [
        'with other metadata',
        'bucket',
        'changed',
        { MetadataDirective: 'REPLACE', Metadata: { a: 'b' } },
        ['CopyObject', 'CopyObject'],
      ],
      ['onto itself', 'bucket', Key, { MetadataDirective: 'REPLACE', Metadata: { a: 'b' } }, ['CopyObject']],
    ] as const)('%s are those of its source', async (_, to, key, more, calls) => {
      world.ossRequests()
      const CopySource = `${Bucket}/${Key}`
      await s3.send(new CopyObjectCommand({ Bucket: to, Key: key, CopySource, ...more }))
      expect(world.ossRequests()).toEqual(calls)
      expect(await second(to, key)).toMatchObject({
        PartsCount: 2,
        ContentRange: `bytes ${5 * MiB}-${5 * MiB}/${5 * MiB + 1}`,
      })
    })

    test('that OSS made in parts of its own are none', async () => {
      await upload('large', { 1: bytesOf(1, 7 * MiB), 2: bytesOf(2, 2 * MiB) })
      world.ossRequests()
      const CopySource = `${Bucket}/large`
      await s3.send(new CopyObjectCommand({ Bucket, Key: 'large copy', CopySource }))
      expect(world.ossRequests()).not.toContain('PutObject')
      const { PartsCount, ContentLength } = await s3.send(
        new HeadObjectCommand({ Bucket, Key: 'large copy', PartNumber: 1 }),
      )
      expect({ PartsCount, ContentLength }).toEqual({ PartsCount: undefined, ContentLength: 9 * MiB })
    })

    test('that is made although they cannot be', async () => {
      const stop = world.localOss.faults.add({
        operation: 'CopyObject',
        times: 5,
        when: ({ key }) => key?.startsWith(PREFIX) ?? false,
        action: { kind: 'error', status: 500, code: 'InternalError' },
      })
      await s3.send(new CopyObjectCommand({ Bucket, Key: 'without', CopySource: `${Bucket}/${Key}` }))
      stop()
      const { PartsCount } = await s3.send(new HeadObjectCommand({ Bucket, Key: 'without', PartNumber: 1 }))
      expect(PartsCount).toBeUndefined()
    })
  })

  test('cannot be read while OSS does not say whether they are kept', async () => {
    const Key = 'unsure'
    await upload(Key, { 1: bytesOf(1, 5 * MiB), 2: bytesOf(2, 1) })
    const stop = world.localOss.faults.add({
      operation: 'GetObject',
      times: 10,
      action: { kind: 'error', status: 500, code: 'InternalError' },
    })
    // As all of the object it would be taken for one that was uploaded whole, or put together with other parts.
    await expect(s3.send(new GetObjectCommand({ Bucket, Key, PartNumber: 1 }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 503 },
    })
    stop()
  })

  test('are not kept without the right to, and the upload is made', async () => {
    const stop = world.localOss.faults.add({
      operation: 'PutObject',
      times: 1,
      action: { kind: 'error', status: 403, code: 'AccessDenied' },
    })
    await upload('denied', { 1: bytesOf(1, 5 * MiB), 2: bytesOf(2, 1) })
    stop()
    const { PartsCount } = await s3.send(new HeadObjectCommand({ Bucket, Key: 'denied', PartNumber: 1 }))
    expect(PartsCount).toBeUndefined()
  })

  test('are not kept of a key that leaves no room for a name, and the upload is made', async () => {
    const Key = 'k'.repeat(1023)
    await upload(Key, { 1: bytesOf(1, 5 * MiB), 2: bytesOf(2, 1) })
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key }))).ContentLength).toBe(5 * MiB + 1)
  })

  test('an upload is not completed while they cannot be kept', async () => {
    const stop = world.localOss.faults.add({
      operation: 'PutObject',
      times: 10,
      action: { kind: 'error', status: 500, code: 'InternalError' },
    })
    await expect(upload('later', { 1: bytesOf(1, 5 * MiB), 2: bytesOf(2, 1) })).rejects.toMatchObject({
      $metadata: { httpStatusCode: 503 },
    })
    stop()
    await expect(s3.send(new HeadObjectCommand({ Bucket, Key: 'later' }))).rejects.toMatchObject({
      name: 'NotFound',
    })
  })
})
