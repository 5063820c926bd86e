import { Agent, get } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { postForm, signFields } from '../gateway/form.ts'
import { postSts } from '../gateway/sts-wire.ts'
import { presign, send, sign } from '../gateway/wire.ts'
import { runtimes, startWorld, type World } from '../harness.ts'
import { Connection } from './connection.ts'

let world: World
let host: string
const connection = () => new Connection(world.endpoint)
const GET = { method: 'GET', target: '/bucket/key' }
const other = { accessKeyId: 'other', secretAccessKey: 'other-secret' }
/** More than the buffers between a server and a client that does not read hold. */
const large = Buffer.alloc(40 << 20, 'x')

async function begin(document: string): Promise<void> {
  world = await startWorld('node', { GATEWAY_CONFIG: document })
  host = new URL(world.endpoint).host
  const first = connection()
  await first.ask({ method: 'PUT', target: '/bucket' })
  first.socket.end()
  await first.closed
  await world.oss('bucket').put('key', Buffer.from('hello'))
  await world.oss('bucket').put('large', large)
}
const end = () => world.stop(0)
afterEach(() => {
  Connection.closeAll()
  world.localOss.faults.clear()
})

const closing: (() => void)[] = []
const isServed = async (signing = {}) => (await send(world.endpoint, sign(GET, host, signing))).status === 200

const fields = postForm(signFields({ key: 'form' }, 'bucket'), 'x')
const formHead = () => {
  const lines = Object.entries({ host, ...fields.headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST /bucket HTTP/1.1\r\n${lines.join('')}content-length: ${fields.body?.length}\r\n\r\n`
}

/** Begins forms whose fields do not come, until so many of them are refused for being too many. */
async function dripForms(count: number, refused: number): Promise<void> {
  let tooMany = 0
  for (let i = 0; i < count; i++) {
    const answer = connection().write(`${formHead()}--`).answer('POST')
    answer.then(
      ({ error }) => {
        if (error.Code === 'SlowDown') tooMany++
      },
      () => {},
    )
  }
  await expect.poll(() => tooMany).toBe(refused)
}

describe('of two keys', () => {
  beforeAll(() =>
    begin(`
      limits: {inFlight: 4, perAddress: 4, waiting: 2, waitingTime: 0.1, forms: 2}
      timeouts: {client: {headers: 2}}
      sts: {secrets: [a-secret-that-short-lived-keys-are-made-of]}
      clients: [{accessKeyId: other, secretAccessKey: other-secret}]`),
  )
  afterAll(end)

  test('one whose presigned URL is downloaded by many who do not read leaves the other its share', async () => {
    const { target, headers = {} } = presign({ method: 'GET', target: '/bucket/large' }, host)
    const lines = Object.entries({ host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
    const readers = Array.from({ length: 20 }, () => {
      const one = connection()
      one.socket.pause()
      return one.write(`GET ${target} HTTP/1.1\r\n${lines.join('')}\r\n`)
    })
    await expect.poll(async () => isServed()).toBe(false)
    for (let i = 0; i < 10; i++) expect(await isServed(other)).toBe(true)
    for (const { socket } of readers) socket.destroy()
    await expect.poll(async () => isServed()).toBe(true)
  })

  test('forms whose fields drip take nothing from signed requests, and are given up', async () => {
    const forms = Array.from({ length: 20 }, () => connection().write(`${formHead()}--`))
    const answers = forms.map((form) => form.answer('POST'))
    for (let i = 0; i < 10; i++) expect(await isServed()).toBe(true)
    const codes = (await Promise.all(answers)).map(({ error }) => error.Code)
    expect(codes.filter((code) => code === 'SlowDown')).toHaveLength(18)
    expect(codes.filter((code) => code === 'RequestTimeout')).toHaveLength(2)
    // Their places are free again.
    for (let i = 0; i < 4; i++) {
      const { status } = await send(world.endpoint, postForm(signFields({ key: 'form' }, 'bucket'), 'x'))
      expect(status).toBe(204)
    }
  })

  test('requests to STS whose bodies drip take nothing from signed requests, and are given up', async () => {
    const identity = postSts('Action=GetCallerIdentity&Version=2011-06-15', host)
    const lines = Object.entries(identity.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`)
    const head = `POST / HTTP/1.1\r\n${lines.join('')}\r\n`
    const asked = Array.from({ length: 20 }, () => connection().write(`${head}Action=`))
    const answers = asked.map((one) => one.answer('POST'))
    for (let i = 0; i < 10; i++) expect(await isServed()).toBe(true)
    const codes = (await Promise.all(answers)).map(({ error }) => error.Code)
    expect(codes.filter((code) => code === 'Throttling')).toHaveLength(18)
    expect(codes.filter((code) => code === 'RequestTimeout')).toHaveLength(2)
    for (let i = 0; i < 4; i++) expect((await send(world.endpoint, identity)).status).toBe(200)
  })

  test('forms that drip take nothing from requests to STS', async () => {
    await dripForms(20, 18)
    const identity = postSts('Action=GetCallerIdentity&Version=2011-06-15', host)
    expect((await send(world.endpoint, identity)).status).toBe(200)
  })

  test('a form that is signed has a place among the signed ones', async () => {
    const forms = Array.from({ length: 6 }, () => connection())
    const [head = '', rest = ''] = String(fields.body).split(/(?<=name="file".*\r\n\r\n)/s)
    for (const form of forms) {
      form.write(`${formHead()}${head}`)
      // One after the other: two may be read at a time.
      await sleep(50)
    }
    // Two are the share of their key; the others have waited their time.
    for (const form of forms.slice(2)) expect((await form.answer('POST')).error.Code).toBe('SlowDown')
    expect(await isServed()).toBe(false)
    expect(await isServed(other)).toBe(true)
    for (const form of forms.slice(0, 2)) expect((await form.write(rest).answer('POST')).status).toBe(204)
    expect(await isServed()).toBe(true)
  })

  test('made-up buckets are asked about by a few calls at a time, however slow OSS is', async () => {
    const held: (() => void)[] = []
    world.localOss.faults.add({
      operation: 'ListBuckets',
      times: Number.POSITIVE_INFINITY,
      action: { kind: 'call', run: () => new Promise<void>((resolve) => held.push(resolve)) },
    })
    const headers = { origin: 'https://app.example', 'access-control-request-method': 'GET' }
    const answers = Array.from({ length: 50 }, (_, i) =>
      send(world.endpoint, { method: 'OPTIONS', target: `/made-up-${i}/key`, headers }),
    )
    await expect.poll(() => held.length).toBe(4)
    for (let i = 0; i < 10; i++) expect(await isServed()).toBe(true)
    for (const go of held) go()
    const statuses = (await Promise.all(answers)).map(({ status }) => status)
    expect([statuses.filter((s) => s === 403).length, statuses.filter((s) => s === 503).length]).toEqual([
      4, 46,
    ])
  })
})

