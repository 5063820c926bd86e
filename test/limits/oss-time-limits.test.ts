import { once } from 'node:events'
import { createServer, request as httpRequest, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { ossTransport } from '../../src/node/oss-transport.ts'
import type { OssRequest, Transport } from '../../src/ports.ts'
import { sign } from '../gateway/wire.ts'
import { setups, startWorld, type World } from '../harness.ts'

const generous = { connect: 20, headers: 20, idle: 20, total: 60 }
const close: (() => unknown)[] = []
afterAll(async () => {
  for (const one of close) await one()
})

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A transport with these limits, and a request of it to an OSS that answers so. */
async function inFrontOf(answer: RequestListener, limits: Partial<typeof generous> = {}) {
  const server = createServer(answer)
  const host = await listening(server)
  const { transport, close: closeTransport } = ossTransport({ ...generous, ...limits })
  close.push(() => {
    server.closeAllConnections()
    server.close()
    return closeTransport()
  })
  const ask = (request: Partial<OssRequest> = {}) =>
    transport({ method: 'GET', url: `http://${host}/key`, headers: {}, ...request })
  return { ask, server }
}

const silence: RequestListener = (request) => void request.resume()
const echoLength: RequestListener = async (request, response) => {
  let length = 0
  for await (const bytes of request) length += bytes.length
  response.end(String(length))
}

async function* slowly(pieces: number, pause: number, size = 1000): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < pieces; i++) {
    yield Buffer.alloc(size, 'x')
    await sleep(pause)
  }
}

async function textOf(answer: ReturnType<Transport>): Promise<string> {
  let text = ''
  for await (const bytes of (await answer).body) text += Buffer.from(bytes).toString()
  return text
}

const failure = async (work: Promise<unknown>) => {
  const began = performance.now()
  const error = await work.then(
    () => Promise.reject(new Error('it succeeded')),
    (error: Error & { failure?: string }) => error,
  )
  return { why: error.failure, message: error.message, seconds: (performance.now() - began) / 1000 }
}

