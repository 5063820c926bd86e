import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { postForm, signFields } from '../gateway/form.ts'
import { presign, send, sign } from '../gateway/wire.ts'
import { startWorld, type World } from '../harness.ts'

const secretAccessKey = 'a-secret-of-its-own'
const clients = [
  { accessKeyId: 'narrow', secretAccessKey, limits: { inFlight: 2 } },
  { accessKeyId: 'slow', secretAccessKey, limits: { rate: 3 } },
  { accessKeyId: 'other', secretAccessKey },
]
const document = JSON.stringify({ clients, limits: { waiting: 0 } })
const GET = { method: 'GET', target: '/bucket/key' }

let world: World
let host: string
const held: (() => void)[] = []
beforeAll(async () => {
  world = await startWorld('node', { GATEWAY_CONFIG: document })
  host = new URL(world.endpoint).host
  await world.oss().putBucket('bucket')
  await world.oss('bucket').put('key', Buffer.from('hello'))
})
afterEach(() => {
  world.localOss.faults.clear()
  for (const go of held.splice(0)) go()
})
afterAll(() => world.stop())

const ask = (accessKeyId: string) => send(world.endpoint, sign(GET, host, { accessKeyId, secretAccessKey }))

test('a client has its own number of requests at a time, and others have theirs', async () => {
  world.localOss.faults.add({
    key: /./,
    operation: ['GetObject'],
    times: 2,
    action: { kind: 'call', run: () => new Promise<void>((resolve) => held.push(resolve)) },
  })
  const inside = [ask('narrow'), ask('narrow')]
  await expect.poll(() => held.length).toBe(2)
  expect(await ask('narrow')).toMatchObject({
    status: 503,
    headers: { 'retry-after': '1' },
    error: { Code: 'SlowDown', Message: 'Please reduce your request rate.' },
  })
  expect((await ask('other')).status).toBe(200)
  for (const go of held.splice(0)) go()
  for (const one of inside) expect((await one).status).toBe(200)
  await expect.poll(async () => (await ask('narrow')).status).toBe(200)
})

test('a client that asks faster than its rate is told to slow down, however it signs', async () => {
  const key = { accessKeyId: 'slow', secretAccessKey }
  const ways = [
    () => ask('slow'),
    () => send(world.endpoint, presign(GET, host, key)),
    () => send(world.endpoint, postForm(signFields({ key: 'form' }, 'bucket', key), 'x')),
  ]
  const began = Date.now()
  const codes: (string | undefined)[] = []
  for (let i = 0; i < 30; i++) codes.push((await (ways[i % 3] as () => ReturnType<typeof ask>)()).error.Code)
  const most = 3 + (3 * (Date.now() - began)) / 1000
  const refused = codes.filter((code) => code === 'SlowDown').length
  expect(codes.slice(0, 3)).toEqual([undefined, undefined, undefined])
  expect(codes.filter((code) => code === undefined)).toHaveLength(30 - refused)
  expect(30 - refused).toBeLessThanOrEqual(most)
  for (let i = 0; i < 10; i++) expect((await ask('other')).status).toBe(200)
})

test('what others sign wrongly in its name is not counted', async () => {
  await expect.poll(async () => (await ask('slow')).status).toBe(200)
  const wrong = { accessKeyId: 'slow', secretAccessKey: 'wrong' }
  for (let i = 0; i < 30; i++)
    expect((await send(world.endpoint, sign(GET, host, wrong))).error.Code).toBe('SignatureDoesNotMatch')
  await expect.poll(async () => (await ask('slow')).status).toBe(200)
})
