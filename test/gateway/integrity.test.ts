import { createHash, createHmac } from 'node:crypto'
import { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import {
  type ChecksumAlgorithm,
  CreateBucketCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sha256 } from '../encodings.ts'
import { type OssBucket, runtimes, startWorld, type World } from '../harness.ts'
import { httpChunked, presign, send, sign, type WireRequest } from './wire.ts'

/** The least that a signed chunk has that is not the last. */
const CHUNK = 8192
const first = 'hello wo'.padStart(CHUNK) + 'rld, in '.padEnd(CHUNK)
const BODY = Buffer.from(`${first}pieces`)
const OTHER = Buffer.from(`${first}pieceS`)
const crc = (bytes: Uint8Array) => {
  const value = Buffer.alloc(4)
  value.writeUInt32BE(crc32(bytes))
  return value.toString('base64')
}
const digest = (algorithm: string, bytes: Uint8Array) => createHash(algorithm).update(bytes).digest('base64')

// Of BODY. CRC32C and CRC64NVME are for the SDK to compute, below.
const checksums: Record<string, string> = {
  'x-amz-checksum-crc32': crc(BODY),
  'x-amz-checksum-sha1': digest('sha1', BODY),
  'x-amz-checksum-sha256': digest('sha256', BODY),
  'x-amz-checksum-sha512': digest('sha512', BODY),
}
/** Values of the right form that belong to other bytes. */
const wrong: Record<string, string> = {
  'x-amz-checksum-crc32': crc(OTHER),
  'x-amz-checksum-crc32c': 'AAAAAA==',
  'x-amz-checksum-crc64nvme': 'AAAAAAAAAAA=',
  'x-amz-checksum-sha1': digest('sha1', OTHER),
  'x-amz-checksum-sha256': digest('sha256', OTHER),
  'x-amz-checksum-sha512': digest('sha512', OTHER),
  'x-amz-checksum-md5': digest('md5', OTHER),
  'x-amz-checksum-xxhash64': 'AAAAAAAAAAA=',
  'x-amz-checksum-xxhash3': 'AAAAAAAAAAA=',
  'x-amz-checksum-xxhash128': 'AAAAAAAAAAAAAAAAAAAAAA==',
}

type Form = 'signed' | 'signed-trailer' | 'unsigned-trailer'
const payloads: Record<Form, string> = {
  signed: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'signed-trailer': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
  'unsigned-trailer': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
}

type Framing = {
  form: Form
  /** Sends a Content-Length, or HTTP's own chunks. */
  length: boolean
  data?: Buffer
  trailer?: string
  /** Does something to the framed bytes. */
  damage?: (framed: Buffer) => Buffer
  decodedLength?: number
}

/** A PUT in aws-chunked framing, made from the published description of it. */
function framed(
  host: string,
  key: string,
  {
    form,
    length,
    data = BODY,
    trailer = crc(BODY),
    damage = (bytes) => bytes,
    decodedLength = data.length,
  }: Framing,
): WireRequest {
  const request = sign(
    {
      method: 'PUT',
      target: `/bucket/${key}`,
      headers: {
        'content-encoding': 'aws-chunked',
        'x-amz-decoded-content-length': String(decodedLength),
        ...(form === 'signed' ? {} : { 'x-amz-trailer': 'x-amz-checksum-crc32' }),
      },
    },
    host,
    { payload: payloads[form] },
  )
  const { key: signingKey, timestamp, scope, seed } = request.chunks
  let previous = seed
  const next = (kind: string, ...lines: string[]) => {
    const text = [`AWS4-HMAC-SHA256-${kind}`, timestamp, scope, previous, ...lines].join('\n')
    previous = createHmac('sha256', signingKey).update(text).digest('hex')
    return previous
  }
  const pieces: Buffer[] = []
  const chunk = (bytes: Buffer) => {
    const signature =
      form === 'unsigned-trailer' ? '' : `;chunk-signature=${next('PAYLOAD', sha256(''), sha256(bytes))}`
    pieces.push(Buffer.from(`${bytes.length.toString(16)}${signature}\r\n`), bytes)
    if (bytes.length > 0) pieces.push(Buffer.from('\r\n'))
  }
  const size = data.length > BODY.length ? 65_536 : CHUNK
  for (let at = 0; at < data.length; at += size) chunk(data.subarray(at, at + size))
  chunk(Buffer.alloc(0))
  if (form !== 'signed') pieces.push(Buffer.from(`x-amz-checksum-crc32:${trailer}\r\n`))
  if (form === 'signed-trailer') {
    const signature = next('TRAILER', sha256(`x-amz-checksum-crc32:${trailer}\n`))
    pieces.push(Buffer.from(`x-amz-trailer-signature:${signature}\r\n`))
  }
  pieces.push(Buffer.from('\r\n'))
  const body = damage(Buffer.concat(pieces))
  return length
    ? { ...request, body }
    : { ...request, lines: ['transfer-encoding: chunked'], body: httpChunked(body, size - 1) }
}

const forms = (Object.keys(payloads) as Form[]).flatMap((form) => [
  { form, length: true },
  { form, length: false },
])

describe.each(runtimes)('the bytes of an upload on %s', (runtime) => {
  let world: World
  let s3: S3Client
  let oss: OssBucket
  let host: string
  let count = 0

  beforeAll(async () => {
    world = await startWorld(runtime)
    host = new URL(world.endpoint).host
    s3 = world.s3()
    await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
    oss = world.oss('bucket')
  })
  afterAll(() => world.stop())

  const put = (request: WireRequest) => send(world.endpoint, request)
  const stored = async (key: string) => {
    const { content, res } = await oss.get(key)
    return { content: content as Buffer, headers: res.headers as Record<string, string> }
  }
  /** Sends to a new key and to one that is taken: neither may change. */
  async function expectNothingStored(
    make: (key: string) => WireRequest,
    expected: { status: number; Code: string } & Record<string, unknown>,
  ): Promise<void> {
    const fresh = `fresh-${count++}`
    const taken = `taken-${count++}`
    await oss.put(taken, Buffer.from('as it was'))
    const { status, ...elements } = expected
    for (const key of [fresh, taken]) {
      const answer = await put(make(key))
      expect(answer.error).toMatchObject(elements)
      expect(answer.status).toBe(status)
    }
    await expect(oss.head(fresh)).rejects.toMatchObject({ status: 404 })
    expect((await stored(taken)).content.toString()).toBe('as it was')
  }

  const plain = (headers: Record<string, string>, payload?: string) => (key: string) =>
    sign(
      { method: 'PUT', target: `/bucket/${key}`, headers, body: BODY },
      host,
      payload === undefined ? {} : { payload },
    )

  describe('as they are', () => {
    test.each([
      ['unsigned', {}, undefined],
      ['signed', {}, sha256(BODY)],
      ['signed in upper case', {}, sha256(BODY).toUpperCase()],
      ['with a Content-MD5', { 'content-md5': digest('md5', BODY) }, undefined],
      ...Object.entries(checksums).map(
        ([name, value]) => [`with ${name}`, { [name]: value }, undefined] as const,
      ),
    ] as [string, Record<string, string>, string | undefined][])('%s', async (_, headers, payload) => {
      const key = `plain-${count++}`
      const answer = await put(plain(headers, payload)(key))
      expect(answer.status).toBe(200)
      expect(answer.headers.etag).toBe(`"${createHash('md5').update(BODY).digest('hex')}"`)
      expect((await stored(key)).content).toEqual(BODY)
      // The checksum that was verified comes back, and no other.
      const [name = ''] = Object.keys(headers).filter((one) => one in checksums)
      expect(
        Object.keys(answer.headers).filter(
          (one) => one.startsWith('x-amz-checksum-crc') || one.startsWith('x-amz-checksum-sha'),
        ),
      ).toEqual(name === '' ? [] : [name])
    })

    test('a hash of other bytes is XAmzContentSHA256Mismatch', () =>
      expectNothingStored(plain({}, sha256(OTHER)), {
        status: 400,
        Code: 'XAmzContentSHA256Mismatch',
        ClientComputedContentSHA256: sha256(OTHER),
        S3ComputedContentSHA256: sha256(BODY),
      }))

    test('a Content-MD5 of other bytes is BadDigest', () =>
      expectNothingStored(plain({ 'content-md5': digest('md5', OTHER) }), { status: 400, Code: 'BadDigest' }))

    test.each(Object.entries(wrong))('a %s of other bytes is BadDigest', (name, value) =>
      expectNothingStored(plain({ [name]: value }), {
        status: 400,
        Code: 'BadDigest',
        Message: expect.stringMatching(/^The \w+ you specified did not match the calculated checksum\.$/),
      }),
    )

    test.each(['x-amz-checksum-sha3', 'x-amz-checksum-blake3', 'x-amz-checksum-foo'])(
      '%s, which nobody computes, is refused by name',
      (name) =>
        expectNothingStored(plain({ [name]: 'AAAAAA==' }), {
          status: 501,
          Code: 'NotImplemented',
          Header: name,
        }),
    )

    test('a checksum algorithm without a checksum is an error', () =>
      expectNothingStored(plain({ 'x-amz-sdk-checksum-algorithm': 'CRC32' }), {
        status: 400,
        Code: 'InvalidRequest',
      }))

    test('the hash of an empty body is verified too', async () => {
      const empty = (payload: string) => (key: string) =>
        sign({ method: 'PUT', target: `/bucket/${key}` }, host, { payload })
      await expectNothingStored(empty(sha256(OTHER)), { status: 400, Code: 'XAmzContentSHA256Mismatch' })
      expect((await put(empty(sha256(''))('empty'))).status).toBe(200)
      expect((await stored('empty')).content).toHaveLength(0)
    })

    test('an empty body with a checksum is verified too', async () => {
      const empty = (value: string) => (key: string) =>
        sign({ method: 'PUT', target: `/bucket/${key}`, headers: { 'x-amz-checksum-crc32': value } }, host)
      await expectNothingStored(empty(crc(BODY)), { status: 400, Code: 'BadDigest' })
      expect((await put(empty('AAAAAA==')('empty'))).status).toBe(200)
    })

    test('a body in HTTP chunks without a length is refused', () =>
      expectNothingStored(
        (key) => ({
          ...sign({ method: 'PUT', target: `/bucket/${key}` }, host),
          lines: ['transfer-encoding: chunked'],
          body: httpChunked(BODY),
        }),
        { status: 411, Code: 'MissingContentLength' },
      ))

    test('a presigned body is stored as it comes', async () => {
      const key = `presigned-${count++}`
      const answer = await put(presign({ method: 'PUT', target: `/bucket/${key}`, body: BODY }, host))
      expect(answer.status).toBe(200)
      expect((await stored(key)).content).toEqual(BODY)
    })
  })

  describe('in aws-chunked framing', () => {
    test.each(forms)('$form, with a length: $length', async ({ form, length }) => {
      const key = `framed-${count++}`
      const answer = await put(framed(host, key, { form, length }))
      expect(answer.error).toEqual({})
      expect(answer.status).toBe(200)
      const { content, headers } = await stored(key)
      expect(content).toEqual(BODY)
      // The framing is the transfer's, not the object's.
      expect(headers).not.toHaveProperty('content-encoding')
      if (form !== 'signed') expect(answer.headers['x-amz-checksum-crc32']).toBe(crc(BODY))
    })

    test.each(forms)('$form and empty, with a length: $length', async ({ form, length }) => {
      const key = `framed-${count++}`
      const answer = await put(
        framed(host, key, { form, length, data: Buffer.alloc(0), trailer: 'AAAAAA==' }),
      )
      expect(answer.status).toBe(200)
      expect((await stored(key)).content).toHaveLength(0)
    })

    const checksumDamage = forms.filter(({ form }) => form !== 'signed')
    test.each(checksumDamage)('$form with a wrong trailer, with a length: $length', ({ form, length }) =>
      expectNothingStored((key) => framed(host, key, { form, length, trailer: crc(OTHER) }), {
        status: 400,
        Code: 'BadDigest',
      }),
    )
    test.each(checksumDamage)(
      '$form, empty, with a wrong trailer, with a length: $length',
      ({ form, length }) =>
        expectNothingStored(
          (key) => framed(host, key, { form, length, data: Buffer.alloc(0), trailer: crc(OTHER) }),
          { status: 400, Code: 'BadDigest' },
        ),
    )

    const replaceIn = (from: string, to: string) => (bytes: Buffer) =>
      Buffer.from(bytes.toString('latin1').replace(from, to), 'latin1')
    const signedForms = forms.filter(({ form }) => form !== 'unsigned-trailer')
    test.each(signedForms)('$form with a byte changed, with a length: $length', ({ form, length }) =>
      expectNothingStored((key) => framed(host, key, { form, length, damage: replaceIn('rld, ', 'rlD, ') }), {
        status: 403,
        Code: 'SignatureDoesNotMatch',
      }),
    )
    test.each(signedForms)('$form with a chunk left out, with a length: $length', ({ form, length }) =>
      expectNothingStored(
        (key) =>
          framed(host, key, {
            form,
            length,
            damage: (bytes) => {
              const second = bytes.indexOf(`\r\n${CHUNK.toString(16)};`) + 2
              const third = bytes.indexOf('\r\n6;') + 2
              return Buffer.concat([bytes.subarray(0, second), bytes.subarray(third)])
            },
          }),
        { status: 403, Code: 'SignatureDoesNotMatch' },
      ),
    )

    test.each(forms)('$form cut before its last chunk, with a length: $length', ({ form, length }) =>
      expectNothingStored(
        (key) =>
          framed(host, key, {
            form,
            length,
            damage: (bytes) => bytes.subarray(0, bytes.lastIndexOf('\r\n0') + 2),
          }),
        { status: 400, Code: 'IncompleteBody' },
      ),
    )
    test.each(forms)('$form with fewer bytes than promised, with a length: $length', ({ form, length }) =>
      expectNothingStored((key) => framed(host, key, { form, length, decodedLength: BODY.length + 1 }), {
        status: 400,
        Code: 'IncompleteBody',
      }),
    )
    test.each(forms)('$form with more bytes than promised, with a length: $length', ({ form, length }) =>
      expectNothingStored((key) => framed(host, key, { form, length, decodedLength: BODY.length - 1 }), {
        status: 400,
        Code: 'IncompleteBody',
      }),
    )
    test.each(forms)('$form without framing, with a length: $length', ({ form, length }) =>
      expectNothingStored((key) => framed(host, key, { form, length, damage: () => BODY }), {
        status: 400,
        Code: 'IncompleteBody',
      }),
    )

    test('without its decoded length it is refused', () =>
      expectNothingStored(
        (key) =>
          sign({ method: 'PUT', target: `/bucket/${key}`, body: '0\r\n\r\n' }, host, {
            payload: payloads['unsigned-trailer'],
          }),
        { status: 411, Code: 'MissingContentLength' },
      ))

    test('a trailer of another name is refused', () =>
      expectNothingStored(
        (key) =>
          sign(
            {
              method: 'PUT',
              target: `/bucket/${key}`,
              headers: { 'x-amz-trailer': 'x-amz-meta-a', 'x-amz-decoded-content-length': '0' },
              body: '0\r\nx-amz-meta-a:b\r\n\r\n',
            },
            host,
            { payload: payloads['unsigned-trailer'] },
          ),
        { status: 400, Code: 'InvalidRequest' },
      ))

    test('the object’s own coding stays when the framing goes', async () => {
      const request = sign(
        {
          method: 'PUT',
          target: '/bucket/gzip',
          headers: {
            'content-encoding': 'gzip,aws-chunked',
            'x-amz-decoded-content-length': '2',
            'x-amz-trailer': 'x-amz-checksum-crc32',
          },
          body: `2\r\nok\r\n0\r\nx-amz-checksum-crc32:${crc(Buffer.from('ok'))}\r\n\r\n`,
        },
        host,
        { payload: payloads['unsigned-trailer'] },
      )
      expect((await put(request)).status).toBe(200)
      expect((await oss.head('gzip')).res.headers).toMatchObject({ 'content-encoding': 'gzip' })
    })
  })

  describe('when the client dies', () => {
    const long = Buffer.alloc(300_000, 'x')
    const deaths: [string, (key: string) => WireRequest][] = [
      ['in a plain body', (key) => sign({ method: 'PUT', target: `/bucket/${key}`, body: long }, host)],
      [
        'in a signed body',
        (key) =>
          sign({ method: 'PUT', target: `/bucket/${key}`, body: long }, host, { payload: sha256(long) }),
      ],
      ...forms.map(({ form, length }): [string, (key: string) => WireRequest] => [
        `in a ${form} body, with a length: ${length}`,
        (key) => framed(host, key, { form, length, data: long, trailer: crc(long) }),
      ]),
    ]
    test.each(deaths)('%s, nothing is stored', async (_, make) => {
      const fresh = `dead-${count++}`
      const taken = `dead-${count++}`
      await oss.put(taken, Buffer.from('as it was'))
      for (const key of [fresh, taken]) {
        await expect(put({ ...make(key), cutAfter: 200_000 })).rejects.toThrow('without a whole answer')
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
      await expect(oss.head(fresh)).rejects.toMatchObject({ status: 404 })
      expect((await stored(taken)).content.toString()).toBe('as it was')
    })
  })

  describe('from the SDK', () => {
    const algorithms: ChecksumAlgorithm[] = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256']
    const large = Buffer.alloc(1_000_000, 'abcdefg')

    test.each(algorithms)('a buffer with %s', async (ChecksumAlgorithm) => {
      const Key = `sdk-${count++}`
      await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key, Body: large, ChecksumAlgorithm }))
      expect((await stored(Key)).content.equals(large)).toBe(true)
    })

    test('a buffer with MD5, which it sends as Content-MD5', async () => {
      const Key = `sdk-${count++}`
      await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key, Body: large, ChecksumAlgorithm: 'MD5' }))
      expect((await stored(Key)).content.equals(large)).toBe(true)
    })

    test.each(algorithms)('a stream with %s', async (ChecksumAlgorithm) => {
      const Key = `sdk-${count++}`
      const pieces = Array.from({ length: 10 }, (_, i) => large.subarray(i * 100_000, (i + 1) * 100_000))
      const answer = await s3.send(
        new PutObjectCommand({
          Bucket: 'bucket',
          Key,
          Body: Readable.from(pieces, { objectMode: false }),
          ContentLength: large.length,
          ChecksumAlgorithm,
        }),
      )
      expect(answer[`Checksum${ChecksumAlgorithm}` as 'ChecksumCRC32']).toBeTruthy()
      expect((await stored(Key)).content.equals(large)).toBe(true)
    })
  })
})

test('an upload that OSS stored as other bytes is no success', async () => {
  const world = await startWorld('node')
  try {
    const s3 = world.s3()
    await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
    const Body = 'hello'
    world.localOss.faults.add({
      operation: 'PutObject',
      action: {
        kind: 'garbage',
        status: 200,
        body: '',
        headers: { etag: '"0"', 'x-oss-hash-crc64ecma': '1' },
      },
    })
    const put = () => s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body }))
    await expect(put()).rejects.toMatchObject({ name: 'InternalError', $metadata: { httpStatusCode: 500 } })
    await put()
    expect((await world.oss('bucket').get('key')).content.toString()).toBe(Body)
  } finally {
    await world.stop()
  }
})
