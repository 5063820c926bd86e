import { once } from 'node:events'
import { connect } from 'node:net'
import { CopyObjectCommand, type S3ServiceException } from '@aws-sdk/client-s3'
import { afterEach, describe, expect, test } from 'vitest'
import { bytes, type CopyWorld, countAtOnce, hold, PART, startCopyWorld } from '../gateway/copy-world.ts'
import { sign } from '../gateway/wire.ts'

describe('on Workers, where requests and connections are few', () => {
  let world: CopyWorld
  afterEach(() => world.stop())

  const copy = (CopySource: string, Key: string) =>
    world.client.send(new CopyObjectCommand({ Bucket: 'target', Key, CopySource })).then(
      () => ({ name: 'copied', message: '' }),
      (error: S3ServiceException) => ({ name: error.name, message: error.message }),
    )

  test('a copy that cannot be made with so few requests is refused before anything is written', async () => {
    world = await startCopyWorld('workerd', { maxRequests: 11 })
    await world.bucket('far').put('relayed', bytes(2 * PART, 1))
    world.ossRequests()
    const { name, message } = await copy('far/relayed', 'copy')
    expect([name, message]).toEqual(['InvalidRequest', expect.stringContaining('copy.maxRequests')])
    expect(world.ossRequests()).toEqual(['CopyObject', 'HeadObject'])
  })

  test.each([
    ['parts', 'near/large'],
    ['relay', 'far/large'],
  ])('%s: the parts grow until their number fits', async (_, source) => {
    world = await startCopyWorld('workerd', { maxRequests: 20 })
    for (const name of ['near', 'far']) await world.bucket(name).put('large', bytes(15 * PART, 1))
    world.ossRequests()
    expect(await copy(source, 'copy')).toMatchObject({ name: 'copied' })
    expect(world.ossRequests().length).toBeLessThanOrEqual(20)
    const [bucket = '', key = ''] = source.split('/')
    expect((await world.see('target', 'copy'))?.content).toBe((await world.see(bucket, key))?.content)
  })

  test('attempts that are repeated leave enough requests to abort the upload', async () => {
    world = await startCopyWorld('workerd', { maxRequests: 20, parallel: 4 })
    await world.bucket('near').put('large', bytes(10 * PART, 1))
    const action = { kind: 'error', status: 503, code: 'ServiceUnavailable' } as const
    world.fault({ operation: 'UploadPartCopy', times: Number.POSITIVE_INFINITY, action })
    world.ossRequests()
    expect((await copy('near/large', 'copy')).name).toBe('SlowDown')
    const requests = world.ossRequests()
    expect(requests.length).toBeLessThanOrEqual(20)
    expect(requests).toContain('AbortMultipartUpload')
    expect(await world.uploads('copy')).toEqual([])
  })

  test.each([
    ['UploadPartCopy', 'near/large', 5],
    ['UploadPart', 'far/large', 2],
  ])('no more than the platform allows go out at a time: %s', async (operation, source, most) => {
    world = await startCopyWorld('workerd', { parallel: 16 })
    for (const name of ['near', 'far']) await world.bucket(name).put('large', bytes(15 * PART, 1))
    const highest = countAtOnce(world, operation, most)
    expect(await copy(source, 'copy')).toMatchObject({ name: 'copied' })
    expect(highest()).toBe(most)
  })

  test.each([0, 0.05])(
    'a client that goes away leaves no upload, kept alive after %s s',
    async (keepAliveAfter) => {
      world = await startCopyWorld('workerd', { keepAliveAfter, parallel: 4 })
      await world.bucket('near').put('large', bytes(4 * PART, 1))
      const calls: string[] = []
      world.localOss.onRequest(({ operation, status }) => calls.push(`${operation} ${status}`))
      const parts = hold(world, { operation: 'UploadPartCopy', times: 4 })
      const { host, port } = new URL(world.endpoint)
      const { method, target, headers } = sign(
        {
          method: 'PUT',
          target: '/target/copy',
          headers: { 'x-amz-copy-source': 'near/large', 'content-length': '0' },
        },
        host,
      )
      const socket = connect(Number(port), '127.0.0.1')
      const lines = Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`)
      const answer = once(socket, 'data')
      socket.write(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`)
      await parts.reached
      expect(await world.uploads('copy')).toHaveLength(1)
      // workerd notices only while it sends an answer; before that the copy goes on to its end.
      const isAborted = keepAliveAfter > 0
      if (isAborted) await answer
      else answer.catch(() => {})
      socket.destroy()
      if (!isAborted) parts.release()
      const end = isAborted ? 'AbortMultipartUpload 204' : 'CompleteMultipartUpload 200'
      await expect.poll(() => calls).toContain(end)
      parts.release()
      expect(await world.uploads('copy')).toEqual([])
      expect((await world.see('target', 'copy')) === undefined).toBe(isAborted)
    },
  )
})
