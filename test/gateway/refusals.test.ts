import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { refused } from '../../src/operations/refused.ts'
import { type OssBucket, runtimes, startWorld, type World } from '../harness.ts'
import { type Answer, httpChunked, presign, type Signing, send, sign, type WireRequest } from './wire.ts'

const MINUTE = 60_000
const put: WireRequest = { method: 'PUT', target: '/bucket/key', body: 'hello' }
const copy = (source: string, headers: Record<string, string> = {}): WireRequest => ({
  method: 'PUT',
  target: '/bucket/copy',
  headers: { 'x-amz-copy-source': source, ...headers },
})
const withHeader = (name: string, value: string): WireRequest => ({ ...put, headers: { [name]: value } })
const createBucket = (body: string): WireRequest => ({ method: 'PUT', target: '/new-bucket', body })
const configuration = (inner: string) =>
  `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inner}</CreateBucketConfiguration>`

type Refusal = { status: number; Code: string } & Record<string, unknown>
type Row = [name: string, make: (host: string) => WireRequest, refusal: Refusal]

const signed =
  (request: WireRequest, signing?: Signing) =>
  (host: string): WireRequest =>
    sign(request, host, signing)
const presigned =
  (request: WireRequest, signing?: Signing) =>
  (host: string): WireRequest =>
    presign(request, host, signing)
/** The request with something done to it after it was signed. */
const tampered =
  (make: (host: string) => WireRequest, change: (request: WireRequest) => WireRequest) => (host: string) =>
    change(make(host))
const without = (parameter: string) => (request: WireRequest) => ({
  ...request,
  target: request.target.replace(new RegExp(`[?&]${parameter}=[^&]*`), (match) =>
    match.startsWith('?') ? '?' : '',
  ),
})

const argument = (message: string, ArgumentName?: string): Refusal => ({
  status: 400,
  Code: 'InvalidArgument',
  Message: message,
  ...(ArgumentName === undefined ? {} : { ArgumentName }),
})
const notImplemented = (Header: string): Refusal => ({ status: 501, Code: 'NotImplemented', Header })
const unsignedHeaders = (HeadersNotSigned: string): Refusal => ({
  status: 403,
  Code: 'AccessDenied',
  Message: 'There were headers present in the request which were not signed',
  HeadersNotSigned,
})
const queryMalformed: Refusal = { status: 400, Code: 'AuthorizationQueryParametersError' }
const headerMalformed: Refusal = { status: 400, Code: 'AuthorizationHeaderMalformed' }
const malformedXml: Refusal = { status: 400, Code: 'MalformedXML' }
const invalidUri: Refusal = { status: 400, Code: 'InvalidURI' }

