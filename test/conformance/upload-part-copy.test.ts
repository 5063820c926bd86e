import * as zlib from 'node:zlib'
import { expect } from 'vitest'
import { md5 } from '../encodings.ts'
import { failure } from './errors.ts'
import { must } from './s3.ts'
import { ownBucket, put, type Row, rows } from './table.ts'
import { begin, completion, part } from './uploads.ts'

const crc32 = (text: string) =>
  Buffer.from(zlib.crc32(text).toString(16).padStart(8, '0'), 'hex').toString('base64')
const TEN = '0123456789'
const ETAG = `"${md5(TEN)}"`
const hour = 3_600_000
const http = (offset: number) => new Date(Date.now() + offset).toUTCString()
const bucket = ownBucket(async (name) => {
  await put(name, 'ten', TEN)
})
let count = 0
const copying =
  (headers: Record<string, string> = {}, query: Record<string, string> = {}) =>
  async (name: string) => {
    const key = `copy-${count++}`
    const uploadId = query.uploadId ?? (await begin(name, key))
    return {
      method: 'PUT',
      key,
      query: { partNumber: '1', ...query, uploadId },
      headers: { 'x-amz-copy-source': `${name}/ten`, ...headers },
    }
  }
const copied = (content: string) => ({
  status: 200,
  headers: { 'content-type': /^application\/xml/ },
  xml: {
    CopyPartResult: {
      ETag: `"${md5(content)}"`,
      LastModified: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/),
    },
  },
})
const FORM =
  'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy'
const RANGE = 'x-amz-copy-source-range'
const on = (condition: string) => `x-amz-copy-source-if-${condition}`

const misplaced = (header: string, value: string): Row => ({
  name: `${header} says nothing of a part`,
  ask: copying({ [header]: value }),
  ...failure('InvalidArgument', {
    Message: 'The specified header is not valid in this context',
    ArgumentName: header,
    ArgumentValue: value,
  }),
})

