import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { PassThrough } from 'node:stream'
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadBucketCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createLocalOss } from '../../src/local-oss/index.ts'
import { freePort } from '../node/free-port.ts'
import {
  clientOf,
  type GatewayProcess,
  killGateways,
  spawnGateway,
  started,
  until,
} from '../node/gateway-process.ts'

const Bucket = 'bucket'
const team = (name: string) => ({ accessKeyId: name, secretAccessKey: `the-secret-of-${name}` })

let directory: string
let GATEWAY_CONFIG: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reload-'))
  GATEWAY_CONFIG = join(directory, 'settings.yaml')
})
afterEach(killGateways)
afterAll(() => rm(directory, { recursive: true, force: true }))

const write = (document: object | string) =>
  writeFile(GATEWAY_CONFIG, typeof document === 'string' ? document : JSON.stringify(document))
const statusFor = (gateway: GatewayProcess, name: string) => {
  const s3 = clientOf(gateway, { credentials: team(name) })
  return s3.send(new HeadBucketCommand({ Bucket })).then(
    () => 200,
    ({ $metadata }) => $metadata.httpStatusCode as number,
  )
}
const times = (gateway: GatewayProcess, event: string) =>
  gateway.output().split(`"event":"${event}`).length - 1

/** An OSS of its own, as the environment names it. */
async function startOss() {
  const key = { accessKeyId: 'local', accessKeySecret: 'local-secret' }
  const localOss = await createLocalOss({ directory: ':memory:', credentials: key })
  const settings = {
    OSS_ENDPOINT: `http://127.0.0.1:${await localOss.listen(0, '127.0.0.1')}`,
    OSS_ACCESS_KEY_ID: key.accessKeyId,
    OSS_ACCESS_KEY_SECRET: key.accessKeySecret,
  }
  return { localOss, key, settings }
}

