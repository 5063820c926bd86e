import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { FaultAction, ObservedRequest } from '../../src/local-oss/index.ts'
import { type Client, failure, startWorld, type World } from './setup.ts'

let world: World
let client: Client
beforeAll(async () => {
  world = await startWorld()
  client = await world.bucket()
  await client.put('k', Buffer.from('0123456789'))
})
afterAll(() => world.stop())
afterEach(() => world.oss.faults.clear())

/** What the next GetObject ends in: the answer's text, or the name of the failure. Only what stalls is not waited for. */
const next = async (action: FaultAction) => {
  world.oss.faults.add({ operation: 'GetObject', action })
  const timeout = [60_000, action.kind === 'stall' ? 200 : 60_000]
  return client.get('k', { timeout } as never).then(
    ({ content }) => String(content),
    (cause: Error) => cause.name,
  )
}

describe('the service told to misbehave', () => {
  test('answers an error of choice', async () => {
    world.oss.faults.add({
      operation: 'GetObject',
      action: { kind: 'error', status: 503, code: 'ServiceUnavailable', ec: 'x' },
    })
    expect(await failure(client.get('k'))).toMatchObject({
      status: 503,
      code: 'ServiceUnavailable',
      ecCode: 'x',
    })
  })

  test('answers garbage', async () => {
    expect(await next({ kind: 'garbage', body: '<html>' })).toBe('<html>')
  })

  test('answers an upload that it has not read, and keeps nothing of it', async () => {
    const early: FaultAction = { kind: 'garbage', status: 200, body: '', headers: { etag: '"EARLY"' } }
    world.oss.faults.add({ operation: ['PutObject', 'UploadPart'], action: early })
    const headers = { 'content-length': '1000000' }
    const sent = request({
      port: world.port,
      method: 'PUT',
      path: `/${client.getBucket()}/early`,
      headers,
      agent: false,
    })
    sent.on('error', () => {})
    sent.write('the beginning')
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    expect([answer.statusCode, answer.headers.etag]).toEqual([200, '"EARLY"'])
    expect(answer.headers).not.toHaveProperty('x-oss-hash-crc64ecma')
    sent.destroy()
    expect(await failure(client.get('early'))).toMatchObject({ code: 'NoSuchKey' })
  })

  test('never answers', async () => {
    expect(await next({ kind: 'stall', at: 'start' })).toBe('ResponseTimeoutError')
  })

  test('stops within the answer', async () => {
    expect(await next({ kind: 'stall', at: 'body', afterBytes: 3 })).toBe('ResponseTimeoutError')
  })

  test('drops the connection before, after and within', async () => {
    // The SDK names it after the socket's age.
    const dropped = /^Re(quest|sponse)Error$/
    expect(await next({ kind: 'cut', when: 'before' })).toMatch(dropped)
    expect(await next({ kind: 'cut', when: 'after' })).toMatch(dropped)
    expect(await next({ kind: 'truncate', afterBytes: 3 })).toBe('Error')
  })

  test('has done its work when only the answer is lost', async () => {
    world.oss.faults.add({ operation: 'PutObject', action: { kind: 'cut', when: 'after' } })
    await failure(client.put('lost', Buffer.from('x')))
    expect(String((await client.get('lost')).content)).toBe('x')
    world.oss.faults.add({ operation: 'PutObject', action: { kind: 'cut', when: 'before' } })
    await failure(client.put('never', Buffer.from('x')))
    expect(await failure(client.get('never'))).toMatchObject({ code: 'NoSuchKey' })
  })

  test('takes its time', async () => {
    const started = performance.now()
    expect(await next({ kind: 'delay', ms: 50 })).toBe('0123456789')
    expect(performance.now() - started).toBeGreaterThan(45)
  })

  test('does something first', async () => {
    await client.put('source', Buffer.from('old'))
    const run = () => client.put('source', Buffer.from('new'))
    world.oss.faults.add({ operation: 'CopyObject', action: { kind: 'call', run } })
    await client.copy('copied', 'source')
    expect(String((await client.get('copied')).content)).toBe('new')
  })

  test('strikes whom it is told to, as often as it is told to, after those it is told to spare', async () => {
    const bucket = client.getBucket()
    const cut: FaultAction = { kind: 'error', status: 500, code: 'InternalError' }
    const outcomes = async (key: string, times: number) => {
      const seen: string[] = []
      for (let i = 0; i < times; i++) {
        seen.push(
          await client.get(key).then(
            () => 'ok',
            ({ code }: { code: string }) => code,
          ),
        )
      }
      return seen.join(' ')
    }
    world.oss.faults.add({ bucket, key: 'k', skip: 1, times: 2, action: cut })
    expect(await outcomes('lost', 1)).toBe('ok')
    expect(await outcomes('k', 4)).toBe('ok InternalError InternalError ok')
    const remove = world.oss.faults.add({ key: /^l/, times: Number.POSITIVE_INFINITY, action: cut })
    expect(await outcomes('lost', 2)).toBe('InternalError InternalError')
    remove()
    expect(await outcomes('lost', 1)).toBe('ok')
    world.oss.faults.add({ when: ({ headers }) => headers['x-oss-traffic-limit'] !== undefined, action: cut })
    expect(await outcomes('k', 1)).toBe('ok')
  })

  test('strikes one part of an upload', async () => {
    world.oss.faults.add({
      operation: ['UploadPart', 'UploadPartCopy'],
      partNumber: 2,
      action: { kind: 'error', status: 500, code: 'InternalError' },
    })
    const { uploadId } = await client.initMultipartUpload('parts')
    const put = (number: number) =>
      client.uploadPart('parts', uploadId, number, Buffer.from('x') as never, 0, 1)
    await put(1)
    expect(await failure(put(2))).toMatchObject({ status: 500 })
    await put(2)
    await client.abortMultipartUpload('parts', uploadId)
  })
})

test('a stalled request does not keep the service from closing', async () => {
  const other = await startWorld()
  const stalled = other.oss.transport({
    method: 'GET',
    url: 'http://oss-cn-hangzhou.aliyuncs.com/',
    headers: {},
  })
  await (await stalled).body.toArray()
  other.oss.faults.add({ action: { kind: 'stall', at: 'start' } })
  const waiting = other.oss.transport({
    method: 'GET',
    url: 'http://oss-cn-hangzhou.aliyuncs.com/',
    headers: {},
  })
  const outcome = expect(waiting).rejects.toThrow('the service closes')
  await other.stop()
  await outcome
})

test('listeners hear what was asked and how it was answered', async () => {
  const seen: (ObservedRequest & { status: number })[] = []
  const stop = world.oss.onRequest((request) => seen.push(request))
  await client.get('k')
  await failure(client.head('missing'))
  world.oss.faults.add({ action: { kind: 'cut', when: 'before' } })
  await failure(client.get('k'))
  stop()
  await client.get('k')
  expect(
    seen.map(({ operation, method, bucket, key, status }) => [operation, method, bucket, key, status]),
  ).toEqual([
    ['GetObject', 'GET', client.getBucket(), 'k', 200],
    ['HeadObject', 'HEAD', client.getBucket(), 'missing', 404],
    ['GetObject', 'GET', client.getBucket(), 'k', 0],
  ])
  expect(seen[0]?.headers['user-agent']).toContain('aliyun-sdk-nodejs')
})
