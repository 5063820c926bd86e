import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Blobs } from '../../src/local-oss/store/blobs.ts'
import { Store } from '../../src/local-oss/store/store.ts'
import { Transaction } from '../../src/local-oss/store/transaction.ts'
import { blobFiles, type Client, eventually, startWorld, temporaryDirectory, type World } from './setup.ts'

/** An object kept in the store itself, and one in a file. */
const SIZES = [500, 200_000]
/** One that no socket's buffers hold, so that its reader has not read it when the writer is done. */
const HUGE = 8_000_000
const former = (size: number) => Buffer.alloc(size, 'former')
const latter = (size: number) => Buffer.alloc(size, 'LATTER')

let directory: string
let world: World
let client: Client
let bucket: string
async function start(where: string): Promise<void> {
  directory = where === 'disk' ? await temporaryDirectory() : ':memory:'
  world = await startWorld({ directory })
  client = await world.bucket()
  bucket = client.getBucket()
  await client.putBucketACL(bucket, 'public-read')
}

/** Begins a GET, and reads none of its body yet. */
async function begin(path: string, headers = {}): Promise<{ sent: ClientRequest; answer: IncomingMessage }> {
  const sent = request({ port: world.port, path: `/${bucket}/${path}`, headers, agent: false }).end()
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  return { sent, answer }
}

const rest = async ({ answer }: { answer: IncomingMessage }) => Buffer.concat(await answer.toArray())

type Reader = {
  /** Whether it is read while it is sent. */
  streams?: boolean
  prepare?: () => Promise<unknown>
  /** Has met the object when it resolves, and reads on when its result is called. */
  read: (size: number) => Promise<() => Promise<Buffer>>
  /** What of the object it reads. */
  part?: (whole: Buffer) => Buffer
}

const readers: Record<string, Reader> = {
  'a GET': {
    streams: true,
    read: async () => {
      const begun = await begin('k')
      return () => rest(begun)
    },
  },
  'a GET of a range': {
    read: async (size) => {
      const begun = await begin('k', { range: `bytes=100-${size - 100}` })
      return () => rest(begun)
    },
    part: (whole) => whole.subarray(100, whole.length - 99),
  },
  'a GET through a symbolic link': {
    prepare: () => client.putSymlink('link', 'k', {} as never),
    read: async () => {
      const begun = await begin('link')
      return () => rest(begun)
    },
  },
  'a copy': {
    read: async () => {
      const copied = client.copy('copy', 'k')
      return async () => {
        await copied
        return (await client.get('copy')).content as Buffer
      }
    },
  },
  'a copy into a part': {
    read: async (size) => {
      const { uploadId } = await client.initMultipartUpload('copy')
      const source = { sourceKey: 'k', sourceBucketName: bucket }
      const copied = client.uploadPartCopy('copy', uploadId, 1, `0-${size - 2}`, source, {})
      return async () => {
        const { etag } = (await copied) as unknown as { etag: string }
        await client.completeMultipartUpload('copy', uploadId, [{ number: 1, etag }])
        return (await client.get('copy')).content as Buffer
      }
    },
    part: (whole) => whole.subarray(0, -1),
  },
}

/** What becomes of the object meanwhile; each leaves the latter object, or none. */
const writers: Record<string, (size: number) => Promise<unknown>> = {
  'an overwrite': (size) => client.put('k', latter(size)),
  'a deletion': () => client.delete('k'),
  'a deletion of many': () => client.deleteMulti(['k'], { quiet: true }),
  'a copy over it': async (size) => {
    await client.put('other', latter(size))
    await client.copy('k', 'other')
    await client.delete('other')
  },
  'a completed upload': async (size) => {
    const { uploadId } = await client.initMultipartUpload('k')
    const { etag } = await client.uploadPart('k', uploadId, 1, latter(size) as never, 0, size)
    await client.completeMultipartUpload('k', uploadId, [{ number: 1, etag }])
  },
  'a link in its place': () => client.putSymlink('k', 'nothing', {} as never),
}

