import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CopyObjectCommand, CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { explain } from '../../src/cli-explain.ts'
import { parseConfig } from '../../src/config.ts'
import { startWorld, type World } from '../harness.ts'

const MiB = 1024 ** 2
const document = JSON.stringify({ copy: { partSize: MiB } })

describe('explain copy', () => {
  let world: World
  let settings: Record<string, string>
  beforeAll(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'explain-'))
    settings = { LOCAL_OSS_DIR: directory, LOCAL_OSS_COPY_LIMIT: String(MiB) }
    world = await startWorld('node', { ...settings, GATEWAY_CONFIG: document })
    // The folder is in use by the running gateway: it is reached through the embedded OSS's own endpoint.
    settings.LOCAL_OSS_PORT = String(await world.localOss.listen(0))
    const s3 = world.s3()
    await s3.send(new CreateBucketCommand({ Bucket: 'hangzhou' }))
    await s3.send(
      new CreateBucketCommand({
        Bucket: 'beijing',
        CreateBucketConfiguration: { LocationConstraint: 'cn-beijing' as never },
      }),
    )
    for (const Bucket of ['hangzhou', 'beijing']) {
      await s3.send(new PutObjectCommand({ Bucket, Key: 'small', Body: 'hello', Tagging: 'a=b' }))
      await s3.send(new PutObjectCommand({ Bucket, Key: 'large', Body: Buffer.alloc(3 * MiB) }))
    }
  })
  afterAll(async () => {
    await world.stop()
    await rm(settings.LOCAL_OSS_DIR ?? '', { recursive: true })
  })

  const run = (...args: string[]) => {
    return explain(['copy', ...args], parseConfig(settings, document), () => {})
  }
  const methods = (text: string) => [...text.matchAll(/^ +\d+\. ([A-Z]+) /gm)].map(([, method]) => method)

  test.each([
    ['hangzhou/small', 'native', []],
    ['hangzhou/large', 'parts, 3 parts', ['--storage-class', 'STANDARD_IA']],
    ['beijing/small', 'relay, 1 part', []],
    ['beijing/large', 'relay, 3 parts', []],
  ])(
    'of %s says %s, writes nothing, and names the very calls that the copy then makes',
    async (source, plan, options) => {
      const asked: string[] = []
      const stop = world.localOss.onRequest(({ method }) => asked.push(method))
      const text = await run(`s3://${source}`, 's3://hangzhou/copy', ...options)
      stop()
      expect(text).toContain(`Plan: ${plan}\n`)
      expect(asked.filter((method) => method !== 'GET' && method !== 'HEAD')).toEqual([])

      const done: string[] = []
      const stopAgain = world.localOss.onRequest(({ method }) => done.push(method))
      const StorageClass = options[1] as 'STANDARD_IA' | undefined
      await world
        .s3()
        .send(new CopyObjectCommand({ Bucket: 'hangzhou', Key: 'copy', CopySource: source, StorageClass }))
      stopAgain()
      // Parts go in parallel: their order is not told.
      if (plan !== 'parts, 3 parts') expect(methods(text).sort()).toEqual(done.sort())
    },
  )

  test('a refusal is told as the client would be', async () => {
    await expect(run('s3://hangzhou/small', 's3://hangzhou/small')).rejects.toThrow(/illegal/)
    await expect(run('s3://hangzhou/nothing', 's3://hangzhou/copy')).rejects.toThrow(/does not exist/)
    await expect(run('hangzhou/small', 's3://hangzhou/copy')).rejects.toThrow(/^Usage/)
  })
})
