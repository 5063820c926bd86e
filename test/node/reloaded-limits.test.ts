import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse-config.ts'
import type { LocalOss } from '../../src/local-oss/index.ts'
import { type Running, serve } from '../../src/node/serve.ts'
import { postForm, signFields } from '../gateway/form.ts'
import { type Answer, send, sign } from '../gateway/wire.ts'
import { Connection } from '../limits/connection.ts'

const key = (accessKeyId: string) => ({ accessKeyId, secretAccessKey: 'a-secret-of-its-own' })
const GET = { method: 'GET', target: '/bucket/key' }

const configOf = (document: object) =>
  parseConfig(
    { PORT: '0', ADMIN_PORT: '0', LOCAL_OSS_PORT: '0', LOCAL_OSS_DIR: ':memory:' },
    JSON.stringify(document),
  )

let gateway: Running
const held: (() => void)[] = []
afterEach(async () => {
  for (const go of held.splice(0)) go()
  Connection.closeAll()
  await gateway.stop(0)
})

/** A gateway with a bucket that everybody may read. */
async function start(document: object) {
  const config = configOf(document)
  // Port 0 is off in the settings.
  gateway = await serve({ ...config, listen: { ...config.listen, adminPort: 0 } }, () => {})
  const endpoint = `http://127.0.0.1:${gateway.port}`
  const { host } = new URL(endpoint)
  const ask = (name = 'local', request: Parameters<typeof sign>[0] = GET) =>
    send(endpoint, sign(request, host, name === 'local' ? {} : key(name)))
  const headers = { 'x-amz-acl': 'public-read' }
  await ask('local', { method: 'PUT', target: '/bucket', headers })
  await ask('local', { ...GET, method: 'PUT', headers, body: 'hello' })
  const localOss = gateway.localOss as LocalOss
  return {
    endpoint,
    host,
    ask,
    unsigned: () => send(endpoint, GET),
    /** The next read is answered by OSS when it is let go. */
    holdOne: () => {
      const run = () => new Promise<void>((resolve) => held.push(resolve))
      localOss.faults.add({ operation: 'GetObject', times: 1, action: { kind: 'call', run } })
    },
    metrics: async () => (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text(),
  }
}
type Gateway = Awaited<ReturnType<typeof start>>

const codeOf = async (answer: Promise<Answer>) => (await answer).error.Code

describe('settings that are read again while a request is worked on', () => {
  const clients = [{ ...key('narrow'), limits: { inFlight: 1 } }, key('one'), key('two')]
  const rows: [
    what: string,
    document: object,
    held: (gateway: Gateway) => Promise<Answer>,
    counted: (gateway: Gateway) => Promise<Answer>,
    other: ((gateway: Gateway) => Promise<Answer>) | undefined,
  ][] = [
    ['all', { limits: { inFlight: 1 } }, ({ ask }) => ask('one'), ({ ask }) => ask('two'), undefined],
    [
      'each key',
      { limits: { perKey: 1 } },
      ({ ask }) => ask('one'),
      ({ ask }) => ask('one'),
      ({ ask }) => ask('two'),
    ],
    ['a client', {}, ({ ask }) => ask('narrow'), ({ ask }) => ask('narrow'), ({ ask }) => ask('one')],
    [
      'an address',
      { limits: { perAddress: 1 } },
      ({ ask }) => ask('one'),
      ({ ask }) => ask('two'),
      undefined,
    ],
    [
      'those without a signature',
      { anonymous: 'forward', limits: { anonymous: 1 } },
      ({ unsigned }) => unsigned(),
      ({ unsigned }) => unsigned(),
      ({ ask }) => ask('one'),
    ],
  ]
  test.each(rows)(
    'give no second share to %s',
    async (_, { limits, ...document }: { limits?: object }, one, counted, other) => {
      const settings = { ...document, clients, limits: { ...limits, waiting: 0 } }
      const world = await start(settings)
      world.holdOne()
      const answer = one(world)
      await expect.poll(() => held.length).toBe(1)
      for (let i = 0; i < 3; i++) {
        await gateway.reload(configOf(settings))
        expect(await codeOf(counted(world))).toBe('SlowDown')
        if (other !== undefined) expect((await other(world)).status).toBe(200)
      }
      for (const go of held.splice(0)) go()
      expect((await answer).status).toBe(200)
      await expect.poll(async () => (await counted(world)).status).toBe(200)
    },
  )

  test('let those begin who wait, where there is room by then, and count both', async () => {
    const clients = [key('one')]
    const { ask, holdOne, metrics } = await start({ clients, limits: { inFlight: 1, waiting: 1 } })
    holdOne()
    const first = ask()
    await expect.poll(() => held.length).toBe(1)
    holdOne()
    const second = ask('one')
    await expect.poll(metrics).toContain('s3gw_waiting 1\n')
    await gateway.reload(configOf({ clients, limits: { inFlight: 2, perAddress: 2, waiting: 1 } }))
    await expect.poll(() => held.length).toBe(2)
    expect(await metrics()).toContain('s3gw_in_flight 2\n')
    for (const go of held.splice(0)) go()
    expect([(await first).status, (await second).status]).toEqual([200, 200])
    await expect.poll(metrics).toContain('s3gw_in_flight 0\n')
  })

  test('give no second share to forms that nobody is known to have signed', async () => {
    const settings = { limits: { forms: 1 } }
    const { endpoint, host } = await start(settings)
    const form = postForm(signFields({ key: 'form' }, 'bucket'), 'x')
    const lines = Object.entries({ host, ...form.headers }).map(([name, value]) => `${name}: ${value}\r\n`)
    const slow = new Connection(endpoint)
    slow.write(`POST /bucket HTTP/1.1\r\n${lines.join('')}content-length: ${form.body?.length}\r\n\r\n--`)
    await expect.poll(() => codeOf(send(endpoint, form))).toBe('SlowDown')
    await gateway.reload(configOf(settings))
    expect(await codeOf(send(endpoint, form))).toBe('SlowDown')
    slow.socket.destroy()
    await expect.poll(async () => (await send(endpoint, form)).status).toBe(204)
  })
})

test('settings that are read again give a client no requests beyond its rate', async () => {
  const RATE = 3
  const settings = { clients: [{ ...key('slow'), limits: { rate: RATE } }] }
  const { ask } = await start(settings)
  const began = Date.now()
  let served = 0
  for (let i = 0; i < 30; i++) {
    if ((await ask('slow')).status === 200) served++
    await gateway.reload(configOf(settings))
  }
  expect(served).toBeGreaterThanOrEqual(RATE)
  expect(served).toBeLessThanOrEqual(RATE + (RATE * (Date.now() - began)) / 1000)
})

test('settings that are read again once it has stopped open nothing', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'reloaded-'))
  const to = join(directory, 'access.log')
  await start({})
  await gateway.stop(0)
  await expect(gateway.reload(configOf({ accessLog: { to } }))).rejects.toThrow('the gateway has stopped')
  expect(existsSync(to)).toBe(false)
  await rm(directory, { recursive: true })
})
