import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CopyObjectCommand, S3Client } from '@aws-sdk/client-s3'
import type OSS from 'ali-oss'
import { BLOCK, MiB, makeBuckets, makeSource } from './sources.ts'

/**
 * Copies of real size through the built server, `npm run test:large`: on the embedded OSS, and over sockets in front of
 * it as in front of the real one. Prints what each took; exits with 1 when a copy is not one, or memory or throughput
 * miss their goals.
 */
const GiB = 1024 * MiB
/** The gateway on its embedded OSS, that OSS's own port, and a gateway in front of that. */
const [EMBEDDED, OSS_PORT, IN_FRONT] = [9420, 9421, 9422] as const
const MOST_MEMORY = 200 * MiB
/** Of what a plain ali-oss client reaches on the same machine. */
const LEAST_THROUGHPUT = 0.7

const directory = mkdtempSync(join(tmpdir(), 'copy-large-'))
const settings = join(directory, 'settings.json')
writeFileSync(settings, JSON.stringify({ copy: { maxSize: 7 * GiB } }))
const problems: string[] = []
const expectThat = (truth: boolean, what: string) => {
  if (!truth) problems.push(what)
}

async function startServer(port: number, environment: Record<string, string>): Promise<ChildProcess> {
  const server = spawn('node', [...(process.env.NODE_FLAGS?.split(' ') ?? []), 'dist/cli.js'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      ADMIN_PORT: '0',
      S3_ACCESS_KEY_ID: 'local',
      S3_SECRET_ACCESS_KEY: 'local-secret',
      GATEWAY_CONFIG: settings,
      ...environment,
    },
  })
  for (let tried = 0; tried < 100; tried++) {
    if (await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)) return server
    await sleep(100)
  }
  throw new Error('the server does not start')
}

const clientOf = (port: number) =>
  new S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local-secret' },
  })

/** The highest resident memory since it was last forgotten. */
function peakOf(pid: number): number {
  const [, kilobytes = '0'] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) * 1024
}
const forgetPeak = (pid: number) => writeFileSync(`/proc/${pid}/clear_refs`, '5')

const sameHeaders = [
  'content-length',
  'x-oss-hash-crc64ecma',
  'content-type',
  'x-oss-meta-kind',
  'x-oss-tagging-count',
]

/** Copies `from`/`key` to the bucket `target` and checks the result. @returns MiB a second. */
async function copy(
  how: string,
  s3: S3Client,
  pid: number,
  from: OSS,
  to: OSS,
  source: string,
): Promise<number> {
  const key = source.split('/')[1] ?? ''
  const name = `${how}: ${key}`
  forgetPeak(pid)
  const began = performance.now()
  const command = new CopyObjectCommand({ Bucket: 'target', Key: `copy-${key}`, CopySource: source })
  const etag = (await s3.send(command)).CopyObjectResult?.ETag ?? ''
  const seconds = (performance.now() - began) / 1000
  const memory = peakOf(pid)
  const original = (await from.head(key)).res.headers as Record<string, string>
  const result = (await to.head(`copy-${key}`)).res.headers as Record<string, string>
  for (const header of sameHeaders)
    expectThat(original[header] === result[header], `${name}: another ${header}`)
  expectThat(/^"[0-9a-f]{32}-\d+"$/.test(etag), `${name}: the ETag ${etag}`)
  expectThat(memory < MOST_MEMORY, `${name}: ${Math.round(memory / MiB)} MiB of memory`)
  const speed = Number(original['content-length']) / MiB / seconds
  console.info(
    `${name}: ${seconds.toFixed(1)} s, ${speed.toFixed(0)} MiB/s, peak RSS ${Math.round(memory / MiB)} MiB, ETag ${etag}`,
  )
  return speed
}

/** What a client without a gateway would do. @returns MiB a second. */
async function relayPlainly(from: OSS, to: OSS, key: string, size: number): Promise<number> {
  const began = performance.now()
  const { stream } = await from.getStream(key)
  await to.putStream(`plain-${key}`, stream, { contentLength: size } as never)
  const speed = size / MiB / ((performance.now() - began) / 1000)
  console.info(`ali-oss, getStream to putStream: ${key}: ${speed.toFixed(0)} MiB/s`)
  return speed
}

function compare(how: string, relayed: number, plain: number): void {
  const ratio = `${how}: the relay has ${(relayed / plain).toFixed(2)} of the plain client's throughput`
  console.info(ratio)
  expectThat(relayed / plain >= LEAST_THROUGHPUT, ratio)
}

const servers = [
  await startServer(EMBEDDED, { LOCAL_OSS_PORT: String(OSS_PORT), LOCAL_OSS_DIR: join(directory, 'data') }),
  await startServer(IN_FRONT, {
    OSS_ENDPOINT: `http://127.0.0.1:${OSS_PORT}`,
    OSS_REGION: 'cn-hangzhou',
    OSS_ACCESS_KEY_ID: 'local',
    OSS_ACCESS_KEY_SECRET: 'local-secret',
  }),
]
const [embedded = 0, inFront = 0] = servers.map(({ pid }) => pid)
const [s3, s3InFront] = [clientOf(EMBEDDED), clientOf(IN_FRONT)]
const wanted = (name: string) => process.argv.length < 3 || process.argv.includes(name)
try {
  const { near, far, target } = await makeBuckets(s3, OSS_PORT)
  if (wanted('parts')) {
    await makeSource(near, 'near', '1.5-GiB', (1.5 * GiB) / BLOCK)
    await makeSource(near, 'near', '6-GiB', (6 * GiB) / BLOCK)
    await copy('embedded, parts', s3, embedded, near, target, 'near/1.5-GiB')
    await copy('embedded, parts', s3, embedded, near, target, 'near/6-GiB')
    await copy('in front, parts', s3InFront, inFront, near, target, 'near/1.5-GiB')
  }
  if (wanted('relay')) {
    await makeSource(far, 'far', '1-GiB', GiB / BLOCK)
    const relayed = await copy('embedded, relay', s3, embedded, far, target, 'far/1-GiB')
    const relayedInFront = await copy('in front, relay', s3InFront, inFront, far, target, 'far/1-GiB')
    const plain = await relayPlainly(far, target, '1-GiB', GiB)
    compare('embedded', relayed, plain)
    compare('in front', relayedInFront, plain)
  }
} finally {
  for (const client of [s3, s3InFront]) client.destroy()
  for (const server of servers.reverse()) {
    server.kill('SIGTERM')
    await new Promise((resolve) => server.once('exit', resolve))
  }
  rmSync(directory, { recursive: true, force: true })
}
for (const problem of problems) console.error(`FAILED ${problem}`)
process.exitCode = problems.length > 0 ? 1 : 0