const whoAsks: Row[] = [
  [
    'a key that nobody has',
    signed(put, { accessKeyId: 'nobody' }),
    { status: 403, Code: 'InvalidAccessKeyId', AWSAccessKeyId: 'nobody' },
  ],
  [
    'a key named like a property of every object',
    signed(put, { accessKeyId: '__proto__' }),
    { status: 403, Code: 'InvalidAccessKeyId' },
  ],
  [
    'a wrong secret',
    signed(put, { secretAccessKey: 'guessed' }),
    {
      status: 403,
      Code: 'SignatureDoesNotMatch',
      AWSAccessKeyId: 'local',
      StringToSign: expect.stringMatching(/^AWS4-HMAC-SHA256\n/),
      StringToSignBytes: expect.stringMatching(/^41 57 53 34/),
      SignatureProvided: expect.stringMatching(/^[0-9a-f]{64}$/),
      CanonicalRequest: expect.stringMatching(/^PUT\n\/bucket\/key\n/),
      CanonicalRequestBytes: expect.stringMatching(/^50 55 54 0a/),
    },
  ],
  [
    'a key changed after signing',
    tampered(signed(put), (request) => ({ ...request, target: '/bucket/other' })),
    { status: 403, Code: 'SignatureDoesNotMatch' },
  ],
  [
    'a parameter added after signing',
    tampered(signed(put), (request) => ({ ...request, target: '/bucket/key?versionId=x' })),
    { status: 403, Code: 'SignatureDoesNotMatch' },
  ],
  [
    'a signed header changed on its way',
    tampered(signed(withHeader('x-amz-acl', 'private')), (request) => ({
      ...request,
      headers: { ...request.headers, 'x-amz-acl': 'public-read' },
    })),
    { status: 403, Code: 'SignatureDoesNotMatch' },
  ],
  [
    'a clock 16 minutes slow',
    signed(put, { now: Date.now() - 16 * MINUTE }),
    { status: 403, Code: 'RequestTimeTooSkewed', MaxAllowedSkewMilliseconds: '900000' },
  ],
  [
    'a clock 16 minutes fast',
    signed(put, { now: Date.now() + 16 * MINUTE }),
    { status: 403, Code: 'RequestTimeTooSkewed' },
  ],
  ['nobody at all', () => put, { status: 403, Code: 'AccessDenied' }],
  [
    'Signature Version 2 without a date',
    () => withHeader('authorization', 'AWS local:frJIUN8DYpKDtOLCwo//yllqDzg='),
    { status: 403, Code: 'AccessDenied', Message: expect.stringContaining('valid Date or x-amz-date') },
  ],
  [
    'a guessed signature of version 2 in the query',
    () => ({ ...put, target: '/bucket/key?AWSAccessKeyId=local&Expires=4000000000&Signature=abc%3D' }),
    {
      status: 403,
      Code: 'SignatureDoesNotMatch',
      StringToSign: 'PUT\n\n\n4000000000\n/bucket/key',
      SignatureProvided: 'abc=',
    },
  ],
  [
    'a scheme of another world',
    () => withHeader('authorization', 'Basic bG9jYWw6bG9jYWwtc2VjcmV0'),
    argument('Unsupported Authorization Type'),
  ],
  [
    'an Authorization header without parts',
    () => withHeader('authorization', 'AWS4-HMAC-SHA256 '),
    { status: 400, Code: expect.stringMatching(/AuthorizationHeaderMalformed|InvalidArgument/) },
  ],
  [
    'a scope of another service',
    tampered(signed(put), (request) => ({
      ...request,
      headers: {
        ...request.headers,
        authorization: request.headers?.authorization?.replace('/s3/', '/ec2/') ?? '',
      },
    })),
    headerMalformed,
  ],
  [
    'a session token',
    signed(withHeader('x-amz-security-token', 'FwoGZXIvYXdz')),
    { status: 400, Code: 'InvalidToken' },
  ],
  [
    'two authentications at once',
    tampered(presigned(put), (request) => ({ ...sign(request, 'x'), target: request.target })),
    argument(expect.stringContaining('Only one auth mechanism allowed') as never),
  ],
]

const presignedOnly: Row[] = [
  [
    'an expired URL',
    presigned(put, { now: Date.now() - 11 * MINUTE, expires: 600 }),
    {
      status: 403,
      Code: 'AccessDenied',
      Message: 'Request has expired',
      'X-Amz-Expires': '600',
      Expires: expect.any(String),
      ServerTime: expect.any(String),
    },
  ],
  [
    'a URL of the future',
    presigned(put, { now: Date.now() + 20 * MINUTE }),
    { status: 403, Code: 'AccessDenied' },
  ],
  ['a URL that would live for more than a week', presigned(put, { expires: 604_801 }), queryMalformed],
  ['a URL of negative life', presigned(put, { expires: -1 }), queryMalformed],
  ...['Algorithm', 'Credential', 'Date', 'Expires', 'SignedHeaders', 'Signature'].map(
    (name): Row => [
      `a URL without X-Amz-${name}`,
      tampered(presigned(put), without(`X-Amz-${name}`)),
      queryMalformed,
    ],
  ),
  [
    'a life prolonged by the bearer',
    tampered(presigned(put), (request) => ({
      ...request,
      target: request.target.replace('X-Amz-Expires=600', 'X-Amz-Expires=6000'),
    })),
    { status: 403, Code: 'SignatureDoesNotMatch' },
  ],
  [
    'another method than the one signed',
    tampered(presigned({ ...put, method: 'GET' }), (request) => ({ ...request, method: 'PUT' })),
    { status: 403, Code: 'SignatureDoesNotMatch' },
  ],
]

