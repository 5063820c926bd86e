import { Agent, get, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startWorld, type World } from '../harness.ts'

/** No test waits for it. */
const LONG = 600_000

let world: World
let stopped: Promise<void> | undefined
beforeEach(async () => {
  stopped = undefined
  world = await startWorld('node', { ADMIN_PORT: 'any' })
})
afterEach(() => stopped ?? world.stop())
const stop = () => {
  stopped = world.stop(LONG)
  return stopped
}

/** An object, and a client to read it with that the world does not close before it stops. */
async function reader() {
  const s3 = world.s3()
  await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
  await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: 'hello' }))
  const client = new S3Client({
    endpoint: world.endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local-secret' },
  })
  return () => client.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'key' }))
}

/** A connection to the gateway, once it is taken. */
async function connection(): Promise<Socket> {
  const socket = connect(Number(new URL(world.endpoint).port), '127.0.0.1')
  await new Promise((resolve) => socket.once('connect', resolve))
  return socket
}

const REQUEST = 'GET /bucket/key HTTP/1.1\r\nhost: localhost\r\n\r\n'

/** A connection on which one request has been answered. */
async function idleConnection(): Promise<Socket> {
  const socket = await connection()
  socket.write(REQUEST)
  await new Promise((resolve) => socket.once('data', resolve))
  return socket
}

/** Health, asked over a connection that is kept. */
async function health(agent: Agent, path: string): Promise<[status: number | undefined, body: string]> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${world.adminEndpoint}${path}`, { agent }, resolve).on('error', reject)
  })
  return [answer.statusCode, await text(answer)]
}

/** Holds the next GetObject at OSS until it is released. */
function heldDownload() {
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const reached = new Promise<void>((resolve) => {
    const run = () => {
      resolve()
      return released
    }
    world.localOss.faults.add({ operation: 'GetObject', action: { kind: 'call', run } })
  })
  return { reached, release }
}

test('what is in flight is answered, health says so until the end, and nothing new is accepted', async () => {
  const read = await reader()
  const { reached, release } = heldDownload()
  const answer = read()
  await reached
  const agent = new Agent({ keepAlive: true })
  expect(await health(agent, '/readyz')).toEqual([200, 'ok\n'])

  const ended = stop()
  expect(await health(agent, '/readyz')).toEqual([503, 'stopping\n'])
  expect(await health(agent, '/healthz')).toEqual([200, 'ok\n'])
  await expect(fetch(world.endpoint)).rejects.toThrow()
  release()
  expect(await (await answer).Body?.transformToString()).toBe('hello')
  await ended
  await expect(health(agent, '/healthz')).rejects.toThrow()
})

test('a request that crosses the stop on a kept connection is answered, as the last one', async () => {
  const socket = await idleConnection()
  const ended = stop()
  socket.write(REQUEST)
  const answer = await text(socket)
  expect(answer).toMatch(/^HTTP\/1.1 403 /)
  expect(answer.split('\r\n')).toContain('connection: close')
  await ended
})

test('connections that are silent, or in the middle of a header, are not waited for', async () => {
  const sockets = [await connection(), await connection(), await idleConnection()]
  sockets[1]?.write(REQUEST.slice(0, 20))
  const ends = sockets.map((socket) => new Promise((resolve) => socket.resume().once('close', resolve)))
  await stop()
  await Promise.all(ends)
})

test('a client that still sends when it is refused hears why', async () => {
  const socket = await idleConnection()
  const ended = stop()
  const chunk = Buffer.alloc(64 * 1024)
  const write = (bytes: string | Uint8Array) =>
    new Promise<void>((resolve, reject) =>
      socket.write(bytes, (error) => (error ? reject(error) : resolve())),
    )
  // It reads only when it has sent all: many clients do.
  socket.pause()
  await write(`PUT /bucket/key HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${50 * chunk.length}\r\n\r\n`)
  for (let i = 0; i < 50; i++) {
    await write(chunk)
    await sleep(1)
  }
  expect(await text(socket)).toContain('<Code>AccessDenied</Code>')
  await ended
})

test('told again with a shorter limit, it waits no longer than that', async () => {
  const { reached, release } = heldDownload()
  const cut = expect((await reader())()).rejects.toThrow()
  await reached
  const ended = stop()
  const hastened = world.stop(1)
  await cut
  release()
  await Promise.all([ended, hastened])
})
