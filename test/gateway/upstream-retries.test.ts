import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { FaultAction, ObservedRequest } from '../../src/local-oss/index.ts'
import { startWorld, type World } from '../harness.ts'

const at = { Bucket: 'bucket', Key: 'key' }
const refusal: FaultAction = { kind: 'error', status: 503, code: 'ServiceUnavailable' }
const cutAfter: FaultAction = { kind: 'cut', when: 'after' }
const cutBefore: FaultAction = { kind: 'cut', when: 'before' }
const proxyPage: FaultAction = { kind: 'garbage', status: 503, body: '<html>503</html>' }
const failure: FaultAction = { kind: 'error', status: 500, code: 'InternalError' }

const asks: Record<string, (s3: S3Client) => Promise<unknown>> = {
  GetObject: (s3) => s3.send(new GetObjectCommand(at)),
  HeadObject: (s3) => s3.send(new HeadObjectCommand(at)),
  ListObjectsV2: (s3) => s3.send(new ListObjectsV2Command({ Bucket: 'bucket' })),
  PutObject: (s3) => s3.send(new PutObjectCommand({ ...at, Body: 'short' })),
  'PutObject in a stream': (s3) => s3.send(new PutObjectCommand({ ...at, Body: Buffer.alloc(300_000) })),
  DeleteObject: (s3) => s3.send(new DeleteObjectCommand({ ...at, Key: 'other' })),
  CopyObject: (s3) => s3.send(new CopyObjectCommand({ ...at, Key: 'copy', CopySource: 'bucket/key' })),
}

describe('what fails at OSS', () => {
  let world: World
  let s3: S3Client
  let part: (Body: Buffer) => Promise<unknown>
  beforeAll(async () => {
    world = await startWorld('sockets')
    s3 = world.s3()
    await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
    await s3.send(new PutObjectCommand({ ...at, Body: 'hello' }))
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(at))
    part = (Body) => s3.send(new UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body }))
  })
  afterAll(() => world.stop())
  afterEach(() => world.localOss.faults.clear())

  const ask = (operation: string): Promise<unknown> =>
    operation === 'UploadPart'
      ? part(Buffer.from('short'))
      : operation === 'UploadPart in a stream'
        ? part(Buffer.alloc(300_000))
        : (asks[operation]?.(s3) as Promise<unknown>)

  const rows: [
    operation: string,
    what: string,
    action: FaultAction,
    times: number,
    requests: number,
    ok: boolean,
  ][] = [
    ['GetObject', 'one 503', refusal, 1, 2, true],
    ['GetObject', 'two 503', refusal, 2, 3, true],
    ['GetObject', '503 again and again', refusal, 9, 3, false],
    ['GetObject', 'a cut connection', cutBefore, 1, 2, true],
    ['GetObject', 'a lost answer', cutAfter, 2, 3, true],
    ['GetObject', '500', failure, 1, 2, true],
    ['HeadObject', 'a cut connection', cutBefore, 1, 2, true],
    ['HeadObject', '500', failure, 1, 2, true],
    ['ListObjectsV2', 'half a document', { kind: 'truncate', afterBytes: 30 }, 1, 2, true],
    ['ListObjectsV2', 'a page of a proxy', { kind: 'garbage', body: '<html></html>' }, 1, 2, true],
    ['PutObject', 'one 503', refusal, 1, 2, true],
    ['PutObject', 'a lost answer', cutAfter, 1, 1, false],
    ['PutObject', 'a cut connection', cutBefore, 1, 1, false],
    ['PutObject', '500', failure, 1, 1, false],
    ['PutObject', 'a 503 of a proxy', proxyPage, 1, 1, false],
    ['PutObject in a stream', 'one 503', refusal, 1, 1, false],
    ['PutObject in a stream', 'a lost answer', cutAfter, 1, 1, false],
    ['UploadPart', 'a lost answer', cutAfter, 1, 2, true],
    ['UploadPart in a stream', 'a lost answer', cutAfter, 1, 1, false],
    ['DeleteObject', 'one 503', refusal, 1, 2, true],
    ['DeleteObject', 'a lost answer', cutAfter, 1, 1, false],
    // Copies have their own four attempts, and no others within.
    ['CopyObject', '503 again and again', refusal, 99, 4, false],
    // OSS may have made it: another one would be a second version, or be refused because of it.
    ['CopyObject', 'a 503 of a proxy', proxyPage, 1, 1, false],
  ]
  test.each(rows)('%s, %s', async (operation, _, action, times, requests, ok) => {
    const [name = ''] = operation.split(' ')
    world.localOss.faults.add({ operation: name, times, action })
    world.ossRequests()
    const outcome = await ask(operation).then(
      () => 'done',
      (error) => error.$metadata.httpStatusCode,
    )
    expect(outcome).toBe(ok ? 'done' : 503)
    expect(world.ossRequests().filter((request) => request === name)).toHaveLength(requests)
  })
})

test('a copy that a proxy answers with 503 is a success where OSS has made it', async () => {
  const world = await startWorld('sockets')
  const s3 = world.s3()
  await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
  const { ETag } = await s3.send(new PutObjectCommand({ ...at, Body: 'hello' }))
  const operation = 'CopyObject'
  const run = () => world.oss('bucket').copy('copy', 'key')
  const isGateways = {
    when: ({ headers }: ObservedRequest) => !headers['user-agent']?.startsWith('aliyun-sdk'),
  }
  world.localOss.faults.add({ operation, ...isGateways, action: { kind: 'call', run } })
  world.localOss.faults.add({ operation, ...isGateways, action: proxyPage })
  const copy = new CopyObjectCommand({ ...at, Key: 'copy', CopySource: 'bucket/key', IfNoneMatch: '*' })
  expect((await s3.send(copy)).CopyObjectResult?.ETag).toBe(ETag)
  await world.stop()
})

test('what gets no answer in time is not asked for again', async () => {
  const world = await startWorld('sockets', { GATEWAY_CONFIG: 'timeouts: {oss: {headers: 1}}' })
  world.localOss.faults.add({ action: { kind: 'stall', at: 'start' } })
  await expect(world.s3().send(new GetObjectCommand(at))).rejects.toMatchObject({
    $metadata: { httpStatusCode: 503 },
  })
  expect(world.ossRequests()).toEqual(['GetObject'])
  await world.stop()
})

test('an OSS that is down is not asked three times as often, and one that comes back is heard', async () => {
  const world = await startWorld('sockets')
  const s3 = world.s3()
  await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
  await s3.send(new PutObjectCommand({ ...at, Body: 'hello' }))
  world.localOss.faults.add({ action: refusal, times: Number.POSITIVE_INFINITY })
  world.ossRequests()
  const requests = 300
  for (let i = 0; i < requests; i += 50) {
    const asked = Array.from({ length: 50 }, () => s3.send(new GetObjectCommand(at)).catch((error) => error))
    for (const error of await Promise.all(asked)) expect(error.$metadata.httpStatusCode).toBe(503)
  }
  const asked = world.ossRequests().length
  expect(asked).toBeGreaterThan(requests)
  expect(asked).toBeLessThanOrEqual(requests + 100)
  world.localOss.faults.clear()
  const { Body } = await s3.send(new GetObjectCommand(at))
  expect(await Body?.transformToString()).toBe('hello')
  await world.stop()
})