// GHSA-g8w9-qw9q-fghr and its siblings: who holds a URL for one upload must not read the rest with it.
const smuggledHeaders: Row[] = ['x-amz-copy-source', 'X-AMZ-Copy-Source'].flatMap((name): Row[] => [
  [
    `an unsigned ${name} on a signed PUT`,
    tampered(signed(put), (request) => ({ ...request, body: '', lines: [`${name}: secrets/key`] })),
    unsignedHeaders('x-amz-copy-source'),
  ],
  [
    `an unsigned ${name} on a presigned PUT`,
    tampered(presigned(put), (request) => ({ ...request, body: '', lines: [`${name}: secrets/key`] })),
    unsignedHeaders('x-amz-copy-source'),
  ],
])
smuggledHeaders.push(
  ...['x-amz-acl', 'x-amz-meta-a', 'x-amz-tagging', 'x-amz-metadata-directive', 'x-amz-unheard-of'].flatMap(
    (name): Row[] => [
      [
        `an unsigned ${name}`,
        tampered(signed(put), (request) => ({ ...request, lines: [`${name}: x`] })),
        unsignedHeaders(name),
      ],
      [
        `an unsigned ${name} on a presigned PUT`,
        tampered(presigned(put), (request) => ({ ...request, lines: [`${name}: x`] })),
        unsignedHeaders(name),
      ],
    ],
  ),
  [
    'a copy source slipped into the query of a presigned PUT',
    tampered(presigned(put), (request) => ({
      ...request,
      body: '',
      target: `${request.target}&x-amz-copy-source=secrets%2Fkey`,
    })),
    { status: 403, Code: 'SignatureDoesNotMatch' },
  ],
  [
    'a body declared unsigned by a header that was not signed',
    tampered(presigned(put), (request) => ({
      ...request,
      lines: ['x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER'],
    })),
    unsignedHeaders('x-amz-content-sha256'),
  ],
  [
    'a second x-amz-copy-source beside the signed one',
    tampered(signed(copy('bucket/source')), (request) => ({
      ...request,
      lines: ['x-amz-copy-source: secrets/key'],
    })),
    { status: 403, Code: 'SignatureDoesNotMatch' },
  ],
)