describe.each(['memory', 'disk'])('in %s, the former object is read whole or not at all:', (where) => {
  beforeEach(() => start(where))
  afterEach(() => world.stop())

  const rows = Object.keys(readers).flatMap((reader) =>
    Object.keys(writers).map((writer) => [reader, writer]),
  )
  test.each(rows)('%s meets %s', async (readerName = '', writerName = '') => {
    const reader = readers[readerName] as Reader
    const write = writers[writerName] as (size: number) => Promise<unknown>
    const part = reader.part ?? ((whole: Buffer) => whole)
    const streamed = reader.streams && ['an overwrite', 'a deletion'].includes(writerName)
    for (const size of streamed ? [...SIZES, HUGE] : SIZES) {
      await client.put('k', former(size))
      await reader.prepare?.()
      const finish = await reader.read(size)
      await write(size)
      // A copy that comes later than a deletion finds nothing, and says so.
      const seen = await finish().catch((cause: { status?: number }) => cause.status)
      const whole = [former(size), latter(size)].map(part)
      expect(
        Buffer.isBuffer(seen) ? whole.some((bytes) => bytes.equals(seen)) : seen === 404 || seen === 400,
      ).toBe(true)
    }
    if (where === 'memory') return
    for (const key of ['k', 'link', 'copy']) await client.delete(key)
    for (const { name, uploadId } of (await client.listUploads({})).uploads as {
      name: string
      uploadId: string
    }[]) {
      await client.abortMultipartUpload(name, uploadId)
    }
    await eventually(async () => expect(await blobFiles(directory)).toEqual([]))
  })

  test('a version is read while it is deleted for good', async () => {
    await client.putBucketVersioning(bucket, 'Enabled')
    for (const size of SIZES) {
      const { res } = await client.put('k', former(size))
      const versionId = (res as { headers: Record<string, string> }).headers['x-oss-version-id'] ?? ''
      await client.put('k', latter(size))
      const begun = await begin(`k?versionId=${versionId}`)
      await client.delete('k', { versionId } as never)
      expect((await rest(begun)).equals(former(size))).toBe(true)
    }
  })

  test('parts are copied while their upload is aborted, or it is refused', async () => {
    const size = 200_000
    await client.put('k', former(size))
    for (let i = 0; i < 5; i++) {
      const { uploadId } = await client.initMultipartUpload('copy')
      const source = { sourceKey: 'k', sourceBucketName: bucket }
      await client.uploadPartCopy('copy', uploadId, 1, `0-${size - 1}`, source, {})
      const copies = [1, 2, 3].map((number) =>
        client.uploadPartCopy('copy', uploadId, number, `0-${size - 2}`, source, {}).then(
          () => 200,
          ({ status }: { status: number }) => status,
        ),
      )
      await client.abortMultipartUpload('copy', uploadId)
      for (const status of await Promise.all(copies)) expect([200, 404]).toContain(status)
      expect(((await client.get('k')).content as Buffer).equals(former(size))).toBe(true)
    }
    if (where === 'disk') await eventually(async () => expect(await blobFiles(directory)).toHaveLength(1))
  })

  test('many readers of a key that is written again and again', async () => {
    const sizes = [500, 40_000]
    const bodies = [...'abcdefghijklmnopqrst'].map((letter, i) => Buffer.alloc(sizes[i % 2] ?? 0, letter))
    await client.put('k', bodies[0] as Buffer)
    let writing = true
    let reads = 0
    const read = async () => {
      while (writing) {
        const { content } = await client.get('k')
        expect(bodies.some((body) => body.equals(content))).toBe(true)
        reads++
      }
    }
    const reading = Promise.all(Array.from({ length: 6 }, read))
    for (const body of bodies) await client.put('k', body)
    writing = false
    await reading
    expect(reads).toBeGreaterThan(6)
  })
})

