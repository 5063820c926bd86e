import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { expect } from 'vitest'
import { md5, sha256 } from '../encodings.ts'
import { failure, refused } from './errors.ts'
import { must, send, target } from './s3.ts'
import { ownBucket, put, type Row, rows } from './table.ts'

const bucket = ownBucket(async (name) => {
  await put(name, 'existing')
})
const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64')
const HELLO = `"${md5('hello')}"`
const PUT = { method: 'PUT', body: 'hello' } as const
const crc = (text: string) => base64(crc32(text).toString(16).padStart(8, '0'))
const sha1 = createHash('sha1').update('hello').digest('base64')
const lockHeaders = (lock: object): Record<string, string> =>
  Object.fromEntries(Object.entries(lock).map(([name, value]) => [`x-amz-object-lock-${name}`, value]))

rows('PutObject', bucket, [
  {
    name: 'the answer is an empty 200 with the MD5 as a quoted lower-case ETag',
    ask: { ...PUT, key: 'plain' },
    status: 200,
    body: '',
    headers: { etag: HELLO, 'x-amz-version-id': null },
  },
  {
    name: 'an empty object has the ETag of no bytes',
    ask: { method: 'PUT', key: 'empty', body: '' },
    status: 200,
    headers: { etag: '"d41d8cd98f00b204e9800998ecf8427e"' },
  },
  {
    name: 'the operation name that SDKs put into the query is ignored',
    ask: { ...PUT, key: 'x-id', query: { 'x-id': 'PutObject' } },
    status: 200,
  },
  {
    name: 'a key may have every character of a URL',
    ask: { ...PUT, key: "a b+c/d~e%f&g=h?i#j!k'l(m)n*o;p:q@r,s$" },
    status: 200,
    and: async (_, name) => {
      const key = "a b+c/d~e%f&g=h?i#j!k'l(m)n*o;p:q@r,s$"
      expect((await send({ bucket: name, key })).text).toBe('hello')
    },
  },
  {
    name: 'a key may have slashes in a row and at its end',
    ask: { ...PUT, key: 'a//b///' },
    status: 200,
    and: async (_, name) => expect((await send({ bucket: name, key: 'a//b///' })).text).toBe('hello'),
  },
  {
    name: 'a key may have characters of any script',
    ask: { ...PUT, key: 'ключ/鍵/🔑' },
    status: 200,
    and: async (_, name) => expect((await send({ bucket: name, key: 'ключ/鍵/🔑' })).text).toBe('hello'),
  },
  {
    name: 'a key of 1024 bytes is taken',
    ask: { ...PUT, key: 'k'.repeat(1024) },
    status: 200,
    differs: { reason: 'OSS keys have at most 1023 bytes', ...failure('KeyTooLongError') },
  },
  {
    name: 'a key of 1023 bytes is taken',
    ask: { ...PUT, key: 'k'.repeat(1023 - Buffer.byteLength(target.mapped?.prefix ?? '')) },
    status: 200,
  },
  {
    name: 'a key of 1025 bytes is too long',
    ask: { ...PUT, key: 'k'.repeat(1025) },
    ...failure('KeyTooLongError', { Size: '1025', MaxSizeAllowed: '1024' }),
    differs: { reason: 'OSS keys have at most 1023 bytes', ...failure('KeyTooLongError', { Size: '1025' }) },
  },
  {
    name: 'a bucket that is not there is named',
    ask: { ...PUT, bucket: 'conformance-no-such-bucket', key: 'k' },
    ...failure('NoSuchBucket', { BucketName: 'conformance-no-such-bucket' }),
  },
  {
    name: 'a matching Content-MD5 is accepted',
    ask: { ...PUT, key: 'md5', headers: { 'content-md5': base64(md5('hello')) } },
    status: 200,
  },
  {
    name: 'a Content-MD5 of other bytes is BadDigest and nothing is stored',
    ask: { ...PUT, key: 'wrong-md5', headers: { 'content-md5': base64(md5('other')) } },
    ...failure('BadDigest', { ExpectedDigest: expect.any(String), CalculatedDigest: expect.any(String) }),
    and: async (_, name) => expect((await send({ bucket: name, key: 'wrong-md5' })).status).toBe(404),
  },
  {
    name: 'a Content-MD5 that is no MD5 is InvalidDigest',
    ask: { ...PUT, key: 'no-md5', headers: { 'content-md5': 'not-an-md5' } },
    ...failure('InvalidDigest', { 'Content-MD5': 'not-an-md5' }),
  },
  {
    name: 'a signed payload hash of other bytes is a mismatch and nothing is stored',
    ask: { ...PUT, key: 'wrong-sha', headers: { 'x-amz-content-sha256': sha256('other') } },
    ...failure('XAmzContentSHA256Mismatch', {
      ClientComputedContentSHA256: sha256('other'),
      S3ComputedContentSHA256: sha256('hello'),
    }),
    and: async (_, name) => expect((await send({ bucket: name, key: 'wrong-sha' })).status).toBe(404),
  },
  {
    name: 'an unsigned payload is accepted',
    ask: { ...PUT, key: 'unsigned', headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } },
    status: 200,
  },
  {
    name: 'If-None-Match * stores what is not there',
    ask: { ...PUT, key: 'only-once', headers: { 'if-none-match': '*' } },
    status: 200,
  },
  {
    name: 'If-None-Match * fails on what is there',
    ask: { ...PUT, key: 'existing', headers: { 'if-none-match': '*' } },
    ...failure('PreconditionFailed', { Condition: 'If-None-Match' }),
  },
  {
    name: 'If-None-Match with an ETag is not implemented',
    ask: { ...PUT, key: 'existing', headers: { 'if-none-match': HELLO } },
    ...failure('NotImplemented', {
      Header: 'If-None-Match',
      additionalMessage: "We don't accept the provided value of If-None-Match header for this API",
    }),
  },
  {
    name: 'If-Match * is not implemented',
    ask: { ...PUT, key: 'existing', headers: { 'if-match': '*' } },
    ...failure('NotImplemented', {
      Header: 'If-Match',
      additionalMessage: "We don't accept the provided value of If-Match header for this API",
    }),
  },
  {
    name: 'two conditions are not implemented',
    ask: { ...PUT, key: 'existing', headers: { 'if-match': HELLO, 'if-none-match': '*' } },
    ...failure('NotImplemented', {
      Header: 'If-Match,If-None-Match',
      additionalMessage: 'Multiple conditional request headers present in the request',
    }),
  },
  {
    name: 'If-Match with the ETag of what is there replaces it',
    ask: { ...PUT, key: 'existing', headers: { 'if-match': HELLO } },
    status: 200,
  },
  {
    name: 'If-Match with another ETag fails',
    ask: { ...PUT, key: 'existing', headers: { 'if-match': '"0"' } },
    ...failure('PreconditionFailed', { Condition: 'If-Match' }),
  },
  {
    name: 'an unknown storage class is refused by name',
    ask: { ...PUT, key: 'class', headers: { 'x-amz-storage-class': 'COLDEST' } },
    ...failure('InvalidStorageClass', { StorageClassRequested: 'COLDEST' }),
  },
  {
    name: 'the class of Outposts is not valid here',
    ask: { ...PUT, key: 'class', headers: { 'x-amz-storage-class': 'OUTPOSTS' } },
    ...failure('InvalidStorageClass', { StorageClassRequested: 'OUTPOSTS' }),
  },
  {
    name: 'an unknown encryption is refused',
    ask: { ...PUT, key: 'sse', headers: { 'x-amz-server-side-encryption': 'ROT13' } },
    ...failure('InvalidEncryptionAlgorithmError', { ArgumentName: 'x-amz-server-side-encryption' }),
  },
  {
    name: 'encryption that was asked for is told in the answer',
    ask: { ...PUT, key: 'sse', headers: { 'x-amz-server-side-encryption': 'AES256' } },
    status: 200,
    headers: { 'x-amz-server-side-encryption': 'AES256' },
  },
  {
    name: 'a customer’s key encrypts',
    ask: {
      ...PUT,
      key: 'sse-c',
      headers: {
        'x-amz-server-side-encryption-customer-algorithm': 'AES256',
        'x-amz-server-side-encryption-customer-key': Buffer.alloc(32, 1).toString('base64'),
        'x-amz-server-side-encryption-customer-key-md5': base64(md5(Buffer.alloc(32, 1))),
      },
    },
    status: 200,
    differs: {
      reason: 'OSS has no encryption with a customer’s key',
      ...refused('x-amz-server-side-encryption-customer-algorithm'),
    },
  },
  ...(
    [
      [
        'a mode without a date',
        { mode: 'GOVERNANCE' },
        'x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied',
      ],
      [
        'an unknown mode',
        { mode: 'FOREVER', 'retain-until-date': '2090-01-01T00:00:00Z' },
        'Unknown wormMode directive.',
      ],
      [
        'a date in the past',
        { mode: 'GOVERNANCE', 'retain-until-date': '2020-01-01T00:00:00Z' },
        'The retain until date must be in the future!',
      ],
      [
        'no date',
        { mode: 'GOVERNANCE', 'retain-until-date': 'tomorrow' },
        'The retain until date must be provided in ISO 8601 format',
      ],
      ['an unknown hold', { 'legal-hold': 'YES' }, "Legal Hold must be either of 'ON' or 'OFF'"],
    ] as const
  ).map(
    ([what, lock, Message]): Row => ({
      name: `a lock with ${what} is refused`,
      ask: { ...PUT, key: 'lock', headers: { ...lockHeaders(lock), 'content-md5': base64(md5('hello')) } },
      ...failure('InvalidArgument', { Message }),
    }),
  ),
  {
    name: 'a lock is refused in a bucket without object lock',
    ask: {
      ...PUT,
      key: 'lock',
      headers: { ...lockHeaders({ 'legal-hold': 'ON' }), 'content-md5': base64(md5('hello')) },
    },
    ...failure('InvalidRequest', { Message: 'Bucket is missing ObjectLockConfiguration' }),
  },
  {
    name: 'an ACL that S3 does not know is refused',
    ask: { ...PUT, key: 'acl', headers: { 'x-amz-acl': 'everybody' } },
    ...failure('InvalidArgument', { ArgumentName: 'x-amz-acl', ArgumentValue: 'everybody' }),
  },
  {
    name: 'a canned ACL beside a grant is refused',
    ask: {
      ...PUT,
      key: 'acl',
      headers: {
        'x-amz-acl': 'private',
        'x-amz-grant-read': 'uri="http://acs.amazonaws.com/groups/global/AllUsers"',
      },
    },
    ...failure('InvalidRequest', {
      Message: 'Specifying both Canned ACLs and Header Grants is not allowed',
    }),
  },
  {
    name: 'user metadata of more than 2 KB is too large',
    ask: { ...PUT, key: 'metadata', headers: { 'x-amz-meta-a': 'v'.repeat(2100) } },
    ...failure('MetadataTooLarge', { MaxSizeAllowed: '2048' }),
  },
  {
    name: 'user metadata of exactly 2 KB is taken',
    ask: { ...PUT, key: 'metadata', headers: { 'x-amz-meta-a': 'v'.repeat(2047 - 'a'.length) } },
    status: 200,
  },
  {
    name: 'an owner that is no account id is refused',
    ask: { ...PUT, key: 'owner', headers: { 'x-amz-expected-bucket-owner': 'invalid' } },
    ...failure('InvalidBucketOwnerAWSAccountID', {
      Message: 'The value of the expected bucket owner parameter must be an AWS Account ID... [invalid]',
    }),
  },
  {
    name: 'another owner than the expected one is denied',
    ask: { ...PUT, key: 'owner', headers: { 'x-amz-expected-bucket-owner': '000000000000' } },
    ...failure('AccessDenied'),
  },
  {
    name: 'a body in HTTP’s chunked coding without any length is refused',
    ask: {
      ...PUT,
      key: 'no-length',
      chunked: true,
      headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
    },
    ...failure('MissingContentLength'),
  },
])