const copySource = (value: string, refusal: Refusal): Row => [
  `x-amz-copy-source: ${value.slice(0, 60)}`,
  signed(copy(value)),
  refusal,
]
const noKey = argument('Invalid copy source object key', 'x-amz-copy-source')
const badVersion = argument('Invalid version id specified', 'versionId')
const badEncoding = argument('Invalid copy source encoding', 'x-amz-copy-source')
const badBucket = argument('Invalid copy source bucket name', 'x-amz-copy-source')
const copies: Row[] = [
  copySource('', badBucket),
  copySource('/', badBucket),
  copySource('%2F', badBucket),
  copySource('bucket', noKey),
  copySource('bucket/', noKey),
  copySource('/bucket/', noKey),
  copySource('//key', badBucket),
  copySource('bucket/%', badEncoding),
  copySource('bucket/%zz', badEncoding),
  copySource('bucket/%ff', badEncoding),
  copySource('bucket/%ed%a0%80', badEncoding),
  copySource('bucket/key?versionId=', badVersion),
  copySource('bucket/key?acl', badVersion),
  copySource('bucket/key?versionId=a&uploads', badVersion),
  copySource('../bucket/key', badBucket),
  copySource('evil.example/key', badBucket),
  copySource('evil.example%2f/key', badBucket),
  copySource('a@evil/key', badBucket),
  copySource('BUCKET/key', badBucket),
  copySource('__proto__/key', badBucket),
  copySource('127.0.0.1/key', badBucket),
  copySource('bucket//key', invalidUri),
  copySource('bucket/%5Ckey', invalidUri),
  copySource(`bucket/${'k'.repeat(1024)}`, {
    status: 400,
    Code: 'KeyTooLongError',
    Size: '1024',
    MaxSizeAllowed: '1023',
  }),
  copySource(
    'arn:aws:s3:us-east-1:123456789012:accesspoint/nobody/object/key',
    argument(expect.any(String) as never, 'x-amz-copy-source'),
  ),
  copySource(
    'arn:aws:s3:us-east-1:123456789012:accesspoint/__proto__/object/key',
    argument(expect.any(String) as never, 'x-amz-copy-source'),
  ),
  ...['GET', 'DELETE'].map(
    (method): Row => [
      `a copy source on ${method}`,
      signed({ ...copy('bucket/source'), method }),
      argument('You can only specify a copy source header for copy requests.', 'x-amz-copy-source'),
    ],
  ),
  [
    'a copy source on a bucket',
    signed({ ...copy('bucket/source'), target: '/new-bucket' }),
    argument('You can only specify a copy source header for copy requests.', 'x-amz-copy-source'),
  ],
  [
    'a copy with a body',
    signed({ ...copy('bucket/source'), body: 'hello' }),
    { status: 400, Code: 'InvalidRequest', Message: expect.stringContaining('included a body') },
  ],
  ...(
    [
      ['x-amz-metadata-directive', 'replace', 'Unknown metadata directive.'],
      ['x-amz-metadata-directive', '', 'Unknown metadata directive.'],
      ['x-amz-tagging-directive', 'MERGE', 'Unknown tagging directive.'],
    ] as const
  ).map(
    ([name, value, message]): Row => [
      `${name}: ${value}`,
      signed(copy('bucket/source', { [name]: value })),
      argument(message, name),
    ],
  ),
]

