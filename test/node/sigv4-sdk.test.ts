import { Readable } from 'node:stream'
import {
  type ChecksumAlgorithm,
  CopyObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Body, headerMap } from '../../src/ports.ts'
import { plainBody } from '../../src/s3/plain-body.ts'
import { parseRequest } from '../../src/s3/request.ts'
import { verifySigV4 } from '../../src/s3/sigv4.ts'
import { encode } from '../encodings.ts'

const credentials = { accessKeyId: 'AKIDCLIENT', secretAccessKey: 'secret+/of=the=client' }
const secretsOf = (id: string) => (id === credentials.accessKeyId ? [credentials.secretAccessKey] : undefined)

/** The SDK's request, as far as this test looks at it. */
type Sent = {
  method: string
  path: string
  query: Record<string, string | string[] | null>
  headers: Record<string, string>
  body?: string | Uint8Array | Readable
}

const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {} }

/** A client whose requests end in `sent` instead of a socket. */
function capturingClient(options: object = {}) {
  const sent: Sent[] = []
  const client = new S3Client({
    region: 'us-east-1',
    endpoint: 'http://localhost:9000',
    forcePathStyle: true,
    credentials,
    maxAttempts: 1,
    logger: silent,
    ...options,
    requestHandler: {
      handle: async (request: Sent) => {
        sent.push(request)
        throw new Error('captured')
      },
    } as never,
  })
  const capture = async (run: (client: S3Client) => Promise<unknown>) => {
    await expect(run(client)).rejects.toThrow('captured')
    return sent.pop() as Sent
  }
  return { client, capture }
}

