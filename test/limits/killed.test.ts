import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientOf, killGateways, started } from '../node/gateway-process.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'killed-'))
})
afterAll(async () => {
  killGateways()
  await rm(directory, { recursive: true, force: true })
})

test('killed during a thousand writes, the process keeps every one it acknowledged, and shows no other', async () => {
  const settings = { LOCAL_OSS_DIR: join(directory, 'killed') }
  const gateway = await started(settings)
  const s3 = clientOf(gateway)
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
  const survivor = clientOf(again)
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