// At once: each waits for most of its time.
describe.concurrent('OSS has so long', () => {
  test('to answer', async () => {
    const { ask } = await inFrontOf(silence, { headers: 1 })
    const { why, message, seconds } = await failure(ask())
    expect([why, message]).toEqual(['timeout', 'OSS did not answer within 1 s (timeouts.oss.headers)'])
    expect(seconds).toBeGreaterThan(0.4)
  })

  test('to answer, from the end of the request: an upload may take longer', async () => {
    const { ask } = await inFrontOf(echoLength, { headers: 1 })
    const upload = { method: 'PUT', headers: { 'content-length': '40000' }, body: slowly(40, 80) }
    expect(await textOf(ask(upload))).toBe('40000')
    expect(await textOf(ask({ method: 'PUT', body: slowly(3, 1500) }))).toBe('3000')
  })

  test('to answer, from the end of a long upload', async () => {
    const { ask } = await inFrontOf(silence, { headers: 1 })
    let ended = 0
    async function* body() {
      yield* slowly(3, 800)
      ended = performance.now()
    }
    const { why } = await failure(ask({ method: 'PUT', headers: { 'content-length': '3000' }, body: body() }))
    const seconds = (performance.now() - ended) / 1000
    expect([why, ended > 0]).toEqual(['timeout', true])
    expect(seconds).toBeGreaterThan(0.4)
  })

  test('to take what is sent', async () => {
    const { ask } = await inFrontOf((request) => void request.pause(), { headers: 1 })
    const { why } = await failure(ask({ method: 'PUT', body: slowly(1e6, 0, 1 << 20) }))
    expect(why).toBe('timeout')
  })

  test('or as long as a request says', async () => {
    const { ask } = await inFrontOf((_, response) => void setTimeout(() => response.end('late'), 3000), {
      headers: 1,
      idle: 1,
    })
    const most = (ms: number) => ({ answerTimeout: { ms, setting: 'a setting' } })
    const [finite, endless, short] = await Promise.all([
      textOf(ask(most(10_000))),
      textOf(ask(most(Number.POSITIVE_INFINITY))),
      failure(ask(most(1500))),
    ])
    expect([finite, endless]).toEqual(['late', 'late'])
    expect(short).toMatchObject({ why: 'timeout', message: 'OSS did not answer within 1.5 s (a setting)' })
  })

  test('to go on', async () => {
    const { ask } = await inFrontOf((_, response) => void response.write('so far'), { idle: 1 })
    const { why, message } = await failure(textOf(ask()))
    expect([why, message]).toEqual(['timeout', 'OSS sent nothing more within 1 s (timeouts.oss.idle)'])
  })

  test('to go on, each time anew', async () => {
    const { ask } = await inFrontOf(
      async (_, response) => {
        for await (const bytes of slowly(24, 150, 1)) response.write(bytes)
        response.end()
      },
      { idle: 1 },
    )
    expect(await textOf(ask())).toBe('x'.repeat(24))
  })

  test('and a reader as long as it likes', async () => {
    const whole = Buffer.alloc(8 << 20, 'x')
    const { ask } = await inFrontOf((_, response) => void response.end(whole), { idle: 1 })
    const { body } = await ask()
    let read = 0
    let pauses = 0
    for await (const bytes of body) {
      read += bytes.length
      // Nothing at all for longer than the limit, then a little at a time.
      if (read > 1 << 20 && pauses < 2) await sleep(++pauses * 1800)
      else if (read < 2 << 20) await sleep(10)
    }
    expect([read, pauses]).toEqual([whole.length, 2])
  })

  test('to take a connection, its TLS included', async () => {
    const server = createTcpServer((socket) => void socket.on('error', () => {}))
    const host = await listening(server)
    const { transport, close: closeTransport } = ossTransport({ ...generous, connect: 1 })
    close.push(closeTransport, () => server.close())
    const { why, message } = await failure(transport({ method: 'GET', url: `https://${host}/`, headers: {} }))
    expect([why, message]).toEqual(['not-sent', 'there was no connection within 1 s (timeouts.oss.connect)'])
  })

  test('for the whole of it', async () => {
    const drip: RequestListener = async (request, response) => {
      request.resume()
      for await (const bytes of slowly(100, 100, 1)) response.write(bytes)
    }
    const { ask } = await inFrontOf(drip, { total: 2 })
    const down = failure(textOf(ask()))
    const { ask: askSilent } = await inFrontOf(silence, { total: 2 })
    const up = failure(askSilent({ method: 'PUT', body: slowly(100, 100) }))
    for (const { why, message, seconds } of await Promise.all([down, up])) {
      expect(why).toBe('timeout')
      expect(message).toBe('OSS had not answered to the end within 2 s (timeouts.oss.total)')
      expect(seconds).toBeGreaterThan(1.9)
    }
  })
})

describe('the connections to OSS', () => {
  test('are as many as it takes', async () => {
    const waiting: (() => void)[] = []
    const { ask } = await inFrontOf((_, response) => void waiting.push(() => response.end('x')))
    const answers = Promise.all(Array.from({ length: 400 }, () => textOf(ask())))
    await expect.poll(() => waiting.length).toBe(400)
    for (const answer of waiting) answer()
    expect(new Set(await answers)).toEqual(new Set(['x']))
  })

  test('serve one request after the other, HEAD and all', async () => {
    const { ask, server } = await inFrontOf(echoLength)
    let connections = 0
    server.on('connection', () => connections++)
    for (const method of ['HEAD', 'GET', 'HEAD', 'PUT', 'HEAD', 'DELETE', 'GET']) {
      await textOf(ask({ method }))
      // undici takes a connection again in the next turn of the event loop.
      await turn()
    }
    expect(connections).toBe(1)
  })

  test('are closed when nobody reads on', async () => {
    let closed = 0
    const { ask } = await inFrontOf((_, response) => {
      response.on('close', () => closed++).write('more is to come')
    })
    for await (const _ of (await ask()).body) break
    await expect.poll(() => closed).toBe(1)
  })
})

describe('of a request that got no answer it is known', () => {
  test('that it never went out', async () => {
    const server = createTcpServer()
    const host = await listening(server)
    await new Promise((resolve) => server.close(resolve))
    const { transport, close: closeTransport } = ossTransport(generous)
    close.push(closeTransport)
    for (const url of [`http://${host}/`, 'http://no-such-host.invalid/']) {
      const body = slowly(1, 0)
      expect((await failure(transport({ method: 'PUT', url, headers: {}, body }))).why).toBe('not-sent')
    }
  })

  test('or not', async () => {
    const { ask } = await inFrontOf((request) => void request.socket.destroy())
    expect((await failure(ask())).why).toBeUndefined()
  })

  test('that its caller gave it up, whenever that was', async () => {
    const { ask } = await inFrontOf((_, response) => void response.write('so far'))
    const reason = new Error('no more')
    const before = await failure(ask({ signal: AbortSignal.abort(reason) }))
    const { ask: askSilent } = await inFrontOf(silence)
    const given = new AbortController()
    setTimeout(() => given.abort(reason), 100)
    const meanwhile = await failure(askSilent({ signal: given.signal }))
    const later = new AbortController()
    const answer = await ask({ signal: later.signal })
    later.abort(reason)
    const after = await failure(textOf(Promise.resolve(answer)))
    for (const { message } of [before, meanwhile, after]) expect(message).toBe('no more')
  })
})

