import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bytes, type CopyWorld, hold, onAnswerBegun, PART, startCopyWorld } from '../gateway/copy-world.ts'
import { presign, send } from '../gateway/wire.ts'

type Entry = Record<string, unknown>

describe('the access log of Workers', () => {
  let world: CopyWorld
  beforeAll(async () => {
    const document = { accessLog: { to: 'stdout' }, copy: { keepAliveAfter: 0.05, partSize: PART } }
    world = await startCopyWorld('workerd', {}, { GATEWAY_CONFIG: JSON.stringify(document) })
  })
  afterAll(() => world.stop())

  const entries = (): Entry[] =>
    world
      .printed()
      .split('\n')
      .filter((line) => line.startsWith('{"request_time"'))
      .map((line) => JSON.parse(line))
  /** The lines of an object, once there are so many. */
  async function entriesOf(key: string, count: number): Promise<Entry[]> {
    const found = () => entries().filter(({ object_key }) => object_key === key)
    await expect.poll(() => found().length).toBe(count)
    return found()
  }

  test('says who did what to which object, also of what is refused', async () => {
    const s3 = world.client
    const object = { Bucket: 'target', Key: 'a' }
    await s3.send(new PutObjectCommand({ ...object, Body: bytes(3 * PART, 1) }))
    const { Body } = await s3.send(new GetObjectCommand(object))
    await Body?.transformToByteArray()
    await expect(s3.send(new HeadObjectCommand({ ...object, VersionId: 'none' }))).rejects.toThrow()
    const stranger = world.s3({ credentials: { accessKeyId: 'nobody', secretAccessKey: 'nothing' } })
    await expect(stranger.send(new DeleteObjectCommand(object))).rejects.toThrow()
    await s3.send(new DeleteObjectCommand(object))
    const facts = ['s3_operation', 'requester', 'http_status', 'error_code', 'object_size', 'bytes_received']
    const told = (await entriesOf('a', 5)).map((entry) => facts.map((name) => entry[name]))
    expect(told).toEqual([
      ['PutObject', 'local', 200, undefined, 3 * PART, 3 * PART],
      ['GetObject', 'local', 200, undefined, 3 * PART, 0],
      ['HeadObject', 'local', 400, 'InvalidArgument', undefined, 0],
      ['DeleteObject', undefined, 403, 'InvalidAccessKeyId', undefined, 0],
      ['DeleteObject', 'local', 204, undefined, undefined, 0],
    ])
  })

  test('has no signature of a presigned URL', async () => {
    const { host } = new URL(world.endpoint)
    await send(world.endpoint, presign({ method: 'GET', target: '/target/presigned' }, host))
    const [entry] = await entriesOf('presigned', 1)
    expect(entry).toMatchObject({ authentication_type: 'QueryString', http_status: 404 })
    expect(world.printed()).not.toMatch(/X-Amz-Signature=[0-9a-f]/i)
  })

  test('is written when the answer has been sent: it has the error behind a 200 that had begun', async () => {
    await world.bucket('near').put('large', bytes(3 * PART, 1))
    const parts = hold(world, { operation: 'UploadPartCopy', times: 3 })
    const copy = { Bucket: 'target', Key: 'late', CopySource: 'near/large' }
    const s3 = world.s3()
    const begun = new Promise<void>((resolve) => onAnswerBegun(s3, resolve))
    const copied = s3.send(new CopyObjectCommand(copy))
    copied.catch(() => {})
    await Promise.all([parts.reached, begun])
    expect(entries().filter(({ object_key }) => object_key === 'late')).toEqual([])
    const action = { kind: 'error', status: 403, code: 'AccessDenied' } as const
    const heal = world.fault({ operation: 'CompleteMultipartUpload', times: 4, action })
    parts.release()
    await expect(copied).rejects.toThrow()
    heal()
    const [entry] = await entriesOf('late', 1)
    expect(entry).toMatchObject({ http_status: 200, error_code: 'AccessDenied', copy_route: 'parts' })
    // Blanks, and the error's document.
    expect(entry?.bytes_sent).toBeGreaterThan('<Error><Code>AccessDenied</Code></Error>'.length)
  })
})
