import { once } from 'node:events'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { OssRequest } from '../../src/local-oss/index.ts'
import { type Client, codeOf, credentials, failure, startWorld, type World } from './setup.ts'

let world: World
let client: Client
let bucket: string
beforeAll(async () => {
  world = await startWorld()
  client = await world.bucket()
  bucket = client.getBucket()
  await client.put('large', Buffer.alloc(2_000_000, 'x'))
})
afterAll(() => world.stop())

/** A request to the core as the SDK's signer signs it. */
async function signed(
  method: string,
  key: string,
  body?: OssRequest['body'],
  length?: number,
): Promise<OssRequest> {
  let headers: Record<string, string> = {}
  const stop = world.oss.onRequest((request) => {
    headers = { ...request.headers }
  })
  world.oss.faults.add({ action: { kind: 'error', status: 500, code: 'InternalError' } })
  await world.send({ method, bucket, key })
  stop()
  if (length !== undefined) headers['content-length'] = String(length)
  const url = `http://${bucket}.oss-cn-hangzhou.aliyuncs.com/${key}`
  return { method, url, headers, ...(body === undefined ? {} : { body }) }
}

test('in process, bytes come as a list of chunks or as one', async () => {
  for (const body of [Buffer.from('abc'), Readable.from([Buffer.from('a'), Buffer.from('bc')])]) {
    const { status } = await world.oss.transport(await signed('PUT', 'in-process', body, 3))
    expect(status).toBe(200)
    const answer = await world.oss.transport(await signed('GET', 'in-process'))
    expect(answer.body).toBeInstanceOf(Readable)
    expect(String(Buffer.concat(await answer.body.toArray()))).toBe('abc')
  }
})

test('in process, a body that breaks off breaks the request off, with its own reason', async () => {
  const broken = async function* () {
    yield Buffer.from('a')
    throw new Error('the client sent nonsense')
  }
  await expect(world.oss.transport(await signed('PUT', 'broken', broken(), 3))).rejects.toThrow(
    'the client sent nonsense',
  )
  expect(await failure(client.head('broken'))).toMatchObject({ status: 404 })
})

test('in process, who gives up gets the reason, and nothing is stored', async () => {
  const stalled = new Readable({ read() {} })
  const { signal, abort } = abortable()
  const answer = world.oss.transport({ ...(await signed('PUT', 'given-up', stalled, 3)), signal })
  setTimeout(abort, 10)
  await expect(answer).rejects.toThrow('enough')
  expect(await failure(client.head('given-up'))).toMatchObject({ status: 404 })
})

test('in process, giving up ends an answer that is half read', async () => {
  const { signal, abort } = abortable()
  const { body } = await world.oss.transport({ ...(await signed('GET', 'large')), signal })
  await once(body, 'readable')
  abort()
  await expect(body.toArray()).rejects.toThrow()
})

test('in process, who has given up before the answer is there is told so, and nobody else', async () => {
  for (const [method, key] of [
    ['GET', 'large'],
    ['HEAD', 'large'],
    ['DELETE', 'nothing'],
  ] as const) {
    const request = await signed(method, key)
    const { body } = await world.oss.transport({ ...request, signal: AbortSignal.abort() })
    // What nobody listens to would be uncaught by now, and fail the run.
    await new Promise(setImmediate)
    await expect(body.toArray()).rejects.toThrow('aborted')
  }
})

test('in process, a header that no socket would take is refused', async () => {
  const request = await signed('PUT', 'header', Buffer.from('a'), 1)
  for (const [name, value] of [
    ['x-oss-meta-who', '李白'],
    ['x-oss-meta-who', 'a\r\nb'],
    ['X-Upper', 'a'],
  ]) {
    const headers = { ...request.headers, [name as string]: value as string }
    await expect(world.oss.transport({ ...request, headers })).rejects.toThrow(TypeError)
  }
})

function abortable() {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => controller.abort(new Error('enough')) }
}

test('path style serves localhost', async () => {
  const local = world.client(bucket, { endpoint: `http://localhost:${world.port}`, sldEnable: true })
  await local.put('a/path ü', Buffer.from('style'))
  expect(String((await local.get('a/path ü')).content)).toBe('style')
  const { objects } = (await local.list({ 'max-keys': 10, prefix: 'a/' }, {})) as unknown as {
    objects: { name: string }[]
  }
  expect(objects.map(({ name }) => name)).toEqual(['a/path ü'])
})

test('two sockets serve the same data', async () => {
  const port = await world.oss.listen(0)
  const other = world.client(bucket, { ...credentials, endpoint: `http://127.0.0.1:${port}` })
  expect((await other.get('large')).content).toHaveLength(2_000_000)
  await expect(world.oss.listen(port)).rejects.toThrow('EADDRINUSE')
})

test('a large answer to a client that goes away is let go of', async () => {
  const request = await signed('GET', 'large')
  const { body } = await world.oss.transport(request)
  body.destroy()
  await client.delete('large')
  expect(codeOf(await world.send({ bucket, key: 'large' }))).toBe('NoSuchKey')
})
