import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { Agent, get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLocalOss, type LocalOss } from '../../src/local-oss/index.ts'
import { freePort } from '../node/free-port.ts'
import {
  clientOf,
  type GatewayProcess,
  killGateways,
  portOf,
  spawnGateway,
  started,
  until,
} from '../node/gateway-process.ts'

const credentials = { accessKeyId: 'local', accessKeySecret: 'local-secret' }
/** The SDK's own default. */
const retries = { maxAttempts: 3 }

let directory: string
let localOss: LocalOss
let settings: Record<string, string>

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'workers-'))
  localOss = await createLocalOss({ directory: ':memory:', credentials })
  settings = {
    WORKERS: '2',
    OSS_ENDPOINT: `http://127.0.0.1:${await localOss.listen(0, '127.0.0.1')}`,
    OSS_ACCESS_KEY_ID: credentials.accessKeyId,
    OSS_ACCESS_KEY_SECRET: credentials.accessKeySecret,
    GATEWAY_CONFIG: join(directory, 'settings.yaml'),
  }
  await writeFile(settings.GATEWAY_CONFIG as string, '{}')
})
afterAll(async () => {
  killGateways()
  await localOss.close()
  await rm(directory, { recursive: true, force: true })
})

/** The processes that listen, as the log tells. */
function workersOf({ output }: GatewayProcess): number[] {
  const pids = new Set<number>()
  for (const [, event, pid] of output().matchAll(/"event":"worker (listens|died|ended)","pid":(\d+)/g)) {
    if (event === 'listens') pids.add(Number(pid))
    else pids.delete(Number(pid))
  }
  return [...pids]
}

/** Whether a process is there, and not only its exit status. */
function runs(pid: number): boolean {
  const file = `/proc/${pid}/stat`
  return existsSync(file) && !/\) [ZX]/.test(readFileSync(file, 'utf8'))
}

const put = (s3: S3Client, Key: string, Body: string | Uint8Array) =>
  s3.send(new PutObjectCommand({ Bucket: 'bucket', Key, Body }))
const read = async (s3: S3Client, Key: string) => {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'bucket', Key }))
  return Body?.transformToByteArray()
}

/** More than there is room for between the gateway and a client that does not read. */
const LARGE = 16_000_000

/** Begins a download, and leaves it to the caller to read on. */
async function download(s3: S3Client) {
  await put(s3, 'large', Buffer.alloc(LARGE, 'x'))
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'large' }))
  return async () => (await Body?.transformToByteArray())?.length
}

/** Writes and reads until told to stop. @throws whatever any of it fails with. */
function load(s3: S3Client) {
  let over = false
  let done = 0
  const one = async (name: string) => {
    for (let i = 0; !over; i++, done++) {
      await put(s3, name, `${name} ${i}`)
      expect(Buffer.from((await read(s3, name)) ?? []).toString()).toBe(`${name} ${i}`)
    }
  }
  const all = Promise.all(['a', 'b', 'c', 'd'].map(one))
  // Whoever waits for the end hears of it.
  all.catch(() => {})
  return {
    done: () => done,
    end: () => {
      over = true
      return all
    },
  }
}

/** An answer over a connection of its own. */
async function ask(url: string): Promise<{ status: number | undefined; body: string }> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { agent: new Agent() }, resolve).on('error', reject)
  })
  return { status: answer.statusCode, body: await text(answer) }
}

/** With a health port, which cannot be left to the system. */
async function startedWithHealth(): Promise<[GatewayProcess, health: string]> {
  const port = await freePort()
  return [await started({ ...settings, ADMIN_PORT: port }), `http://127.0.0.1:${port}`]
}