describe('bytes of a deleted object are removed from the disk', () => {
  const size = 8_000_000
  beforeEach(() => start('disk'))
  afterEach(() => world.stop())

  test.each<[string, (begun: { sent: ClientRequest; answer: IncomingMessage }) => unknown]>([
    ['has read them', rest],
    ['goes before it reads', ({ sent }) => sent.destroy()],
    [
      'goes within them',
      async ({ sent, answer }) => {
        await once(answer, 'readable')
        sent.destroy()
      },
    ],
  ])('when their reader %s', async (_, end) => {
    await client.put('k', former(size))
    const begun = await begin('k')
    begun.answer.on('error', () => {})
    await client.delete('k')
    expect(await blobFiles(directory)).toHaveLength(1)
    await end(begun)
    await eventually(async () => expect(await blobFiles(directory)).toEqual([]))
  })

  test('when their reader is cut off', async () => {
    await client.put('k', former(size))
    world.oss.faults.add({ operation: 'GetObject', action: { kind: 'truncate', afterBytes: 1000 } })
    await client.get('k').catch(() => {})
    world.oss.faults.add({ operation: 'GetObject', action: { kind: 'cut', when: 'after' } })
    await client.get('k').catch(() => {})
    await client.delete('k')
    await eventually(async () => expect(await blobFiles(directory)).toEqual([]))
  })

  test('when an answer in process is thrown away unread', async () => {
    await client.put('k', former(size))
    const url = `http://${bucket}.oss-cn-hangzhou.aliyuncs.com/k`
    for (const action of [undefined, { kind: 'truncate', afterBytes: 10 } as const]) {
      if (action !== undefined) world.oss.faults.add({ action })
      const { status, body } = await world.oss.transport({ method: 'GET', url, headers: {} })
      expect(status).toBe(200)
      body.destroy()
    }
    await client.delete('k')
    await eventually(async () => expect(await blobFiles(directory)).toEqual([]))
  })
})

test('reads of one turn see one state, whatever is being written', async () => {
  const store = await Store.open(join(await temporaryDirectory(), 'store'), () => {})
  const names = ['a', 'b'].map((name) => Buffer.from(name))
  const write = (value: number) => {
    const transaction = new Transaction()
    for (const name of names) transaction.put(name, value)
    return store.commit(transaction)
  }
  await write(0)
  for (const value of [1, 2, 3]) {
    const written = write(value)
    // The batch goes out after this turn, on a thread of its own.
    await Promise.resolve()
    await Promise.resolve()
    const seen = new Set<unknown>()
    for (const until = Date.now() + 200; Date.now() < until; ) {
      for (const name of names) seen.add(store.get(name))
    }
    expect([...seen]).toEqual([value - 1])
    await written
    expect(names.map((name) => store.get(name))).toEqual([value, value])
  }
  await store.close()
})

test.each(['memory', 'disk'])(
  'in %s, a range begun within a write is read to its end after it',
  async (where) => {
    const place = where === 'disk' ? join(await temporaryDirectory(), 'store') : undefined
    const store = await Store.open(place, () => {})
    const names = Array.from({ length: 300 }, (_, i) => String(i).padStart(3, '0'))
    const write = (value: number) => {
      const transaction = new Transaction()
      for (const name of names) transaction.put(Buffer.from(name), value)
      return store.commit(transaction)
    }
    await write(1)
    const written = write(2)
    // The batch goes out after this turn.
    await Promise.resolve()
    await Promise.resolve()
    const range = { gte: Buffer.from('0'), lt: Buffer.from('9') }
    const cursors = [store.cursor(range), store.cursor(range)]
    const [first] = await Promise.all([...cursors.map((cursor) => cursor.next()), written])
    expect(first?.map(String)).toEqual(['000', '1'])
    const [left, read] = cursors
    await left?.close()
    const seen: unknown[] = []
    for (let entry = await read?.next(); entry; entry = await read?.next()) seen.push(entry.map(String))
    expect(seen).toEqual(names.slice(1).map((name) => [name, '1']))
    await read?.close()
    await store.close()
  },
)

test('what an earlier life left behind is removed at the start, but not under a reader', async () => {
  const place = await temporaryDirectory()
  const shard = join(place, 'blobs', '00')
  await mkdir(shard, { recursive: true })
  for (const id of ['one-00', 'read-00', 'two-00']) await writeFile(join(shard, id), former(1000))
  const blobs = await Blobs.open(place)
  const reader = blobs.read([{ blob: 'read-00', offset: 0, length: 1000 }], 0, 1000)
  await eventually(async () => expect(await blobFiles(place)).toEqual(['read-00']))
  expect(Buffer.concat(await reader.toArray()).equals(former(1000))).toBe(true)
  await eventually(async () => expect(await blobFiles(place)).toEqual([]))
  await blobs.close()
})