const headers: Row[] = [
  [
    'metadata over 2 KB',
    signed(withHeader('x-amz-meta-a', 'x'.repeat(2048))),
    { status: 400, Code: 'MetadataTooLarge', Size: '2049', MaxSizeAllowed: '2048' },
  ],
  [
    'a storage class of no service',
    signed(withHeader('x-amz-storage-class', 'COLD')),
    { status: 400, Code: 'InvalidStorageClass', StorageClassRequested: 'COLD' },
  ],
  [
    'a storage class named like a property of every object',
    signed(withHeader('x-amz-storage-class', 'constructor')),
    { status: 400, Code: 'InvalidStorageClass' },
  ],
  [
    'an ACL of no service',
    signed(withHeader('x-amz-acl', 'everyone')),
    { status: 400, Code: 'InvalidArgument' },
  ],
  [
    'an ACL that OSS has not',
    signed(withHeader('x-amz-acl', 'authenticated-read')),
    notImplemented('x-amz-acl'),
  ],
  [
    'an ACL and grants',
    signed({
      ...put,
      headers: {
        'x-amz-acl': 'private',
        'x-amz-grant-read': 'uri="http://acs.amazonaws.com/groups/global/AllUsers"',
      },
    }),
    { status: 400, Code: 'InvalidRequest' },
  ],
  [
    'an encryption of no service',
    signed(withHeader('x-amz-server-side-encryption', 'ROT13')),
    { status: 400, Code: 'InvalidEncryptionAlgorithmError' },
  ],
  [
    'SSE-C',
    signed(withHeader('x-amz-server-side-encryption-customer-algorithm', 'AES256')),
    notImplemented('x-amz-server-side-encryption-customer-algorithm'),
  ],
  [
    'eleven tags',
    signed(withHeader('x-amz-tagging', Array.from({ length: 11 }, (_, i) => `k${i}=v`).join('&'))),
    { status: 400, Code: 'BadRequest' },
  ],
  [
    'a tag twice',
    signed(withHeader('x-amz-tagging', 'a=1&a=2')),
    { status: 400, Code: 'InvalidArgument', ArgumentName: 'x-amz-tagging' },
  ],
  ['a broken tag', signed(withHeader('x-amz-tagging', 'a=%zz')), { status: 400, Code: 'InvalidArgument' }],
  [
    'a checksum that is none',
    signed(withHeader('x-amz-checksum-crc32', 'AAAA')),
    { status: 400, Code: 'InvalidRequest' },
  ],
  [
    'two checksums',
    signed({
      ...put,
      headers: { 'x-amz-checksum-crc32': 'NhCmhg==', 'x-amz-checksum-sha1': 'qvTGHdzF6KLavt4PO0gs2a6pQ00=' },
    }),
    { status: 400, Code: 'InvalidRequest' },
  ],
  [
    'a Content-MD5 that is none',
    signed(withHeader('content-md5', 'abc')),
    { status: 400, Code: 'InvalidDigest' },
  ],
  [
    'If-None-Match with an ETag',
    signed(withHeader('if-none-match', '"5d41"')),
    notImplemented('If-None-Match'),
  ],
  [
    'both conditions on a write',
    signed({ ...put, headers: { 'if-match': '"a"', 'if-none-match': '*' } }),
    notImplemented('If-Match,If-None-Match'),
  ],
  [
    'a body whose hash is no hash',
    signed(put, { payload: 'sha256' }),
    argument(expect.stringContaining('x-amz-content-sha256 must be') as never, 'x-amz-content-sha256'),
  ],
]

const documents: Row[] = [
  ['a document that is no XML', signed(createBucket('{"LocationConstraint":"cn-beijing"}')), malformedXml],
  ['a document cut short', signed(createBucket(configuration('').slice(0, -9))), malformedXml],
  ['another document', signed(createBucket('<Delete/>')), malformedXml],
  ['two roots', signed(createBucket(`${configuration('')}${configuration('')}`)), malformedXml],
  [
    'a document type with entities that grow',
    signed(
      createBucket(
        `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>${configuration('<LocationConstraint>&b;</LocationConstraint>')}`,
      ),
    ),
    malformedXml,
  ],
  [
    'a document type that names a file',
    signed(
      createBucket(
        `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>${configuration('<LocationConstraint>&a;</LocationConstraint>')}`,
      ),
    ),
    malformedXml,
  ],
  [
    'a document of 3 MB',
    signed(createBucket(configuration(`<LocationConstraint>${'x'.repeat(3 << 20)}</LocationConstraint>`))),
    { status: 400, Code: 'MaxMessageLengthExceeded' },
  ],
  ...[
    'evil.example',
    'x@evil',
    'cn-beijing.evil.example',
    'cn-beijing/../x',
    'CN-BEIJING',
    '-',
    'cn-beijing-internal',
    'constructor',
  ].map(
    (region): Row => [
      `LocationConstraint ${region}`,
      signed(createBucket(configuration(`<LocationConstraint>${region}</LocationConstraint>`))),
      { status: 400, Code: 'InvalidLocationConstraint', LocationConstraint: region },
    ],
  ),
]

