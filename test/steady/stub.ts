import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * An OSS that keeps nothing and costs little, in a process of its own: a key `…/<bytes>` is an object of that size,
 * `missing…` is none, and of `unread…` no body is read. Driven over the channel to its parent.
 */
const HEAD = { 'x-oss-request-id': '5F0000000000000000000000', server: 'AliyunOSS' }
const ETAG = '"D41D8CD98F00B204E9800998ECF8427E"'
const BLOCK = Buffer.alloc(64 * 1024, 'steady')
const OBJECT = {
  ...HEAD,
  etag: ETAG,
  'last-modified': 'Wed, 01 Jul 2026 00:00:00 GMT',
  'content-type': 'application/octet-stream',
  'x-oss-object-type': 'Normal',
  'x-oss-storage-class': 'Standard',
}

export type StubStats = {
  /** Bytes of bodies by key: written to those who read, read from those who write. */
  written: Record<string, number>
  read: Record<string, number>
  requests: number
}

const stats: StubStats = { written: {}, read: {}, requests: 0 }
let delay = 0

const document = (root: string, content: string) => `<?xml version="1.0"?>\n<${root}>${content}</${root}>`
const keys = Array.from(
  { length: 20 },
  (_, i) =>
    `<Contents><Key>list/${i}</Key><LastModified>2026-07-01T00:00:00.000Z</LastModified><ETag>${ETAG}</ETag><Type>Normal</Type><Size>${i}</Size><StorageClass>Standard</StorageClass></Contents>`,
).join('')
const listing = document(
  'ListBucketResult',
  `<Name>bucket</Name><Prefix></Prefix><MaxKeys>20</MaxKeys><KeyCount>20</KeyCount><IsTruncated>false</IsTruncated>${keys}`,
)
const buckets = document('ListAllMyBucketsResult', '<Owner><ID>1</ID></Owner><Buckets></Buckets>')
const location = document('LocationConstraint', 'oss-cn-hangzhou')
const copied = document(
  'CopyObjectResult',
  `<LastModified>2026-07-01T00:00:00.000Z</LastModified><ETag>${ETAG}</ETag>`,
)
const missing = document(
  'Error',
  '<Code>NoSuchKey</Code><Message>The specified key does not exist.</Message>',
)

function answer(request: IncomingMessage, response: ServerResponse, body: string, status = 200): void {
  request.resume()
  const bytes = Buffer.from(body)
  response.writeHead(status, {
    ...HEAD,
    'content-type': 'application/xml',
    'content-length': String(bytes.length),
  })
  response.end(request.method === 'HEAD' ? undefined : bytes)
}

function send(key: string, response: ServerResponse): void {
  let left = Number(key.split('/').at(-1))
  response.writeHead(200, { ...OBJECT, 'content-length': String(left) })
  stats.written[key] ??= 0
  const more = () => {
    while (left > 0 && !response.destroyed) {
      const piece = left < BLOCK.length ? BLOCK.subarray(0, left) : BLOCK
      left -= piece.length
      stats.written[key] = (stats.written[key] ?? 0) + piece.length
      if (!response.write(piece)) {
        response.once('drain', more)
        return
      }
    }
    if (left === 0) response.end()
  }
  more()
}

function take(key: string, request: IncomingMessage, response: ServerResponse): void {
  // Its socket is left as it is: what is not read piles up on the way.
  if (key.startsWith('unread')) return
  stats.read[key] ??= 0
  request.on('data', (bytes: Buffer) => {
    stats.read[key] = (stats.read[key] ?? 0) + bytes.length
  })
  request.on('end', () => {
    response.writeHead(200, { ...HEAD, etag: ETAG, 'content-length': '0' }).end()
  })
}

function serve(request: IncomingMessage, response: ServerResponse): void {
  const { method, url = '/', headers } = request
  const [path = '', query = ''] = url.split('?')
  const [, bucket, ...rest] = path.split('/')
  const key = rest.join('/')
  if (!bucket) answer(request, response, buckets)
  else if (query === 'location') answer(request, response, location)
  else if (key === '') answer(request, response, listing)
  else if (key.startsWith('missing')) answer(request, response, missing, 404)
  else if (method === 'HEAD') {
    response.writeHead(200, { ...OBJECT, 'content-length': key.split('/').at(-1) }).end()
  } else if (method === 'GET') send(key, response)
  else if (headers['x-oss-copy-source'] !== undefined) answer(request, response, copied)
  else take(key, request, response)
}

const server = createServer((request, response) => {
  stats.requests++
  response.on('error', () => response.destroy())
  request.on('error', () => response.destroy())
  if (delay > 0) setTimeout(serve, delay, request, response)
  else serve(request, response)
})
server.requestTimeout = 0
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', 4096, () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('message', (message: { delay?: number }) => {
  delay = message.delay ?? delay
  process.send?.({ stats })
})
process.on('disconnect', () => process.exit())
