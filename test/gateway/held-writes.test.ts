import { once } from 'node:events'
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
} from '@aws-sdk/client-s3'
import { type ServerType, serve } from '@hono/node-server'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createApp } from '../../src/app.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import { createLocalOss, type LocalOss } from '../../src/local-oss/index.ts'
import { nodePorts } from '../../src/node/ports.ts'
import { withTextHeaders } from '../../src/node/upstream.ts'
import { createOngoing } from '../../src/ongoing.ts'
import type { KeyQueue } from '../../src/operations/writes/key-queue.ts'
import type { Transport } from '../../src/ports.ts'
import { credentialsOf } from '../credentials-of.ts'
import { startWorld } from '../harness.ts'
import { ossClient, reservedVersions } from '../reserved.ts'
import { sign } from './wire.ts'

const credentials = { accessKeyId: 'local', secretAccessKey: 'local-secret' }
/** How much faster than usual the gateway's time passes, but for its clock. */
const HASTE = 50
const FAST = {
  sleep: (ms: number, signal?: AbortSignal) => nodePorts.sleep(ms / HASTE, signal),
  timer: (ms: number, call: () => void) => nodePorts.timer(ms / HASTE, call),
}

/** A moment that something is held until. */
function gate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

describe.each(['process', 'lock'])('with conditionalWrites: %s', (conditionalWrites) => {
  let localOss: LocalOss
  let server: ServerType
  let writes: KeyQueue
  let s3: S3Client
  let endpoint: string
  let clockError: number

  beforeEach(async () => {
    const config = parseConfig({ LOCAL_OSS_DIR: ':memory:' }, `conditionalWrites: ${conditionalWrites}`)
    localOss = await createLocalOss({
      directory: ':memory:',
      credentials: { accessKeyId: 'local', accessKeySecret: 'local-secret' },
    })
    clockError = 0
    const ongoing = createOngoing(config, nodePorts)
    writes = ongoing.writes
    const app = createApp({
      ...nodePorts,
      ...FAST,
      clock: () => Date.now() + clockError,
      ongoing,
      config,
      credentials: credentialsOf(config),
      transport: withTextHeaders(localOss.transport as Transport),
      log: () => {},
    })
    server = serve({ fetch: app.fetch, port: 0 })
    if (!server.listening) await once(server, 'listening')
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    s3 = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, maxAttempts: 1, credentials })
    for (const Bucket of ['plain', 'versioned']) await s3.send(new CreateBucketCommand({ Bucket }))
    const VersioningConfiguration = { Status: 'Enabled' as const }
    await s3.send(new PutBucketVersioningCommand({ Bucket: 'versioned', VersioningConfiguration }))
  })
  afterEach(async () => {
    await expect.poll(() => writes.size).toBe(0)
    for (const bucket of ['plain', 'versioned']) {
      // A test may have deleted the bucket.
      await expect.poll(() => reservedVersions(localOss, bucket).catch(() => [])).toEqual([])
    }
    s3.destroy()
    server.close()
    await localOss.close()
  })

  const put = (input: Partial<PutObjectCommandInput> = {}) =>
    s3.send(new PutObjectCommand({ Bucket: 'plain', Key: 'key', Body: 'hello', ...input }))
  const content = async () =>
    text((await ossClient(localOss).send({ method: 'GET', bucket: 'plain', key: 'key' })).body as never)

  /** OSS holds the next request of an operation about the key until it is let go. */
  function holdNext(operation: string) {
    const [arrived, released] = [gate(), gate()]
    localOss.faults.add({
      operation,
      key: 'key',
      action: {
        kind: 'call',
        run: () => {
          arrived.open()
          return released.opened
        },
      },
    })
    return { arrived: arrived.opened, release: released.open }
  }

  /** A PutObject whose body comes as it is written. */
  function slowPut(length: number, headers: Record<string, string> = {}) {
    const target = '/plain/key'
    const host = new URL(endpoint).host
    const sent = { ...headers, 'content-length': String(length) }
    const signed = sign({ method: 'PUT', target, headers: sent }, host, { payload: 'UNSIGNED-PAYLOAD' })
    const request: ClientRequest = httpRequest(`${endpoint}${target}`, {
      method: 'PUT',
      headers: signed.headers ?? {},
    })
    const answered = once(request, 'response').then(async ([response]) => ({
      status: (response as IncomingMessage).statusCode,
      text: await text(response as IncomingMessage),
    }))
    return { request, answered }
  }

  test('a client that sends slowly is in nobody’s way, and is held to its condition at the end', async () => {
    const { ETag = '' } = await put({ Body: 'old' })
    const length = 400_000
    const slow = slowPut(length, { 'if-match': ETag })
    const unconditional = slowPut(length)
    const half = Buffer.alloc(length / 2, 'x')
    const arriving = new Promise<void>((resolve) => {
      const stop = localOss.faults.add({
        operation: 'PutObject',
        times: Number.POSITIVE_INFINITY,
        action: {
          kind: 'call',
          run: () => {
            stop()
            resolve()
          },
        },
      })
    })
    slow.request.write(half)
    unconditional.request.write(half)
    await arriving
    const { ETag: next = '' } = await put({ Body: 'new', IfMatch: ETag })
    slow.request.end(half)
    expect(await slow.answered).toMatchObject({
      status: 412,
      text: expect.stringContaining('<Condition>If-Match</Condition>'),
    })
    expect(await content()).toBe('new')
    unconditional.request.end(half)
    expect((await unconditional.answered).status).toBe(200)
    await expect(put({ IfMatch: next })).rejects.toMatchObject({ name: 'PreconditionFailed' })
  })

  test.each([
    ['with a condition', true],
    ['without one', false],
  ])(
    'a write %s waits for a conditional one, and when that takes too long is told to slow down',
    async (_, isConditional) => {
      const { ETag: IfMatch } = await put({ Body: 'old' })
      const held = holdNext('PutObject')
      const first = put({ Body: 'first', IfMatch })
      await held.arrived
      await expect(put({ Body: 'second', ...(isConditional ? { IfMatch } : {}) })).rejects.toMatchObject({
        name: 'SlowDown',
        $metadata: { httpStatusCode: 503 },
      })
      held.release()
      await first
      expect(await content()).toBe('first')
    },
  )

  test('a conditional write waits for unconditional ones that are under way', async () => {
    const { ETag: IfMatch } = await put({ Body: 'old' })
    const held = holdNext('PutObject')
    const first = put({ Body: 'first' })
    await held.arrived
    const second = put({ Body: 'second', IfMatch }).catch((error) => error.name)
    await sleep(50)
    held.release()
    await first
    expect(await second).toBe('PreconditionFailed')
    expect(await content()).toBe('first')
  })

  test('a client that has gone leaves the queue', async () => {
    const { ETag: IfMatch } = await put({ Body: 'old' })
    const held = holdNext('PutObject')
    const first = put({ Body: 'first', IfMatch })
    await held.arrived
    const leaving = new AbortController()
    const command = new PutObjectCommand({ Bucket: 'plain', Key: 'key', Body: 'left', IfMatch })
    const second = s3.send(command, { abortSignal: leaving.signal }).catch((error) => error.name)
    await sleep(100)
    leaving.abort()
    expect(await second).toBe('AbortError')
    held.release()
    await first
    expect(await content()).toBe('first')
  })

  test('a bucket with nothing but a lock whose owner has died is deleted', async () => {
    const oss = ossClient(localOss)
    for (const [bucket, name] of [
      ['plain', 'a'],
      ['plain', 'b'],
      ['versioned', 'a'],
    ] as const) {
      const key = `.s3-oss-gateway/locks/${name}`
      const query = { append: null, position: '0' }
      await oss.send({ method: 'POST', bucket, key, query, body: Buffer.from('dead\n') })
    }
    for (const Bucket of ['plain', 'versioned']) await s3.send(new DeleteBucketCommand({ Bucket }))
  })

  test('a bucket in which a key is being created is not deleted', async () => {
    const held = holdNext('PutObject')
    const created = put({ Bucket: 'versioned', IfNoneMatch: '*' })
    await held.arrived
    const deleted = s3.send(new DeleteBucketCommand({ Bucket: 'versioned' }))
    if (conditionalWrites === 'lock') await expect(deleted).rejects.toMatchObject({ name: 'BucketNotEmpty' })
    else await deleted.catch(() => {})
    held.release()
    await created.catch(() => {})
  })

  describe.runIf(conditionalWrites === 'lock')('a gateway that has stood still', () => {
    /** When this is asked for, a time passes in which the lock could have been taken over. */
    const standStillAt = (operation: string) =>
      localOss.faults.add({
        operation,
        key: 'key',
        action: {
          kind: 'call',
          run: () => {
            clockError += 20_000
          },
        },
      })

    test('before its write does not write', async () => {
      const { ETag: IfMatch } = await put({ Body: 'old' })
      standStillAt('HeadObject')
      await expect(put({ Body: 'new', IfMatch })).rejects.toMatchObject({
        name: 'ConditionalRequestConflict',
        Condition: 'If-Match',
        Key: 'key',
        $metadata: { httpStatusCode: 409 },
      })
      expect(await content()).toBe('old')
    })

    test.each([
      ['PutObject', (IfMatch: string) => put({ IfMatch, Body: 'new' })],
      [
        'DeleteObject',
        (IfMatch: string) => s3.send(new DeleteObjectCommand({ Bucket: 'plain', Key: 'key', IfMatch })),
      ],
    ])('during %s does not say that the condition held', async (operation, write) => {
      const { ETag = '' } = await put({ Body: 'old' })
      standStillAt(operation)
      await expect(write(ETag)).rejects.toMatchObject({ $metadata: { httpStatusCode: 503 } })
    })
  })
})

