import { createHash } from 'node:crypto'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse-config.ts'
import { nodePorts } from '../../src/node/ports.ts'
import { openUpstream, type Upstream } from '../../src/node/upstream.ts'
import { removeStaleIndexes, removeStaleRecords } from '../../src/operations/objects/part-index-cleanup.ts'
import { createOssClient, type OssClient } from '../../src/oss/client.ts'
import { etagOfParts } from '../../src/translate/etag.ts'
import { credentialsOf } from '../credentials-of.ts'
import { runtimes, startWorld, type World } from '../harness.ts'

const MiB = 1024 ** 2
const PREFIX = '.s3-oss-gateway/parts/'

/** An upload of two parts that is not completed; its parts say which it is. */
async function begin(s3: S3Client, Bucket: string, Key: string, text: string) {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))
  const to = { Bucket, Key, UploadId }
  const Parts = []
  for (const [at, Body] of [Buffer.alloc(5 * MiB, text), Buffer.from(text)].entries()) {
    const { ETag } = await s3.send(new UploadPartCommand({ ...to, PartNumber: at + 1, Body }))
    Parts.push({ PartNumber: at + 1, ETag })
  }
  return { ...to, MultipartUpload: { Parts } }
}
const upload = async (s3: S3Client, Bucket: string, Key: string, text: string) =>
  s3.send(new CompleteMultipartUploadCommand(await begin(s3, Bucket, Key, text)))

describe.each([undefined, 'Enabled'] as const)('indexes in a bucket with versioning %s', (Status) => {
  let world: World
  let s3: S3Client
  let oss: OssClient
  let upstream: Upstream
  const Bucket = 'bucket'

  beforeAll(async () => {
    world = await startWorld('node')
    s3 = world.s3()
    await s3.send(new CreateBucketCommand({ Bucket }))
    if (Status !== undefined)
      await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }))
    const config = parseConfig({
      OSS_REGION: 'cn-hangzhou',
      OSS_ENDPOINT: `http://127.0.0.1:${await world.localOss.listen(0, '127.0.0.1')}`,
      OSS_ACCESS_KEY_ID: 'local',
      OSS_ACCESS_KEY_SECRET: 'local-secret',
    })
    upstream = await openUpstream(config)
    oss = createOssClient({
      ...nodePorts,
      ...config,
      credentials: credentialsOf(config),
      transport: upstream.transport,
    })
  })
  afterAll(async () => {
    await upstream.close()
    await world.stop()
  })

  const clean = () => removeStaleIndexes(oss, Bucket, PREFIX, 1000)
  const remove = (Key: string, VersionId?: string) =>
    s3.send(new DeleteObjectCommand({ Bucket, Key, ...(VersionId === undefined ? {} : { VersionId }) }))
  /** Of all versions. */
  const indexesOf = async (key: string) => {
    const { objects = [] } = await (world.oss(Bucket) as never as Versions).getBucketVersions({
      prefix: PREFIX,
      'max-keys': 1000,
    })
    return objects.filter(({ name }) => name.endsWith(`/${key}`)).length
  }
  /** As a rule of the bucket does it. */
  async function archiveIndex(key: string) {
    const { objects } = await world.oss(Bucket).list({ prefix: PREFIX, 'max-keys': '1000' }, {})
    const name = objects.find((object) => object.name.endsWith(`/${key}`))?.name ?? ''
    const { content } = await world.oss(Bucket).get(name)
    await world.oss(Bucket).put(name, content, { headers: { 'x-oss-storage-class': 'Archive' } })
  }
  type Versions = { getBucketVersions(query: object): Promise<{ objects?: { name: string }[] }> }
  /** A completion that OSS refuses. */
  const refuse = () =>
    world.localOss.faults.add({
      operation: 'CompleteMultipartUpload',
      times: 1,
      action: { kind: 'error', status: 400, code: 'InvalidArgument' },
    })
  const complete = (begun: Awaited<ReturnType<typeof begin>>) =>
    s3.send(new CompleteMultipartUploadCommand(begun))

  test.each([
    [
      'is kept while its object is there',
      'there',
      async (Key) => void (await upload(s3, Bucket, Key, 'a')),
      1,
    ],
    [
      'is kept while one of the versions is its object',
      'older',
      async (Key) => {
        await upload(s3, Bucket, Key, 'a')
        await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'b' }))
      },
      Status === undefined ? 0 : 1,
    ],
    [
      'is kept while its upload can still be completed',
      'to come',
      async (Key) => {
        const begun = await begin(s3, Bucket, Key, 'a')
        refuse()
        await expect(complete(begun)).rejects.toThrow()
      },
      1,
    ],
    [
      'is removed once it is archived and has no object, since a completion writes it again',
      'archived',
      async (Key) => {
        const begun = await begin(s3, Bucket, Key, 'archived')
        refuse()
        await expect(complete(begun)).rejects.toThrow()
        await archiveIndex(Key)
        await clean()
        expect(await indexesOf(Key)).toBe(0)
        await complete(begun)
      },
      1,
    ],
    [
      'is kept while its object is there, archived or not',
      'both',
      async (Key) => {
        await upload(s3, Bucket, Key, 'both')
        await archiveIndex(Key)
      },
      1,
    ],
    [
      'is removed when the upload has been aborted',
      'aborted',
      async (Key) => {
        const { MultipartUpload, ...begun } = await begin(s3, Bucket, Key, 'a')
        refuse()
        await expect(complete({ ...begun, MultipartUpload })).rejects.toThrow()
        await s3.send(new AbortMultipartUploadCommand(begun))
      },
      0,
    ],
    [
      'is removed when its object has been deleted, in all versions',
      'deleted',
      async (Key) => {
        const { VersionId } = await upload(s3, Bucket, Key, 'a')
        await remove(Key)
        if (VersionId !== undefined) await remove(Key, VersionId)
      },
      0,
    ],
    [
      'is removed when the object is of other parts by now',
      'replaced',
      async (Key) => {
        const { VersionId } = await upload(s3, Bucket, Key, 'a')
        await upload(s3, Bucket, Key, 'b')
        if (VersionId !== undefined) await remove(Key, VersionId)
      },
      1,
    ],
    [
      'is there once however often the same parts were uploaded',
      'again',
      async (Key) => {
        await upload(s3, Bucket, Key, 'a')
        await upload(s3, Bucket, Key, 'a')
      },
      1,
    ],
    [
      'is kept where a key that begins like its own is listed before',
      'a',
      async (Key) => {
        await upload(s3, Bucket, Key, 'a')
        await s3.send(new PutObjectCommand({ Bucket, Key: `${Key}!`, Body: 'b' }))
      },
      1,
    ],
  ] as [string, string, (key: string) => Promise<void>, number][])(
    'an index %s',
    async (_, key, prepare, left) => {
      await prepare(key)
      await clean()
      expect(await indexesOf(key)).toBe(left)
    },
  )

  test('records are kept while their upload can be completed, and removed when it has ended past the gateway', async () => {
    const RECORDS = '.s3-oss-gateway/uploads/'
    const bucket = world.oss(Bucket)
    const begun = async (key: string) => (await bucket.initMultipartUpload(key)).uploadId
    const [going, ended] = [await begun('going'), await begun('ended')]
    await begun(`${RECORDS}${going}/going`)
    await begun(`${RECORDS}${ended}/ended`)
    await begun(`${RECORDS}x`)
    await bucket.abortMultipartUpload('ended', ended)
    expect(await removeStaleRecords(oss, Bucket, RECORDS, 1000)).toBe(3)
    const { uploads } = (await bucket.listUploads({ prefix: RECORDS } as never, {})) as never as {
      uploads: { name: string }[]
    }
    expect(uploads.map(({ name }) => name)).toEqual([`${RECORDS}${going}/going`, `${RECORDS}x`].sort())
  })

  test('what is no index is left alone', async () => {
    for (const name of ['x', `${'0'.repeat(32)}-2`, '0/key']) {
      await world.oss(Bucket).put(`${PREFIX}${name}`, Buffer.from('x'))
    }
    await clean()
    for (const name of ['x', `${'0'.repeat(32)}-2`, '0/key']) {
      expect((await world.oss(Bucket).head(`${PREFIX}${name}`)).status).toBe(200)
    }
  })

  test('one that is none can be removed', async () => {
    const name = `${PREFIX}${'0'.repeat(32)}-2/nothing`
    await world.oss(Bucket).put(name, Buffer.from('{'))
    await clean()
    expect(await indexesOf('nothing')).toBe(0)
  })
})

