import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { freePort } from '../node/free-port.ts'

/**
 * The built gateway, on the Node that runs this, in front of the OSS that another one embeds: an object of an AWS SDK
 * goes in, is copied, listed, read and deleted, and both end when they are told to.
 */
const credentials = { accessKeyId: 'local', secretAccessKey: 'local-secret' }
/** Milliseconds; on a busy machine a start takes long. */
const START = 120_000

type Gateway = { child: ChildProcess; endpoint: string }

/** @param settings environment variables; nothing else is inherited but PATH. */
async function start(settings: Record<string, string>): Promise<Gateway> {
  const child = spawn(process.execPath, ['dist/cli.js'], {
    env: { PATH: process.env.PATH, PORT: '0', ADMIN_PORT: '0', ...settings },
  })
  process.once('exit', () => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (output += bytes))
  for (const until = Date.now() + START; ; await sleep(10)) {
    const endpoint = /S3 endpoint +(http:\S+)/.exec(output)?.[1]
    if (endpoint !== undefined) return { child, endpoint }
    if (child.exitCode !== null || Date.now() > until) throw new Error(`no gateway: ${output}`)
  }
}

async function stop({ child }: Gateway): Promise<void> {
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  assert.equal(code, 0, 'a gateway that is told to stop ends well')
}

const ossPort = await freePort()
const embedding = await start({ LOCAL_OSS_PORT: ossPort, LOCAL_OSS_DIR: ':memory:' })
const gateway = await start({
  OSS_ENDPOINT: `http://127.0.0.1:${ossPort}`,
  OSS_REGION: 'cn-hangzhou',
  OSS_ACCESS_KEY_ID: credentials.accessKeyId,
  OSS_ACCESS_KEY_SECRET: credentials.secretAccessKey,
})
const s3 = new S3Client({
  endpoint: gateway.endpoint,
  region: 'us-east-1',
  forcePathStyle: true,
  credentials,
})
const Bucket = 'round-trip'
await s3.send(new CreateBucketCommand({ Bucket }))
for (const size of [0, 4096, 5 * 1024 ** 2]) {
  const Key = `object of/${size} bytes`
  const body = randomBytes(size)
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: body, Metadata: { size: String(size) } }))
  const CopySource = encodeURIComponent(`${Bucket}/${Key}`)
  await s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource }))
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'copy' }))
  assert.deepEqual([head.ContentLength, head.Metadata], [size, { size: String(size) }])
  const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket }))
  assert.deepEqual(
    Contents?.map(({ Key, Size }) => [Key, Size]),
    [
      ['copy', size],
      [Key, size],
    ],
  )
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: 'copy' }))
  assert.ok(Body)
  assert.ok(body.equals(await Body.transformToByteArray()), 'what is read is what was written')
  for (const key of [Key, 'copy']) await s3.send(new DeleteObjectCommand({ Bucket, Key: key }))
}
s3.destroy()
await stop(gateway)
await stop(embedding)
console.info(`dist/cli.js and an AWS SDK on Node ${process.versions.node}: right`)
process.exit()
