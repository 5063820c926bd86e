import { describe, expect } from 'vitest'
import { basicTime, md5 } from '../encodings.ts'
import { failure, refused } from './errors.ts'
import { type Answer, type Ask, must, send, type Xml } from './s3.ts'
import { ownBucket, put, type Row, rows } from './table.ts'

const HELLO = `"${md5('hello')}"`
const hour = 3_600_000
const http = (offset: number) => new Date(Date.now() + offset).toUTCString()
const COLOURED = { 'content-type': 'text/plain', 'cache-control': 'max-age=60', 'x-amz-meta-colour': 'blue' }
let lastModified = ''

const bucket = ownBucket(async (name) => {
  await put(name, 'source', 'hello', {
    ...COLOURED,
    'content-disposition': 'inline',
    'content-language': 'de',
    expires: 'Tue, 01 Jan 2030 00:00:00 GMT',
    'x-amz-tagging': 'team=blue',
  })
  await put(name, 'existing')
  lastModified =
    (await must({ method: 'HEAD', bucket: name, key: 'existing' })).headers['last-modified'] ?? ''
})
let count = 0
type Copy = { key?: string; source?: string; headers?: Record<string, string> }
const copy =
  ({ key, source = 'source', headers = {} }: Copy = {}) =>
  (name: string) => ({
    method: 'PUT',
    key: key ?? `copy-${count++}`,
    headers: { 'x-amz-copy-source': `${name}/${source}`, ...headers },
  })
const copied = {
  status: 200,
  headers: { 'content-type': /^application\/xml/ },
  xml: {
    CopyObjectResult: {
      ETag: HELLO,
      // JS v3 throws on a time without Z.
      LastModified: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/),
    },
  },
}
/** The copy's headers; each row copies to a key of its own. */
const leaves = (key: string, headers: Record<string, string | null>) => async (_: Answer, name: string) => {
  const head = await must({ method: 'HEAD', bucket: name, key })
  for (const [header, value] of Object.entries(headers)) {
    expect(head.headers[header], header).toBe(value ?? undefined)
  }
}
const tagsOf = async (name: string, key: string) => {
  const { xml } = await must({ bucket: name, key, query: { tagging: '' } })
  const { Tag = [] } = ((xml.Tagging as Xml).TagSet || {}) as { Tag?: Xml[] }
  return Object.fromEntries(Tag.map(({ Key, Value }) => [String(Key), String(Value)]))
}
const hasTags = (key: string, tags: Record<string, string>) => async (_: Answer, name: string) =>
  expect(await tagsOf(name, key)).toEqual(tags)