// At once: most of their time goes by at an OSS that is silent.
describe.concurrent.each(['process', 'lock'])('with conditionalWrites: %s', (conditionalWrites) => {
  test('a write whose answer is lost is waited for: OSS may still make it', async ({ expect }) => {
    const world = await startWorld('sockets', {
      GATEWAY_CONFIG: `{conditionalWrites: ${conditionalWrites}, timeouts: {oss: {connect: 0.5, headers: 2}}}`,
    })
    const s3 = world.s3()
    const key = { Bucket: 'bucket', Key: 'key' }
    await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
    const { ETag: IfMatch } = await s3.send(new PutObjectCommand({ ...key, Body: 'old' }))
    const released = gate()
    world.localOss.faults.add({
      operation: 'DeleteObject',
      key: 'key',
      action: { kind: 'call', run: () => released.opened },
    })
    await expect(s3.send(new DeleteObjectCommand({ ...key, IfMatch }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 503 },
    })
    const next = s3.send(new PutObjectCommand({ ...key, Body: 'new', IfMatch })).catch((error) => error.name)
    await Promise.race([next, sleep(200)])
    released.open()
    expect(await next).toBe('NoSuchKey')
    await expect.poll(() => reservedVersions(world.localOss, 'bucket')).toEqual([])
    await world.stop()
  })

  test('so is an attempt whose answer was lost, where the next one has succeeded', async ({ expect }) => {
    const world = await startWorld('sockets', { GATEWAY_CONFIG: `{conditionalWrites: ${conditionalWrites}}` })
    const s3 = world.s3()
    for (const [Bucket, region] of [
      ['bucket', 'cn-hangzhou'],
      ['far-away', 'cn-beijing'],
    ] as const) {
      const CreateBucketConfiguration = { LocationConstraint: region as never }
      await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }))
    }
    await s3.send(new PutObjectCommand({ Bucket: 'far-away', Key: 'source', Body: 'copied' }))
    const key = { Bucket: 'bucket', Key: 'key' }
    const { ETag: IfMatch } = await s3.send(new PutObjectCommand({ ...key, Body: 'old' }))
    world.localOss.faults.add({
      operation: 'PutObject',
      bucket: 'bucket',
      key: 'key',
      action: { kind: 'cut', when: 'after' },
    })
    const copied = await s3.send(new CopyObjectCommand({ ...key, CopySource: 'far-away/source', IfMatch }))
    let isWritten = false
    const next = s3
      .send(new PutObjectCommand({ ...key, Body: 'new', IfMatch: copied.CopyObjectResult?.ETag }))
      .then(() => {
        isWritten = true
      })
    await sleep(500)
    expect(isWritten).toBe(false)
    await next
    await expect.poll(() => reservedVersions(world.localOss, 'bucket')).toEqual([])
    await world.stop()
  })

  test.for([
    ['with a condition', true],
    ['without one', false],
  ] as const)(
    'a streamed write %s that fails while it waits for its turn never has it',
    async ([, isConditional], { expect }) => {
      const world = await startWorld('sockets', {
        GATEWAY_CONFIG: `{conditionalWrites: ${conditionalWrites}}`,
      })
      const s3 = world.s3()
      await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
      const put = (Body: string, IfMatch?: string) =>
        s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body, IfMatch }))
      const { ETag } = await put('old')
      const [first, second] = [gate(), gate()]
      const arrived = [gate(), gate()] as const
      const held = { operation: 'PutObject', key: 'key' }
      for (const [i, { opened }] of [first, second].entries()) {
        const run = () => {
          arrived[i]?.open()
          return opened
        }
        world.localOss.faults.add({ ...held, skip: i, action: { kind: 'call', run } })
      }
      // Refused, the first leaves the object as it is, so that the second's condition still holds.
      world.localOss.faults.add({ ...held, action: { kind: 'error', status: 403, code: 'AccessDenied' } })
      world.localOss.faults.add({ ...held, skip: 1, action: { kind: 'cut', when: 'before' } })
      const refused = put('new', ETag).catch((error) => error.name)
      await arrived[0].opened
      const failed = put('x'.repeat(300_000), isConditional ? ETag : undefined).catch(
        (error) => error.$metadata,
      )
      await arrived[1].opened
      await sleep(200)
      second.open()
      expect(await failed).toMatchObject({ httpStatusCode: 503 })
      first.open()
      expect(await refused).toBe('AccessDenied')
      await put('newest', ETag)
      await expect.poll(() => reservedVersions(world.localOss, 'bucket')).toEqual([])
      await world.stop()
    },
  )
})