const hashed = (algorithm: string, text: string) => createHash(algorithm).update(text).digest('base64')
const checksums: [algorithm: string, right: string, wrong: string][] = [
  ['CRC32', crc('hello'), crc('other')],
  ['CRC32C', 'mnG7TA==', 'AAAAAA=='],
  ['CRC64NVME', 'M3eFcAZSQlc=', 'AAAAAAAAAAA='],
  ['SHA1', sha1, createHash('sha1').update('other').digest('base64')],
  ['SHA256', base64(sha256('hello')), base64(sha256('other'))],
  ['SHA512', hashed('sha512', 'hello'), hashed('sha512', 'other')],
  ['MD5', hashed('md5', 'hello'), hashed('md5', 'other')],
  ['XXHASH64', 'JseCfYifbaM=', 'AAAAAAAAAAA='],
  ['XXHASH3', 'lVXoVVxi3P0=', 'AAAAAAAAAAA='],
  ['XXHASH128', 'tenBrQcbPn/Hec+qXlI4GA==', 'AAAAAAAAAAAAAAAAAAAAAA=='],
]
rows(
  'PutObject with a checksum',
  bucket,
  checksums.flatMap(([algorithm, right, wrong]): Row[] => {
    const header = `x-amz-checksum-${algorithm.toLowerCase()}`
    const key = `checksum-${algorithm}`
    return [
      {
        name: `a matching ${algorithm} is accepted, echoed and returned when asked for`,
        ask: { ...PUT, key, headers: { [header]: right } },
        status: 200,
        headers: { [header]: right, 'x-amz-checksum-type': 'FULL_OBJECT' },
        and: async (_, name) => {
          const asked = await must({ bucket: name, key, headers: { 'x-amz-checksum-mode': 'ENABLED' } })
          expect(asked.headers).toMatchObject({ [header]: right, 'x-amz-checksum-type': 'FULL_OBJECT' })
          expect((await must({ bucket: name, key })).headers).not.toHaveProperty(header)
        },
      },
      {
        name: `a ${algorithm} of other bytes is BadDigest`,
        ask: { ...PUT, key: 'bad', headers: { [header]: wrong } },
        ...failure('BadDigest', {
          Message: `The ${algorithm} you specified did not match the calculated checksum.`,
        }),
      },
      {
        name: `a ${algorithm} that is none is invalid`,
        ask: { ...PUT, key: 'bad', headers: { [header]: 'bm9uZQ==bad' } },
        ...failure('InvalidRequest', { Message: `Value for ${header} header is invalid.` }),
      },
    ]
  }),
)