rows('CopyObject', bucket, [
  { name: 'the answer has the ETag and the time', ask: copy(), ...copied },
  {
    name: 'metadata, headers and bytes come from the source',
    ask: copy({ key: 'all' }),
    ...copied,
    and: leaves('all', {
      ...COLOURED,
      'content-disposition': 'inline',
      'content-language': 'de',
      expires: 'Tue, 01 Jan 2030 00:00:00 GMT',
      'content-length': '5',
      etag: HELLO,
    }),
  },
  {
    name: 'headers of the request are ignored without REPLACE, such as the type that the AWS CLI guesses',
    ask: copy({ key: 'guess', headers: { 'content-type': 'image/png', 'x-amz-meta-colour': 'red' } }),
    ...copied,
    and: leaves('guess', COLOURED),
  },
  {
    name: 'COPY said aloud ignores them too',
    ask: copy({
      key: 'aloud',
      headers: {
        'x-amz-metadata-directive': 'COPY',
        'x-amz-meta-colour': 'red',
        'cache-control': 'no-store',
      },
    }),
    ...copied,
    and: leaves('aloud', COLOURED),
  },
  {
    name: 'metadata of more than 2 KB is too large also where it does not count',
    ask: copy({ headers: { 'x-amz-meta-a': 'v'.repeat(2100) } }),
    ...failure('MetadataTooLarge', { MaxSizeAllowed: '2048' }),
  },
  {
    name: 'REPLACE takes what the request carries, and merges nothing',
    ask: copy({
      key: 'replaced',
      headers: {
        'x-amz-metadata-directive': 'REPLACE',
        'content-type': 'image/png',
        'x-amz-meta-size': 'big',
      },
    }),
    ...copied,
    and: leaves('replaced', {
      'content-type': 'image/png',
      'x-amz-meta-size': 'big',
      'x-amz-meta-colour': null,
      'cache-control': null,
      'content-disposition': null,
      'content-language': null,
      expires: null,
    }),
  },
  {
    name: 'REPLACE without a type makes it binary/octet-stream',
    ask: copy({ key: 'untyped', headers: { 'x-amz-metadata-directive': 'REPLACE' } }),
    ...copied,
    and: leaves('untyped', { 'content-type': 'binary/octet-stream', 'x-amz-meta-colour': null }),
  },
  {
    name: 'a metadata directive that S3 does not know is refused',
    ask: copy({ headers: { 'x-amz-metadata-directive': 'MERGE' } }),
    ...failure('InvalidArgument', {
      Message: 'Unknown metadata directive.',
      ArgumentName: 'x-amz-metadata-directive',
      ArgumentValue: 'MERGE',
    }),
  },
  {
    name: 'tags come from the source, also with REPLACE of the metadata',
    ask: copy({ key: 'tags', headers: { 'x-amz-metadata-directive': 'REPLACE' } }),
    ...copied,
    and: hasTags('tags', { team: 'blue' }),
  },
  {
    name: 'tags of the request are ignored without the tagging directive',
    ask: copy({ key: 'tags-ignored', headers: { 'x-amz-tagging': 'a=1' } }),
    ...copied,
    and: hasTags('tags-ignored', { team: 'blue' }),
  },
  {
    name: 'tags of the request replace the source’s with the tagging directive',
    ask: copy({
      key: 'tags-replaced',
      headers: { 'x-amz-tagging-directive': 'REPLACE', 'x-amz-tagging': 'a=1&b=x%20y' },
    }),
    ...copied,
    and: hasTags('tags-replaced', { a: '1', b: 'x y' }),
  },
  {
    name: 'the tagging directive without tags leaves none',
    ask: copy({ key: 'tags-none', headers: { 'x-amz-tagging-directive': 'REPLACE' } }),
    ...copied,
    and: hasTags('tags-none', {}),
  },
  {
    name: 'a tagging directive that S3 does not know is refused',
    ask: copy({ headers: { 'x-amz-tagging-directive': 'MERGE' } }),
    ...failure('InvalidArgument', {
      Message: 'Unknown tagging directive.',
      ArgumentName: 'x-amz-tagging-directive',
      ArgumentValue: 'MERGE',
    }),
  },
  {
    name: 'the storage class is the request’s',
    ask: copy({ key: 'class', headers: { 'x-amz-storage-class': 'STANDARD_IA' } }),
    ...copied,
    and: leaves('class', { 'x-amz-storage-class': 'STANDARD_IA', ...COLOURED }),
  },
  {
    name: 'the storage class of the source is not copied',
    ask: async (name) => {
      await put(name, 'ia', 'hello', { 'x-amz-storage-class': 'STANDARD_IA' })
      return copy({ key: 'not-ia', source: 'ia' })(name)
    },
    ...copied,
    and: leaves('not-ia', { 'x-amz-storage-class': null }),
  },
  {
    name: 'an unknown storage class is refused by name',
    ask: copy({ headers: { 'x-amz-storage-class': 'COLDEST' } }),
    ...failure('InvalidStorageClass', { StorageClassRequested: 'COLDEST' }),
  },
  {
    name: 'encryption that was asked for is told in the answer',
    ask: copy({ headers: { 'x-amz-server-side-encryption': 'AES256' } }),
    status: 200,
    headers: { 'x-amz-server-side-encryption': 'AES256' },
  },
  {
    name: 'an unknown encryption is refused',
    ask: copy({ headers: { 'x-amz-server-side-encryption': 'ROT13' } }),
    ...failure('InvalidEncryptionAlgorithmError', { ArgumentName: 'x-amz-server-side-encryption' }),
  },
  {
    name: 'a bucket without versions shows no version id',
    ask: copy(),
    status: 200,
    headers: { 'x-amz-version-id': null, 'x-amz-copy-source-version-id': null },
  },
  {
    name: 'a body is refused',
    ask: (name) => ({ ...copy()(name), body: 'not empty' }),
    ...failure('InvalidRequest', {
      Message: 'The request included a body. Requests of this type must not include a non-empty body.',
    }),
  },
  {
    name: 'a source that is not there is named',
    ask: copy({ source: 'nothing' }),
    ...failure('NoSuchKey', { Key: 'nothing' }),
  },
  {
    name: 'a source bucket that is not there is named',
    ask: { method: 'PUT', key: 'k', headers: { 'x-amz-copy-source': 'conformance-no-such-bucket/k' } },
    ...failure('NoSuchBucket', { BucketName: 'conformance-no-such-bucket' }),
  },
  {
    name: 'a destination bucket that is not there is named',
    ask: (name) => ({ ...copy()(name), bucket: 'conformance-no-such-bucket' }),
    ...failure('NoSuchBucket', { BucketName: 'conformance-no-such-bucket' }),
  },
  {
    name: 'a destination key of more than 1024 bytes is too long',
    ask: copy({ key: 'k'.repeat(1025) }),
    ...failure('KeyTooLongError', { Size: '1025' }),
  },
  {
    name: 'an archived source is not in the active tier',
    ask: async (name) => {
      await put(name, 'archived', 'hello', { 'x-amz-storage-class': 'GLACIER' })
      return copy({ source: 'archived' })(name)
    },
    status: 403,
    error: {
      Code: 'ObjectNotInActiveTierError',
      Message:
        'The source object of the COPY action is not in the active tier and is only stored in Amazon S3 Glacier.',
    },
  },
  {
    name: 'a header that was not signed is refused, and names itself',
    ask: (name) => ({
      method: 'PUT',
      key: 'unsigned',
      unsigned: { 'x-amz-copy-source': `${name}/source` },
    }),
    ...failure('AccessDenied', {
      Message: 'There were headers present in the request which were not signed',
      HeadersNotSigned: 'x-amz-copy-source',
    }),
  },
  {
    name: 'another owner of the source than the expected one is denied',
    ask: copy({ headers: { 'x-amz-source-expected-bucket-owner': '000000000000' } }),
    ...failure('AccessDenied'),
  },
  {
    name: 'a copy source on a read is refused',
    ask: (name) => ({ ...copy()(name), method: 'GET' }),
    ...failure('InvalidArgument', {
      Message: 'You can only specify a copy source header for copy requests.',
      ArgumentName: 'x-amz-copy-source',
    }),
  },
  {
    name: 'encryption with a customer’s key is refused without the key',
    ask: copy({ headers: { 'x-amz-server-side-encryption-customer-algorithm': 'AES256' } }),
    ...failure('InvalidArgument', {
      Message:
        'Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.',
    }),
    differs: {
      reason: 'OSS has no encryption with a customer’s key',
      ...refused('x-amz-server-side-encryption-customer-algorithm'),
    },
  },
  {
    name: 'a lock without its date is refused',
    ask: copy({ headers: { 'x-amz-object-lock-mode': 'GOVERNANCE' } }),
    ...failure('InvalidArgument', {
      Message: 'x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied',
    }),
  },
  {
    name: 'a redirect location that is neither a URL nor a path is refused',
    ask: copy({ headers: { 'x-amz-website-redirect-location': 'nowhere' } }),
    status: 400,
    error: {
      Code: 'InvalidRedirectLocation',
      Message: "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
    },
    differs: {
      reason: 'OSS has no redirect of an object',
      ...refused('x-amz-website-redirect-location'),
    },
  },
])

