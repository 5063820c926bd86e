import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startWorld, type World } from '../harness.ts'
import { Connection } from './connection.ts'

let world: World
const connection = () => new Connection(world.endpoint)
/** In which what was sent has come in. */
const ARRIVAL = 300
const GET = { method: 'GET', target: '/bucket/key' }
const body = Buffer.alloc(20 << 20, 'x')

beforeAll(async () => {
  world = await startWorld('node', {
    GATEWAY_CONFIG: 'limits: {inFlight: 2, perAddress: 2, waiting: 2, waitingTime: 10}',
    ADMIN_PORT: 'any',
  })
  await connection().ask({ method: 'PUT', target: '/bucket' })
  for (const key of ['key', 'probe']) await world.oss('bucket').put(key, Buffer.from('hello'))
  world.ossRequests()
})
afterEach(async () => {
  Connection.closeAll()
  world.localOss.faults.clear()
  for (const go of held.splice(0)) go()
  await nobodyIsInside()
  world.ossRequests()
})
afterAll(() => world.stop())

const held: (() => void)[] = []
/** Lets OSS hold what it is asked until it is told to go on; `inside` is how much it holds. */
function hold(key: string | RegExp = /./) {
  world.localOss.faults.add({
    key,
    operation: ['GetObject', 'PutObject'],
    times: Number.POSITIVE_INFINITY,
    action: { kind: 'call', run: () => new Promise<void>((resolve) => held.push(resolve)) },
  })
  const release = () => {
    for (const go of held.splice(0)) go()
  }
  return { inside: () => held.length, release }
}

/** Fills the gate: two inside, two waiting. */
async function crowd() {
  const oss = hold()
  const inside = [connection().begin(GET), connection().begin(GET)]
  await expect.poll(oss.inside).toBe(2)
  const waiting = [connection().begin(GET), connection().begin(GET)]
  await sleep(ARRIVAL)
  return { oss, inside, waiting }
}

/** Two can be inside at once: no place was lost. */
async function nobodyIsInside(): Promise<void> {
  // OSS may still be at work on what nobody waits for any more.
  const oss = hold('probe')
  const probe = { method: 'GET', target: '/bucket/probe' }
  const two = [connection().begin(probe), connection().begin(probe)]
  await expect.poll(oss.inside).toBe(2)
  oss.release()
  world.localOss.faults.clear()
  for (const one of two) expect((await one.answer()).status).toBe(200)
}

test('two are inside, two wait, the fifth is told to slow down and may ask again on its connection', async () => {
  const { oss, inside, waiting } = await crowd()
  const fifth = connection()
  for (let i = 0; i < 3; i++) {
    expect(await fifth.ask(GET)).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1', 'keep-alive': expect.stringMatching(/^timeout=/) },
      error: { Code: 'SlowDown' },
    })
  }
  expect(oss.inside()).toBe(2)
  oss.release()
  for (const one of inside) expect((await one.answer()).status).toBe(200)
  await expect.poll(oss.inside).toBe(2)
  oss.release()
  world.localOss.faults.clear()
  for (const one of waiting) expect((await one.answer()).body.toString()).toBe('hello')
  expect((await fifth.ask(GET)).status).toBe(200)
})

test('health is told meanwhile', async () => {
  await crowd()
  for (const path of ['/healthz', '/readyz']) {
    const answer = await fetch(world.adminEndpoint + path)
    expect([answer.status, await answer.text()]).toEqual([200, 'ok\n'])
  }
})

test('who waited his time is told to slow down', async () => {
  const { waiting } = await crowd()
  for (const one of waiting) expect((await one.answer()).error.Code).toBe('SlowDown')
})

test.each<[name: string, leave: (client: Connection) => unknown]>([
  ['goes', ({ socket }) => socket.destroy()],
  ['resets his connection', ({ socket }) => socket.resetAndDestroy()],
  ['closes his side', ({ socket }) => socket.end()],
])('who waits and %s makes room for the next', async (_, leave) => {
  const { oss, waiting } = await crowd()
  for (const one of waiting) leave(one)
  await sleep(ARRIVAL)
  const next = [connection().begin(GET), connection().begin(GET)]
  await sleep(ARRIVAL)
  expect((await connection().ask(GET)).error.Code).toBe('SlowDown')
  oss.release()
  await expect.poll(oss.inside).toBe(2)
  oss.release()
  for (const one of next) expect((await one.answer()).status).toBe(200)
  // Nothing was done for who had gone.
  expect(world.ossRequests().filter((name) => name === 'GetObject')).toHaveLength(4)
})

