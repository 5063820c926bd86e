import { readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { Readable } from 'node:stream'
import {
  ChecksumAlgorithm,
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWorld, type World } from '../harness.ts'

const certificate = 'test/data/localhost-cert.pem'

describe('over https', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld('node', {
      TLS_CERT_FILE: certificate,
      TLS_KEY_FILE: 'test/data/localhost-key.pem',
    })
    await client().send(new CreateBucketCommand({ Bucket: 'bucket' }))
  })
  afterAll(() => world.stop())
  const client = () =>
    world.s3({
      requestHandler: { httpsAgent: new Agent({ ca: readFileSync(certificate) }) },
    })

  test.each(
    Object.values(ChecksumAlgorithm).filter((name) => /^(CRC32C?|CRC64NVME|SHA1|SHA256)$/.test(name)),
  )('a stream with a %s trailer is stored as plain bytes', async (algorithm) => {
    const Body = Readable.from([Buffer.from('he'), Buffer.from('llo')])
    await client().send(
      new PutObjectCommand({
        Bucket: 'bucket',
        Key: algorithm,
        Body,
        ContentLength: 5,
        ChecksumAlgorithm: algorithm,
      }),
    )
    const { content, res } = await world.oss('bucket').get(algorithm)
    expect(content.toString()).toBe('hello')
    expect(res.headers).not.toHaveProperty('content-encoding')
    const back = await client().send(new GetObjectCommand({ Bucket: 'bucket', Key: algorithm }))
    expect(await back.Body?.transformToString()).toBe('hello')
    expect(await client().send(new HeadObjectCommand({ Bucket: 'bucket', Key: algorithm }))).toMatchObject({
      ContentLength: 5,
    })
  })
})

describe('health, on a listener of its own', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld('node', { ADMIN_PORT: 'any' })
  })
  afterAll(() => world.stop())

  test('is alive whatever OSS does, and ready when OSS answers a signed request', async () => {
    const get = async (path: string) => {
      const answer = await fetch(world.adminEndpoint + path)
      return [answer.status, await answer.text()]
    }
    expect(await get('/healthz')).toEqual([200, 'ok\n'])
    // Whoever asks next is told the same for some seconds.
    for (let i = 0; i < 5; i++) expect(await get('/readyz')).toEqual([200, 'ok\n'])
    expect(world.ossRequests()).toEqual(['ListBuckets'])
    expect((await get('/bucket'))[0]).toBe(404)
  })
})

describe('health while OSS refuses the gateway', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld('node', { ADMIN_PORT: 'any' })
  })
  afterAll(() => world.stop())

  test('is told without the words of OSS', async () => {
    const get = async (path: string) => {
      const answer = await fetch(world.adminEndpoint + path)
      return [answer.status, await answer.text()]
    }
    world.localOss.faults.add({
      action: {
        kind: 'error',
        status: 403,
        code: 'InvalidAccessKeyId',
        message: 'The OSS Access Key Id you provided does not exist in our records.',
      },
    })
    for (let i = 0; i < 5; i++) {
      expect(await get('/readyz')).toEqual([503, 'OSS cannot be used: the log says why\n'])
    }
    expect(await get('/healthz')).toEqual([200, 'ok\n'])
    expect(world.ossRequests()).toHaveLength(1)
  })
})
