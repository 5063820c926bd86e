import { describe, expect } from 'vitest'
import { md5, sha256 } from '../encodings.ts'
import { failure } from './errors.ts'
import { must, send } from './s3.ts'
import { ownBucket, put, type Row, rows } from './table.ts'

const TEN = '0123456789'
const ETAG = `"${md5(TEN)}"`
const SHA256 = Buffer.from(sha256(TEN), 'hex').toString('base64')
const hour = 3_600_000
const http = (offset: number) => new Date(Date.now() + offset).toUTCString()
let lastModified = ''

const pieces = (time: Date) => {
  const [weekday = '', day = '', month = '', year = '', clock = ''] = time.toUTCString().split(/,? /)
  return { weekday, day, month, year, clock }
}
/** Forms in which clients have sent dates. */
const forms: [form: string, write: (time: Date) => string][] = [
  ['as Java does', (time) => time.toUTCString().replace(', 0', ', ')],
  ['with an offset', (time) => time.toUTCString().replace('GMT', '+0000')],
  ['with UTC', (time) => time.toUTCString().replace('GMT', 'UTC')],
  [
    'by RFC 850',
    (time) => {
      const { weekday, day, month, year, clock } = pieces(time)
      return `${weekday}day, ${day}-${month}-${year.slice(2)} ${clock} GMT`
    },
  ],
  [
    'by asctime',
    (time) => {
      const { weekday, day, month, year, clock } = pieces(time)
      return `${weekday} ${month} ${day.replace(/^0/, ' ')} ${clock} ${year}`
    },
  ],
  ['by ISO 8601', (time) => time.toISOString()],
  ['by ISO 8601 without a fraction', (time) => time.toISOString().replace(/\.\d+/, '')],
  ['in the basic form', (time) => time.toISOString().replace(/[-:]|\.\d+/g, '')],
]

const bucket = ownBucket(async (name) => {
  await put(name, 'ten', TEN, {
    'content-type': 'text/plain',
    'cache-control': 'max-age=60',
    'content-disposition': 'inline',
    'content-encoding': 'identity',
    'content-language': 'de',
    expires: 'Tue, 01 Jan 2030 00:00:00 GMT',
    'x-amz-meta-colour': 'blue',
    'x-amz-checksum-sha256': SHA256,
  })
  await put(name, 'bare', TEN)
  await put(name, 'empty', '')
  lastModified = (await must({ method: 'HEAD', bucket: name, key: 'ten' })).headers['last-modified'] ?? ''
})
const stored = {
  etag: ETAG,
  'content-type': 'text/plain',
  'cache-control': 'max-age=60',
  'content-disposition': 'inline',
  'content-encoding': 'identity',
  'content-language': 'de',
  expires: 'Tue, 01 Jan 2030 00:00:00 GMT',
  'x-amz-meta-colour': 'blue',
  'content-length': '10',
  'accept-ranges': 'bytes',
  'last-modified': /^\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
  'x-amz-storage-class': null,
  'x-amz-version-id': null,
  'x-amz-checksum-sha256': null,
}

/** The same row for both methods: HEAD answers as GET does, without the body. */
const both = (row: Row): [Row, Row] => {
  const { body: _, ...head } = row
  const ask = row.ask as object
  return [row, { ...head, ask: { ...ask, method: 'HEAD' }, body: '' }]
}
const table = (entries: Row[]) => {
  const pairs = entries.map(both)
  rows(
    'GetObject',
    bucket,
    pairs.map(([get]) => get),
  )
  rows(
    'HeadObject',
    bucket,
    pairs.map(([, head]) => head),
  )
}