describe.each(setups)('behind the gateway, %s', (setup) => {
  let world: World
  const timeouts = { oss: { headers: 2, idle: 2 } }
  const noAnswer = { name: 'ServiceUnavailable', $metadata: { httpStatusCode: 503 } }
  beforeAll(async () => {
    world = await startWorld(setup, { GATEWAY_CONFIG: JSON.stringify({ timeouts }) })
    const s3 = world.s3()
    await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
    await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: Buffer.alloc(1 << 20, 'x') }))
  })
  afterAll(() => world.stop())
  afterEach(() => world.localOss.faults.clear())

  test('an OSS that does not answer is a reason to try again, for the client', async () => {
    world.localOss.faults.add({ action: { kind: 'stall', at: 'start' }, times: 9 })
    const read = world.s3().send(new GetObjectCommand({ Bucket: 'bucket', Key: 'key' }))
    await expect(read).rejects.toMatchObject({ ...noAnswer, $response: { headers: { 'retry-after': '1' } } })
    const Body = Buffer.alloc(300_000)
    const written = world.s3().send(new PutObjectCommand({ Bucket: 'bucket', Key: 'new', Body }))
    await expect(written).rejects.toMatchObject(noAnswer)
  })

  test('and so is one that stops within a document', async () => {
    world.localOss.faults.add({ action: { kind: 'stall', at: 'body', afterBytes: 20 }, times: 9 })
    const list = world.s3().send(new ListObjectsV2Command({ Bucket: 'bucket' }))
    await expect(list).rejects.toMatchObject(noAnswer)
  })

  // What a Worker only hands on, it does not watch.
  test.runIf(setup === 'sockets')('one that stops within an object cuts the answer', async () => {
    world.localOss.faults.add({ action: { kind: 'stall', at: 'body', afterBytes: 1000 } })
    const { Body } = await world.s3().send(new GetObjectCommand({ Bucket: 'bucket', Key: 'key' }))
    await expect(Body?.transformToByteArray()).rejects.toThrow()
  })

  test('an upload may take longer than the answer to it', async () => {
    const target = '/bucket/slow'
    const { host } = new URL(world.endpoint)
    const { headers } = sign({ method: 'PUT', target }, host, { payload: 'UNSIGNED-PAYLOAD' })
    const lengths = { 'content-length': '300000' }
    const request = httpRequest(world.endpoint, {
      method: 'PUT',
      path: target,
      headers: { ...headers, ...lengths },
    })
    const answer = once(request, 'response')
    for await (const bytes of slowly(30, 100, 10_000)) request.write(bytes)
    request.end()
    const [{ statusCode }] = await answer
    expect(statusCode).toBe(200)
    expect((await world.oss('bucket').get('slow')).content).toHaveLength(300_000)
  })

  test('what takes OSS long has longer', async () => {
    const s3 = world.s3()
    const address = { Bucket: 'bucket', Key: 'long' }
    const CopySource = 'bucket/key'
    const operation = ['CopyObject', 'UploadPartCopy', 'CompleteMultipartUpload']
    world.localOss.faults.add({ operation, action: { kind: 'delay', ms: 3000 }, times: 9 })
    const copied = s3.send(new CopyObjectCommand({ ...address, Key: 'copy', CopySource }))
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(address))
    const { CopyPartResult } = await s3.send(
      new UploadPartCopyCommand({ ...address, CopySource, UploadId, PartNumber: 1 }),
    )
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: CopyPartResult?.ETag }] }
    await s3.send(new CompleteMultipartUploadCommand({ ...address, UploadId, MultipartUpload }))
    await copied
    expect((await world.oss('bucket').get('long')).content).toHaveLength(1 << 20)
  })
})
