import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  ListPartsCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
  type UploadPartCopyCommandInput,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OssBucket, runtimes, startWorld, type World } from '../harness.ts'

const digits = Buffer.from('0123456789')
const etagOf = (bytes: Uint8Array) => `"${createHash('md5').update(bytes).digest('hex')}"`
const ETAG = etagOf(digits)
const day = 86_400_000
const reader = { accessKeyId: 'limited', secretAccessKey: 'limited-secret' }

describe.each(runtimes)('UploadPartCopy on %s', (runtime) => {
  let world: World
  let s3: S3Client
  let source: OssBucket
  let destination: OssBucket
  let count = 0

  beforeAll(async () => {
    world = await startWorld(runtime, {
      GATEWAY_CONFIG: JSON.stringify({ clients: [{ ...reader, buckets: ['destination'] }] }),
    })
    s3 = world.s3()
    for (const Bucket of ['source', 'destination']) await s3.send(new CreateBucketCommand({ Bucket }))
    source = world.oss('source')
    destination = world.oss('destination')
    await source.put('digits', digits)
  })
  afterAll(() => world.stop())

  async function create(input: Partial<CreateMultipartUploadCommandInput> = {}) {
    const address = { Bucket: 'destination', Key: `copy-${count++}` }
    const { UploadId = '' } = await s3.send(new CreateMultipartUploadCommand({ ...input, ...address }))
    return { ...address, UploadId }
  }
  const copyInto = (
    to: { Bucket: string; Key: string; UploadId: string },
    input: Partial<UploadPartCopyCommandInput> = {},
    client = s3,
  ) => client.send(new UploadPartCopyCommand({ ...to, PartNumber: 1, CopySource: 'source/digits', ...input }))
  const copy = async (input: Partial<UploadPartCopyCommandInput> = {}, client = s3) =>
    copyInto(await create(), input, client)

  test('copies all of a source, in one OSS request', async () => {
    const to = await create()
    world.ossRequests()
    const { CopyPartResult } = await copyInto(to)
    expect(CopyPartResult?.ETag).toBe(ETAG)
    expect(Math.abs(Date.now() - (CopyPartResult?.LastModified?.getTime() ?? 0))).toBeLessThan(day)
    expect(world.ossRequests()).toEqual(['UploadPartCopy'])
  })

  test('copies ranges, which make the object with parts that were uploaded', async () => {
    const big = Buffer.alloc(5 * 1024 ** 2, 'x')
    await source.put('big', Buffer.concat([big, digits]))
    const to = await create({ ContentType: 'text/plain' })
    const range = (PartNumber: number, CopySourceRange: string) =>
      copyInto(to, { PartNumber, CopySource: 'source/big', CopySourceRange }).then(({ CopyPartResult }) => ({
        PartNumber,
        ETag: CopyPartResult?.ETag ?? '',
      }))
    const first = await range(1, `bytes=10-${big.length + 9}`)
    const second = await range(3, 'bytes=0-0')
    expect(second.ETag).toBe(etagOf(Buffer.from('x')))
    const Body = Buffer.from('!')
    const { ETag = '' } = await s3.send(new UploadPartCommand({ ...to, PartNumber: 4, Body }))
    const MultipartUpload = { Parts: [first, { PartNumber: 4, ETag }] }
    await s3.send(new CompleteMultipartUploadCommand({ ...to, MultipartUpload }))
    const { content } = await destination.get(to.Key)
    expect(Buffer.concat([big, digits]).subarray(10).equals(content.subarray(0, -1))).toBe(true)
    expect(content.subarray(-1)).toEqual(Body)
  })

  describe('the range', () => {
    const form =
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy'
    const refused: [range: string, name: string, message: string][] = [
      ...[
        '0-8',
        'bytes=1-0',
        'bytes=-1-',
        'bytes=0--1',
        'bytes=0-1,3-4',
        'bytes=-',
        'bytes=-2',
        'bytes=1-',
      ].map((range): [string, string, string] => [range, 'InvalidArgument', form]),
      ['bytes=0-100', 'InvalidArgument', 'Range specified is not valid for source object of size: 10'],
      ['bytes=9-10', 'InvalidArgument', 'Range specified is not valid for source object of size: 10'],
      ['bytes=100-200', 'InvalidRequest', 'The specified copy range is invalid for the source object size'],
      ['bytes=10-10', 'InvalidRequest', 'The specified copy range is invalid for the source object size'],
    ]
    test.each(refused)('%s is %s, and nothing is copied', async (CopySourceRange, name, message) => {
      const to = await create()
      const elements =
        name === 'InvalidArgument'
          ? { ArgumentName: 'x-amz-copy-source-range', ArgumentValue: CopySourceRange }
          : {}
      await expect(copyInto(to, { CopySourceRange })).rejects.toMatchObject({
        name,
        message,
        ...elements,
        $metadata: { httpStatusCode: 400 },
      })
      expect((await s3.send(new ListPartsCommand(to))).Parts).toBeUndefined()
    })

    test.each([
      ['bytes=0-9', '0123456789'],
      ['bytes=9-9', '9'],
      ['bytes=2-4', '234'],
    ])('%s is %s', async (CopySourceRange, expected) => {
      const { CopyPartResult } = await copy({ CopySourceRange })
      expect(CopyPartResult?.ETag).toBe(etagOf(Buffer.from(expected)))
    })

    test('is of the source that was looked at, not of one that came since', async () => {
      await source.put('changing', digits)
      world.localOss.faults.add({
        operation: 'UploadPartCopy',
        action: { kind: 'call', run: () => source.put('changing', Buffer.from('abcde')) },
      })
      const to = await create()
      const input = { CopySource: 'source/changing', CopySourceRange: 'bytes=0-9' }
      await expect(copyInto(to, input)).rejects.toMatchObject({ name: 'SlowDown' })
      expect((await s3.send(new ListPartsCommand(to))).Parts).toBeUndefined()
    })
  })

  describe.each([[{}], [{ CopySourceRange: 'bytes=0-9' }]])(
    'a condition that fails with %j is 412',
    (range) => {
      const past = new Date(Date.now() - day)
      test.each([
        [{ CopySourceIfMatch: '"0"' }, 'If-Match'],
        [{ CopySourceIfUnmodifiedSince: past }, 'If-Unmodified-Since'],
        [{ CopySourceIfNoneMatch: ETAG }, 'If-None-Match'],
        [{ CopySourceIfNoneMatch: '*' }, 'If-None-Match'],
        [{ CopySourceIfNoneMatch: ETAG, CopySourceIfModifiedSince: past }, 'If-None-Match'],
      ])('%j', async (conditions, condition) => {
        await expect(copy({ ...range, ...conditions })).rejects.toMatchObject({
          name: 'PreconditionFailed',
          Condition: `x-amz-copy-source-${condition}`,
          $metadata: { httpStatusCode: 412 },
        })
      })

      test('and If-Modified-Since', async () => {
        const { res } = await source.head('digits')
        const CopySourceIfModifiedSince = new Date(
          (res.headers as Record<string, string>)['last-modified'] ?? '',
        )
        await expect(copy({ ...range, CopySourceIfModifiedSince })).rejects.toMatchObject({
          Condition: 'x-amz-copy-source-If-Modified-Since',
        })
      })

      test.each([
        [{ CopySourceIfMatch: ETAG, CopySourceIfUnmodifiedSince: past }],
        [{ CopySourceIfMatch: '*' }],
        [{ CopySourceIfNoneMatch: '"0"', CopySourceIfModifiedSince: new Date() }],
      ])('%j holds', async (conditions) => {
        expect((await copy({ ...range, ...conditions })).CopyPartResult?.ETag).toBe(ETAG)
      })
    },
  )

  test('a source that the client may not read is denied, whatever the gateway may', async () => {
    await destination.put('digits', digits)
    const limited = world.s3({ credentials: { ...reader } })
    expect((await copy({ CopySource: 'destination/digits' }, limited)).CopyPartResult?.ETag).toBe(ETAG)
    await expect(copy({}, limited)).rejects.toMatchObject({ name: 'AccessDenied' })
    await expect(copy({ CopySource: 'source%2Fdigits' }, limited)).rejects.toMatchObject({
      name: 'AccessDenied',
    })
  })

  test.each([
    [{ CopySource: 'source/nothing' }, { name: 'NoSuchKey', Key: 'nothing' }],
    [{ CopySource: 'source/nothing', CopySourceRange: 'bytes=0-1' }, { $metadata: { httpStatusCode: 404 } }],
    [{ CopySource: 'no-such-bucket/key' }, { name: 'NoSuchBucket', BucketName: 'no-such-bucket' }],
    [{ CopySource: 'source' }, { name: 'InvalidArgument' }],
    [{ PartNumber: 10_001 }, { name: 'InvalidArgument', ArgumentName: 'partNumber' }],
    [{ UploadId: 'A'.repeat(32) }, { name: 'NoSuchUpload', UploadId: 'A'.repeat(32) }],
    [{ ExpectedSourceBucketOwner: '000000000000' }, { name: 'AccessDenied' }],
    [{ CopySourceSSECustomerAlgorithm: 'AES256' }, { name: 'NotImplemented' }],
  ])('%j is refused', async (input, failure) => {
    await expect(copy(input)).rejects.toMatchObject(failure)
  })

  test('an archived source has to be restored first', async () => {
    await source.put('archived', digits, { headers: { 'x-oss-storage-class': 'Archive' } })
    await expect(copy({ CopySource: 'source/archived' })).rejects.toMatchObject({
      name: 'ObjectNotInActiveTierError',
    })
  })

  test('has the checksum that its upload was created for', async () => {
    const to = await create({ ChecksumAlgorithm: 'CRC32' })
    const value = Buffer.alloc(4)
    value.writeUInt32BE(crc32('234'))
    const { CopyPartResult } = await copyInto(to, { CopySourceRange: 'bytes=2-4' })
    expect(CopyPartResult?.ChecksumCRC32).toBe(value.toString('base64'))
    const { ETag = '', ChecksumCRC32 = '' } = CopyPartResult ?? {}
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag, ChecksumCRC32 }] }
    await s3.send(new CompleteMultipartUploadCommand({ ...to, MultipartUpload }))
    expect((await destination.get(to.Key)).content.toString()).toBe('234')
    const empty = await create({ ChecksumAlgorithm: 'CRC32' })
    await source.put('empty', Buffer.alloc(0))
    const copied = await copyInto(empty, { CopySource: 'source/empty' })
    expect(copied.CopyPartResult?.ChecksumCRC32).toBe('AAAAAA==')
  })

  test('is not told a checksum of other bytes than were copied', async () => {
    await source.put('changing', digits)
    world.localOss.faults.add({
      operation: 'GetObject',
      action: { kind: 'call', run: () => source.put('changing', Buffer.from('abcde')) },
    })
    const to = await create({ ChecksumAlgorithm: 'SHA256' })
    await expect(copyInto(to, { CopySource: 'source/changing' })).rejects.toMatchObject({ name: 'SlowDown' })
  })

  test('of a version names it', async () => {
    await s3.send(new CreateBucketCommand({ Bucket: 'versioned' }))
    const versioned = world.oss('versioned')
    await versioned.putBucketVersioning('versioned', 'Enabled')
    const { res } = await versioned.put('digits', digits)
    const version = (res.headers as Record<string, string>)['x-oss-version-id']
    await versioned.put('digits', Buffer.from('other'))
    const CopySource = `versioned/digits?versionId=${version}`
    for (const range of [{}, { CopySourceRange: 'bytes=0-9' }]) {
      const answer = await copy({ CopySource, ...range })
      expect(answer).toMatchObject({ CopySourceVersionId: version, CopyPartResult: { ETag: ETAG } })
    }
  })
})
