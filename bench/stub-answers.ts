import { randomBytes } from 'node:crypto'

/** What an upstream speaks: OSS behind the gateway, S3 behind its peers. */
export type Dialect = 'oss' | 's3'

/** What an upstream answers, each made once and written as it is. */
export type Answers = {
  /** How the Authorization of a request begins. */
  scheme: string
  /** The head of the answer to GET and HEAD of an object of that size. */
  objectHead: (size: number) => Buffer
  /** The answer to PutObject. */
  stored: Buffer
  /** The answer to CopyObject. */
  copied: Buffer
  /** The answer to GetBucketLocation. */
  location: Buffer
  /** The answer to whoever asks for a bucket's object lock: it has none. */
  noLock: Buffer
  /** The answer to everything else. */
  unknown: Buffer
  /**
   * The answer to ListObjectsV2.
   * @param page counted from 0; its token is its number.
   * @param pages of the whole bucket.
   */
  listing: (bucket: string, page: number, pages: number) => Buffer
}

/** What objects are made of, again and again. */
export const BLOCK = randomBytes(1024 ** 2)

/** Keys of a page. */
export const PAGE = 1000

const TIME = 'Thu, 20 Nov 2025 08:00:00 GMT'
const ISO_TIME = '2025-11-20T08:00:00.000Z'

type Headers = Record<string, string | number>

function head(status: string, headers: Headers): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`
}

const ossHead = (status: string, headers: Headers) =>
  head(status, {
    Server: 'AliyunOSS',
    Date: new Date().toUTCString(),
    ...headers,
    Connection: 'keep-alive',
    'x-oss-request-id': '5C3D9175B6FC201293AD4890',
    'x-oss-server-time': 3,
  })

const s3Head = (status: string, headers: Headers) =>
  head(status, {
    'x-amz-id-2': 'eftixk72aD6Ap51TnqcoF8eFidJG9Z/2mkiDFu8yU9AS1ed4OpIszj7UDNEHGran',
    'x-amz-request-id': '318BC8BC148832E5',
    Date: new Date().toUTCString(),
    ...headers,
    Server: 'AmazonS3',
  })

type HeadOf = typeof s3Head

function document(headOf: HeadOf, body: string, status = '200 OK'): Buffer {
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n${body}\n`
  const size = Buffer.byteLength(text)
  return Buffer.from(headOf(status, { 'Content-Type': 'application/xml', 'Content-Length': size }) + text)
}

const copied = (headOf: HeadOf, etag: string) =>
  document(
    headOf,
    `<CopyObjectResult>\n  <ETag>${etag}</ETag>\n  <LastModified>${ISO_TIME}</LastModified>\n</CopyObjectResult>`,
  )

type Listing = { etag: string; encoded: boolean; type: string }

const listing =
  (headOf: HeadOf, { etag, encoded, type }: Listing): Answers['listing'] =>
  (bucket, page, pages) => {
    const contents = Array.from({ length: PAGE }, (_, index) => {
      const key = `photos/2025/11/holiday at sea-${String(page * PAGE + index).padStart(9, '0')}.jpg`
      return `  <Contents>
    <Key>${encoded ? encodeURIComponent(key) : key}</Key>
    <LastModified>${ISO_TIME}</LastModified>
    <ETag>${etag}</ETag>
${type}    <Size>${4096 + index}</Size>
    <StorageClass>${encoded ? 'Standard' : 'STANDARD'}</StorageClass>
  </Contents>\n`
    }).join('')
    const last = page === pages - 1
    return document(
      headOf,
      `<ListBucketResult>
  <Name>${bucket}</Name>
  <Prefix></Prefix>
  <MaxKeys>${PAGE}</MaxKeys>
  <Delimiter></Delimiter>
${encoded ? '  <EncodingType>url</EncodingType>\n' : ''}  <IsTruncated>${!last}</IsTruncated>
${last ? '' : `  <NextContinuationToken>${page + 1}</NextContinuationToken>\n`}${contents}  <KeyCount>${PAGE}</KeyCount>
</ListBucketResult>`,
    )
  }

const NO_LOCK = '<Error><Code>NoSuchWORMConfiguration</Code></Error>'

const ossEtag = '"5D41402ABC4B2A76B9719D911017C592"'
const s3Etag = '"5d41402abc4b2a76b9719d911017c592"'

export const answersOf: Record<Dialect, Answers> = {
  oss: {
    scheme: 'OSS4-HMAC-SHA256',
    objectHead: (size) =>
      Buffer.from(
        ossHead('200 OK', {
          'Content-Type': 'image/jpeg',
          'Content-Length': size,
          'Accept-Ranges': 'bytes',
          ETag: ossEtag,
          'Last-Modified': TIME,
          'x-oss-object-type': 'Normal',
          // Of other bytes: who passes a stream on cannot compare it in time.
          'x-oss-hash-crc64ecma': '3231342946509354535',
          'x-oss-storage-class': 'Standard',
          'x-oss-version-id': 'null',
        }),
      ),
    // OSS also sends the CRC-64 of the bytes; this answer has to be the same for all bytes and so sends none.
    stored: Buffer.from(ossHead('200 OK', { 'Content-Length': 0, ETag: ossEtag })),
    copied: copied(ossHead, ossEtag),
    location: document(ossHead, '<LocationConstraint>oss-cn-hangzhou</LocationConstraint>'),
    noLock: document(ossHead, NO_LOCK, '404 Not Found'),
    unknown: Buffer.from(ossHead('501 Not Implemented', { 'Content-Length': 0 })),
    // The gateway asks for keys in `encoding-type=url`.
    listing: listing(ossHead, { etag: ossEtag, encoded: true, type: '    <Type>Normal</Type>\n' }),
  },
  s3: {
    scheme: 'AWS4-HMAC-SHA256',
    objectHead: (size) =>
      Buffer.from(
        s3Head('200 OK', {
          'Content-Type': 'image/jpeg',
          'Content-Length': size,
          'Accept-Ranges': 'bytes',
          ETag: s3Etag,
          'Last-Modified': TIME,
        }),
      ),
    stored: Buffer.from(s3Head('200 OK', { 'Content-Length': 0, ETag: s3Etag })),
    copied: copied(s3Head, s3Etag),
    location: document(s3Head, '<LocationConstraint/>'),
    noLock: document(s3Head, NO_LOCK, '404 Not Found'),
    unknown: Buffer.from(s3Head('501 Not Implemented', { 'Content-Length': 0 })),
    listing: listing(s3Head, { etag: s3Etag, encoded: false, type: '' }),
  },
}