/** As the SDK's own HTTP handlers write a query. */
function target({ path, query }: Pick<Sent, 'path' | 'query'>): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    [value].flat().map((one) => (one === null ? encode(name) : `${encode(name)}=${encode(one as string)}`)),
  )
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`
}

async function* bytes(body: Sent['body']): Body {
  if (body instanceof Readable) yield* body
  else if (body !== undefined) yield Buffer.from(body as string)
}

function received(sent: Sent) {
  // Node's HTTP client announces a body that is not there.
  const headers = headerMap(sent.body ? {} : { 'content-length': '0' })
  for (const [name, value] of Object.entries(sent.headers)) headers[name.toLowerCase()] = value
  const incoming = { method: sent.method, target: target(sent), headers, body: bytes(sent.body) }
  return parseRequest({ ...incoming, signal: () => AbortSignal.timeout(60_000) }, ['localhost'])
}

async function readPlain(sent: Sent) {
  const request = received(sent)
  const plain = plainBody(request, verifySigV4(request, secretsOf, Date.now()).payload)
  const pieces: Uint8Array[] = []
  for await (const piece of plain.body) pieces.push(piece)
  const text = Buffer.concat(pieces).toString()
  expect(text.length).toBe(plain.length)
  return { text, checksums: { ...plain.checksums() } }
}

const verify = (sent: Sent) => verifySigV4(received(sent), secretsOf, Date.now())
const where = { Bucket: 'bucket', Key: "a key/with +, é and 😀~!*'()" }

describe('requests of the SDK', () => {
  const { capture } = capturingClient()
  test.each<[name: string, run: (client: S3Client) => Promise<unknown>]>([
    [
      'get',
      (client) => client.send(new GetObjectCommand({ ...where, Range: 'bytes=0-9', VersionId: 'null' })),
    ],
    [
      'list',
      (client) =>
        client.send(new ListObjectsV2Command({ Bucket: 'bucket', Prefix: 'a/b c+', StartAfter: 'é' })),
    ],
    [
      'copy',
      (client) =>
        client.send(
          new CopyObjectCommand({
            ...where,
            CopySource: 'src/k%20%2B',
            Metadata: { a: 'b  c' },
            MetadataDirective: 'REPLACE',
          }),
        ),
    ],
  ])('%s', async (_, run) => {
    expect(verify(await capture(run)).accessKeyId).toBe(credentials.accessKeyId)
  })

  test('virtual-hosted', async () => {
    const { capture } = capturingClient({ forcePathStyle: false })
    const sent = await capture((client) => client.send(new GetObjectCommand(where)))
    expect(sent.headers.host).toMatch(/^bucket\./)
    expect(verify(sent).accessKeyId).toBe(credentials.accessKeyId)
  })

  test('any key and metadata', async () => {
    const key = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 40 })
      .filter((key) => !/^[/\\]/.test(key))
    const value = fc.string({ unit: fc.constantFrom(...' ab,;=é"'), maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(key, value, async (Key, note) => {
        const input = { Bucket: 'bucket', Key, Metadata: { note }, Body: 'x' }
        const sent = await capture((client) => client.send(new PutObjectCommand(input)))
        expect(verify(sent).accessKeyId).toBe(credentials.accessKeyId)
      }),
      { numRuns: 60 },
    )
  })

  test('a document', async () => {
    const Delete = { Objects: [{ Key: 'a' }, { Key: 'b' }] }
    const sent = await capture((client) =>
      client.send(new DeleteObjectsCommand({ Bucket: 'bucket', Delete })),
    )
    const { text, checksums } = await readPlain(sent)
    expect(text).toContain('<Key>a</Key>')
    expect(Object.keys(checksums)).toEqual(['x-amz-checksum-crc32'])
  })
})

describe('bodies of the SDK', () => {
  const text = 'hello, OSS '.repeat(10_000)
  const stream = () => Readable.from(text.match(/.{1,9999}/gs) ?? [], { objectMode: false })
  const algorithms: ChecksumAlgorithm[] = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256']
  const put = async (input: Partial<PutObjectCommandInput>, options?: object) => {
    const { capture } = capturingClient(options)
    return capture((client) => client.send(new PutObjectCommand({ ...where, ...input })))
  }

  test.each(algorithms)('a buffer with %s', async (ChecksumAlgorithm) => {
    const { checksums, ...read } = await readPlain(await put({ Body: text, ChecksumAlgorithm }))
    expect(read.text).toBe(text)
    expect(Object.keys(checksums)).toEqual([`x-amz-checksum-${ChecksumAlgorithm.toLowerCase()}`])
  })

  test.each(algorithms)('a stream with %s in the trailer', async (ChecksumAlgorithm) => {
    const sent = await put({ Body: stream(), ContentLength: text.length, ChecksumAlgorithm })
    expect(sent.headers['x-amz-content-sha256']).toBe('STREAMING-UNSIGNED-PAYLOAD-TRAILER')
    const { checksums, ...read } = await readPlain(sent)
    expect(read.text).toBe(text)
    expect(Object.keys(checksums)).toEqual([`x-amz-checksum-${ChecksumAlgorithm.toLowerCase()}`])
  })

  test('a stream in tiny pieces', async () => {
    const Body = Readable.from(text.slice(0, 3000).match(/.{1,5}/gs) ?? [], { objectMode: false })
    expect((await readPlain(await put({ Body, ContentLength: 3000 }))).text).toBe(text.slice(0, 3000))
  })

  test('an empty body', async () => {
    expect((await readPlain(await put({ Body: '' }))).text).toBe('')
  })

  test('no checksum asked for', async () => {
    const sent = await put({ Body: text }, { requestChecksumCalculation: 'WHEN_REQUIRED' })
    expect(await readPlain(sent)).toEqual({ text, checksums: {} })
  })

  test('a part', async () => {
    const { capture } = capturingClient()
    const input = { ...where, UploadId: 'VXBsb2FkIElE', PartNumber: 2, Body: text }
    const sent = await capture((client) => client.send(new UploadPartCommand(input)))
    expect((await readPlain(sent)).text).toBe(text)
  })

  test('tampered with', async () => {
    const sent = await put({ Body: text })
    await expect(readPlain({ ...sent, body: text.replace('OSS', 'oss') })).rejects.toMatchObject({
      code: 'XAmzContentSHA256Mismatch',
    })
  })
})

describe('presigned URLs of the SDK', () => {
  /** What @aws-sdk/s3-request-presigner does: the client's own signer, told to presign, before anything else signs. */
  async function presign(command: PutObjectCommand | CopyObjectCommand | GetObjectCommand): Promise<Sent> {
    const { client } = capturingClient()
    const signer = await client.config.signer()
    let presigned: Sent | undefined
    type Next = (args: { request: Sent }) => Promise<never>
    client.middlewareStack.addRelativeTo(
      ((next: Next) => async (args: { request: Sent }) => {
        const { request } = args
        // The presigner drops what only this client would send.
        for (const name of ['amz-sdk-invocation-id', 'amz-sdk-request', 'x-amz-user-agent', 'content-type']) {
          delete request.headers[name]
        }
        request.headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD'
        request.headers.host = 'localhost:9000'
        const presigner = signer as unknown as { presign(request: Sent, options: object): Promise<Sent> }
        presigned = await presigner.presign(request, { expiresIn: 600 })
        return next(args)
      }) as never,
      { relation: 'before', toMiddleware: 'awsAuthMiddleware' },
    )
    await (client.send as (command: unknown) => Promise<unknown>)(command).catch(() => undefined)
    return presigned as Sent
  }

  test('get', async () => {
    const { presigned } = verify(await presign(new GetObjectCommand(where)))
    expect(presigned).toBe(true)
  })

  test('put: metadata and class come from the query, the checksum of a body unseen does not', async () => {
    const input = { ...where, Metadata: { note: 'b c' }, StorageClass: 'STANDARD_IA' as const }
    const sent = await presign(new PutObjectCommand(input))
    expect(Object.keys(sent.query)).toContain('x-amz-checksum-crc32')
    const { headers } = verify(sent)
    expect(headers).toMatchObject({ 'x-amz-meta-note': 'b c', 'x-amz-storage-class': 'STANDARD_IA' })
    expect(headers).not.toHaveProperty('x-amz-checksum-crc32')
    expect(headers).not.toHaveProperty('x-amz-sdk-checksum-algorithm')
  })

  test('copy: the source comes from the query', async () => {
    const sent = await presign(new CopyObjectCommand({ ...where, CopySource: 'source/a b' }))
    expect(verify(sent).headers['x-amz-copy-source']).toBe('source/a b')
  })
})