describe('two workers', () => {
  let gateway: GatewayProcess
  let health: string
  let s3: S3Client
  beforeAll(async () => {
    ;[gateway, health] = await startedWithHealth()
    s3 = clientOf(gateway, retries)
    await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
  })
  afterAll(() => s3.destroy())

  test('serve on one port, each by itself', async () => {
    const workers = workersOf(gateway)
    expect(workers).toHaveLength(2)
    for (const worker of workers) {
      process.kill(worker, 'SIGSTOP')
      const url = `http://127.0.0.1:${portOf(gateway)}/bucket`
      const answers = [ask(url), ask(url)]
      expect(await Promise.any(answers)).toMatchObject({ status: 403 })
      process.kill(worker, 'SIGCONT')
      expect(await Promise.all(answers)).toMatchObject([{ status: 403 }, { status: 403 }])
    }
  })

  test('one that dies is replaced, and what was on its way to it is tried again', async () => {
    const [dying, staying] = workersOf(gateway) as [number, number]
    const running = load(s3)
    await until(() => running.done() > 4)
    process.kill(dying, 'SIGSTOP')
    // Each over a connection of its own: some are handed to the one that will not take them.
    const other = clientOf(gateway, retries)
    const puts = Promise.all(['1', '2', '3', '4'].map((key) => put(other, key, key)))
    // For them to be handed over; that the worker has not got them cannot be seen from outside.
    await sleep(100)
    process.kill(dying, 'SIGKILL')
    await puts
    await until(() => workersOf(gateway).length === 2 && !workersOf(gateway).includes(dying))
    expect(workersOf(gateway)).toContain(staying)
    const before = running.done()
    await until(() => running.done() > before + 4)
    await running.end()
    other.destroy()
  })

  test('SIGHUP replaces both under load with the settings of now, and nothing fails', async () => {
    const before = workersOf(gateway)
    const times = (event: string) => gateway.output().split(`"event":"${event}"`).length - 1
    const running = load(s3)
    await until(() => running.done() > 4)
    const client = { accessKeyId: 'late', secretAccessKey: 'late-secret' }
    await writeFile(settings.GATEWAY_CONFIG as string, JSON.stringify({ clients: [client] }))
    gateway.child.kill('SIGHUP')
    // The signal has told of the change to the file, too: once is enough.
    await until(() => times('workers replaced') === 1)
    await until(() => times('workers replaced') === times('workers are replaced'))
    await until(() => !before.some(runs) && workersOf(gateway).length === 2)
    const already = running.done()
    await until(() => running.done() > already + 4)
    await running.end()
    const late = clientOf(gateway, { credentials: client })
    await late.send(new ListObjectsV2Command({ Bucket: 'bucket' }))
    late.destroy()
  })

  test('with wrong settings SIGHUP changes nothing, nor does a death after it', async () => {
    const before = workersOf(gateway)
    await writeFile(settings.GATEWAY_CONFIG as string, 'nonsense: 1')
    gateway.child.kill('SIGHUP')
    await until(() => gateway.output().includes('nonsense: there is no such setting'))
    expect(workersOf(gateway)).toEqual(before)
    process.kill(before[0] as number, 'SIGKILL')
    await until(() => workersOf(gateway).some((pid) => !before.includes(pid)))
    expect(await ask(`http://127.0.0.1:${portOf(gateway)}/bucket`)).toMatchObject({ status: 403 })
    await writeFile(settings.GATEWAY_CONFIG as string, '{}')
  })

  test('say once that the port is taken', async () => {
    const second = spawnGateway({ ...settings, PORT: String(portOf(gateway)) })
    expect(await second.exit).toBe(1)
    expect(
      second.output().match(/another process listens on .*; stop it, or set PORT to another port/g),
    ).toHaveLength(1)
  })

  test('finish what is in flight when all are told to stop, and are not ready meanwhile', async () => {
    const ok = { status: 200, body: 'ok\n' }
    expect([await ask(`${health}/readyz`), await ask(`${health}/healthz`)]).toEqual([ok, ok])
    const finish = await download(s3)
    const workers = workersOf(gateway)
    // To the whole process group: as a terminal sends it, and as a service manager does.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.kill(-gateway.pid, signal)
    await until(async () => (await ask(`${health}/readyz`)).status === 503)
    expect(await ask(`${health}/readyz`)).toEqual({ status: 503, body: 'stopping\n' })
    expect(await ask(`${health}/healthz`)).toEqual(ok)
    expect(await finish()).toBe(LARGE)
    expect(await gateway.exit).toBe(0)
    expect(workers.some(runs)).toBe(false)
  })
})

test.each(['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const)(
  'a %s that comes to all processes while they start ends none for good',
  async (signal) => {
    const gateway = spawnGateway(settings)
    const forked = () => readFileSync(`/proc/${gateway.pid}/task/${gateway.pid}/children`, 'utf8')
    await until(() => forked() !== '')
    process.kill(-gateway.pid, signal)
    await until(() => {
      if (gateway.child.exitCode !== null) throw new Error(gateway.output())
      return gateway.output().includes('S3 endpoint') && workersOf(gateway).length === 2
    })
    gateway.child.kill('SIGTERM')
    expect(await gateway.exit).toBe(0)
  },
)

test('a worker that hangs is killed where it is to be replaced, and keeps no other from it', async () => {
  const gateway = await started(settings)
  const before = workersOf(gateway)
  for (const pid of before) process.kill(pid, 'SIGSTOP')
  const replacements = () => gateway.output().split('"event":"workers replaced"').length - 1
  for (let i = 0; i < 2; i++) {
    gateway.child.kill('SIGHUP')
    await until(() => replacements() > i)
  }
  expect(before.some(runs)).toBe(false)
  expect(await ask(`http://127.0.0.1:${portOf(gateway)}/bucket`)).toMatchObject({ status: 403 })
  gateway.child.kill('SIGTERM')
  expect(await gateway.exit).toBe(0)
})

test('a worker that hangs once it has been replaced does not stay', async () => {
  const GATEWAY_CONFIG = join(directory, 'hanging.yaml')
  await writeFile(GATEWAY_CONFIG, JSON.stringify({ timeouts: { client: { total: 5 } } }))
  const gateway = await started({ ...settings, GATEWAY_CONFIG })
  const s3 = clientOf(gateway)
  const before = workersOf(gateway)
  // Nobody reads it: its worker cannot end.
  const finish = await download(s3)
  gateway.child.kill('SIGHUP')
  await until(() => gateway.output().includes('"event":"workers replaced"'))
  const [pid] = before.filter(runs)
  process.kill(pid as number, 'SIGSTOP')
  await expect(finish()).rejects.toThrow()
  await until(() => workersOf(gateway).length === 2)
  expect(before.some(runs)).toBe(false)
  expect(gateway.output()).toContain(`"event":"a worker hangs, it is killed","pid":${pid}`)
  s3.destroy()
})

test('workers leave with the first process when it is killed, but not before they have answered', async () => {
  const gateway = await started(settings)
  const s3 = clientOf(gateway)
  const workers = workersOf(gateway)
  const finish = await download(s3)
  gateway.child.kill('SIGKILL')
  await gateway.exit
  expect(await finish()).toBe(LARGE)
  s3.destroy()
  await until(() => !workers.some(runs))
})
