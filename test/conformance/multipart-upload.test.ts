import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import { md5, sha256 } from '../encodings.ts'
import { failure, refused } from './errors.ts'
import { must, send, type Xml } from './s3.ts'
import { ownBucket, put, type Row, rows } from './table.ts'
import { begin, completion, MIN_PART, part } from './uploads.ts'

const bucket = ownBucket(async (name) => {
  await put(name, 'existing')
})
const NONE = 'no-such-upload'
const NUMBER = 'Part number must be an integer between 1 and 10000, inclusive'
let count = 0
const five = Buffer.alloc(MIN_PART, 'a')
const md5OfMd5s = (...etags: string[]) =>
  `"${createHash('md5')
    .update(Buffer.from(etags.map((etag) => etag.replaceAll('"', '')).join(''), 'hex'))
    .digest('hex')}-${etags.length}"`
/** OSS's own formula: a test of its Java SDK, calcMultipartsETag. */
const md5OfTags = (...etags: string[]) =>
  `"${createHash('md5').update(etags.join('').replaceAll('"', '').toUpperCase()).digest('hex')}-${etags.length}"`

const create = (headers: Record<string, string> = {}, key = `create-${count++}`) => ({
  method: 'POST',
  key,
  query: { uploads: '' },
  headers,
})
rows('CreateMultipartUpload', bucket, [
  {
    name: 'the answer names bucket, key and upload',
    ask: create({}, 'created'),
    status: 200,
    headers: { 'content-type': /^application\/xml/ },
    xml: { InitiateMultipartUploadResult: { Key: 'created', UploadId: expect.stringMatching(/^\S+$/) } },
    and: ({ xml }, name) => expect((xml.InitiateMultipartUploadResult as Xml).Bucket).toBe(name),
  },
  {
    name: 'a checksum algorithm is echoed with its type',
    ask: create({ 'x-amz-checksum-algorithm': 'CRC32' }),
    status: 200,
    headers: { 'x-amz-checksum-algorithm': 'CRC32', 'x-amz-checksum-type': 'COMPOSITE' },
  },
  {
    name: 'CRC64NVME is of the full object',
    ask: create({ 'x-amz-checksum-algorithm': 'CRC64NVME' }),
    status: 200,
    headers: { 'x-amz-checksum-algorithm': 'CRC64NVME', 'x-amz-checksum-type': 'FULL_OBJECT' },
  },
  {
    name: 'the checksum of the empty body is accepted',
    ask: create({ 'x-amz-checksum-crc32': 'AAAAAA==' }),
    status: 200,
  },
  {
    name: 'a checksum of another body than the empty one is BadDigest',
    ask: create({ 'x-amz-checksum-crc32': 'NhCmhg==' }),
    ...failure('BadDigest', { Message: 'The CRC32 you specified did not match the calculated checksum.' }),
  },
  {
    name: 'a checksum of an algorithm that nobody knows is refused',
    ask: create({ 'x-amz-checksum-foo': 'AAAAAA==' }),
    ...refused('x-amz-checksum-foo'),
  },
  {
    name: 'a checksum type without an algorithm is refused',
    ask: create({ 'x-amz-checksum-type': 'COMPOSITE' }),
    ...failure('InvalidRequest', {
      Message: 'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
    }),
  },
  {
    name: 'CRC64NVME cannot be composite',
    ask: create({ 'x-amz-checksum-algorithm': 'CRC64NVME', 'x-amz-checksum-type': 'COMPOSITE' }),
    ...failure('InvalidRequest', {
      Message: 'The COMPOSITE checksum type cannot be used with the crc64nvme checksum algorithm.',
    }),
  },
  ...['MD5', 'SHA512', 'XXHASH128', 'XXHASH3', 'XXHASH64'].map(
    (algorithm): Row => ({
      name: `${algorithm} is composite`,
      ask: create({ 'x-amz-checksum-algorithm': algorithm }),
      status: 200,
      headers: { 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': 'COMPOSITE' },
    }),
  ),
  {
    name: 'encryption is told',
    ask: create({ 'x-amz-server-side-encryption': 'AES256' }),
    status: 200,
    headers: { 'x-amz-server-side-encryption': 'AES256' },
  },
  ...['SHA1', 'SHA256', 'SHA512', 'MD5', 'XXHASH64'].map(
    (algorithm): Row => ({
      name: `${algorithm} cannot be of the full object`,
      ask: create({ 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': 'FULL_OBJECT' }),
      ...failure('InvalidRequest', {
        Message: `The FULL_OBJECT checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
      }),
    }),
  ),
  {
    name: 'an algorithm that S3 does not know is refused',
    ask: create({ 'x-amz-checksum-algorithm': 'ADLER32' }),
    ...failure('InvalidRequest', {
      Message: expect.stringMatching(/^Checksum algorithm provided is unsupported\. Please try again/),
    }),
  },
  {
    name: 'an unknown storage class is refused by name',
    ask: create({ 'x-amz-storage-class': 'COLDEST' }),
    ...failure('InvalidStorageClass', { StorageClassRequested: 'COLDEST' }),
  },
  {
    name: 'a bucket that is not there is named',
    ask: { ...create(), bucket: 'conformance-no-such-bucket' },
    ...failure('NoSuchBucket', { BucketName: 'conformance-no-such-bucket' }),
  },
  {
    name: 'metadata of more than 2 KB is too large',
    ask: create({ 'x-amz-meta-a': 'v'.repeat(2100) }),
    ...failure('MetadataTooLarge', { MaxSizeAllowed: '2048' }),
  },
])

const uploading =
  (query: Record<string, string> = {}, headers: Record<string, string> = {}, key = `part-${count++}`) =>
  async (name: string) => ({
    method: 'PUT',
    key,
    query: { partNumber: '1', uploadId: query.uploadId ?? (await begin(name, key)), ...query },
    body: 'hello',
    headers,
  })
rows('UploadPart', bucket, [
  ...['', '-aws-kms-key-id', '-bucket-key-enabled'].map((suffix): Row => {
    const name = `x-amz-server-side-encryption${suffix}`
    return {
      name: `${name} is the upload’s, not the part’s`,
      ask: uploading({}, { [name]: 'AES256' }),
      ...failure('InvalidArgument', { Message: `${name} header is not supported for this operation.` }),
    }
  }),
  {
    name: 'the encryption of the upload is told',
    ask: async (name) => {
      const uploadId = await begin(name, 'sealed', { 'x-amz-server-side-encryption': 'AES256' })
      return uploading({ uploadId }, {}, 'sealed')(name)
    },
    status: 200,
    headers: { 'x-amz-server-side-encryption': 'AES256' },
  },
  {
    name: 'without encryption none is told',
    ask: uploading(),
    status: 200,
    headers: { 'x-amz-server-side-encryption': null },
  },
  {
    name: 'the answer is an empty 200 with the part’s MD5 as its ETag',
    ask: uploading(),
    status: 200,
    body: '',
    headers: { etag: `"${md5('hello')}"` },
  },
  {
    name: 'a part’s checksum is echoed',
    ask: uploading({}, { 'x-amz-checksum-crc32': 'NhCmhg==' }),
    status: 200,
    headers: { 'x-amz-checksum-crc32': 'NhCmhg==' },
  },
  {
    name: 'a checksum of other bytes is BadDigest',
    ask: uploading({}, { 'x-amz-checksum-crc32': 'AAAAAA==' }),
    ...failure('BadDigest', { Message: 'The CRC32 you specified did not match the calculated checksum.' }),
  },
  {
    name: 'a Content-MD5 of other bytes is BadDigest',
    ask: uploading({}, { 'content-md5': Buffer.from(md5('other'), 'hex').toString('base64') }),
    ...failure('BadDigest'),
  },
  {
    name: 'an upload that is not there is named',
    ask: uploading({ uploadId: NONE }),
    ...failure('NoSuchUpload', { UploadId: NONE }),
  },
  {
    name: 'an upload of another key is not there',
    ask: async (name) => uploading({ uploadId: await begin(name, 'one-key') }, {}, 'another-key')(name),
    ...failure('NoSuchUpload'),
  },
  ...['0', '10001', '-1', '-4', '1e3', '+1', '1.5', '0x1', ' 1', '99999999999', 'one', ''].map(
    (partNumber): Row => ({
      name: `${partNumber || 'nothing'} is no part number`,
      ask: uploading({ partNumber }),
      ...failure('InvalidArgument', {
        Message: NUMBER,
        ArgumentName: 'partNumber',
        ArgumentValue: partNumber,
      }),
    }),
  ),
  { name: 'part 10000 is the last', ask: uploading({ partNumber: '10000' }), status: 200 },
  {
    name: 'a bucket that is not there is named',
    ask: async (name) => ({ ...(await uploading()(name)), bucket: 'conformance-no-such-bucket' }),
    ...failure('NoSuchBucket', { BucketName: 'conformance-no-such-bucket' }),
  },
])

type Completing = {
  key?: string
  uploadHeaders?: Record<string, string>
  bodies?: (string | Uint8Array)[]
  partHeaders?: Record<string, string>
  /** What is made of the parts. */
  document?: (etags: string[]) => string
  headers?: Record<string, string>
}
const listed = (etags: string[]) => completion(etags.map((etag, index) => ({ number: index + 1, etag })))
const completing =
  ({
    key,
    uploadHeaders,
    bodies = ['hello'],
    partHeaders,
    document = listed,
    headers = {},
  }: Completing = {}) =>
  async (bucketName: string) => {
    const name = key ?? `complete-${count++}`
    const uploadId = await begin(bucketName, name, uploadHeaders)
    const at = { bucket: bucketName, key: name, uploadId }
    const etags: string[] = []
    for (const [index, body] of bodies.entries()) etags.push(await part(at, index + 1, body, partHeaders))
    return { method: 'POST', key: name, query: { uploadId }, body: document(etags), headers }
  }
/** The ETag of an upload of one part. */
const one = expect.stringMatching(/^"[0-9a-f]{32}-1"$/)
const completed = {
  status: 200,
  headers: { 'content-type': /^application\/xml/ },
  xml: { CompleteMultipartUploadResult: { ETag: one } },
}
const composite = (more: string) => (etags: string[]) =>
  completion(etags.map((etag, index) => ({ number: index + 1, etag, more })))

rows('CompleteMultipartUpload', bucket, [
  {
    name: 'the answer names location, bucket and key, and the ETag counts the parts',
    ask: completing({ key: 'whole', bodies: [five, 'end'] }),
    status: 200,
    xml: {
      CompleteMultipartUploadResult: {
        Key: 'whole',
        Location: expect.stringMatching(/whole$/),
        ETag: expect.stringMatching(/^"[0-9a-f]{32}-2"$/),
      },
    },
    and: async (answer, name) => {
      const object = await must({ bucket: name, key: 'whole' })
      expect(object.body.length).toBe(MIN_PART + 3)
      expect(object.text.endsWith('aend')).toBe(true)
      const { ETag } = answer.xml.CompleteMultipartUploadResult as Xml
      expect(object.headers.etag).toBe(ETag)
    },
  },
  {
    name: 'the ETag is the MD5 of the parts’ MD5s',
    ask: completing({ key: 'tagged', bodies: [five, 'end'] }),
    status: 200,
    xml: { CompleteMultipartUploadResult: { ETag: md5OfMd5s(md5(five), md5('end')) } },
    differs: {
      reason: 'OSS hashes the text of their ETags',
      status: 200,
      xml: { CompleteMultipartUploadResult: { ETag: md5OfTags(md5(five), md5('end')) } },
    },
  },
  {
    name: 'what was said at the beginning is the object’s',
    ask: completing({
      key: 'described',
      uploadHeaders: {
        'content-type': 'text/plain',
        'cache-control': 'no-store',
        'x-amz-meta-colour': 'blue',
        'x-amz-tagging': 'a=1',
      },
    }),
    ...completed,
    and: async (_, name) => {
      const head = await must({ method: 'HEAD', bucket: name, key: 'described' })
      expect(head.headers).toMatchObject({
        'content-type': 'text/plain',
        'cache-control': 'no-store',
        'x-amz-meta-colour': 'blue',
      })
      const tags = await must({ bucket: name, key: 'described', query: { tagging: '' } })
      expect(tags.xml).toMatchObject({ Tagging: { TagSet: { Tag: [{ Key: 'a', Value: '1' }] } } })
    },
  },
  ...Object.entries({
    'a part’s ETag twice': (part: string) => part.replace(/(<ETag>.*<\/ETag>)/, '$1<ETag>a</ETag>'),
    'a part’s number twice': (part: string) => `<PartNumber>2</PartNumber>${part}`,
    'an element within an ETag': (part: string) => part.replace('</ETag>', '<a>b</a></ETag>'),
    'text in a part': (part: string) => `a${part}`,
    'an element that no part has': (part: string) => `${part}<Length>5</Length>`,
    'a checksum twice': (part: string) => part + '<ChecksumCRC32>NhCmhg==</ChecksumCRC32>'.repeat(2),
  }).map(
    ([what, change]): Row => ({
      name: `${what} is malformed`,
      ask: completing({
        document: (etags) =>
          listed(etags).replace(/<Part>(.*?)<\/Part>/, (_, part) => `<Part>${change(part)}</Part>`),
      }),
      ...failure('MalformedXML'),
    }),
  ),
  ...Object.entries({ text: 'a', 'an element besides the parts': '<Other/>' }).map(
    ([what, more]): Row => ({
      name: `${what} is malformed`,
      ask: completing({ document: (etags) => listed(etags).replace('<Part>', `${more}<Part>`) }),
      ...failure('MalformedXML'),
    }),
  ),
  {
    name: 'ETags may be without quotes',
    ask: completing({ document: (etags) => listed(etags.map((etag) => etag.replaceAll('"', ''))) }),
    ...completed,
  },
  {
    name: 'ETags may have their quotes as references, as rclone writes them',
    ask: completing({ document: (etags) => listed(etags.map((etag) => etag.replaceAll('"', '&#34;'))) }),
    ...completed,
  },
  {
    name: 'numbers of parts may have gaps',
    ask: async (name) => {
      const uploadId = await begin(name, 'gaps')
      const etag = await part({ bucket: name, key: 'gaps', uploadId }, 7, 'hello')
      const body = completion([{ number: 7, etag }])
      return { method: 'POST', key: 'gaps', query: { uploadId }, body }
    },
    ...completed,
  },
  {
    name: 'a part may be left out',
    ask: completing({ bodies: ['hello', 'left out'], document: ([etag = '']) => listed([etag]) }),
    ...completed,
  },
  {
    name: 'parts have to be in order',
    ask: completing({
      bodies: ['hello', 'end'],
      document: ([first = '', second = '']) =>
        completion([
          { number: 2, etag: second },
          { number: 1, etag: first },
        ]),
    }),
    ...failure('InvalidPartOrder', { UploadId: expect.any(String) }),
  },
  {
    name: 'a part that is not the last has at least 5 MiB',
    ask: completing({ bodies: ['hello', 'end'] }),
    ...failure('EntityTooSmall', {
      ETag: md5('hello'),
      MinSizeAllowed: '5242880',
      PartNumber: '1',
      ProposedSize: '5',
    }),
  },
  {
    name: 'the encryption of the upload is told',
    ask: completing({ uploadHeaders: { 'x-amz-server-side-encryption': 'AES256' } }),
    ...completed,
    headers: { 'x-amz-server-side-encryption': 'AES256' },
  },
  {
    name: 'it may be asked for again',
    ask: async (name) => {
      const ask = await completing({ key: 'again' })(name)
      await must({ bucket: name, ...ask })
      return ask
    },
    ...completed,
  },
  {
    name: 'with other parts it may not be asked for again',
    ask: async (name) => {
      const ask = await completing({ key: 'again-otherwise' })(name)
      await must({ bucket: name, ...ask })
      return { ...ask, body: completion([{ number: 1, etag: md5('other') }]) }
    },
    ...failure('NoSuchUpload'),
  },
  ...['0', '10001', '-4'].map(
    (number): Row => ({
      name: `${number} is no part number`,
      ask: completing({ document: ([etag = '']) => completion([{ number: Number(number), etag }]) }),
      ...failure('InvalidArgument', { Message: NUMBER, ArgumentValue: number }),
    }),
  ),
  ...['1e3', 'one', '', '1.5'].map(
    (number): Row => ({
      name: `'${number}' is malformed as a part number`,
      ask: completing({ document: ([etag = '']) => completion([{ number: number as never, etag }]) }),
      ...failure('MalformedXML'),
    }),
  ),
  {
    name: 'a part that was not uploaded is named',
    ask: completing({ document: () => completion([{ number: 2, etag: `"${md5('x')}"` }]) }),
    ...failure('InvalidPart', { PartNumber: '2', UploadId: expect.any(String), ETag: md5('x') }),
  },
  {
    name: 'a part with another ETag is named',
    ask: completing({ document: () => completion([{ number: 1, etag: `"${md5('x')}"` }]) }),
    ...failure('InvalidPart', { PartNumber: '1', UploadId: expect.any(String), ETag: md5('x') }),
  },
  {
    name: 'no parts are refused',
    ask: completing({ document: () => completion([]) }),
    ...failure('InvalidRequest', { Message: 'You must specify at least one part' }),
  },
  {
    name: 'what is no XML is malformed',
    ask: completing({ document: () => 'part 1, please' }),
    ...failure('MalformedXML'),
  },
  {
    name: 'another document is malformed',
    ask: completing({ document: () => '<Tagging/>' }),
    ...failure('MalformedXML'),
  },
  {
    name: 'an upload that is not there is named',
    ask: {
      method: 'POST',
      key: 'k',
      query: { uploadId: NONE },
      body: completion([{ number: 1, etag: 'x' }]),
    },
    ...failure('NoSuchUpload', { UploadId: NONE }),
  },
  {
    name: 'a matching size of the object is accepted',
    ask: completing({ headers: { 'x-amz-mp-object-size': '5' } }),
    ...completed,
  },
  {
    name: 'another size of the object is refused',
    ask: completing({ headers: { 'x-amz-mp-object-size': '6' } }),
    ...failure('InvalidRequest', {
      Message: "The provided 'x-amz-mp-object-size' header value 6 does not match what was computed: 5",
    }),
  },
  {
    name: 'If-None-Match * completes what is not there',
    ask: completing({ headers: { 'if-none-match': '*' } }),
    ...completed,
  },
  {
    name: 'If-None-Match * fails on what is there',
    ask: completing({ key: 'existing', headers: { 'if-none-match': '*' } }),
    ...failure('PreconditionFailed', { Condition: 'If-None-Match' }),
  },
  {
    name: 'If-Match with another ETag fails',
    ask: completing({ key: 'existing', headers: { 'if-match': '"0"' } }),
    ...failure('PreconditionFailed', { Condition: 'If-Match' }),
  },
])

const sums: Record<string, string> = {
  CRC32: 'NhCmhg==',
  SHA256: Buffer.from(sha256('hello'), 'hex').toString('base64'),
}
rows('CompleteMultipartUpload with checksums', bucket, [
  ...(
    [
      [
        'more than a checksum',
        '<ChecksumCRC32>NhCmhg==a</ChecksumCRC32>',
        'BadDigest',
        'The crc32 you specified for part 1 did not match what we received.',
      ],
      [
        'none',
        '<ChecksumCRC32/>',
        'BadDigest',
        'The crc32 you specified for part 1 did not match what we received.',
      ],
      [
        'one of another algorithm',
        '<ChecksumCRC32>NhCmhg==</ChecksumCRC32><ChecksumCRC32C>mnG7TA==</ChecksumCRC32C>',
        'InvalidRequest',
        'Checksum Type mismatch occurred, expected checksum Type: crc32, actual checksum Type: crc32c',
      ],
    ] as const
  ).map(
    ([what, more, code, Message]): Row => ({
      name: `a part’s checksum that is ${what} is refused`,
      ask: completing({
        uploadHeaders: { 'x-amz-checksum-algorithm': 'CRC32' },
        partHeaders: { 'x-amz-checksum-crc32': 'NhCmhg==' },
        document: composite(more),
      }),
      ...failure(code, { Message }),
    }),
  ),
  {
    name: 'a composite checksum is told with the number of its parts',
    ask: completing({
      key: 'composite',
      uploadHeaders: { 'x-amz-checksum-algorithm': 'CRC32' },
      partHeaders: { 'x-amz-checksum-crc32': 'NhCmhg==' },
      document: composite('<ChecksumCRC32>NhCmhg==</ChecksumCRC32>'),
    }),
    status: 200,
    xml: {
      CompleteMultipartUploadResult: {
        ETag: one,
        ChecksumCRC32: expect.stringMatching(/^[\w+/]+==-1$/),
        ChecksumType: 'COMPOSITE',
      },
    },
    and: async ({ xml }, name) => {
      const headers = { 'x-amz-checksum-mode': 'ENABLED' }
      const head = await must({ method: 'HEAD', bucket: name, key: 'composite', headers })
      const told = (xml.CompleteMultipartUploadResult as Xml).ChecksumCRC32
      expect(head.headers['x-amz-checksum-crc32']).toBe(told)
      expect(head.headers['x-amz-checksum-type']).toBe('COMPOSITE')
    },
    differs: {
      reason:
        'OSS takes no metadata when an upload ends, and it is kept with the setting storeChecksums alone',
      status: 200,
      xml: { CompleteMultipartUploadResult: { ChecksumCRC32: expect.stringMatching(/==-1$/) } },
    },
  },
  {
    name: 'a full-object checksum is that of all bytes',
    ask: completing({
      uploadHeaders: { 'x-amz-checksum-algorithm': 'CRC32', 'x-amz-checksum-type': 'FULL_OBJECT' },
      partHeaders: { 'x-amz-checksum-crc32': 'NhCmhg==' },
      document: composite('<ChecksumCRC32>NhCmhg==</ChecksumCRC32>'),
    }),
    status: 200,
    xml: { CompleteMultipartUploadResult: { ChecksumCRC32: 'NhCmhg==', ChecksumType: 'FULL_OBJECT' } },
  },
  {
    name: 'a full-object checksum of other bytes is BadDigest',
    ask: completing({
      uploadHeaders: { 'x-amz-checksum-algorithm': 'CRC32', 'x-amz-checksum-type': 'FULL_OBJECT' },
      partHeaders: { 'x-amz-checksum-crc32': 'NhCmhg==' },
      headers: { 'x-amz-checksum-crc32': 'AAAAAA==' },
    }),
    ...failure('BadDigest', { Message: 'The crc32 you specified did not match the calculated checksum.' }),
    differs: {
      reason: 'the checksum of the whole is worked out from those of the parts, which have to be named',
      ...refused('x-amz-checksum-crc32'),
    },
  },
  {
    name: 'a full-object checksum of other bytes than the parts named is BadDigest',
    ask: completing({
      uploadHeaders: { 'x-amz-checksum-algorithm': 'CRC32', 'x-amz-checksum-type': 'FULL_OBJECT' },
      partHeaders: { 'x-amz-checksum-crc32': 'NhCmhg==' },
      document: composite('<ChecksumCRC32>NhCmhg==</ChecksumCRC32>'),
      headers: { 'x-amz-checksum-crc32': 'AAAAAA==' },
    }),
    ...failure('BadDigest', { Message: 'The crc32 you specified did not match the calculated checksum.' }),
  },
  {
    name: 'a checksum type for an upload begun without an algorithm is refused',
    ask: completing({ headers: { 'x-amz-checksum-type': 'COMPOSITE' } }),
    ...failure('InvalidRequest', {
      Message:
        'The upload was created using the null checksum mode. The complete request must use the same checksum mode.',
    }),
  },
  ...['CRC32', 'SHA256'].map(
    (algorithm): Row => ({
      name: `a composite upload with ${algorithm} wants the checksum of each part`,
      ask: completing({
        uploadHeaders: { 'x-amz-checksum-algorithm': algorithm },
        partHeaders: { [`x-amz-checksum-${algorithm.toLowerCase()}`]: sums[algorithm] ?? '' },
      }),
      ...failure('InvalidRequest', {
        Message: `The upload was created using a ${algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part 1 in the request.`,
      }),
    }),
  ),
  {
    name: 'a part’s checksum of another algorithm is a mismatch',
    ask: async (name) => {
      const key = `mismatch-${count++}`
      const uploadId = await begin(name, key, { 'x-amz-checksum-algorithm': 'SHA256' })
      const headers = { 'x-amz-checksum-crc32': 'NhCmhg==' }
      return { method: 'PUT', key, query: { partNumber: '1', uploadId }, body: 'hello', headers }
    },
    ...failure('InvalidRequest', {
      Message: 'Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum Type: crc32',
    }),
  },
  {
    name: 'another type of checksum than at the beginning is refused',
    ask: completing({
      uploadHeaders: { 'x-amz-checksum-algorithm': 'CRC32' },
      partHeaders: { 'x-amz-checksum-crc32': 'NhCmhg==' },
      document: composite('<ChecksumCRC32>NhCmhg==</ChecksumCRC32>'),
      headers: { 'x-amz-checksum-type': 'FULL_OBJECT' },
    }),
    ...failure('InvalidRequest', {
      Message:
        'The upload was created using the COMPOSITE checksum mode. The complete request must use the same checksum mode.',
    }),
  },
])

rows('AbortMultipartUpload', bucket, [
  {
    name: 'the answer is an empty 204, and the upload is gone',
    ask: async (name) => {
      const uploadId = await begin(name, 'aborted')
      await part({ bucket: name, key: 'aborted', uploadId }, 1, 'hello')
      return { method: 'DELETE', key: 'aborted', query: { uploadId } }
    },
    status: 204,
    body: '',
    and: async (_, name) => {
      const { text } = await must({ bucket: name, query: { uploads: '', prefix: 'aborted' } })
      expect(text).not.toContain('<Upload>')
      expect((await send({ bucket: name, key: 'aborted' })).status).toBe(404)
    },
  },
  {
    name: 'an upload that is not there is named',
    ask: { method: 'DELETE', key: 'k', query: { uploadId: NONE } },
    ...failure('NoSuchUpload', { UploadId: NONE }),
  },
])
