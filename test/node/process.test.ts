import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { clientOf, killGateways, portOf, spawnGateway, started, until } from './gateway-process.ts'

let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gateway-'))
})
afterEach(killGateways)
afterAll(() => rm(directory, { recursive: true, force: true }))

/** A download that has begun, and whose client does not read on by itself. */
async function download(s3: S3Client) {
  await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
  await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: Buffer.alloc(32_000_000, 'x') }))
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'key' }))
  return async () => (await Body?.transformToByteArray())?.length
}

describe('the process', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'finishes the answer in flight at %s, then exits with 0',
    async (signal) => {
      const gateway = await started({})
      const s3 = clientOf(gateway)
      const finish = await download(s3)
      gateway.child.kill(signal)
      // As a Ctrl-C comes twice under npm.
      gateway.child.kill(signal)
      expect(await finish()).toBe(32_000_000)
      s3.destroy()
      expect(await gateway.exit).toBe(0)
    },
  )

  test('told to stop again and again it exits with 1, whatever is in flight', async () => {
    const gateway = await started({})
    const s3 = clientOf(gateway)
    const finish = await download(s3)
    await until(() => {
      gateway.child.kill('SIGTERM')
      return gateway.child.exitCode !== null
    })
    expect(await gateway.exit).toBe(1)
    expect(gateway.output()).toContain('second time')
    await expect(finish()).rejects.toThrow()
    s3.destroy()
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
    const gateway = spawnGateway({
      PORT: 'x',
      WORKERS: '0',
      OSS_REGION: 'not/a/region',
      S3_ACCESS_KEY_ID: 'only-half',
    })
    expect(await gateway.exit).toBe(2)
    for (const name of [
      'PORT',
      'WORKERS',
      'OSS_REGION',
      'OSS_ACCESS_KEY_ID',
      'OSS_ACCESS_KEY_SECRET',
      'S3_SECRET_ACCESS_KEY',
    ]) {
      expect(gateway.output()).toContain(name)
    }
  })
})
