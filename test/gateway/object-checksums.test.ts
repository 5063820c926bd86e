import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  type ChecksumAlgorithm,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandInput,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AlgorithmName, allAlgorithms } from '../../src/s3/checksum.ts'
import { renderPartIndex } from '../../src/translate/part-index.ts'
import { type OssBucket, runtimes, startWorld, type World } from '../harness.ts'
import { sendPart } from './raw-oss.ts'

const MiB = 1024 ** 2
const Bucket = 'bucket'
const PREFIX = '.s3-oss-gateway/'
/** As few large ones as there may be: they are most of these tests' time. */
const bodies = [Buffer.alloc(5 * MiB, 'first, '), Buffer.from('last')]
const threeBodies = [
  Buffer.alloc(5 * MiB, 'first, '),
  Buffer.alloc(5 * MiB + 1, 'second, '),
  Buffer.from('last'),
]
const whole = Buffer.concat(bodies)
/** A part between others is the same to all algorithms: one shows it, for both types. */
const bodiesOf = (algorithm: string) => (algorithm === 'CRC32' ? threeBodies : bodies)

/** By the gateway's own hashers, which test/s3 holds to published values. */
async function digestOf(name: string, ...pieces: Uint8Array[]): Promise<string> {
  const [piece] = pieces as [Uint8Array]
  if (pieces.length > 1) return newDigest(name, pieces)
  const known = digests.get(piece) ?? new Map<string, Promise<string>>()
  digests.set(piece, known)
  const digest = known.get(name) ?? newDigest(name, pieces)
  known.set(name, digest)
  return digest
}
/** Of the same bodies again and again, by algorithm. */
const digests = new WeakMap<Uint8Array, Map<string, Promise<string>>>()
async function newDigest(name: string, pieces: readonly Uint8Array[]): Promise<string> {
  const hasher = allAlgorithms[name as AlgorithmName].create()
  for (const piece of pieces) hasher.update(piece)
  return hasher.digest()
}
const compositeOf = async (name: string, parts: readonly Uint8Array[]) => {
  const digests = await Promise.all(parts.map((part) => digestOf(name, part)))
  return `${await digestOf(name, ...digests.map((digest) => Buffer.from(digest, 'base64')))}-${parts.length}`
}

