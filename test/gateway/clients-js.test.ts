import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { type BucketItem, Client, CopyConditions } from 'minio'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { md5 } from '../encodings.ts'
import { runtimes, startWorld, type World } from '../harness.ts'

const MB = 1024 * 1024
/** A body that comes in pieces of no round size. */
const streamOf = (bytes: Buffer, piece = 100_003) =>
  Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece)
    })(),
  )

describe.each(runtimes)('clients for JavaScript on %s', (runtime) => {
  let world: World
  beforeAll(async () => {
    world = await startWorld(runtime)
    await world.s3().send(new CreateBucketCommand({ Bucket: 'uploads' }))
  })
  afterAll(() => world.stop())

  describe('client-s3', () => {
    const Bucket = 'sdk'
    let s3: S3Client
    beforeAll(async () => {
      s3 = world.s3()
      await s3.send(new CreateBucketCommand({ Bucket }))
    })

    test('puts and gets', async () => {
      const Metadata = { my_key: 'v' }
      await s3.send(new PutObjectCommand({ Bucket, Key: 'a b/ü+.txt', Body: 'hello', Metadata }))
      const object = await s3.send(new GetObjectCommand({ Bucket, Key: 'a b/ü+.txt' }))
      expect(object).toMatchObject({ Metadata, ChecksumCRC32: 'NhCmhg==' })
      expect(await object.Body?.transformToString()).toBe('hello')
    })

    test('copies on the server', async () => {
      const CopySource = `${Bucket}/${encodeURIComponent('a b/ü+.txt')}`
      await s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource }))
      const copy = await s3.send(new GetObjectCommand({ Bucket, Key: 'copy' }))
      expect(await copy.Body?.transformToString()).toBe('hello')
    })

    test('lists in pages, and deletes many', async () => {
      const keys = Array.from({ length: 60 }, (_, index) => `list/${String(index).padStart(3, '0')}`)
      for (const Key of keys) await s3.send(new PutObjectCommand({ Bucket, Key, Body: '' }))
      const found: (string | undefined)[] = []
      for await (const { Contents = [] } of paginateListObjectsV2(
        { client: s3, pageSize: 7 },
        { Bucket, Prefix: 'list/' },
      )) {
        found.push(...Contents.map(({ Key }) => Key))
      }
      expect(found).toEqual(keys)
      const Objects = keys.map((Key) => ({ Key }))
      const { Deleted } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
      expect(Deleted).toHaveLength(60)
    })
  })

  describe('lib-storage', () => {
    const Bucket = 'uploads'

    test('uploads a stream of 12 MB in parts', async () => {
      const bytes = randomBytes(12 * MB)
      const progress: number[] = []
      const upload = new Upload({
        client: world.s3(),
        params: {
          Bucket,
          Key: 'stream',
          Body: streamOf(bytes),
          ContentType: 'text/plain',
          Metadata: { a: '1' },
        },
        partSize: 5 * MB,
        queueSize: 3,
      })
      upload.on('httpUploadProgress', ({ loaded = 0 }) => progress.push(loaded))
      const answer = await upload.done()
      expect(answer).toMatchObject({
        Bucket,
        Key: 'stream',
        ETag: expect.stringMatching(/^"[0-9a-f]{32}-3"$/),
      })
      expect(progress.at(-1)).toBe(bytes.length)
      const object = await world.s3().send(new GetObjectCommand({ Bucket, Key: 'stream' }))
      expect(object).toMatchObject({ ContentType: 'text/plain', Metadata: { a: '1' } })
      expect(md5((await object.Body?.transformToByteArray()) ?? new Uint8Array())).toBe(md5(bytes))
    })

    test('uploads a short stream in one piece', async () => {
      await new Upload({
        client: world.s3(),
        params: { Bucket, Key: 'short', Body: streamOf(Buffer.from('hello'), 2) },
      }).done()
      const head = await world.s3().send(new HeadObjectCommand({ Bucket, Key: 'short' }))
      expect(head).toMatchObject({ ContentLength: 5, ETag: '"5d41402abc4b2a76b9719d911017c592"' })
    })

    test.each(['SHA1', 'SHA256', 'CRC32', 'CRC32C'] as const)(
      'uploads in parts with %s',
      async (algorithm) => {
        const bytes = randomBytes(6 * MB)
        const answer = await new Upload({
          client: world.s3(),
          params: { Bucket, Key: algorithm, Body: streamOf(bytes), ChecksumAlgorithm: algorithm },
        }).done()
        expect(answer).toHaveProperty(`Checksum${algorithm}`, expect.stringMatching(/=/))
      },
    )

    test('leaves no upload behind when it is given up', async () => {
      const upload = new Upload({
        client: world.s3(),
        params: { Bucket, Key: 'given-up', Body: streamOf(randomBytes(12 * MB)) },
        partSize: 5 * MB,
        queueSize: 1,
      })
      upload.on('httpUploadProgress', () => void upload.abort())
      await expect(upload.done()).rejects.toMatchObject({ name: 'AbortError' })
      const left = async () =>
        (await world.s3().send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'given-up' }))).Uploads ?? []
      await expect.poll(left).toEqual([])
    })
  })

  describe('minio', () => {
    const bucket = 'minio-bucket'
    let minio: Client
    let directory = ''
    beforeAll(async () => {
      const { hostname, port } = new URL(world.endpoint)
      minio = new Client({
        endPoint: hostname,
        port: Number(port),
        useSSL: false,
        accessKey: 'local',
        secretKey: 'local-secret',
        pathStyle: true,
        partSize: 5 * MB,
      })
      await minio.makeBucket(bucket)
      directory = await mkdtemp(join(tmpdir(), 'clients-js-'))
    })
    afterAll(() => rm(directory, { recursive: true, force: true }))

    const list = async (prefix = '', recursive = true) => {
      const names: string[] = []
      for await (const item of minio.listObjectsV2(bucket, prefix, recursive)) {
        const { name, prefix: folder } = item as BucketItem
        names.push(name ?? folder ?? '')
      }
      return names
    }

    test('makes its bucket, once', async () => {
      expect(await minio.bucketExists(bucket)).toBe(true)
      expect(await minio.bucketExists('no-such-bucket')).toBe(false)
      expect((await minio.listBuckets()).map(({ name }) => name)).toContain(bucket)
      await expect(minio.makeBucket(bucket)).rejects.toMatchObject({ code: 'BucketAlreadyOwnedByYou' })
    })

    test('puts a stream, and gets it, whole and in part', async () => {
      const bytes = Buffer.from('hello, stream')
      await minio.putObject(bucket, 'stream', streamOf(bytes, 3), bytes.length, {
        'Content-Type': 'text/plain',
        'X-Amz-Meta-Colour': 'blue',
      })
      expect(await text(await minio.getObject(bucket, 'stream'))).toBe('hello, stream')
      expect(await text(await minio.getPartialObject(bucket, 'stream', 7, 6))).toBe('stream')
      expect(await minio.statObject(bucket, 'stream')).toMatchObject({
        size: bytes.length,
        etag: md5(bytes),
        metaData: { 'content-type': 'text/plain', colour: 'blue' },
      })
      await expect(minio.statObject(bucket, 'nothing')).rejects.toMatchObject({ code: 'NotFound' })
    })

    test('puts a file in parts, and gets it', async () => {
      const bytes = randomBytes(11 * MB)
      const file = join(directory, 'file')
      await writeFile(file, bytes)
      await minio.fPutObject(bucket, 'file', file)
      expect((await minio.statObject(bucket, 'file')).etag).toMatch(/^[0-9a-f]{32}-3$/)
      const parts: Buffer[] = []
      for await (const part of await minio.getObject(bucket, 'file')) parts.push(part as Buffer)
      expect(md5(Buffer.concat(parts))).toBe(md5(bytes))
    })

    test('copies on the server, and holds to a condition', async () => {
      await minio.putObject(bucket, 'source', 'hello')
      const copied = await minio.copyObject(bucket, 'copy of+source', `/${bucket}/source`)
      expect(copied).toMatchObject({ etag: md5(Buffer.from('hello')) })
      expect(await text(await minio.getObject(bucket, 'copy of+source'))).toBe('hello')
      const conditions = new CopyConditions()
      conditions.setMatchETag('0'.repeat(32))
      await expect(minio.copyObject(bucket, 'other', `/${bucket}/source`, conditions)).rejects.toMatchObject({
        code: 'PreconditionFailed',
      })
    })

    test('lists 50 keys, in a folder and above it, and removes them', async () => {
      const keys = Array.from({ length: 50 }, (_, index) => `list/${index % 5}/ключ ${index}`)
      for (const key of keys) await minio.putObject(bucket, key, 'x')
      expect((await list('list/')).sort()).toEqual([...keys].sort())
      expect(await list('list/', false)).toEqual(['list/0/', 'list/1/', 'list/2/', 'list/3/', 'list/4/'])
      await minio.removeObjects(bucket, keys)
      expect(await list('list/')).toEqual([])
    })

    test('tags an object', async () => {
      await minio.putObject(bucket, 'tagged', 'x')
      await minio.setObjectTagging(bucket, 'tagged', { team: 'blue' })
      expect(await minio.getObjectTagging(bucket, 'tagged')).toEqual([{ Key: 'team', Value: 'blue' }])
      await minio.removeObjectTagging(bucket, 'tagged', { versionId: 'null' })
      expect(await minio.getObjectTagging(bucket, 'tagged')).toEqual([])
    })

    test('presigns reading, writing and forms', async () => {
      const put = await fetch(await minio.presignedPutObject(bucket, 'presigned', 3600), {
        method: 'PUT',
        body: 'by url',
      })
      expect(put.status).toBe(200)
      const get = await fetch(await minio.presignedGetObject(bucket, 'presigned', 3600))
      expect(await get.text()).toBe('by url')
      const policy = minio.newPostPolicy()
      policy.setBucket(bucket)
      policy.setKey('form')
      policy.setExpires(new Date(Date.now() + 3_600_000))
      const { postURL, formData } = await minio.presignedPostPolicy(policy)
      const form = new FormData()
      for (const [name, value] of Object.entries(formData)) form.append(name, value)
      form.append('file', new Blob(['by form']), 'form.txt')
      expect((await fetch(postURL, { method: 'POST', body: form })).status).toBe(204)
      expect(await text(await minio.getObject(bucket, 'form'))).toBe('by form')
    })

    test('removes its bucket only when it is empty', async () => {
      await minio.makeBucket('short-lived')
      await minio.putObject('short-lived', 'k', 'x')
      await expect(minio.removeBucket('short-lived')).rejects.toMatchObject({ code: 'BucketNotEmpty' })
      await minio.removeObject('short-lived', 'k')
      await minio.removeBucket('short-lived')
      expect(await minio.bucketExists('short-lived')).toBe(false)
    })
  })
})
