import {
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { beginRecord } from '../../src/observe/record.ts'
import { headerMap } from '../../src/ports.ts'
import { analyticsCallMetrics, analyticsMetrics } from '../../src/worker/metrics.ts'
import { bytes, type CopyWorld, PART, startCopyWorld } from '../gateway/copy-world.ts'
import { send, sign } from '../gateway/wire.ts'

type Point = { indexes: string[]; blobs: string[]; doubles: number[] }

const GET = { method: 'GET' }

describe('metrics of Workers in Analytics Engine', () => {
  let world: CopyWorld
  beforeAll(async () => {
    world = await startCopyWorld('workerd', {})
  })
  afterAll(() => world.stop())

  const points = (): Point[] =>
    [...world.printed().matchAll(/^data point (.*)$/gm)].map(([, json]) => JSON.parse(json as string))
  const host = () => new URL(world.endpoint).host
  /** The points of what is asked, once there are so many. */
  async function pointsOf(ask: () => Promise<unknown>, count = 1): Promise<Point[]> {
    const before = points().length
    await ask()
    await expect.poll(() => points().length).toBe(before + count)
    return points().slice(before)
  }

  test('a point for each request says what was done, how, and how many bytes went which way', async () => {
    const s3 = world.client
    const object = { Bucket: 'target', Key: 'a' }
    const size = 3 * PART
    await world.bucket('near').put('large', bytes(size, 1))
    const told = [
      await pointsOf(() => s3.send(new PutObjectCommand({ ...object, Body: bytes(size, 1) }))),
      await pointsOf(async () => (await s3.send(new GetObjectCommand(object))).Body?.transformToByteArray()),
      await pointsOf(() => s3.send(new HeadObjectCommand(object))),
      await pointsOf(() => s3.send(new CopyObjectCommand({ ...object, Key: 'b', CopySource: 'near/large' }))),
      await pointsOf(() => s3.send(new DeleteObjectCommand(object))),
      await pointsOf(() => s3.send(new GetObjectCommand(object)).catch(() => {})),
    ].flat()
    const facts = told.map(({ indexes, blobs, doubles }) => [...indexes, ...blobs, ...doubles.slice(4)])
    const document = expect.any(Number)
    expect(facts).toEqual([
      ['PutObject', 'PutObject', 'PUT', '200', '', '', '', '', size, 0, size, 0, 0],
      ['GetObject', 'GetObject', 'GET', '200', '', '', '', '', 0, size, size, 0, 0],
      ['HeadObject', 'HeadObject', 'HEAD', '200', '', '', '', '', 0, 0, size, 0, 0],
      [
        'CopyObject',
        'CopyObject',
        'PUT',
        '200',
        '',
        'parts',
        'EntityTooLarge',
        '',
        0,
        document,
        size,
        0,
        size,
      ],
      ['DeleteObject', 'DeleteObject', 'DELETE', '204', '', '', '', '', 0, 0, 0, 0, 0],
      ['GetObject', 'GetObject', 'GET', '404', 'NoSuchKey', '', 'NoSuchKey', '', 0, document, 0, 0, 0],
    ])
    for (const { doubles } of told) {
      const [total = -1, turnAround = -1, oss = -1, calls = 0] = doubles
      expect(total).toBeGreaterThanOrEqual(turnAround)
      expect(oss).toBeGreaterThanOrEqual(0)
      expect(calls).toBeGreaterThanOrEqual(1)
    }
  })

  test('of calls to OSS there is a point for each operation and status, and they add up', async () => {
    const calls = (): Point[] =>
      [...world.printed().matchAll(/^calls (.*)$/gm)].map(([, json]) => JSON.parse(json as string))
    await world.bucket('near').put('large', bytes(3 * PART, 1))
    const before = calls().length
    const copy = { Bucket: 'target', Key: 'in parts', CopySource: 'near/large' }
    const [point] = await pointsOf(() => world.client.send(new CopyObjectCommand(copy)))
    const sum = (points: Point[], column: number) =>
      points.reduce((all, { doubles }) => all + (doubles[column] ?? 0), 0)
    await expect.poll(() => sum(calls().slice(before), 0)).toBe(point?.doubles[3])
    const told = calls().slice(before)
    expect(sum(told, 1)).toBe(point?.doubles[2])
    expect(told.map(({ indexes, blobs }) => [...indexes, ...blobs])).toEqual(
      expect.arrayContaining([
        ['CopyObject', 'CopyObject', '400', ''],
        ['UploadPartCopy', 'UploadPartCopy', '200', ''],
        ['CompleteMultipartUpload', 'CompleteMultipartUpload', '200', ''],
      ]),
    )
    const parts = told.find(({ blobs }) => blobs[0] === 'UploadPartCopy')
    expect(parts?.doubles[0]).toBeGreaterThan(1)
    for (const { doubles } of told) expect(doubles[2]).toBeLessThanOrEqual(doubles[1] as number)
  })

  test('of a part that is copied those bytes count, and not the whole source', async () => {
    const s3 = world.client
    const object = { Bucket: 'target', Key: 'of parts' }
    await world.bucket('near').put('source', bytes(PART, 2))
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(object))
    const part = { ...object, UploadId, CopySource: 'near/source' }
    const copy = (PartNumber: number, CopySourceRange?: string) =>
      s3.send(new UploadPartCopyCommand({ ...part, PartNumber, CopySourceRange }))
    const [first] = await pointsOf(() => copy(1, 'bytes=0-9'))
    const [second] = await pointsOf(() => copy(2, `bytes=10-${PART - 1}`))
    expect([first, second].map((point) => [point?.blobs[4], point?.doubles[8]])).toEqual([
      ['native', 10],
      ['native', PART - 10],
    ])
  })

  test.each([
    ['nothing', [], '', 0],
    ['one refusal', ['ServiceUnavailable'], 'ServiceUnavailable', 1],
    ['two refusals alike', ['InternalError', 'InternalError'], 'InternalError', 2],
    ['two reasons', ['TotalQpsLimitExceeded', 'InternalError'], 'InternalError TotalQpsLimitExceeded', 2],
  ])(
    'a point tells how often calls to OSS were made again after %s, and why',
    async (_, codes, reasons, times) => {
      for (const [skip, code] of codes.entries()) {
        const status = code === 'InternalError' ? 500 : 503
        world.fault({ operation: 'GetObject', skip, action: { kind: 'error', status, code } })
      }
      await world.bucket('near').put('again', Buffer.from('x'))
      const get = new GetObjectCommand({ Bucket: 'near', Key: 'again' })
      const [point] = await pointsOf(() => world.client.send(get))
      expect([point?.blobs[6], point?.doubles[7]]).toEqual([reasons, times])
    },
  )

  test('of an error and of a list, what is sent is what the client receives', async () => {
    for (const list of [
      { target: '/target?list-type=2' },
      sign({ ...GET, target: '/target?list-type=2' }, host()),
    ]) {
      let length = 0
      const [point] = await pointsOf(async () => {
        length = (await send(world.endpoint, { ...GET, ...list })).body.length
      })
      expect(length).toBeGreaterThan(0)
      expect(point?.doubles[5]).toBe(length)
    }
  })

  test('nothing in a point is what a client has made up, and no field is longer than Analytics Engine takes', async () => {
    const made = 'x'.repeat(5000)
    const requests = [
      { method: 'PROPFIND', target: `/target/${made}` },
      { method: 'GET', target: `/${made}/a?${made}` },
      { method: 'GET', target: '/target/a', headers: { authorization: made, 'user-agent': made } },
      { method: 'POST', target: `/target?${made}`, body: made },
    ]
    const told = await pointsOf(
      () => Promise.all(requests.map((request) => send(world.endpoint, request))),
      requests.length,
    )
    for (const { indexes, blobs, doubles } of told) {
      expect(JSON.stringify([indexes, blobs])).not.toMatch(/xxx|PROPFIND/)
      expect([indexes.length, blobs.length, doubles.length]).toEqual([1, 7, 9])
      expect(Buffer.byteLength(indexes[0] as string)).toBeLessThanOrEqual(96)
      for (const value of doubles) expect(Number.isFinite(value)).toBe(true)
    }
  })
})