describe('what is there', () => {
  table([
    {
      name: 'the object comes with everything that was stored with it',
      ask: { key: 'ten' },
      status: 200,
      body: TEN,
      headers: stored,
    },
    {
      name: 'an object stored without a type is binary/octet-stream',
      ask: { key: 'bare' },
      status: 200,
      headers: { 'content-type': 'binary/octet-stream', 'content-encoding': null },
    },
    {
      name: 'an empty object has the length 0',
      ask: { key: 'empty' },
      status: 200,
      headers: { 'content-length': '0' },
    },
    {
      name: 'headers that only OSS knows are not shown',
      ask: { key: 'ten' },
      status: 200,
      and: ({ headers }) => {
        expect(Object.keys(headers).filter((header) => header.startsWith('x-oss-'))).toEqual([])
      },
    },
    {
      name: 'a checksum comes when it is asked for',
      ask: { key: 'ten', headers: { 'x-amz-checksum-mode': 'ENABLED' } },
      status: 200,
      headers: {
        'x-amz-checksum-sha256': SHA256,
        'x-amz-checksum-type': 'FULL_OBJECT',
      },
    },
    {
      name: 'Accept-Encoding changes nothing: objects are sent as they are stored',
      ask: { key: 'bare', headers: { 'accept-encoding': 'gzip, deflate, br' } },
      status: 200,
      headers: { 'content-encoding': null, 'content-length': '10', etag: ETAG },
    },
    {
      name: 'six response parameters override headers',
      ask: {
        key: 'ten',
        query: {
          'response-content-type': 'text/html',
          'response-content-language': 'en',
          'response-cache-control': 'no-store',
          'response-content-disposition': 'attachment; filename="a b.txt"',
          'response-content-encoding': 'x-none',
          'response-expires': 'Wed, 01 Jan 2031 00:00:00 GMT',
        },
      },
      status: 200,
      headers: {
        'content-type': 'text/html',
        'content-language': 'en',
        'cache-control': 'no-store',
        'content-disposition': 'attachment; filename="a b.txt"',
        'content-encoding': 'x-none',
        expires: 'Wed, 01 Jan 2031 00:00:00 GMT',
      },
    },
  ])
})