const SELF =
  "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes."
const self = (headers: Record<string, string> = {}) => copy({ key: 'source', headers })
rows('CopyObject onto itself', bucket, [
  {
    name: 'is illegal without a change',
    ask: self(),
    ...failure('InvalidRequest', { Message: SELF }),
  },
  {
    name: 'is illegal with COPY and new metadata',
    ask: self({ 'x-amz-metadata-directive': 'COPY', 'x-amz-meta-colour': 'red' }),
    ...failure('InvalidRequest', { Message: SELF }),
  },
  {
    name: 'is illegal with an ACL alone',
    ask: self({ 'x-amz-acl': 'public-read' }),
    ...failure('InvalidRequest', { Message: SELF }),
  },
  {
    name: 'is illegal with tags alone',
    ask: self({ 'x-amz-tagging-directive': 'REPLACE', 'x-amz-tagging': 'a=1' }),
    ...failure('InvalidRequest', { Message: SELF }),
  },
  {
    name: 'is illegal with a checksum algorithm alone',
    ask: self({ 'x-amz-checksum-algorithm': 'SHA256' }),
    ...failure('InvalidRequest', { Message: SELF }),
  },
  {
    name: 'is legal with a storage class, even the same, and keeps everything',
    ask: self({ 'x-amz-storage-class': 'STANDARD' }),
    ...copied,
    and: async (answer, name) => {
      await leaves('source', { ...COLOURED, 'content-language': 'de' })(answer, name)
      await hasTags('source', { team: 'blue' })(answer, name)
    },
  },
  {
    name: 'is legal with encryption, and keeps everything',
    ask: self({ 'x-amz-server-side-encryption': 'AES256' }),
    ...copied,
    and: leaves('source', COLOURED),
  },
  {
    name: 'is legal with REPLACE, and keeps nothing else',
    ask: self({ 'x-amz-metadata-directive': 'REPLACE', ...COLOURED }),
    ...copied,
    and: leaves('source', { ...COLOURED, 'content-language': null }),
  },
])

