import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse-config.ts'
import { createLocalOss, type LocalOss } from '../../src/local-oss/index.ts'
import { type Running, serve } from '../../src/node/serve.ts'
import { sha256 } from '../encodings.ts'
import { send, sign, type WireRequest } from '../gateway/wire.ts'

/** The gateway in front of whatever listens on a port, as in front of the real OSS: over sockets. */
async function gatewayTo(
  ossPort: number,
): Promise<Running & { endpoint: string; host: string; s3: S3Client }> {
  const config = parseConfig({
    PORT: '0',
    ADMIN_PORT: '0',
    OSS_ENDPOINT: `http://127.0.0.1:${ossPort}`,
    OSS_REGION: 'cn-hangzhou',
    OSS_ACCESS_KEY_ID: 'local',
    OSS_ACCESS_KEY_SECRET: 'local-secret',
  })
  const running = await serve(config, () => {})
  const host = `127.0.0.1:${running.port}`
  const s3 = new S3Client({
    endpoint: `http://${host}`,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local-secret' },
  })
  return { ...running, endpoint: `http://${host}`, host, s3 }
}

const listening = (server: { address(): unknown; listen: Server['listen'] }) =>
  new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })

describe('in front of an OSS behind a socket', () => {
  let localOss: LocalOss
  let gateway: Awaited<ReturnType<typeof gatewayTo>>
  let s3: S3Client

  beforeAll(async () => {
    localOss = await createLocalOss({
      directory: ':memory:',
      credentials: { accessKeyId: 'local', accessKeySecret: 'local-secret' },
    })
    gateway = await gatewayTo(await localOss.listen(0, '127.0.0.1'))
    s3 = gateway.s3
    await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
  })
  afterAll(async () => {
    s3.destroy()
    await gateway.stop()
    await localOss.close()
  })
  afterEach(() => localOss.faults.clear())

  const put = (Key: string, Body: Buffer | string, rest: object = {}) =>
    s3.send(new PutObjectCommand({ Bucket: 'bucket', Key, Body, ...rest }))
  const read = async (Key: string) => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'bucket', Key }))
    return Buffer.from((await Body?.transformToByteArray()) ?? [])
  }
  const ask = (request: WireRequest) => send(gateway.endpoint, sign(request, gateway.host))

  test('bytes of every size come and go unchanged', async () => {
    for (const size of [0, 1, 65_536, 20 << 20]) {
      const body = Buffer.alloc(size, 'a pattern of seventeen')
      await put(`size-${size}`, body)
      expect((await read(`size-${size}`)).equals(body)).toBe(true)
      const { ContentLength } = await s3.send(
        new HeadObjectCommand({ Bucket: 'bucket', Key: `size-${size}` }),
      )
      expect(ContentLength).toBe(size)
    }
  })

  test('a stream of unknown pieces comes and goes unchanged', async () => {
    const pieces = Array.from({ length: 100 }, (_, i) => Buffer.alloc(i * 100, i))
    const whole = Buffer.concat(pieces)
    const Body = Readable.from(pieces, { objectMode: false })
    await s3.send(
      new PutObjectCommand({ Bucket: 'bucket', Key: 'stream', Body, ContentLength: whole.length }),
    )
    expect((await read('stream')).equals(whole)).toBe(true)
  })

  test('what was stored compressed comes as it was stored', async () => {
    const zipped = gzipSync('hello '.repeat(1000))
    await put('zipped', zipped, { ContentEncoding: 'gzip', ContentType: 'text/plain' })
    const answer = await ask({
      method: 'GET',
      target: '/bucket/zipped',
      headers: { 'accept-encoding': 'gzip' },
    })
    expect(answer.headers['content-length']).toBe(String(zipped.length))
    expect(answer.body.equals(zipped)).toBe(true)
  })

  test('headers and metadata beyond ASCII come back as they went', async () => {
    const disposition = 'attachment; filename="中文 ä.txt"'
    await ask({
      method: 'PUT',
      target: '/bucket/named',
      headers: { 'content-disposition': disposition, 'x-amz-meta-city': 'Zürich' },
      body: 'x',
    })
    for (const method of ['GET', 'HEAD']) {
      const { headers } = await ask({ method, target: '/bucket/named' })
      expect(Buffer.from(headers['content-disposition'] ?? '', 'latin1').toString()).toBe(disposition)
      expect(headers['x-amz-meta-city']).toBe('=?UTF-8?B?WsO8cmljaA==?=')
    }
  })

  test.each(['a b+c%2F?#&=', 'a/../b', './a', '..', 'a//b/', 'é/中/🙂'])(
    'the key %j arrives as it is',
    async (key) => {
      const target = `/bucket/${encodeURIComponent(key).replaceAll('%2F', '/')}`
      expect((await ask({ method: 'PUT', target, body: key })).status).toBe(200)
      const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: 'bucket', Prefix: key }))
      expect(Contents?.map(({ Key }) => Key)).toEqual([key])
      expect((await ask({ method: 'GET', target })).body.toString()).toBe(key)
      const headers = { 'x-amz-copy-source': target }
      expect((await ask({ method: 'PUT', target: '/bucket/copied', headers })).status).toBe(200)
      expect((await read('copied')).toString()).toBe(key)
      expect((await ask({ method: 'DELETE', target })).status).toBe(204)
    },
  )

  test('a body that is not what was promised is not stored', async () => {
    await put('kept', 'as it was')
    for (const Key of ['kept', 'never']) {
      const body = Buffer.alloc(300_000, 'x')
      const request = sign({ method: 'PUT', target: `/bucket/${Key}`, body }, gateway.host, {
        payload: sha256('y'),
      })
      expect((await send(gateway.endpoint, request)).error.Code).toBe('XAmzContentSHA256Mismatch')
    }
    expect((await read('kept')).toString()).toBe('as it was')
    await expect(read('never')).rejects.toMatchObject({ name: 'NoSuchKey' })
  })

  test('clients that leave in the middle of anything leave nothing behind, fifty times', async () => {
    await put('large', Buffer.alloc(3 << 20, 'x'))
    await put('kept', 'as it was')
    const upload = Buffer.alloc(300_000, 'x')
    for (let i = 0; i < 50; i++) {
      const leave = (request: WireRequest, after: number) =>
        new Promise<void>((resolve) => {
          const { method, target, headers = {} } = sign(request, gateway.host)
          const socket = connect(gateway.port, '127.0.0.1')
          const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
          socket.write(`${method} ${target} HTTP/1.1\r\n${lines.join('')}`)
          socket.write(request.body ? `content-length: ${upload.length}\r\n\r\n` : '\r\n')
          if (request.body) socket.write(upload.subarray(0, 200_000))
          let received = 0
          socket.on('data', (chunk) => {
            received += chunk.length
            if (received > after) socket.destroy()
          })
          if (request.body) setTimeout(() => socket.destroy(), i % 5)
          socket.on('error', () => {})
          socket.on('close', () => resolve())
        })
      await Promise.all([
        leave({ method: 'GET', target: '/bucket/large' }, i * 1000),
        leave({ method: 'PUT', target: `/bucket/${i % 2 ? 'kept' : 'never'}`, body: upload }, 0),
      ])
    }
    // The process is there, every connection to OSS is free again, and no half of an object is.
    const answers = await Promise.all(
      Array.from({ length: 300 }, () => ask({ method: 'GET', target: '/bucket/kept' })),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect((await read('kept')).toString()).toBe('as it was')
    await expect(read('never')).rejects.toMatchObject({ name: 'NoSuchKey' })
  })

  test('what is in flight is finished when the gateway stops, and nothing new begins', async () => {
    const other = await gatewayTo(await localOss.listen(0, '127.0.0.1'))
    await put('long', Buffer.alloc(2 << 20, 'x'))
    const request = sign({ method: 'GET', target: '/bucket/long' }, other.host)
    let received = 0
    const done = new Promise<void>((resolve, reject) => {
      const socket = connect(other.port, '127.0.0.1')
      const lines = Object.entries(request.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`)
      socket.write(`GET /bucket/long HTTP/1.1\r\n${lines.join('')}\r\n`)
      socket.once('data', () => {
        socket.pause()
        setTimeout(() => socket.resume(), 300)
      })
      socket.on('data', (chunk) => {
        received += chunk.length
      })
      socket.on('error', reject)
      socket.on('close', () => resolve())
    })
    await expect.poll(() => received).toBeGreaterThan(0)
    const stopped = other.stop()
    await new Promise((resolve) => setTimeout(resolve, 50))
    await expect(send(other.endpoint, request)).rejects.toThrow()
    await Promise.all([done, stopped])
    expect(received).toBeGreaterThan(2 << 20)
    other.s3.destroy()
  })

  test('copies and deletions arrive', async () => {
    await put('source', 'hello', { Metadata: { my_key: 'v' } })
    await s3.send(new CopyObjectCommand({ Bucket: 'bucket', Key: 'copy', CopySource: 'bucket/source' }))
    expect((await s3.send(new HeadObjectCommand({ Bucket: 'bucket', Key: 'copy' }))).Metadata).toEqual({
      my_key: 'v',
    })
    await s3.send(new DeleteObjectCommand({ Bucket: 'bucket', Key: 'copy' }))
    await expect(read('copy')).rejects.toMatchObject({ name: 'NoSuchKey' })
  })
})

describe('in front of something that is no good OSS', () => {
  const close: (() => unknown)[] = []
  afterEach(async () => {
    for (const one of close.splice(0)) await one()
  })
  async function inFrontOf(server: Server | ReturnType<typeof createTcpServer>) {
    const port = await listening(server as Server)
    const gateway = await gatewayTo(port)
    close.push(
      () => gateway.stop(100),
      () => server.close(),
    )
    const ask = (method: string, headers = {}) =>
      send(gateway.endpoint, sign({ method, target: '/bucket/key', headers }, gateway.host))
    return { ...gateway, ask }
  }

  test.each([
    ['resets its connection while OSS stalls within', (client: Socket) => client.resetAndDestroy(), ''],
    // Until it is written to, it may only have closed its side, and still read.
    ['closes its connection while OSS sends', (client: Socket) => client.destroy(), 'd'],
  ])('a client that %s an object takes its request with it', async (_, leave, more) => {
    let left = () => {}
    const gone = new Promise<void>((resolve) => {
      left = resolve
    })
    const { port } = await inFrontOf(
      createTcpServer((socket) => {
        let sending: NodeJS.Timeout
        socket
          .on('error', () => {})
          .on('close', () => {
            clearInterval(sending)
            left()
          })
        socket.once('data', () => {
          socket.write(
            'HTTP/1.1 200 OK\r\nx-oss-request-id: 1\r\ncontent-length: 100000\r\netag: "x"\r\n\r\nabc',
          )
          sending = setInterval(() => socket.write(more), 5)
        })
      }),
    )
    const { target, headers = {} } = sign({ method: 'GET', target: '/bucket/key' }, `127.0.0.1:${port}`)
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    const client = connect(port, '127.0.0.1')
    client.write(`GET ${target} HTTP/1.1\r\n${lines.join('')}\r\n`)
    client.once('data', () => leave(client))
    await gone
  })

  test('a body cut short is cut short for the client', async () => {
    const { ask } = await inFrontOf(
      createTcpServer((socket) => {
        socket.on('error', () => {})
        socket.on('data', () => {
          socket.write(
            `HTTP/1.1 200 OK\r\ncontent-length: 100000\r\nx-oss-request-id: 1\r\netag: "x"\r\n\r\n${'a'.repeat(50_000)}`,
          )
          setTimeout(() => socket.destroy(), 20)
        })
      }),
    )
    await expect(ask('GET')).rejects.toThrow('without a whole answer')
  })

  test.each([
    ['nothing', ''],
    ['no HTTP', 'hello\r\n\r\n'],
    ['half a head', 'HTTP/1.1 200 OK\r\ncontent-le'],
    ['a head of 100 KB', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`],
    ['a page that is not OSS’s', 'HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n<html></html>'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx'],
  ])('%s is ServiceUnavailable', async (_, bytes) => {
    const { ask } = await inFrontOf(
      createTcpServer((socket) => {
        socket.on('error', () => {})
        socket.on('data', () => socket.end(bytes))
      }),
    )
    const { status, error, headers } = await ask('GET')
    expect([status, error.Code, headers['retry-after']]).toEqual([503, 'ServiceUnavailable', '1'])
  })

  test('nobody there is ServiceUnavailable', async () => {
    const server = createServer()
    const { ask } = await inFrontOf(server)
    await new Promise((resolve) => server.close(resolve))
    expect(await ask('GET')).toMatchObject({ status: 503, error: { Code: 'ServiceUnavailable' } })
  })

  test('an answer before the end of an upload is the answer', async () => {
    const { endpoint, host } = await inFrontOf(
      createServer((request, response) => {
        if (request.url?.includes('location')) {
          response.setHeader('x-oss-request-id', '1')
          response.end('<LocationConstraint>oss-cn-hangzhou</LocationConstraint>')
          return
        }
        // As nginx does, it reads on for a while, so that its answer is not lost.
        request.resume()
        response.writeHead(403)
        response.end('<Error><Code>AccessDenied</Code><Message>no</Message></Error>')
      }),
    )
    const body = Buffer.alloc(5 << 20, 'x')
    const answer = await send(endpoint, sign({ method: 'PUT', target: '/bucket/key', body }, host))
    expect([answer.status, answer.error.Code]).toEqual([403, 'AccessDenied'])
  })

  test('a success before the end of an upload is none, and its connection is not used again', async () => {
    let uploads = 0
    const { endpoint, host } = await inFrontOf(
      createTcpServer((socket) => {
        socket.on('error', () => {})
        // The region is asked for first; of an upload no more is read than comes with its head.
        socket.once('data', (head) => {
          const isUpload = head.toString('latin1').startsWith('PUT')
          const body = isUpload ? '' : '<LocationConstraint>oss-cn-hangzhou</LocationConstraint>'
          socket.write(
            `HTTP/1.1 200 OK\r\nx-oss-request-id: 1\r\netag: "x"\r\ncontent-length: ${body.length}\r\n` +
              `${isUpload ? '' : 'connection: close\r\n'}\r\n${body}`,
          )
          // Nothing more is answered here.
          if (isUpload) uploads++
          if (isUpload) socket.pause()
          else socket.end()
        })
      }),
    )
    const body = Buffer.alloc(20 << 20, 'x')
    for (const expected of [1, 2]) {
      const answer = await send(endpoint, sign({ method: 'PUT', target: '/bucket/key', body }, host))
      expect([answer.status, answer.error.Code, answer.headers['retry-after']]).toEqual([
        503,
        'ServiceUnavailable',
        '1',
      ])
      expect(uploads).toBe(expected)
    }
  })
})
