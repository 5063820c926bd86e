import { randomBytes } from 'node:crypto'

/** What objects are made of, again and again. */
export const BLOCK = randomBytes(1024 ** 2)

const ETAG = '"5D41402ABC4B2A76B9719D911017C592"'
const TIME = 'Thu, 20 Nov 2025 08:00:00 GMT'

/** What every answer of OSS begins with. */
function head(status: string, headers: Record<string, string | number>): string {
  const lines = Object.entries({
    Server: 'AliyunOSS',
    Date: new Date().toUTCString(),
    ...headers,
    Connection: 'keep-alive',
    'x-oss-request-id': '5C3D9175B6FC201293AD4890',
    'x-oss-server-time': 3,
  })
  return `HTTP/1.1 ${status}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}

/** The head of the answer to GET and HEAD of an object of that size. */
export const objectHead = (size: number): Buffer =>
  Buffer.from(
    head('200 OK', {
      'Content-Type': 'image/jpeg',
      'Content-Length': size,
      'Accept-Ranges': 'bytes',
      ETag: ETAG,
      'Last-Modified': TIME,
      'x-oss-object-type': 'Normal',
      // Of other bytes: who passes a stream on cannot compare it in time.
      'x-oss-hash-crc64ecma': '3231342946509354535',
      'x-oss-storage-class': 'Standard',
      'x-oss-version-id': 'null',
    }),
  )

/**
 * The answer to PutObject. OSS also sends the CRC-64 of the bytes; this answer has to be the same for all bytes and so
 * sends none.
 */
export const stored: Buffer = Buffer.from(head('200 OK', { 'Content-Length': 0, ETag: ETAG }))

function document(body: string): Buffer {
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n${body}\n`
  const size = Buffer.byteLength(text)
  return Buffer.from(head('200 OK', { 'Content-Type': 'application/xml', 'Content-Length': size }) + text)
}

/** The answer to CopyObject. */
export const copied: Buffer = document(
  `<CopyObjectResult>\n  <ETag>${ETAG}</ETag>\n  <LastModified>2025-11-20T08:00:00.000Z</LastModified>\n</CopyObjectResult>`,
)

/** The answer to GetBucketLocation. */
export const location: Buffer = document('<LocationConstraint>oss-cn-hangzhou</LocationConstraint>')

/** The answer to everything else. */
export const unknown: Buffer = Buffer.from(head('501 Not Implemented', { 'Content-Length': 0 }))

/** Keys of a page. */
export const PAGE = 1000

/**
 * The answer to ListObjectsV2 with `encoding-type=url`.
 * @param page counted from 0; its token is its number.
 * @param pages of the whole bucket.
 */
export function listing(bucket: string, page: number, pages: number): Buffer {
  const contents = Array.from({ length: PAGE }, (_, index) => {
    const key = `photos%2F2025%2F11%2Fholiday%20at%20sea-${String(page * PAGE + index).padStart(9, '0')}.jpg`
    return `  <Contents>
    <Key>${key}</Key>
    <LastModified>2025-11-20T08:00:00.000Z</LastModified>
    <ETag>${ETAG}</ETag>
    <Type>Normal</Type>
    <Size>${4096 + index}</Size>
    <StorageClass>Standard</StorageClass>
  </Contents>\n`
  }).join('')
  const last = page === pages - 1
  return document(`<ListBucketResult>
  <Name>${bucket}</Name>
  <Prefix></Prefix>
  <MaxKeys>${PAGE}</MaxKeys>
  <Delimiter></Delimiter>
  <EncodingType>url</EncodingType>
  <IsTruncated>${!last}</IsTruncated>
${last ? '' : `  <NextContinuationToken>${page + 1}</NextContinuationToken>\n`}${contents}  <KeyCount>${PAGE}</KeyCount>
</ListBucketResult>`)
}
