import { once } from 'node:events'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLocalOss, type LocalOss } from '../../src/local-oss/index.ts'
import { startKeyUri } from '../key-services.ts'
import { freePort } from './free-port.ts'
import {
  clientOf,
  type GatewayProcess,
  killGateways,
  portOf,
  spawnGateway,
  started,
  until,
} from './gateway-process.ts'

const Bucket = 'bucket'
const reader = { accessKeyId: 'reader', secretAccessKey: 'a-secret-of-its-own' }

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'access-log-'))
})
afterAll(async () => {
  killGateways()
  await rm(directory, { recursive: true, force: true })
})

let logs = 0

/** A gateway with an access log in a file of its own. */
async function startedWithLog(format: string, settings: Record<string, string> = {}) {
  const path = join(directory, `${format}-${logs++}.log`)
  const GATEWAY_CONFIG = `${path}.yaml`
  await writeFile(
    GATEWAY_CONFIG,
    JSON.stringify({ accessLog: { to: path, format }, clients: [{ ...reader, readOnly: true }] }),
  )
  const gateway = await started({ ...settings, GATEWAY_CONFIG })
  const linesIn = async (file = path) =>
    (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '')
  return { gateway, path, linesIn }
}

describe('the access log', () => {
  test('has a line for each request, which says who did what to which object', async () => {
    const { gateway, linesIn } = await startedWithLog('json')
    const s3 = clientOf(gateway)
    const other = clientOf(gateway, { credentials: { ...reader } })
    const stranger = clientOf(gateway, { credentials: { accessKeyId: 'nobody', secretAccessKey: 'nothing' } })
    await s3.send(new CreateBucketCommand({ Bucket }))
    await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'hello' }))
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'b c', CopySource: `${Bucket}/a` }))
    const { Body } = await other.send(new GetObjectCommand({ Bucket, Key: 'a', Range: 'bytes=1-2' }))
    await Body?.transformToString()
    const fails = (sent: Promise<unknown>) => expect(sent).rejects.toThrow()
    await fails(other.send(new HeadObjectCommand({ Bucket, Key: 'none' })))
    await fails(other.send(new DeleteObjectCommand({ Bucket, Key: 'a' })))
    await fails(stranger.send(new DeleteObjectCommand({ Bucket, Key: 'a' })))
    await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'a' }, { Key: '/b' }] } }))
    await until(async () => (await linesIn()).length >= 8)
    const entries = (await linesIn()).map((line) => JSON.parse(line))
    const facts = [
      's3_operation',
      'object_key',
      'requester',
      'http_status',
      'error_code',
      'object_size',
      'oss_calls',
    ]
    expect(entries.map((entry) => facts.map((name) => entry[name]))).toEqual([
      ['CreateBucket', undefined, 'local', 200, undefined, undefined, 2],
      ['PutObject', 'a', 'local', 200, undefined, 5, 1],
      ['CopyObject', 'b c', 'local', 200, undefined, undefined, 1],
      ['GetObject', 'a', 'reader', 206, undefined, 5, 1],
      ['HeadObject', 'none', 'reader', 404, 'NoSuchKey', undefined, 1],
      ['DeleteObject', 'a', 'reader', 403, 'AccessDenied', undefined, 0],
      ['DeleteObject', 'a', undefined, 403, 'InvalidAccessKeyId', undefined, 0],
      ['DeleteObjects', undefined, 'local', 200, undefined, undefined, 1],
    ])
    expect(entries[1]).toMatchObject({
      bytes_received: 5,
      remote_ip: '127.0.0.1',
      signature_version: 'SigV4',
    })
    expect(entries[2]).toMatchObject({
      copy_source: 'bucket/a',
      copy_route: 'native',
      operation: 'REST.COPY.OBJECT',
    })
    expect(entries[3]).toMatchObject({ bytes_sent: 2 })
    expect(entries[7].deleted).toEqual(
      [{ key: 'a' }, { key: '/b', errorCode: 'AccessDenied' }].map((entry) =>
        expect.objectContaining({ key: entry.key }),
      ),
    )
    for (const client of [s3, other, stranger]) client.destroy()
  })

  test.each([
    [
      'HTTP/1.1',
      'GET /bucket/key HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n',
      'GET /bucket/key HTTP/1.1',
    ],
    ['HTTP/1.0', 'GET /bucket/key HTTP/1.0\r\nHost: h\r\n\r\n', 'GET /bucket/key HTTP/1.0'],
    ['no HTTP', 'SSH-2.0-scanner\r\n\r\n', '- - HTTP/1.1'],
    ['a head too long', `GET /${'k'.repeat(20_000)} HTTP/1.1\r\nHost: h\r\n\r\n`, '- - HTTP/1.1'],
  ])('tells where %s came from, and as what', async (_, sent, request_uri) => {
    const { gateway, linesIn } = await startedWithLog('json')
    const socket = connect(portOf(gateway), '127.0.0.1')
    socket.end(sent)
    await once(socket.resume(), 'close')
    await until(async () => (await linesIn()).length === 1)
    expect(JSON.parse((await linesIn())[0] as string)).toMatchObject({
      remote_ip: '127.0.0.1',
      request_uri,
      error_code: expect.any(String),
    })
  })

  test('is all that is on standard output, where it goes there', async () => {
    const GATEWAY_CONFIG = join(directory, 'stdout.yaml')
    await writeFile(GATEWAY_CONFIG, 'accessLog: {to: stdout}')
    const gateway = spawnGateway({ GATEWAY_CONFIG })
    let written = ''
    gateway.child.stdout?.on('data', (bytes) => (written += bytes))
    await until(() => gateway.output().includes('S3 endpoint'))
    const s3 = clientOf(gateway)
    await s3.send(new CreateBucketCommand({ Bucket }))
    await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }))
    gateway.child.kill('SIGTERM')
    await once(gateway.child, 'close')
    const lines = written.split('\n').filter((line) => line !== '')
    expect(lines.map((line) => JSON.parse(line).s3_operation)).toEqual(['CreateBucket', 'PutObject'])
    s3.destroy()
  })

  test('has each line whole on standard output, however long it is and however many processes write there', async () => {
    const localOss = await createLocalOss({ directory: ':memory:', credentials: LOCAL })
    const GATEWAY_CONFIG = join(directory, 'stdout-of-workers.yaml')
    await writeFile(GATEWAY_CONFIG, 'accessLog: {to: stdout}')
    const gateway = spawnGateway({ GATEWAY_CONFIG, WORKERS: '4', ...(await ossSettings(localOss)) })
    let written = ''
    gateway.child.stdout?.on('data', (bytes) => (written += bytes))
    await until(() => gateway.output().includes('S3 endpoint'))
    const first = clientOf(gateway)
    await first.send(new CreateBucketCommand({ Bucket }))
    first.destroy()
    // So that what is read slowly fills up.
    gateway.child.stdout?.pause()
    const counts = Array.from({ length: 120 }, (_, i) => 1 + ((i * 83) % 1000))
    await Promise.all(
      counts.map(async (count) => {
        // Over a connection of its own, so that each process has some.
        const s3 = clientOf(gateway)
        const Objects = Array.from({ length: count }, (_, i) => ({ Key: `${i}-${'key'.repeat(40)}` }))
        await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }))
        s3.destroy()
      }),
    )
    gateway.child.stdout?.resume()
    gateway.child.kill('SIGTERM')
    await once(gateway.child, 'close')
    const entries = written
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
      .filter(({ s3_operation }) => s3_operation === 'DeleteObjects')
    expect(entries.map(({ deleted }) => deleted.length).sort((a, b) => a - b)).toEqual(
      counts.sort((a, b) => a - b),
    )
    expect(new Set(entries.map(({ worker }) => worker)).size).toBe(4)
    await localOss.close()
  })

  test.each([['1'], ['2']])(
    'on standard output that nobody reads keeps nothing from ending: WORKERS=%s',
    async (WORKERS) => {
      const localOss = await createLocalOss({ directory: ':memory:', credentials: LOCAL })
      const GATEWAY_CONFIG = join(directory, `unread-${WORKERS}.yaml`)
      await writeFile(GATEWAY_CONFIG, 'accessLog: {to: stdout}')
      const gateway = await started({ GATEWAY_CONFIG, WORKERS, ...(await ossSettings(localOss)) })
      gateway.child.stdout?.pause()
      // Again where a process is replaced just as a request comes to it.
      const s3 = clientOf(gateway, { maxAttempts: 3 })
      await s3.send(new CreateBucketCommand({ Bucket }))
      // More than a pipe holds, by far.
      const Objects = Array.from({ length: 1000 }, (_, i) => ({ Key: `${i}-${'key'.repeat(300)}` }))
      for (let i = 0; i < 4; i++) {
        await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }))
        // Each reload opens the log again.
        gateway.child.kill('SIGHUP')
        await until(() => gateway.output().split('"event":"settings read again"').length > i + 1)
      }
      s3.destroy()
      gateway.child.kill('SIGTERM')
      expect(await gateway.exit).toBe(0)
      await localOss.close()
    },
  )

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('tells how each request was encrypted: %s', async (version) => {
    const { gateway, linesIn } = await startedWithLog('json', {
      TLS_CERT_FILE: 'test/data/localhost-cert.pem',
      TLS_KEY_FILE: 'test/data/localhost-key.pem',
    })
    const [, port] = /S3 endpoint +https:\/\/[^:]+:(\d+)/.exec(gateway.output()) ?? []
    const ca = await readFile('test/data/localhost-cert.pem')
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca, minVersion: version, maxVersion: version })
    let cipher: string | undefined
    for (let i = 0; i < 3; i++) {
      const [answer] = await once(request({ agent, port, host: '127.0.0.1' }).end(), 'response')
      cipher = answer.socket.getCipher().name
      await once(answer.resume(), 'end')
    }
    await until(async () => (await linesIn()).length === 3)
    for (const line of await linesIn())
      expect(JSON.parse(line)).toMatchObject({ tls_version: version, cipher_suite: cipher })
    agent.destroy()
  })

  test.each([
    ['SIGHUP', {}],
    ['SIGUSR1', {}],
    ['SIGUSR1', { WORKERS: '2' }],
    ['SIGUSR2', { WORKERS: '2' }],
  ] as const)(
    'goes on in a new file of its name at %s to all processes, and nothing is lost %o',
    async (signal, settings) => {
      const localOss = await createLocalOss({ directory: ':memory:', credentials: LOCAL })
      const { gateway, path, linesIn } = await startedWithLog('s3', {
        ...settings,
        ...(await ossSettings(localOss)),
      })
      const s3 = clientOf(gateway)
      await s3.send(new CreateBucketCommand({ Bucket }))
      let sent = 1
      const put = async () => {
        sent++
        await s3.send(new PutObjectCommand({ Bucket, Key: String(sent), Body: 'x' }))
      }
      for (let i = 0; i < 20; i++) await put()
      await rename(path, `${path}.1`)
      await put()
      process.kill(-gateway.pid, signal)
      await until(async () => {
        await put()
        return (await linesIn().catch(() => [])).length > 0
      })
      for (let i = 0; i < 20; i++) await put()
      gateway.child.kill('SIGTERM')
      expect(await gateway.exit).toBe(0)
      expect([...(await linesIn(`${path}.1`)), ...(await linesIn())]).toHaveLength(sent)
      expect(gateway.output()).not.toMatch(/Debugger|worker died/)
      s3.destroy()
      await localOss.close()
    },
  )
})

