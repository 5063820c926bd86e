import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OSS from 'ali-oss'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../node/free-port.ts'
import { type GatewayProcess, killGateways, spawnGateway, until } from '../node/gateway-process.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'local-oss-command-'))
})
afterEach(killGateways)
afterAll(() => rm(folder, { recursive: true, force: true }))

async function listening(): Promise<{ port: number; close: () => Promise<unknown> }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { port, close: () => new Promise((resolve) => server.close(resolve)) }
}

const spawnLocalOss = (settings: Record<string, string>, ...args: string[]) =>
  spawnGateway(settings, ['local-oss', ...args])

async function started(settings: Record<string, string>): Promise<GatewayProcess> {
  const running = spawnLocalOss(settings)
  await until(() => {
    if (running.child.exitCode !== null) throw new Error(running.output())
    return running.output().includes('Try it')
  })
  return running
}

async function ended(settings: Record<string, string>, ...args: string[]) {
  const { exit, output } = spawnLocalOss(settings, ...args)
  return { code: await exit, output: output() }
}

const clientOf = (port: number | string, keys = { accessKeyId: 'local', accessKeySecret: 'local-secret' }) =>
  new OSS({
    ...keys,
    endpoint: `http://127.0.0.1:${port}`,
    region: 'oss-cn-hangzhou',
    authorizationV4: true,
    bucket: 'bucket',
  } as OSS.Options)

test('says where it listens and with which key, serves OSS clients, and ends at SIGTERM', async () => {
  const port = await freePort()
  const LOCAL_OSS_DIR = join(folder, 'kept')
  const settings = { LOCAL_OSS_PORT: port, LOCAL_OSS_DIR }
  const running = await started(settings)
  expect(running.output()).toContain(`http://127.0.0.1:${port}`)
  expect(running.output()).toContain('local / local-secret')
  expect(running.output()).toContain(LOCAL_OSS_DIR)
  const client = clientOf(port)
  await client.putBucket('bucket')
  await client.put('k', Buffer.from('x'))
  running.child.kill('SIGTERM')
  expect(await running.exit).toBe(0)
  const again = await started(settings)
  expect(String((await clientOf(port).get('k')).content)).toBe('x')
  again.child.kill('SIGINT')
  expect(await again.exit).toBe(0)
})

test('a restore is in progress for as long as the setting says', async () => {
  const port = await freePort()
  await started({ LOCAL_OSS_PORT: port, LOCAL_OSS_RESTORE_TIME: '2s' })
  const client = clientOf(port)
  await client.putBucket('bucket')
  await client.put('k', Buffer.from('x'), { headers: { 'x-oss-storage-class': 'Archive' } })
  await client.restore('k')
  const restored = async () =>
    ((await client.head('k')).res.headers as Record<string, string>)['x-oss-restore'] ?? ''
  expect(await restored()).toBe('ongoing-request="true"')
  await until(async () => (await restored()).includes('ongoing-request="false"'))
  expect(String((await client.get('k')).content)).toBe('x')
})

test('a day is as long as the setting says', async () => {
  const port = await freePort()
  await started({ LOCAL_OSS_PORT: port, LOCAL_OSS_DAY: '200ms' })
  const client = clientOf(port)
  await client.putBucket('bucket')
  await client.putBucketLifecycle('bucket', [
    { id: 'tiers', prefix: 'k', status: 'Enabled', transition: { days: 1, storageClass: 'IA' } },
    { id: 'ends', prefix: 'end', status: 'Enabled', expiration: { days: 1 } },
  ] as never)
  await client.put('k', Buffer.from('x'))
  await client.put('end', Buffer.from('x'))
  const headers = async (key: string) => (await client.head(key)).res.headers as Record<string, string>
  await until(async () => (await headers('k'))['x-oss-storage-class'] === 'IA')
  await until(() =>
    headers('end').then(
      () => false,
      (error) => error.status === 404,
    ),
  )
})