const on = (target: string): WireRequest => ({ method: 'PUT', target, body: 'hello' })
const addresses: Row[] = [
  ...[
    'evil.example',
    'evil.example:443',
    'user@evil',
    'a%40evil.example',
    'a%2F..%2Fb',
    '%2e%2e',
    'UPPER',
    'ab',
    '127.0.0.1',
    '%5B::1%5D',
    'a%0d%0aHost:evil',
    'bucket%20',
    '-bucket',
    'bucket-',
    'b%C3%BCcket',
    '__proto__',
    'x'.repeat(64),
  ].map(
    (name): Row => [
      `the bucket ${name.slice(0, 40)}`,
      signed(on(`/${name}/key`)),
      { status: 400, Code: 'InvalidBucketName', BucketName: decodeURIComponent(name) },
    ],
  ),
  ['a key with a broken escape', signed(on('/bucket/%zz'), {}), invalidUri],
  ['a key that is not UTF-8', signed(on('/bucket/%ff%fe')), invalidUri],
  ['a key that begins with a slash', signed(on('/bucket//key')), invalidUri],
  ['a key that begins with an escaped slash', signed(on('/bucket/%2Fkey')), invalidUri],
  ['a key that begins with a backslash', signed(on('/bucket/%5Ckey')), invalidUri],
  [
    'a key of 1024 bytes',
    signed(on(`/bucket/${'k'.repeat(1024)}`)),
    { status: 400, Code: 'KeyTooLongError', Size: '1024', MaxSizeAllowed: '1023' },
  ],
  [
    'a key of 342 letters of three bytes',
    signed(on(`/bucket/${'%E2%82%AC'.repeat(342)}`)),
    { status: 400, Code: 'KeyTooLongError', Size: '1026' },
  ],
  ['a query with a broken escape', signed({ method: 'GET', target: '/bucket?prefix=%zz' }), invalidUri],
]

const operations: Row[] = [
  ...refused.map(
    ([name, method, level, ...query]): Row => [
      `${name}`,
      signed({
        method,
        target: `${{ service: '/', bucket: '/bucket', object: '/bucket/key' }[level]}?${query
          .map((one) => (one.includes('=') ? one : `${one}=`))
          .join('&')}`.replace(/\?$/, ''),
        lines: ['content-length: 0'],
      }),
      { status: 501, Code: 'NotImplemented', Message: expect.stringContaining(name) },
    ],
  ),
  [
    'PATCH',
    signed({ ...put, method: 'PATCH' }),
    { status: 405, Code: 'MethodNotAllowed', Method: 'PATCH', ResourceType: 'OBJECT' },
  ],
  ['POST on an object', signed({ ...put, method: 'POST' }), { status: 405, Code: 'MethodNotAllowed' }],
  [
    'DELETE on the service',
    signed({ method: 'DELETE', target: '/' }),
    { status: 405, Code: 'MethodNotAllowed' },
  ],
  [
    'a list of less than nothing',
    signed({ method: 'GET', target: '/bucket?max-keys=-1' }),
    argument('Argument max-keys must be an integer between 0 and 2147483647', 'max-keys'),
  ],
  [
    'a list of some keys',
    signed({ method: 'GET', target: '/bucket?list-type=2&max-keys=some' }),
    argument('Argument max-keys must be an integer between 0 and 2147483647', 'max-keys'),
  ],
  [
    'an encoding of no service',
    signed({ method: 'GET', target: '/bucket?encoding-type=base64' }),
    argument('Invalid Encoding Method specified in Request', 'encoding-type'),
  ],
  [
    'an empty continuation token',
    signed({ method: 'GET', target: '/bucket?list-type=2&continuation-token=' }),
    argument('The continuation token provided is incorrect', 'continuation-token'),
  ],
  [
    'more buckets than there can be',
    signed({ method: 'GET', target: '/?max-buckets=10001' }),
    argument(expect.any(String) as never, 'max-buckets'),
  ],
]

// What workerd's own HTTP server answers or mends before the Worker sees it.
const onNodeOnly = new Set<string>(['the bucket %2e%2e'])