const request = { method: 'GET', target: '/bucket/a', headers: headerMap(), peer: undefined }

test('a data point that cannot be written costs no answer, and is told', () => {
  const told: string[] = []
  const full = {
    writeDataPoint: () => {
      throw new TypeError('no more')
    },
  }
  for (const metrics of [analyticsMetrics, analyticsCallMetrics]) {
    const observer = metrics(full, (event, { cause }) => told.push(`${event}: ${cause}`))
    const record = beginRecord(request, 'id', 0)
    observer.onOssCall(call, record)
    observer.onRequest(record)
  }
  const once = 'metrics cannot be written: TypeError: no more'
  expect(told).toEqual([once, once])
})

const call = {
  upstream: undefined,
  operation: 'GetObject',
  status: undefined,
  began: 0,
  time: 5,
  requestId: undefined,
  errorCode: 'Unreachable',
  ec: undefined,
}

test('calls to OSS are written when their request is over, and those after it or for none at once', () => {
  const points: Point[] = []
  const observer = analyticsCallMetrics({ writeDataPoint: (point) => points.push(point) }, () => {})
  const record = beginRecord(request, 'id', 0)
  observer.onOssCall(call, record)
  observer.onOssCall({ ...call, time: 7 }, record)
  observer.onOssCall({ ...call, upstream: 'other' }, record)
  expect(points).toEqual([])
  observer.onRequest(record)
  observer.onOssCall({ ...call, status: 204 }, record)
  observer.onOssCall(call)
  expect(points.map(({ blobs, doubles }) => [...blobs, ...doubles])).toEqual([
    ['GetObject', '0', '', 2, 12, 7],
    ['GetObject', '0', 'other', 1, 5, 5],
    ['GetObject', '204', '', 1, 5, 5],
    ['GetObject', '0', '', 1, 5, 5],
  ])
})
