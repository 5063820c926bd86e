import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  type UploadPartCommandInput,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { md5 } from '../encodings.ts'
import { type OssBucket, runtimes, startWorld, type World } from '../harness.ts'
import { type Answer, send, sign, type WireRequest } from './wire.ts'

const PART = 5 * 1024 ** 2
const big = Buffer.alloc(PART, 'multipart ')
const small = Buffer.from('the end')
const crc32Of = (...pieces: Uint8Array[]) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(pieces.reduce((crc, piece) => crc32(piece, crc), 0))
  return bytes.toString('base64')
}

describe.each(runtimes)('multipart uploads on %s', (runtime) => {
  let world: World
  let s3: S3Client
  let oss: OssBucket
  let count = 0
  const Bucket = 'bucket'

  beforeAll(async () => {
    world = await startWorld(runtime)
    // A connection whose request was not read to its end may be closed behind the answer.
    s3 = world.s3({ requestHandler: { httpAgent: { keepAlive: false } } })
    await s3.send(new CreateBucketCommand({ Bucket }))
    oss = world.oss(Bucket)
  })
  afterAll(() => world.stop())

  type Upload = { Bucket: string; Key: string; UploadId: string }
  async function create(input: Partial<CreateMultipartUploadCommandInput> = {}): Promise<Upload> {
    const address = { Bucket: input.Bucket ?? Bucket, Key: input.Key ?? `key-${count++}` }
    const { UploadId = '' } = await s3.send(new CreateMultipartUploadCommand({ ...input, ...address }))
    return { ...address, UploadId }
  }
  async function upload(
    to: Upload,
    PartNumber: number,
    Body: Uint8Array = small,
    input: Partial<UploadPartCommandInput> = {},
  ): Promise<CompletedPart> {
    const { ETag = '', ChecksumCRC32 } = await s3.send(
      new UploadPartCommand({ ...to, PartNumber, Body, ...input }),
    )
    return { PartNumber, ETag, ...(ChecksumCRC32 === undefined ? {} : { ChecksumCRC32 }) }
  }
  const complete = (to: Upload, Parts: CompletedPart[], more: object = {}) =>
    s3.send(new CompleteMultipartUploadCommand({ ...to, MultipartUpload: { Parts }, ...more }))
  const wire = (request: WireRequest): Promise<Answer> =>
    send(world.endpoint, sign(request, new URL(world.endpoint).host))
  const completeRaw = ({ Key, UploadId }: Upload, body: string) =>
    wire({
      method: 'POST',
      target: `/${Bucket}/${Key}?uploadId=${UploadId}`,
      headers: { 'content-length': String(body.length) },
      body,
    })
  const headersOf = async (key: string) =>
    (await oss.head(key)).res.headers as unknown as Record<string, string>
  const partsAtOss = async ({ Key, UploadId }: Upload) =>
    (await oss.listParts(Key, UploadId.replace(/_.*/, ''), {} as never)).parts as unknown as object[]

  test('make one object: parts in any order, and all that was said when it began', async () => {
    const to = await create({
      ContentType: 'text/plain',
      CacheControl: 'max-age=60',
      Metadata: { my_key: 'value' },
      Tagging: 'team=blue',
      StorageClass: 'STANDARD_IA',
      ServerSideEncryption: 'AES256',
      ACL: 'public-read',
    })
    const last = await upload(to, 9)
    const first = await upload(to, 2, big)
    expect(first.ETag).toBe(`"${md5(big)}"`)
    const answer = await complete(to, [first, last])
    expect(answer).toMatchObject({
      Bucket,
      Key: to.Key,
      Location: `${world.endpoint.replace('localhost', '127.0.0.1')}/${Bucket}/${to.Key}`,
      ETag: expect.stringMatching(/^"[0-9a-f]{32}-2"$/),
      ServerSideEncryption: 'AES256',
    })
    const { content, res } = await oss.get(to.Key)
    expect(Buffer.concat([big, small]).equals(content)).toBe(true)
    expect(res.headers).toMatchObject({
      'content-type': 'text/plain',
      'cache-control': 'max-age=60',
      'x-oss-storage-class': 'IA',
      'x-oss-server-side-encryption': 'AES256',
      etag: answer.ETag?.toUpperCase(),
    })
    expect((await oss.getObjectTagging(to.Key)).tag).toEqual({ team: 'blue' })
    expect((await oss.getACL(to.Key)).acl).toBe('public-read')
  })

  test('cost one OSS request each, and completion one more to look at the parts', async () => {
    world.ossRequests()
    const to = await create()
    const part = await upload(to, 1)
    await complete(to, [part])
    // A body in flight cannot follow a redirect: on the first one the bucket's region may be asked for.
    expect(world.ossRequests().filter((name) => name !== 'GetBucketLocation')).toEqual([
      'InitiateMultipartUpload',
      'UploadPart',
      'ListParts',
      'CompleteMultipartUpload',
    ])
  })

  describe('the upload id', () => {
    test('is OSS’s own where nothing has to be remembered', async () => {
      expect((await create()).UploadId).toMatch(/^[0-9A-F]{32}$/)
    })

    test('as OSS lists it works too, and makes a private object', async () => {
      const to = await create({ ACL: 'public-read', ChecksumAlgorithm: 'CRC32' })
      const { Uploads } = await s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix: to.Key }))
      const listed = { ...to, UploadId: Uploads?.[0]?.UploadId ?? '' }
      expect(listed.UploadId).not.toBe(to.UploadId)
      await complete(listed, [await upload(listed, 1)])
      expect((await oss.getACL(to.Key)).acl).toBe('private')
    })

    test('whose ACL was changed is no upload', async () => {
      const to = await create({ ACL: 'public-read' })
      const UploadId = to.UploadId.replace(/_0r/, '_0w')
      await expect(complete({ ...to, UploadId }, [await upload(to, 1)])).rejects.toMatchObject({
        name: 'NoSuchUpload',
        UploadId,
      })
    })

    test.each([
      ['PUT', '&partNumber=1', 404],
      ['PUT', '', 405],
      ['DELETE', '', 404],
      ['GET', '', 404],
      ['POST', '', 404],
    ])('that is empty never means the object: %s%s', async (method, more, status) => {
      const key = `spared-${count++}`
      await oss.put(key, Buffer.from('spared'))
      const target = `/${Bucket}/${key}?uploadId=${more}`
      expect(await wire({ method, target, headers: { 'content-length': '0' } })).toMatchObject({ status })
      expect((await oss.get(key)).content.toString()).toBe('spared')
    })

    test('of another key, or of none, is NoSuchUpload in every operation', async () => {
      const there = await create()
      const to = { ...there, Key: 'elsewhere' }
      const failure = { name: 'NoSuchUpload', UploadId: to.UploadId, $metadata: { httpStatusCode: 404 } }
      await expect(upload(to, 1)).rejects.toMatchObject(failure)
      await expect(complete(to, [{ PartNumber: 1, ETag: '"0"' }])).rejects.toMatchObject(failure)
      await expect(s3.send(new ListPartsCommand(to))).rejects.toMatchObject(failure)
      await expect(s3.send(new AbortMultipartUploadCommand(to))).rejects.toMatchObject(failure)
    })
  })

  describe('a part', () => {
    test.each(['0', '10001', '-1', 'x', '', '1.0'])('with the number %j is refused', async (number) => {
      const { Key, UploadId } = await create()
      const target = `/${Bucket}/${Key}?partNumber=${number}&uploadId=${UploadId}`
      expect(await wire({ method: 'PUT', target, body: 'x' })).toMatchObject({
        status: 400,
        error: {
          Code: 'InvalidArgument',
          Message: 'Part number must be an integer between 1 and 10000, inclusive',
          ArgumentName: 'partNumber',
          ArgumentValue: number,
        },
      })
    })

    test('that is not what was promised is not stored', async () => {
      const to = await create()
      await expect(upload(to, 1, small, { ChecksumCRC32: 'AAAAAA==' })).rejects.toMatchObject({
        name: 'BadDigest',
      })
      await expect(upload(to, 1, Buffer.alloc(0), { ChecksumCRC32: 'AAAAAQ==' })).rejects.toMatchObject({
        name: 'BadDigest',
      })
      expect(await partsAtOss(to)).toEqual([])
    })

    test('may be empty, and replaces the one of its number', async () => {
      const to = await create()
      await upload(to, 1)
      const empty = await upload(to, 1, Buffer.alloc(0))
      await complete(to, [empty])
      expect((await oss.get(to.Key)).content).toHaveLength(0)
    })

    test('over 5 GiB is refused before it is sent', async () => {
      const { Key, UploadId } = await create()
      const headers = { 'content-length': String(5 * 1024 ** 3 + 1) }
      const target = `/${Bucket}/${Key}?partNumber=1&uploadId=${UploadId}`
      expect((await wire({ method: 'PUT', target, headers, body: 'x' })).error).toMatchObject({
        Code: 'EntityTooLarge',
        ProposedSize: '5368709121',
        MaxSizeAllowed: '5368709120',
      })
    })

    test('with another checksum than its upload’s is refused', async () => {
      const to = await create({ ChecksumAlgorithm: 'SHA256' })
      await expect(upload(to, 1, small, { ChecksumAlgorithm: 'CRC32' })).rejects.toMatchObject({
        name: 'InvalidRequest',
        message:
          'Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum Type: crc32',
      })
    })

    test('under a customer’s key is refused', async () => {
      const { Key, UploadId } = await create()
      const headers = { 'x-amz-server-side-encryption-customer-algorithm': 'AES256' }
      const target = `/${Bucket}/${Key}?partNumber=1&uploadId=${UploadId}`
      expect(await wire({ method: 'PUT', target, headers, body: 'x' })).toMatchObject({
        status: 501,
        error: { Code: 'NotImplemented' },
      })
    })
  })

  describe('what CreateMultipartUpload cannot promise', () => {
    test.each([
      [{ ChecksumAlgorithm: 'CRC64NVME', ChecksumType: 'COMPOSITE' }, 'InvalidRequest'],
      [{ ChecksumType: 'FULL_OBJECT' }, 'InvalidRequest'],
      [{ SSECustomerAlgorithm: 'AES256' }, 'NotImplemented'],
      [{ WebsiteRedirectLocation: '/' }, 'NotImplemented'],
      [{ ACL: 'authenticated-read' }, 'NotImplemented'],
      [{ StorageClass: 'OUTPOSTS' }, 'InvalidStorageClass'],
      [{ Tagging: 'a=1&a=2' }, 'InvalidArgument'],
      [{ Metadata: { long: 'x'.repeat(2100) } }, 'MetadataTooLarge'],
      [{ Bucket: 'no-such-bucket' }, 'NoSuchBucket'],
    ] as [Partial<CreateMultipartUploadCommandInput>, string][])('%j is %s', async (input, name) => {
      await expect(create(input)).rejects.toMatchObject({ name })
    })
  })

  describe('checksums', () => {
    test('COMPOSITE, as the AWS CLI sends it', async () => {
      const to = await create({ ChecksumAlgorithm: 'CRC32' })
      const parts = [await upload(to, 1, big), await upload(to, 2)]
      expect(parts.map(({ ChecksumCRC32 }) => ChecksumCRC32)).toEqual([crc32Of(big), crc32Of(small)])
      const value = `${crc32Of(...parts.map((part) => Buffer.from(part.ChecksumCRC32 ?? '', 'base64')))}-2`
      expect(await complete(to, parts)).toMatchObject({ ChecksumCRC32: value, ChecksumType: 'COMPOSITE' })
    })

    test('COMPOSITE without one of them is refused', async () => {
      const to = await create({ ChecksumAlgorithm: 'CRC32' })
      const { ETag, PartNumber } = await upload(to, 1)
      await expect(complete(to, [{ ETag, PartNumber } as CompletedPart])).rejects.toMatchObject({
        name: 'InvalidRequest',
        message:
          'The upload was created using a crc32 checksum. The complete request must include the checksum for each part. It was missing for part 1 in the request.',
      })
    })

    test('FULL_OBJECT is worked out from the parts’', async () => {
      const to = await create({ ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' })
      const parts = [await upload(to, 1, big), await upload(to, 2)]
      expect(await complete(to, parts)).toMatchObject({
        ChecksumCRC32: crc32Of(big, small),
        ChecksumType: 'FULL_OBJECT',
      })
    })

    test('that CreateMultipartUpload was not told of do no harm', async () => {
      const to = await create()
      const parts = [{ ...(await upload(to, 1)), ChecksumCRC32: 'AAAAAA==' }]
      expect((await complete(to, parts)).ChecksumCRC32).toBeUndefined()
    })
  })

  describe('the document of a completion', () => {
    const etags: [form: string, write: (etag: string) => string][] = [
      ['quoted', (etag) => `"${etag}"`],
      ['bare', (etag) => etag],
      ['&quot;', (etag) => `&quot;${etag}&quot;`],
      ['&#34; (rclone)', (etag) => `&#34;${etag}&#34;`],
      ['in upper case', (etag) => `"${etag.toUpperCase()}"`],
    ]
    test.each(etags)('names ETags %s', async (_, write) => {
      const to = await create()
      await upload(to, 1)
      const body = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Part><ETag>${write(md5(small))}</ETag><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>`
      expect(await completeRaw(to, body)).toMatchObject({ status: 200 })
      expect((await oss.get(to.Key)).content.toString()).toBe('the end')
    })

    test('may put the number first, name its namespace, and be indented', async () => {
      const to = await create()
      await upload(to, 1)
      const body = `<?xml version="1.0"?>\n<s:CompleteMultipartUpload xmlns:s="http://s3.amazonaws.com/doc/2006-03-01/">\n  <s:Part>\n    <s:PartNumber>1</s:PartNumber>\n    <s:ETag>"${md5(small)}"</s:ETag>\n  </s:Part>\n</s:CompleteMultipartUpload>`
      expect(await completeRaw(to, body)).toMatchObject({ status: 200 })
    })

    test('may name ten thousand parts', async () => {
      const to = await create()
      const part = (number: number) =>
        `<Part><ETag>&quot;${md5(small)}&quot;</ETag><PartNumber>${number}</PartNumber><ChecksumSHA256>${'A'.repeat(43)}=</ChecksumSHA256></Part>`
      const parts = Array.from({ length: 10_000 }, (_, at) => part(at + 1)).join('')
      const body = `<CompleteMultipartUpload>${parts}</CompleteMultipartUpload>`
      expect((await completeRaw(to, body)).error).toMatchObject({ Code: 'InvalidPart', PartNumber: '1' })
    })

    test.each([
      ['', 'InvalidRequest'],
      ['<CompleteMultipartUpload/>', 'InvalidRequest'],
      ['<CompleteMultipartUpload>', 'MalformedXML'],
      ['not XML', 'MalformedXML'],
      ['<Complete><Part><PartNumber>1</PartNumber><ETag>a</ETag></Part></Complete>', 'MalformedXML'],
      ['<CompleteMultipartUpload><Part><ETag>a</ETag></Part></CompleteMultipartUpload>', 'MalformedXML'],
      [
        '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>',
        'MalformedXML',
      ],
      [
        '<CompleteMultipartUpload><Part><PartNumber>one</PartNumber><ETag>a</ETag></Part></CompleteMultipartUpload>',
        'MalformedXML',
      ],
      ['<!DOCTYPE a [<!ENTITY b "c">]><CompleteMultipartUpload/>', 'MalformedXML'],
    ])('%s is %s', async (body, Code) => {
      const answer = await completeRaw(await create(), body)
      expect(answer).toMatchObject({ status: 400, error: { Code } })
      if (Code === 'InvalidRequest') expect(answer.error.Message).toBe('You must specify at least one part')
    })
  })

  describe('a completion is refused', () => {
    test('when its parts are not in order', async () => {
      const to = await create()
      const parts = [await upload(to, 1, big), await upload(to, 2)]
      const failure = {
        name: 'InvalidPartOrder',
        message: 'The list of parts was not in ascending order. Parts must be ordered by part number.',
        UploadId: to.UploadId,
      }
      await expect(complete(to, parts.toReversed())).rejects.toMatchObject(failure)
      await expect(complete(to, [...parts, ...parts.slice(1)])).rejects.toMatchObject(failure)
    })

    test('when a part is not there, or another one', async () => {
      const to = await create()
      const part = await upload(to, 1)
      const failure = {
        name: 'InvalidPart',
        message:
          "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
        UploadId: to.UploadId,
      }
      await expect(complete(to, [{ ...part, PartNumber: 2 }])).rejects.toMatchObject({
        ...failure,
        PartNumber: '2',
        ETag: md5(small),
      })
      await expect(complete(to, [{ ...part, ETag: '"0123"' }])).rejects.toMatchObject({
        ...failure,
        ETag: '0123',
      })
      await expect(complete(to, [{ ...part, ETag: '*' }])).rejects.toMatchObject(failure)
    })

    test('when a part but the last is under 5 MiB, as OSS would not mind', async () => {
      const to = await create()
      const first = await upload(to, 1, big.subarray(1))
      const parts = [first, await upload(to, 2)]
      await expect(complete(to, parts)).rejects.toMatchObject({
        name: 'EntityTooSmall',
        message: 'Your proposed upload is smaller than the minimum allowed size',
        ETag: md5(big.subarray(1)),
        MinSizeAllowed: '5242880',
        PartNumber: '1',
        ProposedSize: '5242879',
      })
      expect(await partsAtOss(to)).toHaveLength(2)
    })

    test('when the object would have another size', async () => {
      const to = await create()
      const part = await upload(to, 1, Buffer.from('four'))
      await expect(complete(to, [part], { MpuObjectSize: 5 })).rejects.toMatchObject({
        name: 'InvalidRequest',
        message: "The provided 'x-amz-mp-object-size' header value 5 does not match what was computed: 4",
      })
      await complete(to, [part], { MpuObjectSize: 4 })
    })

    test('when its condition does not hold', async () => {
      const taken = await create()
      const part = await upload(taken, 1)
      await s3.send(new PutObjectCommand({ Bucket, Key: taken.Key, Body: 'first' }))
      await expect(complete(taken, [part], { IfNoneMatch: '*' })).rejects.toMatchObject({
        name: 'PreconditionFailed',
        Condition: 'If-None-Match',
      })
      expect((await oss.get(taken.Key)).content.toString()).toBe('first')
      await expect(complete(taken, [part], { IfMatch: '"0"' })).rejects.toMatchObject({
        name: 'PreconditionFailed',
        Condition: 'If-Match',
      })
      const free = await create()
      await complete(free, [await upload(free, 1)], { IfNoneMatch: '*' })
    })
  })

  describe('a completion that is asked for again', () => {
    const gone = { name: 'NoSuchUpload', $metadata: { httpStatusCode: 404 } }
    const told = ({ $metadata: _, ...answer }: Awaited<ReturnType<typeof complete>>) => answer

    test('is answered as the first was', async () => {
      const to = await create({ ServerSideEncryption: 'AES256' })
      const parts = [await upload(to, 1, big), await upload(to, 2)]
      const first = await complete(to, parts)
      expect(told(await complete(to, parts))).toEqual(told(first))
      // Also where it did not hear that nothing may be overwritten: what is there is its own.
      expect(told(await complete(to, parts, { IfNoneMatch: '*' }))).toEqual(told(first))
      expect((await oss.get(to.Key)).content.equals(Buffer.concat([big, small]))).toBe(true)
    })

    test('is not answered so with If-Match: what the object replaced is not known any more', async () => {
      const to = await create()
      const parts = [await upload(to, 1)]
      await complete(to, parts)
      await expect(complete(to, parts, { IfMatch: '"0"' })).rejects.toMatchObject(gone)
    })

    test.each([
      ['CRC32', 'NhCmhg=='],
      ['SHA512', createHash('sha512').update('hello').digest('base64')],
      ['XXHASH3', 'lVXoVVxi3P0='],
    ] as const)('tells the checksum of its parts, %s', async (name, sum) => {
      const to = await create({ ChecksumAlgorithm: name })
      const named = { PartNumber: 1, [`Checksum${name}`]: sum }
      const { ETag } = await s3.send(new UploadPartCommand({ ...to, Body: 'hello', ...named }))
      const parts = [{ ETag, ...named }]
      const first = await complete(to, parts)
      expect(first[`Checksum${name}`]).toMatch(/-1$/)
      expect(told(await complete(to, parts))).toEqual(told(first))
    })

    test('names the version, until there is a newer one', async () => {
      await s3.send(new CreateBucketCommand({ Bucket: 'again' }))
      await world.oss().putBucketVersioning('again', 'Enabled')
      const to = await create({ Bucket: 'again' })
      const parts = [await upload(to, 1)]
      const { VersionId } = await complete(to, parts)
      expect((await complete(to, parts)).VersionId).toBe(VersionId)
      await s3.send(new PutObjectCommand({ Bucket: 'again', Key: to.Key, Body: 'newer' }))
      await expect(complete(to, parts)).rejects.toMatchObject(gone)
    })

    test('while the first is under way is answered as that is', async () => {
      const to = await create()
      const parts = [await upload(to, 1)]
      world.localOss.faults.add({ operation: 'CompleteMultipartUpload', action: { kind: 'delay', ms: 300 } })
      const both = await Promise.all([complete(to, parts), complete(to, parts)])
      expect(told(both[1])).toEqual(told(both[0]))
    })

    test('after its answer was lost is answered', async () => {
      const to = await create()
      const parts = [await upload(to, 1)]
      world.localOss.faults.add({
        operation: 'CompleteMultipartUpload',
        action: { kind: 'cut', when: 'after' },
      })
      await expect(complete(to, parts)).rejects.toMatchObject({ name: 'ServiceUnavailable' })
      expect((await complete(to, parts)).ETag).toMatch(/-1"$/)
    })

    const other = `"${'0'.repeat(32)}"`
    test.each<[what: string, list: (parts: CompletedPart[]) => CompletedPart[]]>([
      ['another part', () => [{ PartNumber: 1, ETag: other }]],
      ['one part less', ([first]) => [first as CompletedPart]],
      ['one part more', (parts) => [...parts, { PartNumber: 3, ETag: other }]],
      ['what is no ETag', ([first]) => [first as CompletedPart, { PartNumber: 2, ETag: 'x' }]],
    ])('with %s is NoSuchUpload', async (_, list) => {
      const to = await create()
      const parts = [await upload(to, 1, big), await upload(to, 2)]
      await complete(to, parts)
      await expect(complete(to, list(parts))).rejects.toMatchObject(gone)
    })

    test.each([
      ['of an upload that was aborted', undefined],
      ['where another object is', 'another'],
    ])('%s is NoSuchUpload', async (_, content) => {
      const to = await create()
      const parts = [await upload(to, 1)]
      await s3.send(new AbortMultipartUploadCommand(to))
      // The bytes are the parts', but nobody put them together.
      if (content !== undefined) await oss.put(to.Key, small)
      await expect(complete(to, parts)).rejects.toMatchObject(gone)
    })

    test('of another size than it says is refused', async () => {
      const to = await create()
      const parts = [await upload(to, 1)]
      await complete(to, parts)
      await expect(complete(to, parts, { MpuObjectSize: 1 })).rejects.toMatchObject({
        name: 'InvalidRequest',
      })
    })
  })

  test('the version of a completed object is named', async () => {
    await s3.send(new CreateBucketCommand({ Bucket: 'versioned' }))
    await world.oss().putBucketVersioning('versioned', 'Enabled')
    const to = await create({ Bucket: 'versioned' })
    const { VersionId } = await complete(to, [await upload(to, 1)])
    expect(VersionId).toBe((await headersOfVersioned(to.Key))['x-oss-version-id'])
  })
  const headersOfVersioned = async (key: string) =>
    (await world.oss('versioned').head(key)).res.headers as unknown as Record<string, string>

  test('an upload that is aborted leaves nothing', async () => {
    const to = await create()
    await upload(to, 1)
    const { $metadata } = await s3.send(new AbortMultipartUploadCommand(to))
    expect($metadata.httpStatusCode).toBe(204)
    await expect(partsAtOss(to)).rejects.toMatchObject({ code: 'NoSuchUpload' })
    await expect(headersOf(to.Key)).rejects.toMatchObject({ status: 404 })
    await expect(s3.send(new AbortMultipartUploadCommand(to))).rejects.toMatchObject({ name: 'NoSuchUpload' })
    await expect(
      s3.send(new AbortMultipartUploadCommand({ ...to, IfMatchInitiatedTime: new Date() })),
    ).rejects.toMatchObject({ name: 'NotImplemented' })
  })

  test('ListParts tells them, page by page', async () => {
    const to = await create({ Key: 'lists/ä key', ChecksumAlgorithm: 'CRC32', StorageClass: 'STANDARD_IA' })
    for (const number of [1, 3, 10_000]) await upload(to, number)
    const first = await s3.send(new ListPartsCommand({ ...to, MaxParts: 2 }))
    expect(first).toMatchObject({
      Bucket,
      Key: 'lists/ä key',
      UploadId: to.UploadId,
      MaxParts: 2,
      IsTruncated: true,
      PartNumberMarker: '0',
      NextPartNumberMarker: '3',
      ChecksumAlgorithm: 'CRC32',
      ChecksumType: 'COMPOSITE',
      Owner: { ID: expect.stringMatching(/./) },
      Initiator: { ID: first.Owner?.ID },
    })
    expect(first.Parts).toMatchObject(
      [1, 3].map((PartNumber) => ({ PartNumber, ETag: `"${md5(small)}"`, Size: 7 })),
    )
    expect(Math.abs(Date.now() - (first.Parts?.[0]?.LastModified?.getTime() ?? 0))).toBeLessThan(3_600_000)
    const rest = await s3.send(new ListPartsCommand({ ...to, PartNumberMarker: '3' }))
    expect(rest).toMatchObject({ IsTruncated: false, MaxParts: 1000, Parts: [{ PartNumber: 10_000 }] })
    const none = await s3.send(new ListPartsCommand({ ...to, MaxParts: 0 }))
    expect([none.Parts, none.IsTruncated]).toEqual([undefined, false])
  })

  test.each([
    ['max-parts=x', 'max-parts'],
    ['max-parts=-1', 'max-parts'],
    ['part-number-marker=2147483648', 'part-number-marker'],
  ])('ListParts with %s is refused', async (query, name) => {
    const { Key, UploadId } = await create()
    const { error } = await wire({ method: 'GET', target: `/${Bucket}/${Key}?uploadId=${UploadId}&${query}` })
    expect(error).toMatchObject({
      Code: 'InvalidArgument',
      Message: `Argument ${name} must be an integer between 0 and 2147483647`,
      ArgumentName: name,
    })
  })

  describe('ListMultipartUploads', () => {
    const list = (input = {}) => s3.send(new ListMultipartUploadsCommand({ Bucket: 'uploads', ...input }))
    const keys = ['a', 'a', 'b/1', 'b/2', 'c d+é', 'line\nbreak']
    beforeAll(async () => {
      await s3.send(new CreateBucketCommand({ Bucket: 'uploads' }))
      for (const Key of keys) await create({ Bucket: 'uploads', Key })
    })

    test('tells all of them', async () => {
      const all = await list()
      expect(all.Uploads?.map(({ Key }) => Key)).toEqual(keys)
      expect(all).toMatchObject({ Bucket: 'uploads', MaxUploads: 1000, IsTruncated: false })
      expect(all.Uploads?.[0]).toMatchObject({
        UploadId: expect.stringMatching(/./),
        Initiated: expect.any(Date),
        Owner: { ID: expect.stringMatching(/./) },
        Initiator: { ID: all.Uploads?.[0]?.Owner?.ID },
      })
    })

    test('goes on from the last one', async () => {
      const seen: (string | undefined)[] = []
      let page = await list({ MaxUploads: 1 })
      for (;;) {
        seen.push(...(page.Uploads ?? []).map(({ Key }) => Key))
        if (!page.IsTruncated) break
        const markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
        page = await list({ MaxUploads: 1, ...markers })
        expect(page).toMatchObject(markers)
      }
      expect(seen).toEqual(keys)
    })

    test('gathers keys under a delimiter, and keeps to a prefix', async () => {
      const folders = await list({ Delimiter: '/' })
      expect(folders.Uploads?.map(({ Key }) => Key)).toEqual(keys.filter((key) => !key.includes('/')))
      expect(folders.CommonPrefixes).toEqual([{ Prefix: 'b/' }])
      expect((await list({ Prefix: 'b/' })).Uploads?.map(({ Key }) => Key)).toEqual(['b/1', 'b/2'])
    })

    test('encodes keys in S3’s form', async () => {
      const page = await list({ EncodingType: 'url', Prefix: 'c d' })
      expect(page).toMatchObject({ EncodingType: 'url', Prefix: 'c+d', Uploads: [{ Key: 'c+d%2B%C3%A9' }] })
    })

    test('takes an id that was handed out for a marker, and no nonsense', async () => {
      const { UploadId } = await create({ Bucket: 'uploads', Key: 'z', ChecksumAlgorithm: 'CRC32' })
      expect((await list({ KeyMarker: 'z', UploadIdMarker: UploadId })).Uploads).toBeUndefined()
      await expect(list({ KeyMarker: 'z', UploadIdMarker: 'no-id' })).rejects.toMatchObject({
        name: 'InvalidArgument',
        message: 'Invalid uploadId marker',
        ArgumentName: 'upload-id-marker',
      })
      await expect(list({ EncodingType: 'base64' })).rejects.toMatchObject({ name: 'InvalidArgument' })
    })
  })
})
