import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { createLocalOss } from '../../src/local-oss/index.ts'
import { sha256 } from '../encodings.ts'
import { spawnGateway } from './gateway.ts'
import { MiB, type Report, type Scale } from './world.ts'

const CLI_LOOPS = 3
const SDK_LOOPS = 4
/** In parts, so that one copy is several requests. */
const SIZE = 12 * MiB
const REPLACED = 60_000

const run = promisify(execFile)

/** Workers are replaced one after the other under load, and no client notices. */
export async function rolling(scale: Scale, report: Report): Promise<void> {
  const cli = await run('aws', ['--version']).then(
    ({ stdout }) => stdout.split(' ')[0] ?? '',
    () => undefined,
  )
  const directory = mkdtempSync(join(tmpdir(), 'rolling-'))
  const oss = await createLocalOss({
    directory: ':memory:',
    credentials: { accessKeyId: 'local', accessKeySecret: 'local-secret' },
  })
  const port = await oss.listen(0)
  const gateway = await spawnGateway({ OSS_ENDPOINT: `http://127.0.0.1:${port}`, WORKERS: '2' })
  const { endpoint } = gateway
  const s3 = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local-secret' },
  })
  const failures: string[] = []
  let operations = 0
  let over = false
  const attempt = async (what: string, work: () => Promise<boolean>) => {
    operations++
    const right = await work().catch((error: Error) => `${error.message}`)
    if (right !== true) failures.push(`${what}: ${right === false ? 'other bytes' : right}`)
  }

  const file = join(directory, 'file')
  const content = randomBytes(SIZE)
  writeFileSync(file, content)
  const digest = sha256(content)
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: directory,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local-secret',
    AWS_DEFAULT_REGION: 'us-east-1',
    // What fails is to be seen.
    AWS_MAX_ATTEMPTS: '1',
  }
  const copy = (from: string, to: string) =>
    run('aws', ['--endpoint-url', endpoint, 's3', 'cp', '--no-progress', from, to], { env })
  const cliLoop = async (index: number) => {
    const key = `s3://bucket/cli-${index}`
    const down = join(directory, `down-${index}`)
    while (!over) {
      await attempt('aws s3 cp up', async () => (await copy(file, key)) !== undefined)
      await attempt('aws s3 cp down', async () => {
        await copy(key, down)
        return sha256(readFileSync(down)) === digest
      })
    }
  }
  const sdkLoop = async (index: number) => {
    const at = { Bucket: 'bucket', Key: `sdk-${index}` }
    while (!over) {
      await attempt('SDK put', async () => {
        await s3.send(new PutObjectCommand({ ...at, Body: content.subarray(0, MiB) }))
        return true
      })
      await attempt('SDK get', async () => {
        const { Body } = await s3.send(new GetObjectCommand(at))
        return content.subarray(0, MiB).equals((await Body?.transformToByteArray()) ?? Buffer.alloc(0))
      })
      await sleep(20)
    }
  }

  try {
    await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
    const loops = [
      ...(cli === undefined ? [] : Array.from({ length: CLI_LOOPS }, (_, i) => cliLoop(i))),
      ...Array.from({ length: SDK_LOOPS }, (_, i) => sdkLoop(i)),
    ]
    await sleep(2000)
    let replaced = 0
    const times = () => gateway.output().split('"workers replaced"').length - 1
    for (let i = 0; i < scale.restarts; i++) {
      gateway.signal('SIGHUP')
      for (const until = Date.now() + REPLACED; times() <= i && Date.now() < until; ) await sleep(50)
      replaced = times()
      await sleep(3000)
    }
    over = true
    await Promise.all(loops)
    s3.destroy()
    gateway.signal('SIGTERM')
    const exit = await Promise.race([gateway.exit, sleep(40_000, 'nothing')])
    report.add(
      'SIGHUP',
      `workers replaced ${replaced} times`,
      `${scale.restarts}`,
      replaced === scale.restarts,
    )
    const clients = `${cli ?? 'no AWS CLI'}, SDK`
    report.add(
      `${operations} operations meanwhile (${clients})`,
      `${failures.length} failed ${failures[0] ?? ''}`,
      '0',
      failures.length === 0,
    )
    report.add('exit at SIGTERM', String(exit), '0', exit === 0)
  } finally {
    over = true
    gateway.signal('SIGKILL')
    await oss.close()
    rmSync(directory, { recursive: true, force: true })
  }
}