describe('one process', () => {
  test('goes on with the settings of now at SIGHUP, and a request in flight with its own', async () => {
    await write({ clients: [team('old')] })
    const gateway = await started({ GATEWAY_CONFIG })
    const s3 = clientOf(gateway)
    await s3.send(new CreateBucketCommand({ Bucket }))
    await s3.send(new PutObjectCommand({ Bucket, Key: 'key', Body: Buffer.alloc(32_000_000, 'x') }))
    const old = clientOf(gateway, { credentials: team('old') })
    const { Body } = await old.send(new GetObjectCommand({ Bucket, Key: 'key' }))
    await write({ clients: [team('new')] })
    gateway.child.kill('SIGHUP')
    await until(() => times(gateway, 'settings read again') === 1)
    expect([await statusFor(gateway, 'old'), await statusFor(gateway, 'new')]).toEqual([403, 200])
    expect((await Body?.transformToByteArray())?.length).toBe(32_000_000)
    old.destroy()
    s3.destroy()
  })

  test('keeps the settings that it has where there is a mistake in the new ones, and says which', async () => {
    await write({ clients: [team('old')] })
    const gateway = await started({ GATEWAY_CONFIG })
    await clientOf(gateway).send(new CreateBucketCommand({ Bucket }))
    for (const mistake of [
      { clints: [] },
      'limits: {inFlight: 0',
      // A file that is written in place is so at first, and would take every client out.
      '',
      '# clients:\n',
      { accessLog: { to: join(directory, 'no-such-folder', 'access.log') } },
    ]) {
      const before = times(gateway, 'settings refused')
      await write(mistake)
      gateway.child.kill('SIGHUP')
      await until(() => times(gateway, 'settings refused') > before)
      expect(await statusFor(gateway, 'old')).toBe(200)
    }
    expect(gateway.output()).toContain('clints: there is no such setting')
  })

  test('told to stop, gives requests up after the time of settings that were read again', async () => {
    await write({ timeouts: { stop: 3600 } })
    const port = await freePort()
    const gateway = await started({ GATEWAY_CONFIG, ADMIN_PORT: port })
    const s3 = clientOf(gateway)
    await s3.send(new CreateBucketCommand({ Bucket }))
    const Body = new PassThrough()
    const upload = s3.send(new PutObjectCommand({ Bucket, Key: 'key', Body, ContentLength: 1_000_000 }))
    Body.write('the first of it')
    const metrics = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    await until(async () => (await metrics()).includes('s3gw_in_flight 1'))
    await write({ timeouts: { stop: 0.1 } })
    gateway.child.kill('SIGHUP')
    await until(() => times(gateway, 'settings read again') === 1)
    gateway.child.kill('SIGTERM')
    await expect(upload).rejects.toThrow()
    expect(await gateway.exit).toBe(0)
    expect(gateway.output()).toContain('"event":"requests given up","afterSeconds":0.1')
    Body.destroy()
  })

  type Change = (file: string, text: string, refused: () => Promise<void>) => Promise<void>
  test.each<[string, Change]>([
    ['written in place', (file, text) => writeFile(file, text)],
    [
      'written in place, as large and as old as it was',
      async (file, text) => {
        const { atime, mtime } = await stat(file)
        await writeFile(file, text)
        await utimes(file, atime, mtime)
      },
    ],
    [
      'replaced by another',
      async (file, text) => {
        await writeFile(`${file}.new`, text)
        await rename(`${file}.new`, file)
      },
    ],
    [
      'in a folder whose link is replaced',
      async (file, text) => {
        const folder = dirname(file)
        await mkdir(join(folder, 'v2'))
        await writeFile(join(folder, 'v2', 'settings.yaml'), text)
        await symlink('v2', join(folder, '..new'))
        await rename(join(folder, '..new'), join(folder, '..data'))
      },
    ],
    [
      'gone, a folder, or a named pipe for a while',
      async (file, text, refused) => {
        await rm(file)
        await refused()
        await mkdir(file)
        await refused()
        await rm(file, { recursive: true })
        execFileSync('mkfifo', [file])
        await refused()
        await writeFile(`${file}.new`, text)
        await rename(`${file}.new`, file)
      },
    ],
  ])('notices that a file of its settings is %s', async (_, change) => {
    // As Kubernetes mounts a ConfigMap.
    const folder = await mkdtemp(join(directory, 'mounted-'))
    const file = join(folder, 'settings.yaml')
    const textFor = (name: string) => JSON.stringify({ clients: [team(name)] })
    await mkdir(join(folder, 'v1'))
    await writeFile(join(folder, 'v1', 'settings.yaml'), textFor('old'))
    await symlink('v1', join(folder, '..data'))
    await symlink(join('..data', 'settings.yaml'), file)
    const gateway = await started({ GATEWAY_CONFIG: file })
    await clientOf(gateway, { credentials: team('old') }).send(new CreateBucketCommand({ Bucket }))
    let refusals = 0
    const refused = async () => {
      refusals++
      // What it is told once is why: meanwhile it may have looked when there was nothing.
      await until(() => new Set(gateway.output().match(/"problems":.*/g)).size >= refusals)
    }
    await change(file, textFor('new'), refused)
    await until(() => times(gateway, 'settings read again') === 1)
    expect([await statusFor(gateway, 'old'), await statusFor(gateway, 'new')]).toEqual([403, 200])
  })

  test.each([
    ['of the document', {}, {}],
    ['that names a further file', {}, { secretAccessKeyFile: 'secret-of-app' }],
    ['that names a file no more', { secretAccessKeyFile: 'secret-of-app' }, {}],
  ])('reads the settings once for a change %s that it is told of, too', async (_, before, after) => {
    await writeFile(join(directory, 'secret-of-app'), team('app').secretAccessKey)
    const clientsOf = ({ secretAccessKeyFile }: { secretAccessKeyFile?: string }) => [
      secretAccessKeyFile === undefined
        ? team('app')
        : { accessKeyId: 'app', secretAccessKeyFile: join(directory, secretAccessKeyFile) },
    ]
    await write({ clients: clientsOf(before) })
    const gateway = await started({ GATEWAY_CONFIG })
    // Two more are told of nothing: when they have noticed two changes, the first one has looked at each, too.
    const others = await Promise.all([started({ GATEWAY_CONFIG }), started({ GATEWAY_CONFIG })])
    await write({ clients: clientsOf(after), limits: { inFlight: 100 } })
    gateway.child.kill('SIGHUP')
    await until(() => others.every((one) => times(one, 'settings read again') === 1))
    await write({ clients: clientsOf(after), limits: { inFlight: 200 } })
    gateway.child.kill('SIGHUP')
    await until(() => others.every((one) => times(one, 'settings read again') === 2))
    expect(times(gateway, 'settings read again')).toBe(2)
  })

  test('notices what changes while it waits for a key to start with', async () => {
    const { localOss, settings, key } = await startOss()
    const waiting: ServerResponse[] = []
    const service = createServer((_, response) => waiting.push(response)).listen(0, '127.0.0.1')
    await once(service, 'listening')
    const uri = `http://127.0.0.1:${(service.address() as AddressInfo).port}/`
    const upstreams = { slow: { region: 'cn-hangzhou', credentials: { from: 'uri', uri } } }
    await write({ upstreams })
    const gateway = spawnGateway({ GATEWAY_CONFIG, ...settings })
    await until(() => waiting.length === 1)
    await write({ clients: [team('late')] })
    const { accessKeyId: AccessKeyId, accessKeySecret: AccessKeySecret } = key
    const answer = {
      AccessKeyId,
      AccessKeySecret,
      SecurityToken: 'token',
      Expiration: '2126-01-01T00:00:00Z',
    }
    waiting[0]?.end(JSON.stringify(answer))
    await until(() => gateway.output().includes('S3 endpoint'))
    await clientOf(gateway).send(new CreateBucketCommand({ Bucket }))
    await until(async () => (await statusFor(gateway, 'late')) === 200)
    expect(times(gateway, 'settings read again')).toBe(1)
    service.close()
    await localOss.close()
  })

  test('notices that a file has come for which the settings were refused', async () => {
    await write({ clients: [] })
    const gateway = await started({ GATEWAY_CONFIG })
    await clientOf(gateway).send(new CreateBucketCommand({ Bucket }))
    const secretAccessKeyFile = join(directory, 'secret-of-late')
    await write({ clients: [{ accessKeyId: 'late', secretAccessKeyFile }] })
    await until(() => times(gateway, 'settings refused') === 1)
    // At once: one that is empty would be another mistake.
    await writeFile(`${secretAccessKeyFile}.new`, team('late').secretAccessKey)
    await rename(`${secretAccessKeyFile}.new`, secretAccessKeyFile)
    await until(() => times(gateway, 'settings read again') === 1)
    expect(await statusFor(gateway, 'late')).toBe(200)
    expect(times(gateway, 'settings refused')).toBe(1)
  })

  test('notices what changes while other settings wait for a key', async () => {
    const { localOss, settings } = await startOss()
    const waiting: ServerResponse[] = []
    const service = createServer((_, response) => waiting.push(response)).listen(0, '127.0.0.1')
    await once(service, 'listening')
    const uri = `http://127.0.0.1:${(service.address() as AddressInfo).port}/`
    await write({ clients: [] })
    const gateway = await started({ GATEWAY_CONFIG, ...settings })
    await clientOf(gateway).send(new CreateBucketCommand({ Bucket }))
    const upstreams = { slow: { region: 'cn-hangzhou', credentials: { from: 'uri', uri } } }
    await write({ upstreams })
    await until(() => waiting.length === 1)
    await write({ clients: [team('late')] })
    waiting[0]?.end('{}')
    await until(async () => (await statusFor(gateway, 'late')) === 200)
    service.close()
    await localOss.close()
  })
})