test('never shows a secret that was set', async () => {
  const port = await freePort()
  const { output } = await started({
    LOCAL_OSS_PORT: port,
    S3_ACCESS_KEY_ID: 'app',
    S3_SECRET_ACCESS_KEY: 'the-own-secret',
  })
  expect(output()).not.toMatch(/the-own-secret|local-secret/)
  await clientOf(port, { accessKeyId: 'app', accessKeySecret: 'the-own-secret' }).putBucket('bucket')
})

describe('what it cannot use it names, with what to do', () => {
  test('a port that is taken', async () => {
    const { port, close } = await listening()
    const { code, output } = await ended({ LOCAL_OSS_PORT: String(port) })
    await close()
    expect(code).toBe(1)
    expect(output).toContain(`another process listens on 127.0.0.1:${port}`)
    expect(output).toContain('set LOCAL_OSS_PORT to another port')
  })

  test('a folder that another process uses', async () => {
    const LOCAL_OSS_DIR = join(folder, 'in-use')
    await started({ LOCAL_OSS_DIR, LOCAL_OSS_PORT: await freePort() })
    const { code, output } = await ended({ LOCAL_OSS_DIR, LOCAL_OSS_PORT: await freePort() })
    expect(code).toBe(1)
    expect(output).toContain(
      'another process is using it, and each needs a folder of its own (LOCAL_OSS_DIR)',
    )
  })

  test('a folder with a format that it does not know', async () => {
    const LOCAL_OSS_DIR = await mkdtemp(join(folder, 'newer-'))
    await writeFile(join(LOCAL_OSS_DIR, 'format'), '7\n')
    const { code, output } = await ended({ LOCAL_OSS_DIR, LOCAL_OSS_PORT: await freePort() })
    expect(code).toBe(1)
    expect(output).toMatch(/has format 7, and this version knows format 1: open it with/)
  })

  const mistakes: [settings: Record<string, string>, words: string][] = [
    [{ LOCAL_OSS_PORT: '0' }, 'LOCAL_OSS_PORT is 0, which is off'],
    [{ LOCAL_OSS_PORT: 'x' }, 'LOCAL_OSS_PORT is "x"'],
    [{ LOCAL_OSS_PORT: '1', LOCAL_OSS_RESTORE_TIME: 'soon' }, 'LOCAL_OSS_RESTORE_TIME is "soon"'],
    [{ LOCAL_OSS_PORT: '1', LOCAL_OSS_DAY: '2d' }, 'LOCAL_OSS_DAY is "2d": it must be from 100ms to 24h'],
    [{ LOCAL_OSS_PORT: '1', LOCAL_OSS_RESTORE_TIEM: '1s' }, 'did you mean LOCAL_OSS_RESTORE_TIME?'],
    [{ LOCAL_OSS_PORT: '1', LOCAL_OSS_DIR: '/dev/null/x' }, 'LOCAL_OSS_DIR: /dev/null is no folder'],
    [
      { OSS_REGION: 'cn-hangzhou', OSS_ACCESS_KEY_ID: 'id', OSS_ACCESS_KEY_SECRET: 'secret' },
      'there is no embedded OSS: unset them',
    ],
  ]
  test.each(mistakes)('%j', async (settings, words) => {
    const { code, output } = await ended(settings)
    expect(output).toContain(words)
    expect(code).toBe(2)
  })
})

test.each([[['--help']], [['-h']]])('%j tells its settings', async (args) => {
  const { code, output } = await ended({}, ...args)
  expect(code).toBe(0)
  expect(output).toMatch(/^Usage: s3-oss-gateway local-oss/)
  for (const name of ['DIR', 'PORT', 'COPY_LIMIT', 'RESTORE_TIME', 'DAY'])
    expect(output).toContain(`LOCAL_OSS_${name}`)
})

test.each([
  [['now'], 'local-oss takes no arguments, but there is "now"'],
  [['--port', '1'], "Unknown option '--port'"],
])('%j is an error with the usage', async (args, words) => {
  const { code, output } = await ended({}, ...args)
  expect(code).toBe(2)
  expect(output).toContain(words)
  expect(output).toContain('Usage: s3-oss-gateway')
})