describe('a range', () => {
  const ranges: [range: string, body: string, contentRange: string][] = [
    ['bytes=0-0', '0', 'bytes 0-0/10'],
    ['bytes=0-9', TEN, 'bytes 0-9/10'],
    ['bytes=2-5', '2345', 'bytes 2-5/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=-3', '789', 'bytes 7-9/10'],
    ['bytes=-100', TEN, 'bytes 0-9/10'],
    ['bytes=8-100', '89', 'bytes 8-9/10'],
  ]
  table(
    ranges.map(
      ([range, body, contentRange]): Row => ({
        name: `${range} is partial content`,
        ask: { key: 'ten', headers: { range, 'x-amz-checksum-mode': 'ENABLED' } },
        status: 206,
        body,
        headers: {
          'content-range': contentRange,
          'content-length': String(body.length),
          etag: ETAG,
          // JS v3 would compare it with the part.
          'x-amz-checksum-sha256': null,
        },
      }),
    ),
  )
  table(
    ['bytes=5-2', 'bytes=a-b', 'octets=0-1', '0-1', 'bytes=-', 'bytes=0-1,4-5'].map(
      (range): Row => ({
        name: `${range} is not understood and gives the whole object`,
        ask: { key: 'ten', headers: { range } },
        status: 200,
        body: TEN,
        headers: { 'content-range': null },
      }),
    ),
  )
  table(
    ['bytes=10-', 'bytes=100-200', 'bytes=-0'].map(
      (range): Row => ({
        name: `${range} is beyond the object and cannot be satisfied`,
        ask: { key: 'ten', headers: { range } },
        ...failure('InvalidRange', { RangeRequested: range, ActualObjectSize: '10' }),
      }),
    ),
  )
  table([
    {
      name: 'the end of an empty object is all of it',
      ask: { key: 'empty', headers: { range: 'bytes=-1' } },
      status: 200,
      body: '',
      headers: { 'content-length': '0', 'content-range': null, etag: /^"/ },
    },
    {
      name: 'the last no bytes of an empty object cannot be satisfied',
      ask: { key: 'empty', headers: { range: 'bytes=-0' } },
      ...failure('InvalidRange', { ActualObjectSize: '0' }),
    },
    {
      name: 'no other range of an empty object can be satisfied',
      ask: { key: 'empty', headers: { range: 'bytes=0-0' } },
      ...failure('InvalidRange', { ActualObjectSize: '0' }),
    },
  ])
})

describe('conditions', () => {
  const holds = (name: string, headers: () => Record<string, string>): Row => ({
    name,
    ask: () => ({ key: 'ten', headers: headers() }),
    status: 200,
    body: TEN,
  })
  const fails = (name: string, Condition: string, headers: () => Record<string, string>): Row => ({
    name,
    ask: () => ({ key: 'ten', headers: headers() }),
    ...failure('PreconditionFailed', { Condition }),
  })
  const unchanged = (name: string, headers: () => Record<string, string>): Row => ({
    name,
    ask: () => ({ key: 'ten', headers: headers() }),
    status: 304,
    body: '',
    headers: { etag: ETAG, 'last-modified': /GMT$/ },
  })
  const cases: Row[] = [
    holds('If-Match with the ETag gives the object', () => ({ 'if-match': ETAG })),
    holds('If-Match takes an ETag without quotes', () => ({ 'if-match': ETAG.slice(1, -1) })),
    holds('If-Match takes a list', () => ({ 'if-match': `"0", ${ETAG}` })),
    holds('If-Match * gives the object', () => ({ 'if-match': '*' })),
    fails('If-Match with another ETag fails', 'If-Match', () => ({ 'if-match': '"0"' })),
    holds('If-None-Match with another ETag gives the object', () => ({ 'if-none-match': '"0"' })),
    unchanged('If-None-Match with the ETag is not modified', () => ({ 'if-none-match': ETAG })),
    unchanged('If-None-Match takes an ETag without quotes', () => ({ 'if-none-match': ETAG.slice(1, -1) })),
    unchanged('If-None-Match * is not modified', () => ({ 'if-none-match': '*' })),
    holds('If-Modified-Since an earlier time gives the object', () => ({ 'if-modified-since': http(-hour) })),
    unchanged('If-Modified-Since the very second is not modified', () => ({
      'if-modified-since': lastModified,
    })),
    holds('If-Modified-Since a time in the future is ignored', () => ({ 'if-modified-since': http(hour) })),
    ...forms.flatMap(([form, write]) => [
      fails(`If-Unmodified-Since an earlier time fails, written ${form}`, 'If-Unmodified-Since', () => ({
        'if-unmodified-since': write(new Date(Date.parse('2022-08-09T12:00:00Z'))),
      })),
      unchanged(`If-Modified-Since the very second is not modified, written ${form}`, () => ({
        'if-modified-since': write(new Date(lastModified)),
      })),
    ]),
    holds('If-Modified-Since that is no date is ignored', () => ({ 'if-modified-since': 'yesterday' })),
    holds('If-Unmodified-Since a later time gives the object', () => ({ 'if-unmodified-since': http(hour) })),
    holds('If-Unmodified-Since the very second gives the object', () => ({
      'if-unmodified-since': lastModified,
    })),
    fails('If-Unmodified-Since an earlier time fails', 'If-Unmodified-Since', () => ({
      'if-unmodified-since': http(-hour),
    })),
    holds('If-Match that holds makes If-Unmodified-Since irrelevant', () => ({
      'if-match': ETAG,
      'if-unmodified-since': http(-hour),
    })),
    unchanged('If-None-Match that fails is decisive whatever If-Modified-Since says', () => ({
      'if-none-match': ETAG,
      'if-modified-since': http(-hour),
    })),
    holds('If-None-Match that holds makes If-Modified-Since irrelevant', () => ({
      'if-none-match': '"0"',
      'if-modified-since': lastModified,
    })),
  ]
  const heads = cases.map((row): Row => {
    const ask = row.ask as (bucket: string) => object
    return { ...row, body: '', ask: (name) => ({ ...ask(name), method: 'HEAD' }) }
  })
  rows('GetObject', bucket, cases)
  rows('HeadObject', bucket, heads)
})

describe('If-Range', () => {
  const ask = (headers: () => Record<string, string>) => () => ({
    key: 'ten',
    headers: { range: 'bytes=2-5', ...headers() },
  })
  const part = (name: string, headers: () => Record<string, string>): Row => ({
    name: `${name} gives the range`,
    ask: ask(headers),
    status: 206,
    body: '2345',
    headers: { 'content-range': 'bytes 2-5/10', 'content-length': '4', etag: ETAG },
  })
  const whole = (name: string, headers: () => Record<string, string>): Row => ({
    name: `${name} gives the whole object`,
    ask: ask(headers),
    status: 200,
    body: TEN,
    headers: { 'content-range': null, 'content-length': '10', etag: ETAG },
  })
  const hex = ETAG.slice(1, -1)
  const other = `"${md5('other')}"`
  const cases: Row[] = [
    part('the ETag', () => ({ 'if-range': ETAG })),
    part('the ETag without quotes', () => ({ 'if-range': hex })),
    part('the ETag in capitals', () => ({ 'if-range': ETAG.toUpperCase() })),
    part('the time of the last change', () => ({ 'if-range': lastModified })),
    part('the time of the last change with a day of one digit', () => ({
      'if-range': lastModified.replace(', 0', ', '),
    })),
    whole('another ETag', () => ({ 'if-range': other })),
    whole('another ETag without quotes', () => ({ 'if-range': other.slice(1, -1) })),
    whole('the ETag of an upload in parts', () => ({ 'if-range': `"${hex}-2"` })),
    whole('the ETag as a weak one', () => ({ 'if-range': `W/${ETAG}` })),
    whole('a list with the ETag', () => ({ 'if-range': `${ETAG}, ${other}` })),
    whole('a star', () => ({ 'if-range': '*' })),
    whole('half an ETag', () => ({ 'if-range': `"${hex}` })),
    whole('a word', () => ({ 'if-range': 'yesterday' })),
    whole('an earlier time', () => ({ 'if-range': http(-hour) })),
    whole('a later time', () => ({ 'if-range': http(hour) })),
    whole('another ETag, with a range beyond the object,', () => ({
      range: 'bytes=100-',
      'if-range': other,
    })),
    whole('another ETag, with a range that is none,', () => ({ range: 'bytes=5-2', 'if-range': other })),
    whole('the ETag, with two ranges,', () => ({ range: 'bytes=0-1,4-5', 'if-range': ETAG })),
    part('the ETag, beside If-Match that holds,', () => ({ 'if-range': ETAG, 'if-match': ETAG })),
    whole('another ETag, beside If-Match that holds,', () => ({ 'if-range': other, 'if-match': ETAG })),
    whole('another ETag, beside If-Unmodified-Since that holds,', () => ({
      'if-range': other,
      'if-unmodified-since': http(hour),
    })),
    part('the ETag, beside If-None-Match that holds,', () => ({ 'if-range': ETAG, 'if-none-match': other })),
    whole('another ETag, beside If-None-Match that holds,', () => ({
      'if-range': other,
      'if-none-match': '"0"',
    })),
    {
      name: 'without a range means nothing',
      ask: { key: 'ten', headers: { 'if-range': other } },
      status: 200,
      body: TEN,
    },
    {
      name: 'the ETag, with a range beyond the object, cannot be satisfied',
      ask: { key: 'ten', headers: { range: 'bytes=100-', 'if-range': ETAG } },
      ...failure('InvalidRange', { RangeRequested: 'bytes=100-', ActualObjectSize: '10' }),
    },
    ...[ETAG, other].flatMap((etag): Row[] => [
      {
        name: `${etag} does not help an If-Match that fails`,
        ask: ask(() => ({ 'if-range': etag, 'if-match': other })),
        ...failure('PreconditionFailed', { Condition: 'If-Match' }),
      },
      {
        name: `${etag} does not help an If-Unmodified-Since that fails`,
        ask: ask(() => ({ 'if-range': etag, 'if-unmodified-since': http(-hour) })),
        ...failure('PreconditionFailed', { Condition: 'If-Unmodified-Since' }),
      },
      {
        name: `${etag} does not help an If-None-Match that fails`,
        ask: ask(() => ({ 'if-range': etag, 'if-none-match': ETAG })),
        status: 304,
        body: '',
      },
      {
        name: `${etag} does not help an If-Modified-Since that fails`,
        ask: ask(() => ({ 'if-range': etag, 'if-modified-since': lastModified })),
        status: 304,
        body: '',
      },
    ]),
    {
      name: 'another ETag leaves response parameters as they are',
      ask: {
        key: 'ten',
        headers: { range: 'bytes=2-5', 'if-range': other },
        query: { 'response-content-type': 'text/html' },
      },
      status: 200,
      body: TEN,
      headers: { 'content-type': 'text/html' },
    },
    {
      name: 'on a key that is not there is NoSuchKey',
      ask: { key: 'nothing', headers: { range: 'bytes=2-5', 'if-range': ETAG } },
      ...failure('NoSuchKey'),
    },
    {
      name: 'counts beside a presigned URL',
      ask: { key: 'ten', sign: 'query', unsigned: { range: 'bytes=2-5', 'if-range': other } },
      status: 200,
      body: TEN,
    },
  ]
  const heads = cases.map((row): Row => {
    const { ask, body: _, ...rest } = row
    return {
      ...rest,
      body: '',
      ask: async (name) => ({ ...(typeof ask === 'function' ? await ask(name) : ask), method: 'HEAD' }),
    }
  })
  rows('GetObject', bucket, cases)
  rows('HeadObject', bucket, heads)
})

describe('headers about encryption', () => {
  table(
    [
      ['x-amz-server-side-encryption', 'AES256'],
      ['x-amz-server-side-encryption', 'aws:kms'],
      ['x-amz-server-side-encryption-aws-kms-key-id', 'a-key'],
      ['x-amz-server-side-encryption-bucket-key-enabled', 'true'],
    ].map(
      ([header = '', value = '']): Row => ({
        name: `${header}: ${value} is for writes only`,
        ask: { key: 'ten', headers: { [header]: value } },
        ...failure('InvalidArgument', {
          Message: `${header} header is not supported for this operation.`,
          ArgumentName: header,
          ArgumentValue: value,
        }),
      }),
    ),
  )
})

describe('what is not there', () => {
  table([
    {
      name: 'a key that is not there is named',
      ask: { key: 'nothing/here é' },
      ...failure('NoSuchKey', { Key: 'nothing/here é' }),
    },
    {
      name: 'a bucket that is not there is named',
      ask: { bucket: 'conformance-no-such-bucket', key: 'k' },
      ...failure('NoSuchBucket', { BucketName: 'conformance-no-such-bucket' }),
    },
    {
      name: 'a condition on a key that is not there is still NoSuchKey',
      ask: { key: 'nothing', headers: { 'if-none-match': '*' } },
      ...failure('NoSuchKey'),
    },
    {
      name: 'a version id that cannot be one is an invalid argument',
      ask: { key: 'ten', query: { versionId: 'no such version!' } },
      ...failure('InvalidArgument', {
        Message: 'Invalid version id specified',
        ArgumentName: 'versionId',
        ArgumentValue: 'no such version!',
      }),
    },
    {
      name: 'a key of more than 1024 bytes is too long',
      ask: { key: 'k'.repeat(1025) },
      ...failure('KeyTooLongError', { Size: '1025' }),
    },
    {
      name: 'nobody is denied what is private',
      ask: { key: 'ten', sign: 'none' },
      ...failure('AccessDenied'),
    },
  ])
})

rows('GetObject', bucket, [
  {
    name: 'an object of another class than STANDARD names it',
    ask: async (name) => {
      await put(name, 'ia', TEN, { 'x-amz-storage-class': 'STANDARD_IA' })
      return { key: 'ia' }
    },
    status: 200,
    headers: { 'x-amz-storage-class': 'STANDARD_IA' },
  },
  {
    name: 'an archived object cannot be read before it is restored',
    ask: async (name) => {
      await put(name, 'archived', TEN, { 'x-amz-storage-class': 'GLACIER' })
      return { key: 'archived' }
    },
    status: 403,
    error: {
      Code: 'InvalidObjectState',
      Message: "The operation is not valid for the object's storage class",
      StorageClass: 'GLACIER',
    },
  },
  {
    name: 'the head of an archived object can be read, and names its class',
    ask: { key: 'archived', method: 'HEAD' },
    status: 200,
    headers: { 'x-amz-storage-class': 'GLACIER' },
  },
])

describe('parts', () => {
  const key = 'parts'
  const five = Buffer.alloc(5 * 1024 * 1024, 'a')
  const bucketOfParts = ownBucket(async (name) => {
    const begun = await must({ method: 'POST', bucket: name, key, query: { uploads: '' } })
    const uploadId = String((begun.xml.InitiateMultipartUploadResult as Record<string, string>).UploadId)
    const etags: string[] = []
    for (const [index, body] of [five, Buffer.from('end')].entries()) {
      const query = { partNumber: String(index + 1), uploadId }
      etags.push((await must({ method: 'PUT', bucket: name, key, query, body })).headers.etag ?? '')
    }
    const parts = etags.map(
      (etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag></Part>`,
    )
    const body = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`
    await must({ method: 'POST', bucket: name, key, query: { uploadId }, body })
    await put(name, 'single', TEN)
  })
  const entries: Row[] = [
    {
      name: 'a part by number is a 206 with the number of parts',
      ask: { key, query: { partNumber: '2' } },
      status: 206,
      body: 'end',
      headers: {
        'content-range': `bytes ${five.length}-${five.length + 2}/${five.length + 3}`,
        'content-length': '3',
        'x-amz-mp-parts-count': '2',
      },
    },
    {
      name: 'part 1 is a 206 with the number of parts',
      ask: { key, query: { partNumber: '1' } },
      status: 206,
      headers: {
        'content-range': `bytes 0-${five.length - 1}/${five.length + 3}`,
        'content-length': String(five.length),
        'x-amz-mp-parts-count': '2',
      },
    },
    {
      name: 'a part is held to the conditions',
      ask: { key, query: { partNumber: '1' }, headers: { 'if-match': ETAG } },
      ...failure('PreconditionFailed', { Condition: 'If-Match' }),
    },
    {
      name: 'a part that the object does not have cannot be satisfied',
      ask: { key, query: { partNumber: '3' } },
      ...failure('InvalidPartNumber', { ActualPartCount: '2', PartNumberRequested: '3' }),
    },
    {
      name: 'part 1 of an object without parts is the object',
      ask: { key: 'single', query: { partNumber: '1' } },
      status: 206,
      body: TEN,
    },
    {
      name: 'part 2 of an object without parts cannot be satisfied',
      ask: { key: 'single', query: { partNumber: '2' } },
      ...failure('InvalidPartNumber', { ActualPartCount: '1', PartNumberRequested: '2' }),
    },
    {
      name: 'a part and a range at once are refused',
      ask: { key, query: { partNumber: '1' }, headers: { range: 'bytes=0-1' } },
      ...failure('InvalidRequest', {
        Message: 'Cannot specify both Range header and partNumber query parameter',
      }),
    },
    {
      name: 'part 0 is not a part number',
      ask: { key, query: { partNumber: '0' } },
      ...failure('InvalidArgument', { ArgumentName: 'partNumber', ArgumentValue: '0' }),
    },
  ]
  const pairs = entries.map(both)
  rows(
    'GetObject',
    bucketOfParts,
    pairs.map(([get]) => get),
  )
  rows(
    'HeadObject',
    bucketOfParts,
    pairs.map(([, head]) => head),
  )
})

rows('GetObject of a public object', bucket, [
  {
    name: 'nobody may read it',
    ask: async (name) => {
      await put(name, 'public', TEN, { 'x-amz-acl': 'public-read' })
      return { key: 'public', sign: 'none' }
    },
    status: 200,
    body: TEN,
  },
  {
    name: 'nobody may override its headers',
    ask: { key: 'public', sign: 'none', query: { 'response-content-type': 'text/html' } },
    ...failure('InvalidRequest', {
      Message: 'Request specific response headers cannot be used for anonymous GET requests.',
    }),
  },
])

rows('HeadObject', bucket, [
  {
    name: 'a copy source is for copies only',
    ask: { key: 'ten', method: 'HEAD', headers: { 'x-amz-copy-source': 'a/b' } },
    status: 400,
    and: async (_, name) => {
      const { text } = await send({ bucket: name, key: 'ten', headers: { 'x-amz-copy-source': 'a/b' } })
      expect(text).toContain('You can only specify a copy source header for copy requests.')
    },
  },
])