rows('UploadPartCopy', bucket, [
  misplaced('x-amz-metadata-directive', 'REPLACE'),
  misplaced('x-amz-metadata-directive', 'COPY'),
  misplaced('x-amz-tagging-directive', 'REPLACE'),
  misplaced('x-amz-tagging', 'a=b'),
  misplaced('x-amz-acl', 'public-read'),
  misplaced('x-amz-grant-write', 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'),
  misplaced('x-amz-grant-read', 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'),
  misplaced('x-amz-storage-class', 'GLACIER'),
  {
    name: 'metadata says nothing of a part',
    ask: copying({ 'x-amz-meta-colour': 'red' }),
    ...failure('InvalidArgument', {
      Message: 'Metadata cannot be specified in this context.',
      ArgumentName: 'x-amz-meta-colour',
      ArgumentValue: 'red',
    }),
  },
  {
    name: 'encryption is chosen when the upload begins',
    ask: copying({ 'x-amz-server-side-encryption': 'AES256' }),
    ...failure('InvalidArgument', {
      Message: 'x-amz-server-side-encryption header is not supported for this operation.',
      ArgumentName: 'x-amz-server-side-encryption',
    }),
  },
  { name: 'the answer has the part’s ETag and its time', ask: copying(), ...copied(TEN) },
  {
    name: 'the encryption of the upload is told',
    ask: async (name) => {
      const uploadId = await begin(name, 'sealed', { 'x-amz-server-side-encryption': 'AES256' })
      return { ...(await copying({}, { uploadId })(name)), key: 'sealed' }
    },
    ...copied(TEN),
    headers: { 'x-amz-server-side-encryption': 'AES256' },
  },
  { name: 'a range is copied', ask: copying({ [RANGE]: 'bytes=2-5' }), ...copied('2345') },
  { name: 'a range of one byte is copied', ask: copying({ [RANGE]: 'bytes=9-9' }), ...copied('9') },
  ...[
    '0-8',
    'bytes=1-0',
    'bytes=-1-',
    'bytes=0--1',
    'bytes=0-1,3-4',
    'bytes=-',
    'bytes=-2',
    'bytes=1-',
    'bytes=a-b',
  ].map(
    (range): Row => ({
      name: `${range} is no range to copy`,
      ask: copying({ [RANGE]: range }),
      ...failure('InvalidArgument', { Message: FORM, ArgumentName: RANGE, ArgumentValue: range }),
    }),
  ),
  {
    name: 'a range that ends beyond the source is refused with its size',
    ask: copying({ [RANGE]: 'bytes=0-100' }),
    ...failure('InvalidArgument', {
      Message: 'Range specified is not valid for source object of size: 10',
      ArgumentName: RANGE,
      ArgumentValue: 'bytes=0-100',
    }),
  },
  {
    name: 'a range that begins beyond the source is an invalid request',
    ask: copying({ [RANGE]: 'bytes=100-200' }),
    ...failure('InvalidRequest', {
      Message: 'The specified copy range is invalid for the source object size',
    }),
  },
  {
    name: 'an upload that is not there is named',
    ask: copying({}, { uploadId: 'no-such-upload' }),
    ...failure('NoSuchUpload', { UploadId: 'no-such-upload' }),
  },
  {
    name: 'part 0 is no part number',
    ask: copying({}, { partNumber: '0' }),
    ...failure('InvalidArgument', {
      Message: 'Part number must be an integer between 1 and 10000, inclusive',
      ArgumentName: 'partNumber',
      ArgumentValue: '0',
    }),
  },
  {
    name: 'a source that is not there is named',
    ask: (name) => copying({ 'x-amz-copy-source': `${name}/nothing` })(name),
    ...failure('NoSuchKey', { Key: 'nothing' }),
  },
  {
    name: 'a source bucket that is not there is named',
    ask: copying({ 'x-amz-copy-source': 'conformance-no-such-bucket/k' }),
    ...failure('NoSuchBucket', { BucketName: 'conformance-no-such-bucket' }),
  },
  {
    name: 'metadata is the upload’s, not the source’s',
    ask: async (name) => {
      await put(name, 'described', TEN, { 'x-amz-meta-colour': 'red', 'content-type': 'text/plain' })
      const key = 'from-parts'
      const uploadId = await begin(name, key, { 'x-amz-meta-colour': 'blue' })
      const headers = { 'x-amz-copy-source': `${name}/described` }
      await must({ method: 'PUT', bucket: name, key, query: { partNumber: '1', uploadId }, headers })
      const body = completion([{ number: 1, etag: ETAG }])
      return { method: 'POST', key, query: { uploadId }, body }
    },
    status: 200,
    and: async (_, name) => {
      const { headers, text } = await must({ bucket: name, key: 'from-parts' })
      expect(text).toBe(TEN)
      expect(headers['x-amz-meta-colour']).toBe('blue')
      expect(headers['content-type']).toBe('binary/octet-stream')
    },
  },
  {
    name: 'copied and uploaded parts make one object',
    ask: async (name) => {
      const key = 'mixed'
      const at = { bucket: name, key, uploadId: await begin(name, key) }
      const headers = { 'x-amz-copy-source': `${name}/big` }
      await put(name, 'big', Buffer.alloc(5 * 1024 * 1024, 'b'))
      const query = { partNumber: '1', uploadId: at.uploadId }
      const copy = await must({ method: 'PUT', bucket: name, key, query, headers })
      const copiedEtag = /<ETag>(?:"|&quot;|&#34;)?([0-9a-f]+)/.exec(copy.text)?.[1] ?? ''
      const etag = await part(at, 2, 'end')
      const body = completion([
        { number: 1, etag: copiedEtag },
        { number: 2, etag },
      ])
      return { method: 'POST', key, query: { uploadId: at.uploadId }, body }
    },
    status: 200,
    and: async (_, name) => {
      const { headers } = await must({ method: 'HEAD', bucket: name, key: 'mixed' })
      expect(headers['content-length']).toBe(String(5 * 1024 * 1024 + 3))
    },
  },
])

const conditions: [name: string, headers: () => Record<string, string>, failed?: string][] = [
  ['copies if the ETag matches', () => ({ [on('match')]: ETAG })],
  ['fails if the ETag does not match', () => ({ [on('match')]: '"0"' }), 'If-Match'],
  ['fails if the ETag is the one not wanted', () => ({ [on('none-match')]: ETAG }), 'If-None-Match'],
  ['copies if modified since an earlier time', () => ({ [on('modified-since')]: http(-hour) })],
  [
    'fails if modified since an earlier time',
    () => ({ [on('unmodified-since')]: http(-hour) }),
    'If-Unmodified-Since',
  ],
  [
    'copies if the ETag matches, whatever If-Unmodified-Since says',
    () => ({ [on('match')]: ETAG, [on('unmodified-since')]: http(-hour) }),
  ],
  [
    'fails if the ETag is the one not wanted, whatever If-Modified-Since says',
    () => ({ [on('none-match')]: ETAG, [on('modified-since')]: http(-hour) }),
    'If-None-Match',
  ],
]
rows(
  'UploadPartCopy with conditions',
  bucket,
  conditions.map(
    ([name, headers, failed]): Row => ({
      name,
      ask: (owner) => copying(headers())(owner),
      ...(failed === undefined
        ? copied(TEN)
        : failure('PreconditionFailed', { Condition: `x-amz-copy-source-${failed}` })),
    }),
  ),
)

rows('UploadPartCopy into an upload with a checksum', bucket, [
  {
    name: 'the part’s checksum is computed and told',
    ask: async (name) => {
      const uploadId = await begin(name, 'sum', { 'x-amz-checksum-algorithm': 'CRC32' })
      const headers = { 'x-amz-copy-source': `${name}/ten` }
      return { method: 'PUT', key: 'sum', query: { partNumber: '1', uploadId }, headers }
    },
    status: 200,
    xml: { CopyPartResult: { ETag: ETAG, ChecksumCRC32: crc32(TEN) } },
  },
])
