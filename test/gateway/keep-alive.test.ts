import { request as httpRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { CopyObjectCommand, type CopyObjectCommandInput, type S3ServiceException } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseXml, text } from '../../src/xml/index.ts'
import { runtimes } from '../harness.ts'
import { type CopyWorld, hold, onAnswerBegun, startCopyWorld, type Way, ways } from './copy-world.ts'
import { sign } from './wire.ts'

/** The call that makes each way slow. */
const slowCall: Record<Way, string> = {
  native: 'CopyObject',
  parts: 'UploadPartCopy',
  'relay in one': 'PutObject',
  'relay in parts': 'UploadPart',
}
/** Milliseconds after which an answer begins, and more than that. */
const AFTER = 300
const LATE = 700

/** A copy over a bare socket. @param onText is given what has come of the body, whenever more has. */
function copyByHand(
  endpoint: string,
  source: string,
  destination: string,
  onText: (soFar: string) => void = () => {},
) {
  const { host, port, hostname } = new URL(endpoint)
  const { method, target, headers } = sign(
    { method: 'PUT', target: `/target/${destination}`, headers: { 'x-amz-copy-source': source } },
    host,
  )
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const options = { hostname, port, method, path: target, headers: { ...headers, 'content-length': '0' } }
    httpRequest({ ...options, agent: false }, (response) => {
      let body = ''
      response.on('data', (bytes: Buffer) => {
        body += bytes
        onText(body)
      })
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
      .on('error', reject)
      .end()
  })
}