const encrypting = ownBucket(async (name) => {
  await put(name, 'source', 'hello', { ...COLOURED, 'x-amz-tagging': 'team=blue' })
  const rule =
    '<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule>'
  const body = `<ServerSideEncryptionConfiguration>${rule}</ServerSideEncryptionConfiguration>`
  await must({ method: 'PUT', bucket: name, query: { encryption: '' }, body })
})
rows('CopyObject onto itself, in a bucket that encrypts', encrypting, [
  {
    name: 'is legal, encrypts, and keeps everything',
    ask: self(),
    ...copied,
    headers: { ...copied.headers, 'x-amz-server-side-encryption': 'AES256' },
    and: async (answer, name) => {
      await leaves('source', { ...COLOURED, 'x-amz-server-side-encryption': 'AES256' })(answer, name)
      await hasTags('source', { team: 'blue' })(answer, name)
    },
  },
  {
    name: 'needs the object',
    ask: copy({ key: 'nothing', source: 'nothing' }),
    ...failure('NoSuchKey', { Key: 'nothing' }),
  },
  {
    name: 'is held to the conditions',
    ask: self({ 'x-amz-copy-source-if-match': '"0"' }),
    ...failure('PreconditionFailed', { Condition: 'x-amz-copy-source-If-Match' }),
  },
])
rows('CopyObject of a restored object onto itself', bucket, [
  {
    name: 'is legal, and makes it one that needs no restoring',
    ask: async (name) => {
      await put(name, 'restored', 'hello', { ...COLOURED, 'x-amz-storage-class': 'GLACIER' })
      const body = '<RestoreRequest><Days>1</Days></RestoreRequest>'
      await must({ method: 'POST', bucket: name, key: 'restored', query: { restore: '' }, body })
      return copy({ key: 'restored', source: 'restored' })(name)
    },
    ...copied,
    and: leaves('restored', { ...COLOURED, 'x-amz-storage-class': null, 'x-amz-restore': null }),
  },
])

describe('CopyObject with conditions on the source', () => {
  const on = (condition: string) => `x-amz-copy-source-if-${condition}`
  const table: [name: string, headers: () => Record<string, string>, condition?: string][] = [
    ['copies if the ETag matches', () => ({ [on('match')]: HELLO })],
    ['copies if the ETag matches without its quotes', () => ({ [on('match')]: HELLO.slice(1, -1) })],
    ['fails if the ETag does not match', () => ({ [on('match')]: '"0"' }), 'If-Match'],
    ['copies if the ETag is another than the one not wanted', () => ({ [on('none-match')]: '"0"' })],
    ['fails if the ETag is the one not wanted', () => ({ [on('none-match')]: HELLO }), 'If-None-Match'],
    ['copies if modified since an earlier time', () => ({ [on('modified-since')]: http(-hour) })],
    [
      'fails if not modified since the very second',
      () => ({ [on('modified-since')]: lastModified }),
      'If-Modified-Since',
    ],
    ['ignores a time of modification in the future', () => ({ [on('modified-since')]: http(hour) })],
    [
      'fails if modified since an earlier time, written as Java does',
      () => ({ [on('unmodified-since')]: 'Tue, 9 Aug 2022 12:00:00 GMT' }),
      'If-Unmodified-Since',
    ],
    [
      'fails if not modified since the very second, written in the basic form',
      () => ({ [on('modified-since')]: basicTime(new Date(lastModified)) }),
      'If-Modified-Since',
    ],
    ['ignores what is no date', () => ({ [on('modified-since')]: 'yesterday' })],
    ['copies if not modified since a later time', () => ({ [on('unmodified-since')]: http(hour) })],
    ['copies if not modified since the very second', () => ({ [on('unmodified-since')]: lastModified })],
    [
      'fails if modified since an earlier time',
      () => ({ [on('unmodified-since')]: http(-hour) }),
      'If-Unmodified-Since',
    ],
    [
      'copies if the ETag matches, whatever If-Unmodified-Since says',
      () => ({ [on('match')]: HELLO, [on('unmodified-since')]: http(-hour) }),
    ],
    [
      'fails if the ETag is the one not wanted, whatever If-Modified-Since says',
      () => ({ [on('none-match')]: HELLO, [on('modified-since')]: http(-hour) }),
      'If-None-Match',
    ],
    [
      'names the first of two that fail',
      () => ({ [on('match')]: '"0"', [on('none-match')]: HELLO }),
      'If-Match',
    ],
  ]
  rows(
    'CopyObject',
    bucket,
    table.map(
      ([name, headers, condition]): Row => ({
        name,
        ask: (owner) => copy({ source: 'existing', headers: headers() })(owner),
        ...(condition === undefined
          ? copied
          : failure('PreconditionFailed', { Condition: `x-amz-copy-source-${condition}` })),
      }),
    ),
  )
})

