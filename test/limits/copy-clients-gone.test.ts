import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { CopyObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CopyWorld, hold, inParallel, startCopyWorld, type Way, ways } from '../gateway/copy-world.ts'
import { send, sign } from '../gateway/wire.ts'

const COPIES = 200
/** Milliseconds that no test waits for. */
const LONG = 600_000
const rerouted = ['parts', 'relay in one', 'relay in parts'] as const

/** Asks for a copy and destroys the socket so many milliseconds later, whatever has come by then. */
async function askAndLeave(endpoint: string, source: string, key: string, after: number): Promise<void> {
  const { host, port } = new URL(endpoint)
  const { method, target, headers } = sign(
    { method: 'PUT', target: `/target/${key}`, headers: { 'x-amz-copy-source': source } },
    host,
  )
  const lines = Object.entries({ ...headers, 'content-length': '0' }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  const socket = connect(Number(port), '127.0.0.1')
  socket.on('error', () => {})
  socket.resume().write(`${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  await sleep(after)
  socket.destroy()
}

/** Descriptors of this process: sockets, files, pipes. */
const descriptors = () => readdirSync('/proc/self/fd').length

describe.each([0, 0.05])(
  'clients that go away during their copies, answers kept alive after %s s',
  (keepAliveAfter) => {
    let world: CopyWorld
    beforeAll(async () => {
      world = await startCopyWorld('sockets', { keepAliveAfter, parallel: 2 })
      for (const way of rerouted) await world.putSource(way, way.replaceAll(' ', '-'), 1)
    })
    afterAll(() => world.stop())

    test('leave no upload, no changed destination, no descriptor', async () => {
      const completed = new Set<string>()
      world.localOss.onRequest(({ operation, key }) => {
        if (operation === 'CompleteMultipartUpload' || operation === 'PutObject') completed.add(key)
      })
      // Some calls take a while, so that every stage is met.
      for (const operation of [
        'UploadPartCopy',
        'GetObject',
        'InitiateMultipartUpload',
        'CompleteMultipartUpload',
      ]) {
        world.fault({ operation, times: Number.POSITIVE_INFINITY, action: { kind: 'delay', ms: 15 } })
      }
      const copies = Array.from({ length: COPIES / 2 }, (_, index) => ({
        key: `gone-${index}`,
        way: rerouted[index % rerouted.length] as Way,
        after: (index * 61) % 307,
      }))
      const leave = ({ key, way, after }: (typeof copies)[number]) =>
        askAndLeave(world.endpoint, `${ways[way].bucket}/${way.replaceAll(' ', '-')}`, key, after)
      const half = copies.length / 2
      await inParallel(copies.slice(0, half), 20, leave)
      // By now the connections to OSS are open that so many copies need.
      const before = descriptors()
      await inParallel(copies.slice(half), 20, leave)
      const uploads = async () =>
        ((await world.bucket('target').listUploads({ 'max-uploads': 1000 }, {})) as { uploads?: unknown[] })
          .uploads?.length ?? 0
      await expect.poll(uploads).toBe(0)
      world.localOss.faults.clear()
      for (const { key, way } of copies) {
        const seen = await world.see('target', key)
        if (seen === undefined) continue
        expect(completed).toContain(key)
        const source = await world.see(ways[way].bucket, way.replaceAll(' ', '-'))
        expect(seen.content).toBe(source?.content)
      }
      // Alive, and with no more descriptors than before but for some idle connections to OSS: one that each client had
      // left open would be a hundred, for both of its ends are here.
      const Key = 'afterwards'
      await world.client.send(new CopyObjectCommand({ Bucket: 'target', Key, CopySource: 'near/parts' }))
      await expect.poll(descriptors).toBeLessThanOrEqual(before + 50)
    })
  },
)

describe('a gateway that is told to stop', () => {
  /** Starts a copy that OSS holds, and stops the gateway under it. @returns the client's answer, and what OSS was asked. */
  async function stopUnder(limit: number, isReleased: boolean, keepAliveAfter: number) {
    const world = await startCopyWorld('sockets', { keepAliveAfter, parallel: 4 })
    await world.putSource('parts', 'source', 1)
    const calls: string[] = []
    world.localOss.onRequest(({ operation, status }) => calls.push(`${operation} ${status}`))
    const parts = hold(world, { operation: 'UploadPartCopy', times: 4 })
    const request = { method: 'PUT', target: '/target/copy', headers: { 'x-amz-copy-source': 'near/source' } }
    const answer = send(world.endpoint, sign(request, new URL(world.endpoint).host))
    await parts.reached
    const stopped = world.stop(limit)
    if (isReleased) parts.release()
    const heard = await answer
    parts.release()
    await stopped
    return { answer: heard, calls }
  }

  test.each([0, 0.05])('finishes the copies in flight, kept alive after %s s', async (keepAliveAfter) => {
    const { answer, calls } = await stopUnder(LONG, true, keepAliveAfter)
    expect(answer.status).toBe(200)
    expect(answer.body.toString()).toContain('<CopyObjectResult')
    expect(calls).toContain('CompleteMultipartUpload 200')
  })

  test.each([0, 0.05])(
    'gives them up after its limit, and cleans up, kept alive after %s s',
    async (keepAliveAfter) => {
      const { answer, calls } = await stopUnder(300, false, keepAliveAfter)
      expect(answer.status).toBe(keepAliveAfter === 0 ? 503 : 200)
      expect(answer.error.Code).toBe('ServiceUnavailable')
      expect(calls).toContain('AbortMultipartUpload 204')
      expect(calls).not.toContain('CompleteMultipartUpload 200')
    },
  )
})
