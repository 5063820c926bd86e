import { crc32 } from 'node:zlib'
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ObjectAttributes,
  PutObjectCommand,
  RestoreObjectCommand,
  type RestoreRequest,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OssBucket, runtimes, startWorld, type World } from '../harness.ts'
import { send, sign } from './wire.ts'

const ETAG = '5d41402abc4b2a76b9719d911017c592'
const all = Object.values(ObjectAttributes)

describe.each(runtimes)('what is known of an object, on %s', (runtime) => {
  let world: World
  let s3: S3Client
  let oss: OssBucket
  const Bucket = 'bucket'

  beforeAll(async () => {
    world = await startWorld(runtime)
    s3 = world.s3({ requestHandler: { httpAgent: { keepAlive: false } } })
    await s3.send(new CreateBucketCommand({ Bucket }))
    oss = world.oss(Bucket)
    await oss.put('plain', Buffer.from('hello'))
    await oss.put('empty', Buffer.from(''))
    await oss.put('frozen', Buffer.from('x'), { headers: { 'x-oss-storage-class': 'Archive' } })
    await oss.put('deep', Buffer.from('x'), { headers: { 'x-oss-storage-class': 'DeepColdArchive' } })
    await upload('two', ['a'.repeat(5 * 1024 ** 2), 'b'])
    await upload('one', ['hello'])
    await forgetParts()
    const { uploadId } = await oss.initMultipartUpload('none')
    await oss.completeMultipartUpload('none', uploadId, [])
  })
  afterAll(() => world.stop())

  async function upload(Key: string, bodies: string[]) {
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    const to = { Bucket, Key, UploadId }
    const Parts = []
    for (const [i, Body] of bodies.entries()) {
      const { ETag } = await s3.send(new UploadPartCommand({ ...to, PartNumber: i + 1, Body }))
      Parts.push({ PartNumber: i + 1, ETag })
    }
    await s3.send(new CompleteMultipartUploadCommand({ ...to, MultipartUpload: { Parts } }))
  }
  /** As of objects that were uploaded past the gateway. */
  async function forgetParts() {
    const { objects } = await oss.listV2({ prefix: '.s3-oss-gateway/' }, {})
    for (const { name } of objects) await oss.delete(name)
  }
  const raw = async (method: string, target: string, headers: Record<string, string> = {}, body = '') =>
    send(world.endpoint, sign({ method, target, headers, body }, new URL(world.endpoint).host))

  describe('its attributes', () => {
    const attributes = (Key: string, ObjectAttributes = all, more: object = {}) =>
      s3.send(new GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes, ...more }))

    test('are read from one HEAD; the ETag has no quotes', async () => {
      world.ossRequests()
      const answer = await attributes('plain')
      expect(answer).toMatchObject({ ETag: ETAG, ObjectSize: 5, StorageClass: 'STANDARD' })
      expect(answer.LastModified).toBeInstanceOf(Date)
      expect(answer).not.toHaveProperty('Checksum')
      expect(answer).not.toHaveProperty('ObjectParts')
      expect(world.ossRequests()).toEqual(['HeadObject'])
    })

    test('are those asked for', async () => {
      const { $metadata: _, LastModified: __, ...answer } = await attributes('plain', ['ObjectSize'])
      expect(answer).toEqual({ ObjectSize: 5 })
    })

    test('have the checksum kept with the object', async () => {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32BE(crc32('hello'))
      const ChecksumCRC32 = bytes.toString('base64')
      await s3.send(new PutObjectCommand({ Bucket, Key: 'summed', Body: 'hello', ChecksumCRC32 }))
      expect((await attributes('summed')).Checksum).toEqual({ ChecksumCRC32, ChecksumType: 'FULL_OBJECT' })
    })

    test('have the number of parts where nothing more is kept of them', async () => {
      expect((await attributes('two')).ObjectParts).toEqual({ TotalPartsCount: 2 })
    })

    test('have no parts where OSS completed an upload without any', async () => {
      const answer = await attributes('none')
      expect(answer).toMatchObject({ ObjectSize: 0, ETag: expect.stringMatching(/^[0-9a-f]{32}-0$/) })
      expect(answer).not.toHaveProperty('ObjectParts')
    })

    test.each([
      [`CAEQ${'a'.repeat(60)}`, 'NoSuchVersion'],
      ['unknown', 'InvalidArgument'],
    ])('may be of a version: %s', async (VersionId, name) => {
      await expect(attributes('plain', all, { VersionId })).rejects.toMatchObject({ name })
    })

    test.each([
      [undefined, 'InvalidRequest'],
      ['', 'InvalidRequest'],
      ['ETag,Colour', 'InvalidArgument'],
    ])('asked for as %j: %s', async (names, code) => {
      const headers: Record<string, string> = names === undefined ? {} : { 'x-amz-object-attributes': names }
      expect((await raw('GET', `/${Bucket}/plain?attributes`, headers)).error.Code).toBe(code)
    })
  })

  describe('one part of it', () => {
    const get = (Key: string, PartNumber: number, more: object = {}) =>
      s3.send(new GetObjectCommand({ Bucket, Key, PartNumber, ...more }))
    const head = (Key: string, PartNumber: number) =>
      s3.send(new HeadObjectCommand({ Bucket, Key, PartNumber }))

    test('is all of an object uploaded whole', async () => {
      const answer = await get('plain', 1)
      expect(answer).toMatchObject({ ContentRange: 'bytes 0-4/5', ContentLength: 5, ETag: `"${ETAG}"` })
      expect(answer.$metadata.httpStatusCode).toBe(206)
      expect(answer.PartsCount).toBeUndefined()
      expect(await answer.Body?.transformToString()).toBe('hello')
      const headed = await head('plain', 1)
      expect(headed).toMatchObject({ ContentRange: 'bytes 0-4/5', ContentLength: 5 })
      expect(headed.$metadata.httpStatusCode).toBe(206)
    })

    test('of nothing is nothing', async () => {
      for (const key of ['empty', 'none']) {
        expect(await (await get(key, 1)).Body?.transformToString()).toBe('')
      }
    })

    test('of an object uploaded in one part is that one', async () => {
      expect(await get('one', 1)).toMatchObject({ PartsCount: 1, ContentLength: 5 })
      expect(await head('one', 1)).toMatchObject({ PartsCount: 1, ContentLength: 5 })
    })

    test('of several, of which nothing is kept, is, if it is the first, all of it, told as one', async () => {
      const size = 5 * 1024 ** 2 + 1
      const whole = { ContentRange: `bytes 0-${size - 1}/${size}`, ContentLength: size }
      const answer = await get('two', 1)
      expect(answer).toMatchObject(whole)
      expect(answer.$metadata.httpStatusCode).toBe(206)
      expect(answer.PartsCount).toBeUndefined()
      expect((await answer.Body?.transformToByteArray())?.length).toBe(size)
      const headed = await head('two', 1)
      expect(headed).toMatchObject(whole)
      expect(headed.PartsCount).toBeUndefined()
    })

    test('of several, of which nothing is kept, cannot be told from the others, if it is a later one', async () => {
      await expect(get('two', 2)).rejects.toMatchObject({ name: 'NotImplemented' })
      expect((await raw('HEAD', `/${Bucket}/two?partNumber=2`)).status).toBe(501)
    })

    test('beyond the last is not satisfiable', async () => {
      await expect(get('two', 3)).rejects.toMatchObject({
        name: 'InvalidPartNumber',
        ActualPartCount: '2',
        PartNumberRequested: '3',
      })
      await expect(get('plain', 2)).rejects.toMatchObject({ ActualPartCount: '1' })
      expect((await raw('HEAD', `/${Bucket}/plain?partNumber=2`)).status).toBe(416)
    })

    test.each(['0', '10001', 'x', ''])('number %j is none', async (number) => {
      const answer = await raw('GET', `/${Bucket}/plain?partNumber=${number}`)
      expect(answer.error).toMatchObject({ Code: 'InvalidArgument', ArgumentName: 'partNumber' })
    })

    test('and a range at once are refused', async () => {
      await expect(get('plain', 1, { Range: 'bytes=0-1' })).rejects.toMatchObject({
        name: 'InvalidRequest',
        message: 'Cannot specify both Range header and partNumber query parameter',
      })
    })

    test('keeps the conditions', async () => {
      await expect(get('plain', 1, { IfMatch: '"0"' })).rejects.toMatchObject({ name: 'PreconditionFailed' })
      expect(await get('plain', 1, { IfMatch: ETAG })).toMatchObject({ ContentLength: 5 })
    })
  })

  describe('restoring it', () => {
    const restore = (Key: string, RestoreRequest: RestoreRequest) =>
      s3.send(new RestoreObjectCommand({ Bucket, Key, RestoreRequest }))
    const readUntil = async (key: string) => {
      for (let i = 0; i < 100; i++) {
        const { Restore } = await s3.send(new HeadObjectCommand({ Bucket, Key: key }))
        if (Restore?.includes('false')) return Restore
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      return undefined
    }

    test('takes its days and its tier, and can be prolonged', async () => {
      expect((await restore('frozen', { Days: 2 })).$metadata.httpStatusCode).toBe(202)
      expect(await readUntil('frozen')).toContain('expiry-date')
      expect((await oss.get('frozen')).content.toString()).toBe('x')
      const again = await restore('frozen', { Days: 3, GlacierJobParameters: { Tier: 'Standard' } })
      expect(again.$metadata.httpStatusCode).toBe(200)
      await restore('deep', { Days: 1, GlacierJobParameters: { Tier: 'Expedited' } })
      expect(await readUntil('deep')).toContain('ongoing-request="false"')
    })

    const refusal = (ec: string | undefined, code = 'MalformedXML') =>
      world.localOss.faults.add({
        operation: 'RestoreObject',
        times: 1,
        action: { kind: 'error', status: 400, code, ...(ec === undefined ? {} : { ec }) },
      })

    test('takes a tier where OSS’s archive knows none', async () => {
      const remove = refusal(undefined)
      world.ossRequests()
      const { $metadata } = await restore('frozen', { Days: 4, GlacierJobParameters: { Tier: 'Expedited' } })
      remove()
      expect($metadata.httpStatusCode).toBe(200)
      expect(world.ossRequests()).toEqual(['RestoreObject', 'HeadObject', 'RestoreObject'])
    })

    const unsupported = 'Retrieval option is not supported by this storage class'
    const [archive, cold] = ['Archive for 1 to 7 days', 'ColdArchive or DeepColdArchive for 1 to 365 days']
    test.each<
      [
        _: string,
        key: string,
        ec: string | undefined,
        code: string,
        name: string,
        message: RegExp,
        calls: number,
      ]
    >([
      [
        'days of Archive',
        'frozen',
        '0016-00000708',
        'MalformedXML',
        'InvalidArgument',
        new RegExp(`${archive}$`),
        1,
      ],
      [
        'days of the colder classes',
        'deep',
        '0016-00000704',
        'MalformedXML',
        'InvalidArgument',
        new RegExp(`${cold}$`),
        1,
      ],
      [
        'the tier',
        'deep',
        '0016-00000703',
        'InvalidArgument',
        'InvalidArgument',
        new RegExp(`^${unsupported}$`),
        1,
      ],
      [
        'the tier, as a document that is none',
        'deep',
        undefined,
        'MalformedXML',
        'InvalidArgument',
        new RegExp(`^${unsupported}$`),
        2,
      ],
      [
        'a tier below that of a restore in progress',
        'deep',
        '0016-00000715',
        'InvalidArgument',
        'RestoreAlreadyInProgress',
        /in progress/,
        1,
      ],
    ])('says what would be right where OSS refuses %s', async (_, key, ec, code, name, message, calls) => {
      const remove = refusal(ec, code)
      world.ossRequests()
      const wanted = { Days: 400, GlacierJobParameters: { Tier: 'Bulk' } } as const
      await expect(restore(key, wanted)).rejects.toMatchObject({
        name,
        message: expect.stringMatching(message),
      })
      remove()
      expect(world.ossRequests()).toHaveLength(calls)
    })

    test('says all that would be right where OSS does not say what it refuses', async () => {
      const remove = refusal(undefined)
      world.ossRequests()
      await expect(restore('frozen', { Days: 30 })).rejects.toMatchObject({
        name: 'InvalidArgument',
        message: expect.stringMatching(new RegExp(`${archive}.*${cold}$`)),
      })
      remove()
      expect(world.ossRequests()).toEqual(['RestoreObject'])
    })

    test('what is in no archive is refused in S3’s words', async () => {
      await expect(restore('plain', { Days: 1 })).rejects.toMatchObject({
        name: 'InvalidObjectState',
        message: "Restore is not allowed for the object's current storage class",
      })
      await expect(restore('missing', { Days: 1 })).rejects.toMatchObject({ name: 'NoSuchKey' })
    })

    test.each([
      ['no days', '<RestoreRequest/>', 'MalformedXML'],
      ['no whole day', '<RestoreRequest><Days>0</Days></RestoreRequest>', 'MalformedXML'],
      ['days in words', '<RestoreRequest><Days>two</Days></RestoreRequest>', 'MalformedXML'],
      [
        'an unknown tier',
        '<RestoreRequest><Days>1</Days><GlacierJobParameters><Tier>Fast</Tier></GlacierJobParameters></RestoreRequest>',
        'MalformedXML',
      ],
      ['a query', '<RestoreRequest><Type>SELECT</Type></RestoreRequest>', 'NotImplemented'],
      [
        'an output location',
        '<RestoreRequest><Days>1</Days><OutputLocation/></RestoreRequest>',
        'NotImplemented',
      ],
      ['nothing', '', 'MissingRequestBodyError'],
    ])('with %s is refused', async (_, body, code) => {
      world.ossRequests()
      const headers = { 'content-length': String(body.length) }
      expect((await raw('POST', `/${Bucket}/deep?restore`, headers, body)).error.Code).toBe(code)
      expect(world.ossRequests()).toEqual([])
    })
  })
})
