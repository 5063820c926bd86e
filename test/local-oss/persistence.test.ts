import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { ClassicLevel } from 'classic-level'
import { describe, expect, test, vi } from 'vitest'
import { createLocalOss } from '../../src/local-oss/index.ts'
import { blobFiles, credentials, failure, startWorld, temporaryDirectory } from './setup.ts'

const large = Buffer.alloc(300_000, 'large')

describe('what was acknowledged', () => {
  test('is there after a restart: objects, versions, tags, uploads and rules', async () => {
    const directory = await temporaryDirectory()
    const before = await startWorld({ directory })
    const client = await before.bucket()
    const bucket = client.getBucket()
    await client.put('small', Buffer.from('one'))
    await client.putBucketVersioning(bucket, 'Enabled')
    await client.put('small', Buffer.from('two'), {
      headers: { 'x-oss-meta-own': 'x', 'x-oss-tagging': 't=1' },
    })
    await client.put('large', large)
    await client.copy('copied', 'large')
    await client.putBucketCORS(bucket, [{ allowedOrigin: '*', allowedMethod: 'GET' }] as never)
    const { uploadId } = await client.initMultipartUpload('parts')
    const { etag } = await client.uploadPart('parts', uploadId, 1, large as never, 0, large.length)
    await before.stop()

    const after = await startWorld({ directory })
    const again = after.client(bucket)
    expect(String((await again.get('small')).content)).toBe('two')
    expect(String((await again.get('small', { versionId: 'null' } as never)).content)).toBe('one')
    expect((await again.head('small')) as unknown).toMatchObject({ meta: { own: 'x' } })
    expect((await again.getObjectTagging('small')).tag).toEqual({ t: '1' })
    for (const key of ['large', 'copied']) expect((await again.get(key)).content.equals(large)).toBe(true)
    expect((await again.getBucketCORS(bucket)).rules).toHaveLength(1)
    await again.completeMultipartUpload('parts', uploadId, [{ number: 1, etag }])
    expect((await again.get('parts')).content.equals(large)).toBe(true)
    await after.stop()
  })

  test('is locked against a second process of the same directory', async () => {
    const directory = await temporaryDirectory()
    const first = await createLocalOss({ directory, credentials })
    await expect(createLocalOss({ directory, credentials })).rejects.toThrow('another process is using it')
    await first.close()
    await (await createLocalOss({ directory, credentials })).close()
  })
})

describe('bytes on disk', () => {
  test('are shared by copies, and removed with the last object that has them', async () => {
    const directory = await temporaryDirectory()
    const world = await startWorld({ directory })
    const client = await world.bucket()
    await client.put('a', large)
    for (const key of ['b', 'c']) await client.copy(key, 'a')
    await client.multipartUpload('d', large, { partSize: 102_400 } as never)
    expect(await blobFiles(directory)).toHaveLength(4)
    const { uploadId } = await client.initMultipartUpload('e')
    const source = { sourceKey: 'd', sourceBucketName: client.getBucket() }
    await client.uploadPartCopy('e', uploadId, 1, '0-199999', source, {})
    await client.put('a', Buffer.from('small'))
    await client.delete('b')
    expect(await blobFiles(directory)).toHaveLength(4)
    await client.delete('c')
    await client.delete('d')
    await expect.poll(() => blobFiles(directory)).toHaveLength(2)
    await client.abortMultipartUpload('e', uploadId)
    await expect.poll(() => blobFiles(directory)).toEqual([])
    await world.stop()
  })

  test('of refused uploads are removed at once', async () => {
    const directory = await temporaryDirectory()
    const world = await startWorld({ directory })
    const client = await world.bucket()
    await failure(client.put('k', large, { headers: { 'x-oss-hash-crc64ecma': '1' } }))
    expect(await blobFiles(directory)).toEqual([])
    await world.stop()
  })
})

describe('a service killed while it writes', () => {
  /** A child that answers on a port, told on its first line. */
  async function child(directory: string): Promise<{ process: ChildProcess; port: number }> {
    const script = `
      import { createLocalOss } from './src/local-oss/index.ts'
      const oss = await createLocalOss(${JSON.stringify({ directory, credentials })})
      console.log(await oss.listen(0))`
    const process = spawn('node', ['--import', 'tsx', '--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(
      createInterface({ input: process.stdout as NodeJS.ReadableStream }),
      'line',
    )) as [string]
    return { process, port: Number(line) }
  }

  test('loses nothing it acknowledged, shows nothing half-written, and cleans up', async () => {
    const directory = await temporaryDirectory()
    const world = await startWorld()
    const bucket = 'killed-bucket'
    const { process, port } = await child(directory)
    const client = world.client(bucket, { endpoint: `http://127.0.0.1:${port}` })
    await client.putBucket(bucket)
    const body = (i: number) => Buffer.alloc(i % 3 === 0 ? 400_000 : 500, `${i} `)
    const acknowledged = new Set<number>()
    let number = 0
    const write = async () => {
      for (;;) {
        const i = number++
        await client.put(`k${i}`, body(i))
        if (i % 5 === 4) await client.copy(`c${i}`, `k${i}`)
        acknowledged.add(i)
      }
    }
    const writers = Array.from({ length: 8 }, () => write().catch(() => {}))
    await expect.poll(() => acknowledged.size).toBeGreaterThan(60)
    process.kill('SIGKILL')
    await Promise.all(writers)

    const after = await startWorld({ directory })
    const reader = after.client(bucket)
    for (const i of acknowledged) expect((await reader.get(`k${i}`)).content.equals(body(i))).toBe(true)
    for (let i = 0; i < number; i++) {
      const content = await reader.get(`k${i}`).then(
        (got) => got.content as Buffer,
        () => undefined,
      )
      expect(content === undefined || content.equals(body(i))).toBe(true)
    }
    const { objects } = (await reader.list({ 'max-keys': 1000 }, {})) as unknown as {
      objects: { name: string; size: number }[]
    }
    const files = objects.filter(({ name, size }) => size > 100_000 && name.startsWith('k')).length
    await expect.poll(() => blobFiles(directory)).toHaveLength(files)
    await after.stop()
    await world.stop()
  })
})

test('many small writes at once share their way to the disk', async () => {
  const world = await startWorld({ directory: await temporaryDirectory() })
  const client = await world.bucket()
  const batches = vi.spyOn(ClassicLevel.prototype, 'batch')
  try {
    await Promise.all(Array.from({ length: 500 }, (_, i) => client.put(`k${i}`, Buffer.from(`${i}`))))
    // How many share one is up to the disk.
    expect(batches.mock.calls.length).toBeLessThan(500)
  } finally {
    batches.mockRestore()
  }
  await world.stop()
})