describe.each(runtimes)('refused on %s, in S3’s words and with nothing written', (runtime) => {
  let world: World
  let bucket: OssBucket
  let host: string

  beforeAll(async () => {
    world = await startWorld(runtime)
    host = new URL(world.endpoint).host
    const s3 = world.s3()
    for (const Bucket of ['bucket', 'secrets']) await s3.send(new CreateBucketCommand({ Bucket }))
    bucket = world.oss('bucket')
    await bucket.put('source', Buffer.from('source'))
    await world.oss('secrets').put('key', Buffer.from('nobody may read this'))
  })
  afterAll(() => world.stop())
  beforeEach(() => void world.ossRequests())

  const groups: [string, Row[]][] = [
    ['who asks', whoAsks],
    ['presigned', presignedOnly],
    ['headers nobody signed', smuggledHeaders],
    ['copies', copies],
    ['headers', headers],
    ['documents', documents],
    ['addresses', addresses],
    ['operations', operations],
  ]
  describe.each(groups)('%s', (_, rows) => {
    test.each(rows.filter(([name]) => runtime === 'node' || !onNodeOnly.has(name)))(
      '%s',
      async (_, make, { status, ...elements }) => {
        const answer = await send(world.endpoint, make(host))
        expect(answer.error).toMatchObject(elements)
        expect(answer.status).toBe(status)
        expectS3Error(answer)
        expect(world.ossRequests()).toEqual([])
      },
    )
  })

  test('a HEAD that is refused has a status and ids, and no body', async () => {
    const answer = await send(world.endpoint, {
      ...sign({ method: 'HEAD', target: '/bucket/key' }, host, { accessKeyId: 'nobody' }),
    })
    expect(answer.status).toBe(403)
    expect(answer.headers['x-amz-request-id']).toMatch(/^[0-9A-F]{16}$/)
    expect(answer.headers).toHaveProperty('x-amz-id-2')
    expect(answer.body).toHaveLength(0)
  })

  test('a copy source on a HEAD is refused too', async () => {
    const request = sign({ ...copy('bucket/source'), method: 'HEAD' }, host)
    expect((await send(world.endpoint, request)).status).toBe(400)
    expect(world.ossRequests()).toEqual([])
  })

  test('no refusal tells a secret, or the signature that would have been right', async () => {
    const right = sign(put, host)
    const wrong = { ...right, headers: { ...right.headers } }
    const signature = /Signature=(\w+)/.exec(right.headers?.authorization ?? '')?.[1] as string
    wrong.headers.authorization = right.headers?.authorization?.replace(signature, '0'.repeat(64)) ?? ''
    const { body } = await send(world.endpoint, wrong)
    expect(body.toString()).toContain('SignatureDoesNotMatch')
    expect(body.toString()).not.toContain(signature)
    expect(body.toString()).not.toContain('local-secret')
  })

  test('a body in chunks does not make a copy an upload, nor the reverse', async () => {
    const request = sign(copy('bucket/source'), host)
    const answer = await send(world.endpoint, {
      ...request,
      lines: ['transfer-encoding: chunked'],
      body: httpChunked(Buffer.from('hello')),
    })
    expect(answer.status).toBe(400)
    await expect(bucket.head('copy')).rejects.toMatchObject({ status: 404 })
  })

  test('after all of it, nothing is in the buckets that was not there before', async () => {
    const { objects } = await bucket.list({ 'max-keys': 1000 }, {})
    expect(objects?.map(({ name }) => name)).toEqual(['source'])
    const { buckets } = (await bucket.listBuckets({})) as unknown as { buckets: { name: string }[] }
    expect(buckets.map(({ name }) => name)).toEqual(['bucket', 'secrets'])
  })
})

function expectS3Error({ headers, error, body }: Answer): void {
  expect(body.toString()).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?>\n<Error><Code>/)
  expect(headers['content-type']).toBe('application/xml')
  expect(headers['x-amz-request-id']).toMatch(/^[0-9A-F]{16}$/)
  expect(error.RequestId).toBe(headers['x-amz-request-id'])
  expect(error.HostId).toBe(headers['x-amz-id-2'])
}