rows('CopyObject with conditions on the destination', bucket, [
  {
    name: 'If-None-Match * copies to a key that is not there',
    ask: copy({ headers: { 'if-none-match': '*' } }),
    ...copied,
  },
  {
    name: 'If-None-Match * fails on a key that is there',
    ask: copy({ key: 'existing', headers: { 'if-none-match': '*' } }),
    ...failure('PreconditionFailed', { Condition: 'If-None-Match' }),
  },
  {
    name: 'If-None-Match with an ETag is not implemented',
    ask: copy({ key: 'existing', headers: { 'if-none-match': HELLO } }),
    ...failure('NotImplemented', {
      Header: 'If-None-Match',
      additionalMessage: "We don't accept the provided value of If-None-Match header for this API",
    }),
  },
  {
    name: 'If-Match * is not implemented',
    ask: copy({ key: 'existing', headers: { 'if-match': '*' } }),
    ...failure('NotImplemented', {
      Header: 'If-Match',
      additionalMessage: "We don't accept the provided value of If-Match header for this API",
    }),
  },
  {
    name: 'two conditions are not implemented',
    ask: copy({ key: 'existing', headers: { 'if-match': HELLO, 'if-none-match': '*' } }),
    ...failure('NotImplemented', {
      Header: 'If-Match,If-None-Match',
      additionalMessage: 'Multiple conditional request headers present in the request',
    }),
  },
  {
    name: 'If-Match with the destination’s ETag copies',
    ask: copy({ key: 'existing', headers: { 'if-match': HELLO } }),
    ...copied,
  },
  {
    name: 'a source that is not there is told before a condition that fails',
    ask: copy({ key: 'existing', source: 'nowhere', headers: { 'if-match': '"0"' } }),
    ...failure('NoSuchKey', { Key: 'nowhere' }),
  },
  {
    name: 'a condition on the source that fails is told before one on the destination',
    ask: copy({ key: 'existing', headers: { 'if-match': '"0"', 'x-amz-copy-source-if-match': '"0"' } }),
    ...failure('PreconditionFailed', { Condition: 'x-amz-copy-source-If-Match' }),
  },
  {
    name: 'If-Match on a key that is not there is NoSuchKey',
    ask: copy({ key: 'not-there', headers: { 'if-match': HELLO } }),
    ...failure('NoSuchKey', { Key: 'not-there' }),
  },
])

