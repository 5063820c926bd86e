import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLocalOss } from '../../src/local-oss/index.ts'
import { bucketSink } from '../../src/node/observe/bucket-sink.ts'
import type { OssCall } from '../../src/oss/call.ts'
import type { OssClient } from '../../src/oss/client.ts'
import { clientOf, killGateways, started } from './gateway-process.ts'

describe('an access log in a bucket', () => {
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'log-bucket-'))
  })
  afterAll(async () => {
    killGateways()
    await rm(directory, { recursive: true, force: true })
  })

  test('has every request when the process ends, under names like S3’s', async () => {
    const GATEWAY_CONFIG = join(directory, 'settings.yaml')
    await writeFile(GATEWAY_CONFIG, 'accessLog: {to: oss://logs/s3/, format: s3}')
    const credentials = { accessKeyId: 'local', accessKeySecret: 'local-secret' }
    const localOss = await createLocalOss({ directory: ':memory:', credentials })
    const oss = {
      OSS_ENDPOINT: `http://127.0.0.1:${await localOss.listen(0, '127.0.0.1')}`,
      OSS_ACCESS_KEY_ID: credentials.accessKeyId,
      OSS_ACCESS_KEY_SECRET: credentials.accessKeySecret,
    }
    const gateway = await started({ ...oss, GATEWAY_CONFIG })
    const s3 = clientOf(gateway)
    for (const Bucket of ['logs', 'bucket']) await s3.send(new CreateBucketCommand({ Bucket }))
    for (let i = 0; i < 20; i++)
      await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: `${i}`, Body: 'x' }))
    gateway.child.kill('SIGTERM')
    expect(await gateway.exit).toBe(0)
    s3.destroy()

    const reader = await started(oss)
    const client = clientOf(reader)
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: 'logs' }))
    const lines: string[] = []
    for (const { Key = '' } of Contents) {
      expect(Key).toMatch(/^s3\/\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d-[0-9A-F]{16}$/)
      const { Body } = await client.send(new GetObjectCommand({ Bucket: 'logs', Key }))
      lines.push(...((await Body?.transformToString()) ?? '').trimEnd().split('\n'))
    }
    expect(lines).toHaveLength(22)
    expect(lines.filter((line) => line.includes('REST.PUT.OBJECT'))).toHaveLength(20)
    client.destroy()
    await localOss.close()
  })
})

describe('lines that OSS does not take', () => {
  test('come with the next, and what is too much for the memory is dropped and said so', async () => {
    const stored: string[] = []
    const logged: string[] = []
    let isDown = true
    const send = async ({ body }: OssCall) => {
      if (isDown) throw new Error('down')
      stored.push(String(body))
    }
    const sink = bucketSink({ bucket: 'logs', prefix: '' }, () => ({ send }) as unknown as OssClient, {
      log: (event) => logged.push(event),
      newId: () => 'ID',
      clock: () => 0,
    })
    const megabyte = `${'x'.repeat(1024 ** 2 - 1)}\n`
    for (let i = 0; i < 100; i++) sink.write(megabyte)
    await sink.close()
    expect(logged.filter((event) => event.startsWith('access log lines are dropped'))).toHaveLength(1)
    expect(logged).toContain('access log cannot be written')
    isDown = false
    await sink.close()
    expect(stored.join('')).toHaveLength(64 * 1024 ** 2)
  })
})