test('an upload that is turned away reads why, and the connection goes on', async () => {
  const { oss } = await crowd()
  const upload = { method: 'PUT', target: '/bucket/large' }
  const refused = connection()
  for (let i = 0; i < 2; i++) {
    const answer = await refused.ask({ ...upload, body: body.subarray(0, 1 << 20) })
    expect([answer.status, answer.error.Code]).toEqual([503, 'SlowDown'])
  }
  const careful = connection().begin(upload, `content-length: ${body.length}`, 'expect: 100-continue')
  expect(await careful.answer()).toMatchObject({ status: 503, headers: { connection: 'close' } })
  expect(careful.provisional).toEqual([])
  oss.release()
  world.localOss.faults.clear()
  await expect.poll(async () => (await refused.ask(GET)).status).toBe(200)
  await expect(world.oss('bucket').head('large')).rejects.toMatchObject({ status: 404 })
})

test('requests in one packet have one place between them, and all are answered in order', async () => {
  const oss = hold()
  const many = connection()
  for (let i = 0; i < 6; i++) many.begin(GET)
  const statuses = []
  for (let i = 0; i < 6; i++) {
    await expect.poll(oss.inside).toBe(1)
    oss.release()
    statuses.push((await many.answer()).status)
  }
  expect(statuses).toEqual([200, 200, 200, 200, 200, 200])
})

test('no place is lost, however three hundred requests end', async () => {
  const kinds: ((client: Connection) => Promise<unknown> | unknown)[] = [
    (client) => client.ask(GET),
    (client) => client.ask({ ...GET, method: 'HEAD' }),
    (client) => client.ask({ method: 'GET', target: '/bucket/none' }),
    (client) => client.ask({ method: 'PUT', target: '/bucket/small', body: 'x' }),
    (client) => client.ask({ method: 'DELETE', target: '/bucket/small' }),
    // Refused, read or not.
    (client) => client.write('GET /bucket/key HTTP/1.1\r\nhost: x\r\n\r\n').answer(),
    (client) => client.write('GET /bucket/key HTTP/1.1\r\nhost: x\r\n\r\n'),
    (client) => client.write('PUT /bucket/key HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n').answer(),
    (client) => client.write('no HTTP').answer(),
    // Aborted: before the answer, within a body, behind one another.
    (client) => client.begin(GET),
    (client) => client.begin({ method: 'PUT', target: '/bucket/cut' }, 'content-length: 9').write('x'),
    (client) =>
      client
        .begin({ method: 'PUT', target: '/bucket/cut' }, `content-length: ${body.length}`)
        .write(body.subarray(0, 1 << 20)),
    (client) => client.begin(GET).begin(GET).begin(GET),
    (client) => client.begin(GET).begin({ method: 'PUT', target: '/bucket/behind', body: 'x' }).write('x'),
    (client) => client.begin(GET).write('no HTTP'),
    (client) =>
      client.begin({ method: 'PUT', target: '/bucket/cut' }, 'transfer-encoding: chunked').write('x\r\n'),
    (client) =>
      client.begin({ method: 'PUT', target: '/bucket/cut' }, 'content-length: 9', 'expect: 100-continue'),
    (client) => client.begin(GET).socket.end(),
  ]
  const ends: ((client: Connection) => unknown)[] = [
    ({ socket }) => socket.destroy(),
    ({ socket }) => socket.resetAndDestroy(),
    ({ socket }) => socket.end(),
  ]
  const one = async (i: number) => {
    const client = connection()
    await kinds[i % kinds.length]?.(client)
    await sleep(i % 7)
    ends[i % ends.length]?.(client)
  }
  for (let i = 0; i < 300; i += 3) await Promise.all([one(i), one(i + 1), one(i + 2)])
  Connection.closeAll()
  await nobodyIsInside()
})