describe.concurrent.each(runtimes)('a copy that takes long, on %s', (runtime) => {
  let world: CopyWorld
  beforeAll(async () => {
    world = await startCopyWorld(runtime, { keepAliveAfter: AFTER / 1000, maxSize: 400 * 1024 })
    for (const way of every) await world.putSource(way, slug(way), 1)
  })
  afterAll(() => world.stop())

  const every = Object.keys(ways) as Way[]
  const slug = (way: Way) => way.replaceAll(' ', '-')
  const sourceOf = (way: Way) => `${ways[way].bucket}/${slug(way)}`
  const slow = (operation: string, key: string, ms: number) =>
    world.fault({ operation, key, action: { kind: 'delay', ms } })
  /** Both the native attempt and the call that a rerouted copy waits for. */
  const slowAllTheWay = (way: Way, key: string) => {
    for (const call of new Set(['CopyObject', slowCall[way]])) slow(call, key, LATE)
  }
  const copyOf = (way: Way, Key: string, input: Partial<CopyObjectCommandInput> = {}) =>
    new CopyObjectCommand({ Bucket: 'target', Key, CopySource: sourceOf(way), ...input })
  const copy = (...args: Parameters<typeof copyOf>) => world.s3().send(copyOf(...args))
  /** The four ways at once: each waits most of the time. */
  const everyWay = (check: (way: Way) => Promise<void>) => Promise.all(every.map(check))

  test('begins with the XML declaration, sends a byte now and then, and ends with the result', () =>
    everyWay(async (way) => {
      const key = `by-hand-${slug(way)}`
      const call = hold(world, { operation: slowCall[way], key, times: Number.POSITIVE_INFINITY })
      // OSS says nothing until this has come.
      const { status, body } = await copyByHand(world.endpoint, sourceOf(way), key, (soFar) => {
        if (/^<\?xml [^>]*\?>\n {2}/.test(soFar)) call.release()
      })
      expect(status).toBe(200)
      expect(text(parseXml(body, 'CopyObjectResult'), 'ETag')).toMatch(/^"[0-9a-f]{32}(-4)?"$/)
      const source = await world.see(ways[way].bucket, slug(way))
      expect((await world.see('target', key))?.content).toBe(source?.content)
    }))

  test('is understood by the SDK', () =>
    everyWay(async (way) => {
      const key = `by-sdk-${slug(way)}`
      slow(slowCall[way], key, LATE)
      const { CopyObjectResult } = await copy(way, key)
      expect(CopyObjectResult?.ETag).toMatch(/^"[0-9a-f]{32}(-4)?"$/)
      expect(CopyObjectResult?.LastModified).toBeInstanceOf(Date)
    }))

  describe('and fails after its answer has begun', () => {
    /** Fails a copy at OSS once its answer has begun, of which the caller tells. */
    const failLate = (way: Way, key: string) => {
      const action = { kind: 'error', status: 403, code: 'AccessDenied' } as const
      const { release } = hold(world, { operation: slowCall[way], key })
      world.fault({ operation: slowCall[way], key, action })
      return release
    }

    test('ends with an Error that clients recognise', () =>
      everyWay(async (way) => {
        const key = `failing-${slug(way)}`
        const begun = failLate(way, key)
        const { status, body } = await copyByHand(world.endpoint, sourceOf(way), key, begun)
        expect(status).toBe(200)
        expect(body).toMatch(
          /^<\?xml version="1.0" encoding="UTF-8"\?>\n\s*<Error><Code>AccessDenied<\/Code>.*<\/Error>$/s,
        )
        expect(await world.see('target', key)).toBeUndefined()
        expect(await world.uploads(key)).toEqual([])
      }))

    test('is tried again by the SDK', () =>
      everyWay(async (way) => {
        const key = `retried-${slug(way)}`
        const begun = failLate(way, key)
        const s3 = world.s3({ maxAttempts: 3 })
        onAnswerBegun(s3, begun)
        const { CopyObjectResult, $metadata } = await s3.send(copyOf(way, key))
        expect($metadata.attempts).toBe(2)
        expect(CopyObjectResult?.ETag).toBeTruthy()
      }))
  })

  describe('has decided, before its answer begins, what another status would say', () => {
    const refusal = (promise: Promise<unknown>) =>
      promise.then(
        () => 'copied',
        ({ name, $metadata }: S3ServiceException) => [name, $metadata.httpStatusCode],
      )

    test('412 for a condition on the source', () =>
      everyWay(async (way) => {
        const key = `condition-${slug(way)}`
        slowAllTheWay(way, key)
        const failing = copy(way, key, { CopySourceIfMatch: '"0"' })
        expect(await refusal(failing)).toEqual(['PreconditionFailed', 412])
      }))

    test('412 where nothing may be overwritten', () =>
      everyWay(async (way) => {
        const key = `occupied-${slug(way)}`
        await world.bucket('target').put(key, Buffer.from('before'))
        slowAllTheWay(way, key)
        expect(await refusal(copy(way, key, { IfNoneMatch: '*' }))).toEqual(['PreconditionFailed', 412])
      }))

    test('404 for a source that is not there', async () => {
      slow('CopyObject', 'no-source', LATE)
      const missing = copy('native', 'no-source', { CopySource: 'near/missing' })
      expect(await refusal(missing)).toEqual(['NoSuchKey', 404])
    })

    test('400 for a source that no plan will copy', async () => {
      await world.bucket('near').put('too-large', Buffer.alloc(500 * 1024))
      slow('CopyObject', 'refused', LATE)
      const refused = copy('native', 'refused', { CopySource: 'near/too-large' })
      expect(await refusal(refused)).toEqual(['InvalidRequest', 400])
    })
  })
})

test('an answer that may not begin early waits for the copy', async () => {
  const world = await startCopyWorld('node', { keepAliveAfter: 0 })
  try {
    await world.putSource('parts', 'source', 1)
    const { release } = hold(world, { operation: 'UploadPartCopy' })
    let hasBegun = false
    const answer = copyByHand(world.endpoint, 'near/source', 'copy', () => {
      hasBegun = true
    })
    await sleep(LATE)
    expect(hasBegun).toBe(false)
    release()
    expect((await answer).status).toBe(200)
  } finally {
    await world.stop()
  }
})
