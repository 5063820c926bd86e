import { Agent, get } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { postForm } from '../gateway/form.ts'
import { presign, send, sign } from '../gateway/wire.ts'
import { startWorld, type World } from '../harness.ts'
import { Connection } from './connection.ts'

let world: World
let host: string
const GET = { method: 'GET', target: '/bucket/key' }
/** More than the buffers between a server and a client that does not read hold. */
const large = Buffer.alloc(40 << 20, 'x')

async function begin(limits: string): Promise<void> {
  world = await startWorld('node', { GATEWAY_CONFIG: `anonymous: forward\n${limits}` })
  host = new URL(world.endpoint).host
  await world.oss().putBucket('bucket')
  await world.oss().putBucketACL('bucket', 'public-read-write')
  await world.oss('bucket').put('key', Buffer.from('hello'))
  await world.oss('bucket').put('large', large)
}
afterEach(() => {
  Connection.closeAll()
  world.localOss.faults.clear()
})

const isServed = async (request = GET) => (await send(world.endpoint, request)).status === 200
const isSignedServed = () => isServed(sign(GET, host))

/** Begins a download and reads nothing of it. */
function neglect(target: string): Connection {
  const one = new Connection(world.endpoint)
  one.socket.pause()
  return one.write(`GET ${target} HTTP/1.1\r\nhost: ${host}\r\n\r\n`)
}

describe('of requests with a signature and without', () => {
  beforeAll(() => begin('limits: {inFlight: 4, perAddress: 4, waiting: 2, waitingTime: 0.1, anonymous: 4}'))
  afterAll(() => world.stop(0))

  test('those without leave the others their places, however they fill their own', async () => {
    const readers = Array.from({ length: 20 }, () => neglect('/bucket/large'))
    await expect.poll(async () => isServed()).toBe(false)
    expect((await send(world.endpoint, GET)).error.Code).toBe('SlowDown')
    for (let i = 0; i < 10; i++) expect(await isSignedServed()).toBe(true)
    for (const { socket } of readers) socket.destroy()
    await expect.poll(async () => isServed()).toBe(true)
  })

  test('those with leave the others theirs', async () => {
    const { target } = presign({ method: 'GET', target: '/bucket/large' }, host)
    const readers = Array.from({ length: 20 }, () => neglect(target))
    await expect.poll(isSignedServed).toBe(false)
    for (let i = 0; i < 10; i++) expect(await isServed()).toBe(true)
    for (const { socket } of readers) socket.destroy()
    await expect.poll(isSignedServed).toBe(true)
  })

  test('forms without have their places among those without', async () => {
    const { headers = {}, body } = postForm({ key: 'form' }, 'x')
    const [head = '', rest = ''] = String(body).split(/(?<=name="file".*\r\n\r\n)/s)
    const lines = Object.entries({ host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
    const start = `POST /bucket HTTP/1.1\r\n${lines.join('')}content-length: ${body?.length}\r\n\r\n${head}`
    const forms = Array.from({ length: 4 }, () => new Connection(world.endpoint).write(start))
    await expect.poll(async () => isServed()).toBe(false)
    for (let i = 0; i < 10; i++) expect(await isSignedServed()).toBe(true)
    for (const form of forms) expect((await form.write(rest).answer('POST')).status).toBe(204)
    expect(await isServed()).toBe(true)
  })
})

describe('of two addresses without a signature', () => {
  beforeAll(() => begin('limits: {anonymous: 4, waiting: 2, waitingTime: 0.1}'))
  afterAll(() => world.stop(0))

  test('one that reads no answer leaves the other its share', async () => {
    for (let i = 0; i < 20; i++) neglect('/bucket/large')
    await expect.poll(async () => isServed()).toBe(false)
    const agent = new Agent({ localAddress: '127.0.0.2' })
    for (let i = 0; i < 10; i++) {
      const status = await new Promise((resolve, reject) => {
        get(world.endpoint + GET.target, { agent }, (response) => {
          response.resume().on('end', () => resolve(response.statusCode))
        }).on('error', reject)
      })
      expect(status).toBe(200)
    }
    agent.destroy()
  })
})

describe('of what may be repeated', () => {
  beforeAll(() => begin(''))
  afterAll(() => world.stop(0))

  test('those without a signature use up nothing of the others’', async () => {
    const busy = { kind: 'error', status: 503, code: 'ServiceUnavailable' } as const
    const unsigned = (request: { headers: object }) => !('authorization' in request.headers)
    world.localOss.faults.add({ when: unsigned, times: Number.POSITIVE_INFINITY, action: busy })
    world.ossRequests()
    await Promise.all(Array.from({ length: 64 }, () => isServed()))
    // All of a budget's hundred, and no more.
    expect(world.ossRequests()).toHaveLength(164)
    world.localOss.faults.add({ when: (request) => !unsigned(request), times: 2, action: busy })
    expect(await isSignedServed()).toBe(true)
  })
})