describe('of two addresses with one key', () => {
  beforeAll(() => begin('limits: {inFlight: 4, waiting: 2, waitingTime: 0.1, forms: 4}'))
  afterAll(end)

  test('one that reads no answer leaves the other its share', async () => {
    for (let i = 0; i < 20; i++) {
      const one = connection()
      one.socket.pause()
      one.begin({ method: 'GET', target: '/bucket/large' })
    }
    await expect.poll(async () => isServed()).toBe(false)
    const agent = new Agent({ localAddress: '127.0.0.2' })
    for (let i = 0; i < 10; i++) {
      const { headers } = sign(GET, host)
      const status = await new Promise((resolve, reject) => {
        get(world.endpoint + GET.target, { agent, headers }, (response) => {
          response.resume().on('end', () => resolve(response.statusCode))
        }).on('error', reject)
      })
      expect(status).toBe(200)
    }
    agent.destroy()
  })

  test('one whose forms drip leaves the other its share', async () => {
    await dripForms(20, 18)
    const other = new Connection(world.endpoint, '127.0.0.2').write(`${formHead()}${fields.body}`)
    expect((await other.answer('POST')).status).toBe(204)
  })
})

describe('of connections', () => {
  beforeAll(() => begin('limits: {connections: 12, connectionsPerAddress: 8}'))
  afterAll(end)

  test('one address has its share, and all have theirs', async () => {
    const open = { '127.0.0.1': 0, '127.0.0.2': 0 }
    for (const localAddress of ['127.0.0.1', '127.0.0.2'] as const) {
      const options = { host: '127.0.0.1', port: Number(new URL(world.endpoint).port), localAddress }
      const sockets = Array.from({ length: 20 }, () => {
        open[localAddress]++
        return connect(options)
          .on('error', () => {})
          .on('close', () => open[localAddress]--)
      })
      closing.push(() => {
        for (const socket of sockets) socket.destroy()
      })
      await expect.poll(() => open[localAddress]).toBe(localAddress === '127.0.0.1' ? 8 : 4)
    }
    expect(open).toEqual({ '127.0.0.1': 8, '127.0.0.2': 4 })
    for (const close of closing.splice(0)) close()
    await expect.poll(async () => isServed().catch(() => false)).toBe(true)
  })
})

test('who sends many requests at once, on many connections, keeps nobody from being read', async () => {
  await begin('{}')
  let answered = 0
  const unsigned = `GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`
  for (let i = 0; i < 64; i++) {
    const one = connection().write(unsigned.repeat(1000))
    one.socket.on('data', (bytes) => {
      answered += bytes.toString('latin1').split('HTTP/1.1 403').length - 1
    })
  }
  await expect.poll(() => answered, { interval: 1 }).toBeGreaterThan(0)
  expect(await isServed()).toBe(true)
  // Long before the last of theirs.
  expect(answered).toBeLessThan(32_000)
  Connection.closeAll()
  await end()
})

describe.each(runtimes)('who has not signed, on %s', (runtime) => {
  test('and makes up two thousand buckets takes nothing from the good ones', async () => {
    const origin = 'https://app.example'
    const headers = { origin, 'access-control-request-method': 'GET' }
    world = await startWorld(runtime)
    await world.s3().send(new CreateBucketCommand({ Bucket: 'bucket' }))
    const rule = { allowedOrigin: origin, allowedMethod: 'GET' }
    await world.oss('bucket').putBucketCORS('bucket', [rule] as never)
    const preflight = (bucket: string) =>
      send(world.endpoint, { method: 'OPTIONS', target: `/${bucket}/key`, headers })
    expect((await preflight('bucket')).status).toBe(200)
    world.ossRequests()
    const names = Array.from({ length: 2000 }, (_, i) => `made-up-${i}`)
    const statuses = new Set<number>()
    for (let i = 0; i < names.length; i += 100) {
      const answers = await Promise.all(names.slice(i, i + 100).map(preflight))
      for (const { status } of answers) statuses.add(status)
      expect((await preflight('bucket')).status).toBe(200)
    }
    // The second where many are asked about at a time.
    for (const status of statuses) expect([403, 503]).toContain(status)
    // Those asked a good while ago may be asked again.
    const asked = world.ossRequests().filter((name) => name !== 'GetBucketCors')
    expect(new Set(asked)).toEqual(new Set(['ListBuckets']))
    await end()
  })
})