test('several processes take a client away, though there is no key for a new one at first', async () => {
  const key = { accessKeyId: 'STS.one', accessKeySecret: 'secret', securityToken: 'token' }
  const localOss = await createLocalOss({ directory: ':memory:', credentials: key })
  let status = 200
  const service = createServer((_, response) => {
    const { accessKeyId: AccessKeyId, accessKeySecret: AccessKeySecret, securityToken: SecurityToken } = key
    const answer = { AccessKeyId, AccessKeySecret, SecurityToken, Expiration: '2126-01-01T00:00:00Z' }
    response.writeHead(status).end(JSON.stringify(answer))
  }).listen(0, '127.0.0.1')
  await once(service, 'listening')
  await write({ clients: [team('leaving')] })
  const gateway = await started({
    GATEWAY_CONFIG,
    WORKERS: '2',
    OSS_ENDPOINT: `http://127.0.0.1:${await localOss.listen(0, '127.0.0.1')}`,
    OSS_CREDENTIALS: 'uri',
    ALIBABA_CLOUD_CREDENTIALS_URI: `http://127.0.0.1:${(service.address() as AddressInfo).port}/key`,
    S3_ACCESS_KEY_ID: 'local',
    S3_SECRET_ACCESS_KEY: 'local-secret',
  })
  await clientOf(gateway).send(new CreateBucketCommand({ Bucket }))
  status = 500
  await write({})
  gateway.child.kill('SIGHUP')
  await until(() => times(gateway, 'a new worker does not start') > 1)
  expect(await statusFor(gateway, 'leaving')).toBe(200)
  status = 200
  await until(() => times(gateway, 'workers replaced') === 1)
  await until(async () => (await statusFor(gateway, 'leaving')) === 403)
  service.close()
  await localOss.close()
})

describe.each(['1', '2'])('WORKERS=%s', (WORKERS) => {
  test('health checks ask the upstreams of now', async () => {
    const { localOss, key, settings } = await startOss()
    const upstreams = (...names: string[]) =>
      Object.fromEntries(
        names.map((name) => [
          name,
          { region: 'cn-hangzhou', endpoint: 'http://127.0.0.1:1', credentials: key },
        ]),
      )
    await write({ upstreams: upstreams('one', 'two') })
    const port = await freePort()
    const gateway = await started({
      GATEWAY_CONFIG,
      WORKERS,
      ADMIN_PORT: port,
      ...settings,
    })
    const readiness = async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).text()
    expect(await readiness()).toBe('degraded: OSS cannot be used now at one, two, the log says why\n')
    await write({ upstreams: upstreams('three') })
    gateway.child.kill('SIGHUP')
    await until(
      async () => (await readiness()) === 'degraded: OSS cannot be used now at three, the log says why\n',
    )
    await write({})
    gateway.child.kill('SIGHUP')
    await until(async () => (await readiness()) === 'ok\n')
    await localOss.close()
  })
})