rows('CopyObject with checksums', bucket, [
  {
    name: 'the checksum of the source comes along and is told',
    ask: async (name) => {
      await put(name, 'crc32', 'hello', { 'x-amz-checksum-crc32': 'NhCmhg==' })
      return copy({ key: 'crc32-copy', source: 'crc32' })(name)
    },
    ...copied,
    xml: { CopyObjectResult: { ETag: HELLO, ChecksumCRC32: 'NhCmhg==', ChecksumType: 'FULL_OBJECT' } },
    and: async (_, name) => {
      const headers = { 'x-amz-checksum-mode': 'ENABLED' }
      const head = await must({ method: 'HEAD', bucket: name, key: 'crc32-copy', headers })
      expect(head.headers['x-amz-checksum-crc32']).toBe('NhCmhg==')
    },
    differs: {
      reason: 'OSS copies the checksum within the object’s metadata, without telling it to the copier',
      ...copied,
      and: async (_, name) => {
        const headers = { 'x-amz-checksum-mode': 'ENABLED' }
        const head = await must({ method: 'HEAD', bucket: name, key: 'crc32-copy', headers })
        expect(head.headers['x-amz-checksum-crc32']).toBe('NhCmhg==')
      },
    },
  },
  {
    name: 'an algorithm that is asked for is computed',
    ask: copy({ key: 'sha256', headers: { 'x-amz-checksum-algorithm': 'SHA256' } }),
    ...copied,
    xml: {
      CopyObjectResult: {
        ChecksumSHA256: 'LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=',
        ChecksumType: 'FULL_OBJECT',
      },
    },
  },
  {
    name: 'an algorithm that S3 does not know is refused',
    ask: copy({ headers: { 'x-amz-checksum-algorithm': 'ADLER32' } }),
    ...failure('InvalidRequest', {
      Message: expect.stringMatching(/^Checksum algorithm provided is unsupported\. Please try again/),
    }),
  },
])

rows('CopyObject of an object in parts', bucket, [
  {
    name: 'a copy of an object in parts has a plain ETag',
    ask: async (name) => {
      const key = 'in-parts'
      const begun = await must({ method: 'POST', bucket: name, key, query: { uploads: '' } })
      const uploadId = String((begun.xml.InitiateMultipartUploadResult as Xml).UploadId)
      const query = { partNumber: '1', uploadId }
      const { etag } = (await must({ method: 'PUT', bucket: name, key, query, body: 'hello' })).headers
      const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`
      await must({ method: 'POST', bucket: name, key, query: { uploadId }, body })
      return copy({ source: 'in-parts' })(name)
    },
    ...copied,
    differs: {
      reason: 'a copy that OSS makes keeps its source’s ETag',
      status: 200,
      xml: { CopyObjectResult: { ETag: expect.stringMatching(/^"[0-9a-f]{32}-1"$/) } },
    },
  },
  {
    name: 'an ACL is not copied',
    ask: async (name) => {
      await put(name, 'public', 'hello', { 'x-amz-acl': 'public-read' })
      return copy({ key: 'private', source: 'public' })(name)
    },
    ...copied,
    and: async (_, name) => {
      const { text } = await must({ bucket: name, key: 'private', query: { acl: '' } })
      expect(text).not.toContain('AllUsers')
      expect((await send({ bucket: name, key: 'private', sign: 'none' })).status).toBe(403)
    },
  },
])

describe('headers of copies', () => {
  const misplaced = (header: string, value: string, ask: Partial<Ask>): Row => ({
    name: `${header} says nothing here`,
    ask: { method: 'PUT', key: 'no-copy', body: 'x', ...ask, headers: { ...ask.headers, [header]: value } },
    ...failure('InvalidArgument', {
      Message: 'The specified header is not valid in this context',
      ArgumentName: header,
      ArgumentValue: value,
    }),
    and: async (_, name) => expect((await send({ bucket: name, key: 'no-copy' })).status).toBe(404),
  })
  const ofCopies: [header: string, value: string][] = [
    ['x-amz-metadata-directive', 'REPLACE'],
    ['x-amz-tagging-directive', 'COPY'],
    ['x-amz-copy-source-range', 'bytes=0-1'],
    ['x-amz-copy-source-if-match', HELLO],
    ['x-amz-copy-source-if-none-match', '"0"'],
    ['x-amz-copy-source-if-modified-since', 'Tue, 09 Aug 2022 12:00:00 GMT'],
    ['x-amz-copy-source-if-unmodified-since', 'Tue, 09 Aug 2022 12:00:00 GMT'],
    ['x-amz-source-expected-bucket-owner', '123456789012'],
  ]
  const writes: [operation: string, ask: Partial<Ask>][] = [
    ['PutObject', {}],
    ['CreateMultipartUpload', { method: 'POST', query: { uploads: '' }, body: '' }],
  ]
  for (const [operation, ask] of writes) {
    rows(
      operation,
      bucket,
      ofCopies.map(([header, value]) => misplaced(header, value, ask)),
    )
  }
  rows('CopyObject', bucket, [
    {
      ...misplaced('x-amz-copy-source-range', 'bytes=0-1', {}),
      ask: copy({ key: 'no-copy', headers: { 'x-amz-copy-source-range': 'bytes=0-1' } }),
    },
  ])
})