describe.each(runtimes)('on %s', (runtime) => {
  let world: World
  beforeAll(async () => {
    world = await startWorld(runtime)
  })
  afterAll(() => world.stop())

  test('one upload in eight removes indexes of others, and reads of theirs go on', async () => {
    const s3 = world.s3()
    const Bucket = 'bucket'
    await s3.send(new CreateBucketCommand({ Bucket }))
    await upload(s3, Bucket, 'gone', 'a')
    await world.oss(Bucket).delete('gone')
    const removed = new Promise<void>((resolve) => {
      world.localOss.onRequest(({ operation, key }) => {
        if (operation === 'DeleteObject' && key?.startsWith(PREFIX)) resolve()
      })
    })
    // The ETag of the parts says whose turn it is.
    const isTurn = (text: string) => {
      const tags = [Buffer.alloc(5 * MiB, text), text].map((part) =>
        createHash('md5').update(part).digest('hex'),
      )
      return Number.parseInt(etagOfParts(tags).slice(25, 33), 16) % 8 === 0
    }
    const texts = Array.from({ length: 100 }, (_, n) => `text ${n}`)
    const [turn, another] = [texts.find(isTurn), texts.find((text) => !isTurn(text))] as [string, string]
    await upload(s3, Bucket, 'another', another)
    await upload(s3, Bucket, 'turn', turn)
    await removed
    for (const Key of ['another', 'turn']) {
      const { PartsCount } = await s3.send(new HeadObjectCommand({ Bucket, Key, PartNumber: 1 }))
      expect(PartsCount).toBe(2)
    }
  })
})