const LOCAL = { accessKeyId: 'local', accessKeySecret: 'local-secret' }
const ossSettings = async (localOss: LocalOss) => ({
  OSS_ENDPOINT: `http://127.0.0.1:${await localOss.listen(0, '127.0.0.1')}`,
  OSS_ACCESS_KEY_ID: LOCAL.accessKeyId,
  OSS_ACCESS_KEY_SECRET: LOCAL.accessKeySecret,
})

describe('metrics', () => {
  async function metricsOf(gateway: GatewayProcess): Promise<string> {
    const url = /Health +(http:\S+)\/healthz/.exec(gateway.output())?.[1]
    const text = await (await fetch(`${url}/metrics`)).text()
    expect(text).toMatch(/# EOF\n$/)
    // By OpenMetrics a counter’s samples are its name with `_total`, once.
    for (const [, counter] of text.matchAll(/^# TYPE (\w+) counter$/gm)) {
      expect(counter).not.toMatch(/_total$/)
    }
    expect(text).not.toContain('_total_total')
    return text
  }
  /** What `/metrics` says of requests, by operation. */
  async function requestsBy(gateway: GatewayProcess): Promise<Record<string, number>> {
    const text = await metricsOf(gateway)
    const counts: Record<string, number> = {}
    for (const [, operation, count] of text.matchAll(
      /^http_server_request_duration_seconds_count\{[^}]*s3_operation="(\w+)"[^}]*\} (\d+)$/gm,
    )) {
      counts[operation as string] = (counts[operation as string] ?? 0) + Number(count)
    }
    return counts
  }

  test.each([['1'], ['2']])(
    'of WORKERS=%s add up to the requests sent, also behind a reload',
    async (WORKERS) => {
      const localOss = await createLocalOss({ directory: ':memory:', credentials: LOCAL })
      const gateway = await started({
        WORKERS,
        ADMIN_PORT: await freePort(),
        ...(await ossSettings(localOss)),
      })
      const puts = async (s3 = clientOf(gateway)) => {
        const put = (Key: string) => s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))
        await Promise.all(Array.from({ length: 50 }, (_, i) => put(String(i))))
        s3.destroy()
      }
      const first = clientOf(gateway)
      await first.send(new CreateBucketCommand({ Bucket }))
      await puts(first)
      await until(async () => (await requestsBy(gateway)).PutObject === 50)
      gateway.child.kill('SIGHUP')
      if (WORKERS === '2') await until(() => gateway.output().includes('workers replaced'))
      // Over connections of its own: a worker that has been replaced closes those that it has.
      await puts()
      await until(async () => (await requestsBy(gateway)).PutObject === 100)
      expect(await requestsBy(gateway)).toEqual({ CreateBucket: 1, PutObject: 100 })
      gateway.child.kill('SIGTERM')
      expect(await gateway.exit).toBe(0)
      await localOss.close()
    },
  )

  test('are never less than they were: a worker that is being replaced counts until it ends', async () => {
    const localOss = await createLocalOss({ directory: ':memory:', credentials: LOCAL })
    const gateway = await started({
      WORKERS: '2',
      ADMIN_PORT: await freePort(),
      ...(await ossSettings(localOss)),
    })
    const s3 = clientOf(gateway)
    await s3.send(new CreateBucketCommand({ Bucket }))
    const held = new PassThrough()
    held.write('x')
    const put = s3.send(new PutObjectCommand({ Bucket, Key: 'held', Body: held, ContentLength: 2 }))
    await until(async () => /^s3gw_in_flight 1$/m.test(await metricsOf(gateway)))
    gateway.child.kill('SIGHUP')
    await until(() => gateway.output().includes('workers replaced'))
    expect(await requestsBy(gateway)).toEqual({ CreateBucket: 1 })
    expect(await metricsOf(gateway)).toMatch(/^s3gw_in_flight 1$/m)
    held.end('y')
    await put
    await until(async () => (await requestsBy(gateway)).PutObject === 1)
    gateway.child.kill('SIGTERM')
    expect(await gateway.exit).toBe(0)
    s3.destroy()
    await localOss.close()
  })

  test('count of an object that is copied in parts its bytes once', async () => {
    const gateway = await started({ ADMIN_PORT: await freePort() })
    const s3 = clientOf(gateway)
    const size = 3 * 1024 ** 2
    const upload = { Bucket, Key: 'b' }
    await s3.send(new CreateBucketCommand({ Bucket }))
    await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: Buffer.alloc(size) }))
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(upload))
    const part = size / 3
    for (let i = 0; i < 3; i++) {
      const range = { PartNumber: i + 1, CopySourceRange: `bytes=${i * part}-${(i + 1) * part - 1}` }
      await s3.send(new UploadPartCopyCommand({ ...upload, UploadId, CopySource: `${Bucket}/a`, ...range }))
    }
    const text = await metricsOf(gateway)
    expect(text).toContain('s3gw_copies_total{route="native",result="success"} 3\n')
    expect(text).toContain(`s3gw_copied_bytes_total{route="native"} ${size}\n`)
    s3.destroy()
  })

  test.each([['1'], ['2']])(
    'of WORKERS=%s tell whether OSS can be used, and how long the key holds',
    async (WORKERS) => {
      const issued = {
        ...LOCAL,
        securityToken: 'token',
        expiration: Math.ceil(Date.now() / 1000) * 1000 + 3_600_000,
      }
      const localOss = await createLocalOss({
        directory: ':memory:',
        credentials: { accessKeyId: 'owner', accessKeySecret: 'owner-secret' },
        accounts: [{ id: '1000000000000001', keys: [issued] }],
      })
      const service = await startKeyUri(() => issued, '/key')
      const gateway = await started({
        WORKERS,
        ADMIN_PORT: await freePort(),
        OSS_ENDPOINT: `http://127.0.0.1:${await localOss.listen(0, '127.0.0.1')}`,
        OSS_CREDENTIALS: 'uri',
        S3_ACCESS_KEY_ID: 'client',
        S3_SECRET_ACCESS_KEY: 'client-secret',
        ALIBABA_CLOUD_CREDENTIALS_URI: `${service.origin}/key`,
      })
      const text = await metricsOf(gateway)
      const [, seconds] = /^s3gw_oss_key_expires_seconds (\S+)$/m.exec(text) ?? []
      expect(Number(seconds)).toBeGreaterThan(0)
      expect(Number(seconds)).toBeLessThanOrEqual(3_601)
      // Each process asks for one of its own.
      expect(text).toContain(`\ns3gw_oss_key_renewals_total{result="success"} ${WORKERS}\n`)
      expect(text).toContain('\ns3gw_oss_usable 1\n')
      gateway.child.kill('SIGTERM')
      expect(await gateway.exit).toBe(0)
      service.stop()
      await localOss.close()
    },
  )
})