rows('PutObject with several checksums', bucket, [
  {
    name: 'two checksums at once are refused',
    ask: {
      ...PUT,
      key: 'two',
      headers: { 'x-amz-checksum-sha1': sha1, 'x-amz-checksum-sha256': base64(sha256('hello')) },
    },
    ...failure('InvalidRequest', {
      Message: 'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    }),
  },
  {
    name: 'a checksum of an algorithm that nobody knows is refused',
    ask: { ...PUT, key: 'unknown', headers: { 'x-amz-checksum-foo': 'AAAAAA==' } },
    ...refused('x-amz-checksum-foo'),
    and: async (_, name) => expect((await send({ bucket: name, key: 'unknown' })).status).toBe(404),
  },
  {
    name: 'an algorithm that is not the checksum’s is refused',
    ask: {
      ...PUT,
      key: 'none',
      headers: { 'x-amz-sdk-checksum-algorithm': 'SHA1', 'x-amz-checksum-crc32': crc('hello') },
    },
    ...failure('InvalidRequest', {
      Message:
        'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    }),
  },
  {
    name: 'an algorithm that S3 does not know is refused',
    ask: {
      ...PUT,
      key: 'none',
      headers: { 'x-amz-sdk-checksum-algorithm': 'ADLER32', 'x-amz-checksum-crc32': crc('hello') },
    },
    ...failure('InvalidRequest', {
      Message: expect.stringMatching(/^Checksum algorithm provided is unsupported\. Please try again/),
    }),
  },
  ...['deflate, gzip', 'gzip ,br', 'x-aws-chunked'].map(
    (encoding): Row => ({
      name: `the encoding '${encoding}' stays as it was sent`,
      ask: { ...PUT, key: 'encoded', headers: { 'content-encoding': encoding } },
      status: 200,
      and: async (_, name) => {
        const { headers } = await must({ method: 'HEAD', bucket: name, key: 'encoded' })
        expect(headers['content-encoding']).toBe(encoding)
      },
    }),
  ),
  {
    name: 'an algorithm without its checksum is refused',
    ask: { ...PUT, key: 'none', headers: { 'x-amz-sdk-checksum-algorithm': 'CRC32' } },
    ...failure('InvalidRequest', {
      Message:
        'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    }),
  },
])
