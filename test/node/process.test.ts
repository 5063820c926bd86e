import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

const cli = join('dist', 'test', 'cli.js')
let directory: string
const children = new Set<ChildProcess>()

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gateway-'))
  await build({
    entryPoints: ['src/cli.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    outfile: cli,
    logLevel: 'warning',
  })
})
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
})
afterAll(() => rm(directory, { recursive: true, force: true }))

type Gateway = { child: ChildProcess; output: () => string; exit: Promise<number | null> }
/** Where a started gateway listens, as it says. */
const portOf = ({ output }: Gateway) => Number(/S3 endpoint +http:\/\/[^:]+:(\d+)/.exec(output())?.[1])

function spawnGateway(settings: Record<string, string>): Gateway {
  const child = spawn(process.execPath, [cli], {
    env: {
      PATH: process.env.PATH ?? '',
      PORT: '0',
      ADMIN_PORT: '0',
      LOCAL_OSS_PORT: '0',
      LOCAL_OSS_DIR: join(directory, 'oss'),
      ...settings,
    },
  })
  children.add(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes) => (output += bytes))
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve))
  exit.then(() => children.delete(child)).catch(() => {})
  return { child, output: () => output, exit }
}

async function started(settings: Record<string, string>): Promise<Gateway> {
  const gateway = spawnGateway(settings)
  while (!gateway.output().includes('S3 endpoint')) {
    if (gateway.child.exitCode !== null) throw new Error(gateway.output())
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return gateway
}

const clientOf = (port: number) =>
  new S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local-secret' },
  })

describe('the process', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'finishes the answer in flight at %s, then exits with 0',
    async (signal) => {
      const gateway = await started({ LOCAL_OSS_DIR: ':memory:' })
      const s3 = clientOf(portOf(gateway))
      await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
      await s3.send(
        new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: Buffer.alloc(8_000_000, 'x') }),
      )
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'key' }))
      gateway.child.kill(signal)
      const bytes = await Body?.transformToByteArray()
      expect(bytes?.length).toBe(8_000_000)
      s3.destroy()
      expect(await gateway.exit).toBe(0)
    },
  )

  test('killed during a thousand writes it keeps every one it acknowledged, and shows no other', async () => {
    const settings = { LOCAL_OSS_DIR: join(directory, 'killed') }
    const gateway = await started(settings)
    const s3 = clientOf(portOf(gateway))
    await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
    const bodyOf = (i: number) => Buffer.alloc(i % 10 === 0 ? 100_000 + i : 100 + i, `${i} `)
    const acknowledged = new Set<number>()
    let next = 0
    const writer = async () => {
      while (next < 1000) {
        const i = next++
        if (i === 400) gateway.child.kill('SIGKILL')
        try {
          await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: String(i), Body: bodyOf(i) }))
          acknowledged.add(i)
        } catch {
          // Killed under it: then it was not acknowledged.
        }
      }
    }
    await Promise.all(Array.from({ length: 16 }, writer))
    await gateway.exit
    expect(acknowledged.size).toBeGreaterThan(300)
    expect(acknowledged.size).toBeLessThan(1000)

    s3.destroy()

    const again = await started(settings)
    const survivor = clientOf(portOf(again))
    const seen = new Set<number>()
    let ContinuationToken: string | undefined
    do {
      const page = await survivor.send(new ListObjectsV2Command({ Bucket: 'bucket', ContinuationToken }))
      for (const { Key } of page.Contents ?? []) seen.add(Number(Key))
      ContinuationToken = page.NextContinuationToken
    } while (ContinuationToken)
    for (const i of acknowledged) expect(seen.has(i)).toBe(true)
    // A write whose acknowledgement was on its way when the process died may be there, but then whole.
    for (const i of seen) {
      const { Body } = await survivor.send(new GetObjectCommand({ Bucket: 'bucket', Key: String(i) }))
      expect(Buffer.compare(Buffer.from((await Body?.transformToByteArray()) ?? []), bodyOf(i))).toBe(0)
    }
    survivor.destroy()
    again.child.kill('SIGTERM')
    expect(await again.exit).toBe(0)
  })

  test('says which port is taken, or that the folder is in use, and exits with 1', async () => {
    const directories = { LOCAL_OSS_DIR: join(directory, 'taken') }
    const port = portOf(await started(directories))
    const settings = { ...directories, PORT: String(port) }
    const samePort = spawnGateway({ ...settings, LOCAL_OSS_DIR: ':memory:' })
    expect(await samePort.exit).toBe(1)
    expect(samePort.output()).toContain(`${port}`)
    const sameFolder = spawnGateway(directories)
    expect(await sameFolder.exit).toBe(1)
    expect(sameFolder.output()).toMatch(/cannot start/)
  })

  test('names every mistake in the settings at once, and exits with 2', async () => {
    const gateway = spawnGateway({ PORT: 'x', OSS_REGION: 'not/a/region', S3_ACCESS_KEY_ID: 'only-half' })
    expect(await gateway.exit).toBe(2)
    for (const name of [
      'PORT',
      'OSS_REGION',
      'OSS_ACCESS_KEY_ID',
      'OSS_ACCESS_KEY_SECRET',
      'S3_SECRET_ACCESS_KEY',
    ]) {
      expect(gateway.output()).toContain(name)
    }
  })
})
