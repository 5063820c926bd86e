import { connect } from 'node:net'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseLenientXml, text } from '../../src/xml/index.ts'
import { httpChunked, send, sign } from '../gateway/wire.ts'
import { startWorld, type World } from '../harness.ts'

let world: World
let host: string

beforeAll(async () => {
  world = await startWorld('node')
  host = new URL(world.endpoint).host
  await world.s3().send(new CreateBucketCommand({ Bucket: 'bucket' }))
  world.ossRequests()
})
afterAll(() => world.stop())

/** Everything the server says to these bytes until it closes. */
const exchange = (bytes: string) =>
  new Promise<string>((resolve, reject) => {
    const socket = connect(Number(new URL(world.endpoint).port), '127.0.0.1')
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
    })
    socket.on('close', () => resolve(received))
    socket.on('error', reject)
    socket.setTimeout(60_000, () => socket.destroy(new Error('the connection was left open')))
    socket.write(Buffer.from(bytes, 'latin1'))
  })

const request = (line: string, ...headers: string[]) =>
  `${[line, ...headers, 'connection: close'].join('\r\n')}\r\n\r\n`
const PUT = 'PUT /bucket/key HTTP/1.1'
const HOST = 'host: localhost:9000'

test.each<[name: string, bytes: string, code: string]>([
  ['no HTTP at all', '\x16\x03\x01\x00\xa5\x01', 'BadRequest'],
  ['a method in lower case', request('get /bucket/key HTTP/1.1', HOST), 'BadRequest'],
  ['raw UTF-8 in the target', request('GET /bucket/\xc3\xa9 HTTP/1.1', HOST), 'BadRequest'],
  ['lines ended by line feeds alone', `GET /bucket/key HTTP/1.1\n${HOST}\n\n`, 'BadRequest'],
  ['a target in absolute form', request('GET http://evil.example/bucket/key HTTP/1.1', HOST), 'InvalidURI'],
  [
    'a target in absolute form with its own host',
    request('GET http://localhost:9000/bucket/key HTTP/1.1', HOST),
    'InvalidURI',
  ],
  ['a raw backslash', request('GET /\\evil.example/key HTTP/1.1', HOST), 'InvalidBucketName'],
  ['OPTIONS *', request('OPTIONS * HTTP/1.1', HOST), 'InvalidURI'],
  ['no Host', request('GET /bucket/key HTTP/1.1'), 'BadRequest'],
  ['no Host, in HTTP/1.0', request('GET /bucket/key HTTP/1.0'), 'BadRequest'],
  ['an empty Host', request('GET /bucket/key HTTP/1.1', 'host:'), 'BadRequest'],
  ['a Host that is none', request('GET /bucket/key HTTP/1.1', 'host: a b@c/d?e'), 'BadRequest'],
  ['a folded header', request(PUT, HOST, 'x-amz-meta-a: b\r\n c', 'content-length: 0'), 'BadRequest'],
  ['a blank before the colon', request(PUT, HOST, 'content-length : 0'), 'BadRequest'],
  ['two lengths', `${request(PUT, HOST, 'content-length: 5', 'content-length: 6')}hello!`, 'BadRequest'],
  ['a length that is no number', `${request(PUT, HOST, 'content-length: 5x')}hello`, 'BadRequest'],
  [
    'a length and chunks',
    `${request(PUT, HOST, 'content-length: 5', 'transfer-encoding: chunked')}0\r\n\r\n`,
    'BadRequest',
  ],
  [
    'chunks and a length',
    `${request(PUT, HOST, 'transfer-encoding: chunked', 'content-length: 5')}0\r\n\r\n`,
    'BadRequest',
  ],
  [
    'a transfer coding of no service',
    `${request(PUT, HOST, 'transfer-encoding: xchunked')}0\r\n\r\n`,
    'BadRequest',
  ],
  [
    'headers of 20 KB',
    request(PUT, HOST, `x-amz-meta-a: ${'x'.repeat(20_000)}`),
    'RequestHeaderSectionTooLarge',
  ],
  [
    'a target of 20 KB',
    request(`GET /bucket/${'k'.repeat(20_000)} HTTP/1.1`, HOST),
    'RequestHeaderSectionTooLarge',
  ],
])('%s is refused in S3’s words, once, and OSS is not asked', async (_, bytes, code) => {
  const answer = await exchange(bytes)
  expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
  expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1)
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  const error = parseLenientXml(body, 'Error')
  expect(text(error, 'Code')).toBe(code)
  expect(head.toLowerCase()).toContain(`x-amz-request-id: ${text(error, 'RequestId')?.toLowerCase()}\r\n`)
  expect(head.toLowerCase()).toContain(`x-amz-id-2: ${text(error, 'HostId')?.toLowerCase()}`)
  expect(text(error, 'RequestId')).toMatch(/^[0-9A-F]{16}$/)
  expect(world.ossRequests()).toEqual([])
})

test('CONNECT opens no tunnel', async () => {
  const answer = await exchange('CONNECT evil.example:443 HTTP/1.1\r\nhost: evil.example\r\n\r\n')
  expect(answer).toMatch(/^HTTP\/1\.1 400 .*<Code>BadRequest</s)
})

test('two Hosts are none', async () => {
  const answer = await send(world.endpoint, {
    ...sign({ method: 'GET', target: '/bucket' }, host),
    lines: ['host: evil.example'],
  })
  expect(answer).toMatchObject({ status: 400, error: { Code: 'BadRequest' } })
})

test('what follows a body on the connection is a request of its own, and needs its own signature', async () => {
  const first = sign({ method: 'PUT', target: '/bucket/first', body: 'hello' }, host)
  const head = [`${first.method} ${first.target} HTTP/1.1`]
  for (const [name, value] of Object.entries(first.headers ?? {})) head.push(`${name}: ${value}`)
  const second = request('PUT /bucket/second HTTP/1.1', `host: ${host}`, 'content-length: 0')
  const answer = await exchange(`${head.join('\r\n')}\r\ncontent-length: 5\r\n\r\nhello${second}`)
  expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 403'])
  expect((await world.oss('bucket').get('first')).content.toString()).toBe('hello')
  await expect(world.oss('bucket').head('second')).rejects.toMatchObject({ status: 404 })
})

test('a refused body in chunks does not become the next request', async () => {
  world.ossRequests()
  const smuggled = request('PUT /bucket/smuggled HTTP/1.1', `host: ${host}`, 'content-length: 0')
  const body = httpChunked(Buffer.from(smuggled), 1000).toString('latin1')
  const answer = await exchange(
    `PUT /bucket/key HTTP/1.1\r\nhost: ${host}\r\ntransfer-encoding: chunked\r\n\r\n${body}${request('GET / HTTP/1.1', `host: ${host}`)}`,
  )
  for (const status of answer.match(/HTTP\/1\.1 \d+/g) ?? []) expect(status).toBe('HTTP/1.1 403')
  expect(world.ossRequests()).toEqual([])
})