/** Those that the SDK does not bring along. */
const checksumAlgorithms = Object.fromEntries(
  ['SHA512', 'MD5', 'XXHASH64', 'XXHASH3', 'XXHASH128'].map((name) => [
    name,
    class {
      readonly #hasher = allAlgorithms[name as AlgorithmName].create()
      update = (bytes: Uint8Array) => this.#hasher.update(bytes)
      digest = async () => Buffer.from(await this.#hasher.digest(), 'base64')
      reset() {}
    },
  ]),
)

type Type = 'COMPOSITE' | 'FULL_OBJECT'
const kinds: [algorithm: ChecksumAlgorithm | undefined, type: Type][] = [
  ['CRC32', 'COMPOSITE'],
  ['CRC32C', 'COMPOSITE'],
  ['SHA1', 'COMPOSITE'],
  ['SHA256', 'COMPOSITE'],
  ['SHA512', 'COMPOSITE'],
  ['MD5', 'COMPOSITE'],
  ['XXHASH64', 'COMPOSITE'],
  ['XXHASH3', 'COMPOSITE'],
  ['XXHASH128', 'COMPOSITE'],
  ['CRC32', 'FULL_OBJECT'],
  ['CRC32C', 'FULL_OBJECT'],
  ['CRC64NVME', 'FULL_OBJECT'],
  [undefined, 'FULL_OBJECT'],
]
/** Those that ListParts can tell: longer ones are only recognised. */
const isListed = (name: string) => allAlgorithms[name as AlgorithmName].bytes <= 8 || name === 'MD5'

describe.each(runtimes)('checksums of objects, with storeChecksums, on %s', (runtime) => {
  let world: World
  let s3: S3Client
  let oss: OssBucket

  beforeAll(async () => {
    world = await startWorld(runtime, { GATEWAY_CONFIG: 'storeChecksums: true' })
    // What it sends by itself would not be what a test is about.
    s3 = world.s3({ requestChecksumCalculation: 'WHEN_REQUIRED', checksumAlgorithms } as never)
    await s3.send(new CreateBucketCommand({ Bucket }))
    oss = world.oss(Bucket)
  })
  afterAll(() => world.stop())

  /** Without the records of uploads before, which end behind their answers. */
  const answered = () => world.ossRequests().filter((name) => name !== 'AbortMultipartUpload')
  const head = (Key: string, more: object = {}) =>
    s3.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED', ...more }))
  const attributes = (Key: string) =>
    s3.send(new GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes: ['Checksum', 'ObjectParts'] }))

  async function create(Key: string, algorithm: ChecksumAlgorithm | undefined, type: Type) {
    const asked = algorithm === undefined ? {} : { ChecksumAlgorithm: algorithm, ChecksumType: type }
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...asked }))
    return { Bucket, Key, UploadId }
  }
  /** Parts with the checksums that an upload of that kind wants, as CompleteMultipartUpload names them. */
  async function send(
    to: Awaited<ReturnType<typeof create>>,
    algorithm: ChecksumAlgorithm | undefined,
    parts: readonly Buffer[] = bodies,
  ) {
    const Parts = []
    for (const [at, Body] of parts.entries()) {
      const sum = algorithm && { [`Checksum${algorithm}`]: await digestOf(algorithm, Body) }
      const PartNumber = at + 1
      const { ETag } = await s3.send(new UploadPartCommand({ ...to, PartNumber, Body, ...sum }))
      Parts.push({ PartNumber, ETag, ...sum })
    }
    return Parts
  }
  const complete = (input: CompleteMultipartUploadCommandInput) =>
    s3.send(new CompleteMultipartUploadCommand(input))

  describe.each(kinds)('an upload with %s, %s', (algorithm, type) => {
    const name = algorithm ?? 'CRC64NVME'
    const member = `Checksum${name}`
    const Key = `${name}-${type}-${algorithm === undefined ? 'default' : 'asked'}`
    const bodies = bodiesOf(name)
    const whole = Buffer.concat(bodies)
    let told: object
    let ofParts: string[]

    beforeAll(async () => {
      const value = type === 'COMPOSITE' ? await compositeOf(name, bodies) : await digestOf(name, whole)
      told = { [member]: value, ChecksumType: type }
      ofParts = await Promise.all(bodies.map((body) => digestOf(name, body)))
    })

    test('is told of its parts while it lasts, and of its object from then on', async () => {
      const to = await create(Key, algorithm, type)
      const Parts = await send(to, algorithm, bodies)
      const listed = await s3.send(new ListPartsCommand(to))
      expect(listed.Parts).toHaveLength(bodies.length)
      expect(listed).toMatchObject({ ChecksumAlgorithm: name, ChecksumType: type, IsTruncated: false })
      for (const [at, part] of (listed.Parts ?? []).entries())
        expect(part[member as 'ChecksumCRC32']).toBe(isListed(name) ? ofParts[at] : undefined)

      expect(await complete({ ...to, MultipartUpload: { Parts } })).toMatchObject(told)
      expect(await head(Key)).toMatchObject(told)
      const read = await s3.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }))
      expect(read).toMatchObject(told)
      // The SDK compares what it reads with what it was told.
      expect(Buffer.from((await read.Body?.transformToByteArray()) ?? []).equals(whole)).toBe(true)
      expect(await s3.send(new HeadObjectCommand({ Bucket, Key }))).not.toHaveProperty(member)

      const { Checksum, ObjectParts } = await attributes(Key)
      const { [member as 'ChecksumCRC32']: value } = told as { ChecksumCRC32: string }
      expect(Checksum).toEqual({ ...told, [member]: value.replace(/-\d$/, '') })
      expect(ObjectParts?.Parts).toEqual(
        bodies.map((body, at) => ({ PartNumber: at + 1, Size: body.length, [member]: ofParts[at] })),
      )
      for (const [at, body] of bodies.entries()) {
        const part = { Bucket, Key, PartNumber: at + 1, ChecksumMode: 'ENABLED' as const }
        const ofPart = { ContentLength: body.length, PartsCount: bodies.length }
        // S3 tells none of its own algorithm with a part.
        const sum =
          name === 'CRC64NVME'
            ? { [member]: undefined, ChecksumType: undefined }
            : { [member]: ofParts[at], ChecksumType: type }
        const looked = await s3.send(new HeadObjectCommand(part))
        expect({ [member]: undefined, ChecksumType: undefined, ...looked }).toMatchObject({
          ...ofPart,
          ...sum,
        })
        const got = await s3.send(new GetObjectCommand(part))
        expect({ [member]: undefined, ChecksumType: undefined, ...got }).toMatchObject({ ...ofPart, ...sum })
        expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(body)).toBe(true)
      }
    })

    test('tells its native copy’s, and another one that the copy is given', async () => {
      const CopySource = `${Bucket}/${encodeURIComponent(Key)}`
      await s3.send(new CopyObjectCommand({ Bucket, Key: `${Key} copy`, CopySource }))
      expect(await head(`${Key} copy`)).toMatchObject(told)
      const replace = { MetadataDirective: 'REPLACE' as const, Metadata: { a: 'b' } }
      await s3.send(new CopyObjectCommand({ Bucket, Key: `${Key} changed`, CopySource, ...replace }))
      expect(await head(`${Key} changed`)).toMatchObject({ ...told, Metadata: { a: 'b' } })
      const to = { Bucket, Key: `${Key} copy with another` }
      await s3.send(new CopyObjectCommand({ ...to, CopySource, ChecksumAlgorithm: 'SHA256' }))
      const given = { ChecksumSHA256: await digestOf('SHA256', whole), ChecksumType: 'FULL_OBJECT' }
      expect(await head(to.Key)).toMatchObject(given)
      expect((await attributes(to.Key)).Checksum).toEqual(given)
    })

    test('of one part is kept, too', async () => {
      const to = await create(`${Key} one`, algorithm, type)
      const body = Buffer.from('last')
      const Parts = await send(to, algorithm, [body])
      const value = type === 'COMPOSITE' ? await compositeOf(name, [body]) : await digestOf(name, body)
      const one = { [member]: value, ChecksumType: type }
      expect(await complete({ ...to, MultipartUpload: { Parts } })).toMatchObject(one)
      expect(await head(`${Key} one`)).toMatchObject(one)
      const part = await s3.send(
        new GetObjectCommand({ Bucket, Key: `${Key} one`, PartNumber: 1, ChecksumMode: 'ENABLED' }),
      )
      expect(part).toMatchObject({ [member]: await digestOf(name, body), PartsCount: 1 })
      expect(await part.Body?.transformToString()).toBe('last')
    })

    test('is held to the object’s checksum that the client names', async () => {
      const to = await create(`${Key} named`, algorithm, type)
      const Parts = await send(to, algorithm, bodies)
      const { [member as 'ChecksumCRC32']: value } = told as { ChecksumCRC32: string }
      const wrong = await digestOf(name, Buffer.from('other'))
      await expect(complete({ ...to, MultipartUpload: { Parts }, [member]: wrong })).rejects.toMatchObject({
        name: 'BadDigest',
      })
      expect(await complete({ ...to, MultipartUpload: { Parts }, [member]: value })).toMatchObject(told)
      // Its response may have been lost: told again, it is the same.
      expect(await complete({ ...to, MultipartUpload: { Parts }, [member]: value })).toMatchObject(told)
    })

    if (algorithm === undefined) return
    test('is held to the checksums that its parts were sent with', async () => {
      const to = await create(`${Key} lied`, algorithm, type)
      const Parts = await send(to, algorithm)
      const lie = { ...Parts[1], [member]: await digestOf(name, Buffer.from('other')) }
      const lied = [Parts[0], lie] as typeof Parts
      await expect(complete({ ...to, MultipartUpload: { Parts: lied } })).rejects.toMatchObject({
        name: 'BadDigest',
        message: `The ${name.toLowerCase()} you specified for part 2 did not match what we received.`,
      })
    })
  })

  test('a full-object checksum is known without those of the parts', async () => {
    const to = await create('silent', 'CRC32', 'FULL_OBJECT')
    const Parts = await send(to, undefined)
    const told = { ChecksumCRC32: await digestOf('CRC32', whole), ChecksumType: 'FULL_OBJECT' }
    expect(
      await complete({ ...to, MultipartUpload: { Parts }, ChecksumCRC32: told.ChecksumCRC32 }),
    ).toMatchObject(told)
    expect(await head('silent')).toMatchObject(told)
  })

  test.each([
    ['CRC32', 'CRC32'],
    ['CRC64NVME', 'CRC64NVME'],
    [undefined, undefined],
  ] as const)('a part without one, for an upload by %s, is answered with %s', async (algorithm, told) => {
    const to = await create(`answered ${algorithm}`, algorithm, 'FULL_OBJECT')
    const part = await s3.send(new UploadPartCommand({ ...to, PartNumber: 1, Body: 'hello' }))
    const sums = Object.entries(part).filter(([name]) => name.startsWith('Checksum'))
    const sum = told && (await digestOf(told, Buffer.from('hello')))
    expect(sums).toEqual(told === undefined ? [] : [[`Checksum${told}`, sum]])
  })

  test('a part sent again is known by its last bytes', async () => {
    const to = await create('again', undefined, 'FULL_OBJECT')
    await send(to, undefined, [Buffer.from('other')])
    const Parts = await send(to, undefined)
    const ChecksumCRC64NVME = await digestOf('CRC64NVME', whole)
    expect(await complete({ ...to, MultipartUpload: { Parts } })).toMatchObject({ ChecksumCRC64NVME })
  })

  test('a part that was sent past the gateway leaves the object without one', async () => {
    const to = await create('past', undefined, 'FULL_OBJECT')
    const Parts = await send(to, undefined)
    // Its record, which is of other bytes than the part has now, says nothing.
    const body = Buffer.from('past')
    await sendPart(oss, 'past', { partNumber: '2', uploadId: to.UploadId?.split('_')[0] ?? '' }, body)
    const ETag = `"${createHash('md5').update(body).digest('hex')}"`
    const changed = [Parts[0], { ...Parts[1], ETag }] as typeof Parts
    expect(await complete({ ...to, MultipartUpload: { Parts: changed } })).not.toHaveProperty(
      'ChecksumCRC64NVME',
    )
    expect(await head('past')).not.toHaveProperty('ChecksumCRC64NVME')
    expect((await attributes('past')).ObjectParts?.Parts?.[1]).toEqual({ PartNumber: 2, Size: body.length })
  })

  test('a copied part has the checksum of its upload, if that has one', async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'source', Body: bodies[0] as Buffer }))
    const to = await create('of copies', 'SHA256', 'COMPOSITE')
    const { CopyPartResult } = await s3.send(
      new UploadPartCopyCommand({ ...to, PartNumber: 1, CopySource: `${Bucket}/source` }),
    )
    const { ETag, ChecksumSHA256 } = CopyPartResult ?? {}
    const Parts = [{ PartNumber: 1, ETag, ChecksumSHA256 }]
    await complete({ ...to, MultipartUpload: { Parts } })
    const value = await compositeOf('SHA256', bodies.slice(0, 1))
    expect(await head('of copies')).toMatchObject({ ChecksumSHA256: value, ChecksumType: 'COMPOSITE' })

    const plain = await create('of plain copies', undefined, 'FULL_OBJECT')
    const copied = await s3.send(
      new UploadPartCopyCommand({ ...plain, PartNumber: 1, CopySource: `${Bucket}/source` }),
    )
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: copied.CopyPartResult?.ETag }] }
    expect(await complete({ ...plain, MultipartUpload })).not.toHaveProperty('ChecksumType')
  })

  describe('records of parts', () => {
    const listed = async () => {
      const { uploads = [] } = (await oss.listUploads({ prefix: PREFIX } as never, {})) as never as {
        uploads?: { name: string; uploadId: string }[]
      }
      return uploads.map(({ name }) => name)
    }
    const recordsOf = async (Key: string) => (await listed()).filter((name) => name.endsWith(`/${Key}`))

    test('are told with the parts, however the pages are cut, and take no number of theirs', async () => {
      const to = await create('listed', 'CRC32', 'FULL_OBJECT')
      // Sent last, the first ones take nothing from the others.
      const numbers = [5001, 5002, 10_000, 1, 2, 3, 4999, 5000]
      for (const PartNumber of numbers)
        await s3.send(new UploadPartCommand({ ...to, PartNumber, Body: String(PartNumber) }))
      numbers.sort((one, other) => one - other)
      const known = await Promise.all(numbers.map((n) => digestOf('CRC32', Buffer.from(String(n)))))
      for (const MaxParts of [1, 2, 3, 5, 8, 1000]) {
        const seen: unknown[] = []
        let PartNumberMarker: string | undefined
        do {
          const page = await s3.send(
            new ListPartsCommand({ ...to, MaxParts, ...(PartNumberMarker ? { PartNumberMarker } : {}) }),
          )
          expect(page.Parts?.length).toBeLessThanOrEqual(MaxParts)
          for (const { PartNumber, ChecksumCRC32 } of page.Parts ?? []) seen.push([PartNumber, ChecksumCRC32])
          PartNumberMarker = page.IsTruncated ? page.NextPartNumberMarker : undefined
        } while (PartNumberMarker !== undefined)
        expect(seen).toEqual(numbers.map((number, at) => [number, known[at]]))
      }
      await s3.send(new AbortMultipartUploadCommand(to))
    })

    test.each([
      [
        'completed',
        (to: object, Parts: object) =>
          new CompleteMultipartUploadCommand({ ...to, MultipartUpload: { Parts } } as never),
      ],
      ['aborted', (to: object) => new AbortMultipartUploadCommand(to as never)],
    ])('are gone when the upload is %s, and are in no list of uploads before', async (what, end) => {
      const Key = `recorded ${what}`
      const ended = new Promise<void>((resolve) => {
        const stop = world.localOss.onRequest(({ operation, key }) => {
          if (operation !== 'AbortMultipartUpload' || !key?.startsWith(PREFIX)) return
          stop()
          resolve()
        })
      })
      const to = await create(Key, undefined, 'FULL_OBJECT')
      const Parts = await send(to, undefined)
      expect(await recordsOf(Key)).toHaveLength(1)
      for (const more of [{}, { Delimiter: '/' }, { MaxUploads: 1 }]) {
        const page = await s3.send(new ListMultipartUploadsCommand({ Bucket, ...more }))
        expect(JSON.stringify([page.Uploads, page.CommonPrefixes, page.NextKeyMarker])).not.toContain(PREFIX)
        expect((page.Uploads ?? []).length).toBeGreaterThan(0)
      }
      await s3.send(end(to, Parts) as never)
      await ended
      expect(await recordsOf(Key)).toEqual([])
    })

    test('that cannot be kept fail their part, and those that cannot be begun their upload', async () => {
      const to = await create('failing', undefined, 'FULL_OBJECT')
      const fail = (operation: string) =>
        world.localOss.faults.add({
          operation,
          times: 10,
          when: ({ key }) => key?.startsWith(PREFIX) ?? false,
          action: { kind: 'error', status: 500, code: 'InternalError' },
        })
      const unavailable = { $metadata: { httpStatusCode: 503 } }
      const noRecord = fail('UploadPart')
      await expect(s3.send(new UploadPartCommand({ ...to, PartNumber: 1, Body: 'x' }))).rejects.toMatchObject(
        unavailable,
      )
      noRecord()
      const noRecords = fail('InitiateMultipartUpload')
      await expect(create('unbegun', undefined, 'FULL_OBJECT')).rejects.toMatchObject(unavailable)
      noRecords()
      const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'unbegun' }))
      expect(Uploads).toEqual([])
    })

    test('are none without the right to keep them, and the upload goes on', async () => {
      const stop = world.localOss.faults.add({
        operation: 'InitiateMultipartUpload',
        times: 1,
        when: ({ key }) => key?.startsWith(PREFIX) ?? false,
        action: { kind: 'error', status: 403, code: 'AccessDenied' },
      })
      const to = await create('denied', 'SHA256', 'COMPOSITE')
      stop()
      const Parts = await send(to, 'SHA256')
      await complete({ ...to, MultipartUpload: { Parts } })
      expect(await head('denied')).not.toHaveProperty('ChecksumType')
    })

    test('that a rule of the bucket has ended are none, and the upload goes on', async () => {
      const to = await create('expired', 'SHA256', 'COMPOSITE')
      const [name] = (await recordsOf('expired')) as [string]
      await oss.abortMultipartUpload(name, /_([^_~]+)(?:~.*)?$/.exec(to.UploadId ?? '')?.[1] ?? '')
      const Parts = await send(to, 'SHA256')
      expect(await complete({ ...to, MultipartUpload: { Parts } })).toMatchObject({
        ChecksumType: 'COMPOSITE',
      })
      expect(await head('expired')).not.toHaveProperty('ChecksumType')
    })

    test('of another upload say nothing of this one', async () => {
      const other = await create('other', undefined, 'FULL_OBJECT')
      await send(other, undefined)
      const to = await create('this', undefined, 'FULL_OBJECT')
      const UploadId = `${to.UploadId?.split('_')[0]}_0_${other.UploadId?.split('_').at(-1)}`
      const Parts = await send({ ...to, UploadId }, undefined)
      expect(await complete({ ...to, UploadId, MultipartUpload: { Parts } })).not.toHaveProperty(
        'ChecksumType',
      )
    })
  })

  describe('an object that is put', () => {
    const long = Buffer.alloc(300_000, 'long, ')
    const streamed = (body: Buffer) => ({ Body: Readable.from([body]), ContentLength: body.length })

    test.each([
      ['short, without a checksum', Buffer.from('short'), undefined, ['PutObject']],
      ['empty, without a checksum', Buffer.alloc(0), undefined, ['PutObject']],
      ['long, without a checksum', long, undefined, ['PutObject', 'PutObject']],
      ['short, with one in a trailer', Buffer.from('short'), 'CRC32', ['PutObject']],
      ['long, with one in a trailer', long, 'CRC32', ['PutObject', 'PutObject']],
      ['long, with a longer one in a trailer', long, 'SHA256', ['PutObject', 'PutObject']],
    ] as [string, Buffer, ChecksumAlgorithm | undefined, string[]][])(
      '%s, tells it',
      async (Key, body, algorithm, calls) => {
        const name = algorithm ?? 'CRC64NVME'
        const told = { [`Checksum${name}`]: await digestOf(name, body), ChecksumType: 'FULL_OBJECT' }
        const asked =
          algorithm === undefined ? { Body: body } : { ...streamed(body), ChecksumAlgorithm: algorithm }
        world.ossRequests()
        expect(await s3.send(new PutObjectCommand({ Bucket, Key, ...asked }))).toMatchObject(told)
        expect(answered()).toEqual(calls)
        expect(await head(Key)).toMatchObject(told)
        const read = await s3.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }))
        expect(read).toMatchObject(told)
        expect(Buffer.from((await read.Body?.transformToByteArray()) ?? []).equals(body)).toBe(true)
        expect((await attributes(Key)).Checksum).toEqual(told)
        expect((await s3.send(new HeadObjectCommand({ Bucket, Key }))).Metadata).toEqual({})
        const part = await head(Key, { PartNumber: 1 })
        expect(part).toMatchObject(body.length === 0 ? {} : told)
        expect(part.PartsCount).toBeUndefined()
      },
    )

    const copies = [
      ['COPY', ['CopyObject', 'CopyObject']],
      ['REPLACE', ['HeadObject', 'CopyObject', 'CopyObject']],
    ] as const
    test.each(
      copies.flatMap(([directive, calls]) =>
        ['short', 'empty', 'long'].map((kind) => [`${kind}, without a checksum`, directive, calls] as const),
      ),
    )('%s, has copies by %s that tell it', async (Key, MetadataDirective, calls) => {
      const { ChecksumCRC64NVME, ChecksumType } = await head(Key)
      const to = `${Key}, by ${MetadataDirective}`
      const CopySource = `${Bucket}/${Key}`
      world.ossRequests()
      await s3.send(
        new CopyObjectCommand({ Bucket, Key: to, CopySource, MetadataDirective, Metadata: { a: 'b' } }),
      )
      expect(answered()).toEqual(calls)
      const copied = await head(to)
      expect(copied).toMatchObject({ ChecksumCRC64NVME, ChecksumType })
      expect(copied.Metadata).toEqual(MetadataDirective === 'COPY' ? {} : { a: 'b' })
    })

    test('short, keeps it when its metadata is replaced', async () => {
      const Key = 'short, without a checksum'
      const { ChecksumCRC64NVME, ChecksumType } = await head(Key)
      const replace = { CopySource: `${Bucket}/${Key}`, MetadataDirective: 'REPLACE' as const }
      await s3.send(new CopyObjectCommand({ Bucket, Key, ...replace, Metadata: { a: 'b' } }))
      expect(await head(Key)).toMatchObject({ ChecksumCRC64NVME, ChecksumType, Metadata: { a: 'b' } })
    })

    test('long, with one in a header, keeps it in its metadata', async () => {
      const ChecksumSHA1 = await digestOf('SHA1', long)
      world.ossRequests()
      await s3.send(new PutObjectCommand({ Bucket, Key: 'headed', Body: long, ChecksumSHA1 }))
      expect(await head('headed')).toMatchObject({ ChecksumSHA1, ChecksumType: 'FULL_OBJECT' })
      expect(answered()).toEqual(['PutObject', 'HeadObject'])
    })

    test('is stored although its checksum cannot be kept, and tells none', async () => {
      const stop = world.localOss.faults.add({
        operation: 'PutObject',
        times: 10,
        when: ({ key }) => key?.startsWith(PREFIX) ?? false,
        action: { kind: 'error', status: 500, code: 'InternalError' },
      })
      await s3.send(new PutObjectCommand({ Bucket, Key: 'unkept', Body: long }))
      stop()
      expect(await head('unkept')).not.toHaveProperty('ChecksumType')
      expect((await oss.head('unkept')).status).toBe(200)
    })

    test('tells none of an object that replaced it past the gateway', async () => {
      await s3.send(new PutObjectCommand({ Bucket, Key: 'replaced', Body: long }))
      await oss.put('replaced', Buffer.from('other'))
      expect(await head('replaced')).not.toHaveProperty('ChecksumType')
    })
  })

  describe('of an object in many parts', () => {
    const Key = 'many'
    const COUNT = 120
    const SIZE = 100 * 1024
    const mark = '0123456789ab'
    let name = ''
    const sumOf = (number: number, algorithm: string) =>
      Buffer.alloc(algorithm === 'SHA512' ? 64 : 32, number).toString('base64')
    const indexBy = (algorithm: string) => {
      const parts = Array.from({ length: COUNT }, (_, at) => ({
        size: SIZE,
        checksum: sumOf(at + 1, algorithm),
      }))
      const checksum = { algorithm, type: 'COMPOSITE', value: `AAAA-${COUNT}` }
      return Buffer.from(renderPartIndex({ uploadId: 'X', parts, checksum, mark }))
    }

    beforeAll(async () => {
      const headers = { 'x-oss-meta-s3gw-checksum-later': mark }
      await oss.multipartUpload(Key, Buffer.alloc(COUNT * SIZE), { partSize: SIZE, parallel: 5, headers })
      const etag = ((await oss.head(Key)).res.headers as { etag: string }).etag.replaceAll('"', '')
      name = `.s3-oss-gateway/parts/${etag.toLowerCase()}/${Key}`
      await oss.put(name, indexBy('SHA512'))
    })

    test.each([
      ['the object', undefined, 1],
      ['a part among the first', 3, 1],
      ['the last part', COUNT, 2],
    ])('%s is told by a few thousand bytes of what is kept', async (_, PartNumber, calls) => {
      const ranges: string[] = []
      const stop = world.localOss.onRequest(({ key, headers }) => {
        if (key === name) ranges.push(headers.range ?? 'all')
      })
      const told = await head(Key, PartNumber === undefined ? {} : { PartNumber })
      stop()
      expect(told).toMatchObject({
        ChecksumType: 'COMPOSITE',
        ChecksumSHA512: PartNumber === undefined ? `AAAA-${COUNT}` : sumOf(PartNumber, 'SHA512'),
      })
      expect(ranges).toHaveLength(calls)
      for (const range of ranges) {
        const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? []
        expect(Number(last) - Number(first)).toBeLessThan(8192)
      }
    })

    test('that is written again while a part is looked for is told as it is then', async () => {
      const run = () => oss.put(name, indexBy('SHA256'))
      const when = ({ headers }: { headers: Record<string, string | undefined> }) =>
        headers['if-match'] !== undefined
      const stop = world.localOss.faults.add({ key: name, when, action: { kind: 'call', run } })
      const told = await head(Key, { PartNumber: COUNT })
      stop()
      expect(told.ChecksumSHA256).toBe(sumOf(COUNT, 'SHA256'))
      expect(told.ChecksumSHA512).toBeUndefined()
    })

    test('that is empty is none', async () => {
      await oss.put(name, Buffer.alloc(0))
      expect(await head(Key)).not.toHaveProperty('ChecksumType')
    })
  })

  test('what is kept costs those who do not ask for it nothing', async () => {
    world.ossRequests()
    const Key = 'CRC32-COMPOSITE-asked'
    await s3.send(new HeadObjectCommand({ Bucket, Key }))
    await (await s3.send(new GetObjectCommand({ Bucket, Key, Range: 'bytes=0-1' }))).Body?.transformToString()
    expect(answered()).toEqual(['HeadObject', 'GetObject'])
  })

  test('a read goes on where what is kept cannot be read', async () => {
    const stop = world.localOss.faults.add({
      operation: 'GetObject',
      times: 10,
      when: ({ key }) => key?.startsWith(PREFIX) ?? false,
      action: { kind: 'error', status: 500, code: 'InternalError' },
    })
    const Key = 'CRC32-COMPOSITE-asked'
    const read = await s3.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }))
    stop()
    expect(read).not.toHaveProperty('ChecksumType')
    expect((await read.Body?.transformToByteArray())?.length).toBe(Buffer.concat(bodiesOf('CRC32')).length)
  })

  test('of two uploads of the same bytes that end at once, an object tells its own or none', async () => {
    const Key = 'twice'
    const kinds = ['SHA256', 'CRC32'] as const
    for (let round = 0; round < 5; round++) {
      const uploads = await Promise.all(
        kinds.map(async (algorithm) => {
          const to = await create(Key, algorithm, 'COMPOSITE')
          return { ...to, MultipartUpload: { Parts: await send(to, algorithm) } }
        }),
      )
      await Promise.all(uploads.map(complete))
      const told = await head(Key)
      for (const algorithm of kinds) {
        const value = told[`Checksum${algorithm}`]
        if (value !== undefined) expect(value).toBe(await compositeOf(algorithm, bodies))
      }
      const part = await head(Key, { PartNumber: 2 })
      expect([part.PartsCount, part.ContentLength]).toEqual([bodies.length, bodies[1]?.length])
    }
  })

  describe('of other bytes with the same MD5', () => {
    /** As Wang, Feng, Lai and Yu found them (https://eprint.iacr.org/2004/199). */
    const collision = [
      'd131dd02c5e6eec4693d9a0698aff95c2fcab58712467eab4004583eb8fb7f8955ad340609f4b30283e488832571415a085125e8f7cdc99fd91dbdf280373c5bd8823e3156348f5bae6dacd436c919c6dd53e2b487da03fd02396306d248cda0e99f33420f577ee8ce54b67080a80d1ec69821bcb6a8839396f9652b6ff72a70',
      'd131dd02c5e6eec4693d9a0698aff95c2fcab50712467eab4004583eb8fb7f8955ad340609f4b30283e4888325f1415a085125e8f7cdc99fd91dbd7280373c5bd8823e3156348f5bae6dacd436c919c6dd53e23487da03fd02396306d248cda0e99f33420f577ee8ce54b67080280d1ec69821bcb6a8839396f965ab6ff72a70',
    ]
    const [good, bad] = collision.map((hex) =>
      Buffer.concat([Buffer.from(hex, 'hex'), Buffer.alloc(300_000)]),
    ) as [Buffer, Buffer]
    /** Leaves no room for an index. */
    const longKey = 'x'.repeat(1000)

    const putWhole = (Key: string, Body: Buffer) => s3.send(new PutObjectCommand({ Bucket, Key, Body }))
    const uploadOne =
      (idOf: (id: string, key: string) => Promise<string>) => async (Key: string, body: Buffer) => {
        const to = await create(Key, 'SHA256', 'COMPOSITE')
        const named = { ...to, UploadId: await idOf(to.UploadId ?? '', Key) }
        await complete({ ...named, MultipartUpload: { Parts: await send(named, 'SHA256', [body]) } })
      }
    const uploadInPart = uploadOne(async (id) => id)
    const uploadByListedId = uploadOne(async (_, Prefix) => {
      const { Uploads } = await s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix }))
      return Uploads?.[0]?.UploadId ?? ''
    })
    const copied =
      (write: typeof putWhole | typeof uploadInPart, from: string) => async (Key: string, body: Buffer) => {
        await write(from, body)
        await s3.send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/${from}` }))
      }

    test.each([
      ['that are copied over them from where nothing is kept', putWhole, copied(putWhole, longKey)],
      [
        'that are copied over their upload from where nothing is kept',
        uploadInPart,
        copied(uploadInPart, longKey),
      ],
      ['that are uploaded by the id that a list names', uploadInPart, uploadByListedId],
    ] as const)('nothing is told of those %s', async (Key, write, replace) => {
      await write(Key, good)
      const before = await head(Key)
      expect(before.ChecksumType).toBeDefined()
      await replace(Key, bad)
      const after = await head(Key)
      expect(after.ETag).toBe(before.ETag)
      expect((await oss.get(Key)).content.equals(bad)).toBe(true)
      expect(after).not.toHaveProperty('ChecksumType')
      expect(await attributes(Key)).not.toHaveProperty('Checksum')
    })
  })
})
