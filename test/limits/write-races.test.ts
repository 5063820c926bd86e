import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { reservedVersions } from '../reserved.ts'
import { type RaceSetup, raceSetups } from './race-setups.ts'

/** As the race tests of object_store do it, which count to fifty (test/clients): so many clients count in one object. */
const [CLIENTS, COMMITS] = [5, 20]

/** Whether a write was made. @throws errors other than that its condition failed. */
const isMade = (write: Promise<unknown>) =>
  write.then(
    () => true,
    (error: Error) => {
      if (['PreconditionFailed', 'NoSuchKey'].includes(error.name)) return false
      throw error
    },
  )

describe.each(raceSetups)('through %s', (_name, start, holdsAll) => {
  let setup: RaceSetup
  let s3: S3Client
  beforeAll(async () => {
    setup = await start()
    s3 = setup.clients[0] as S3Client
    for (const Bucket of ['plain', 'versioned']) await s3.send(new CreateBucketCommand({ Bucket }))
    const VersioningConfiguration = { Status: 'Enabled' as const }
    await s3.send(new PutBucketVersioningCommand({ Bucket: 'versioned', VersioningConfiguration }))
  })
  afterAll(async () => {
    for (const client of setup.clients) client.destroy()
    await setup.stop()
  })

  /** So many at once, by all the clients. */
  const together = <T>(count: number, work: (client: S3Client, index: number) => Promise<T>) =>
    Promise.all(
      Array.from({ length: count }, (_, index) =>
        work(setup.clients[index % setup.clients.length] as S3Client, index),
      ),
    )
  const read = async (client: S3Client, Bucket: string, Key: string) => {
    const { ETag = '', Body } = await client.send(new GetObjectCommand({ Bucket, Key }))
    return { ETag, content: (await Body?.transformToString()) ?? '' }
  }

  describe.each(['plain', 'versioned'])('in a bucket %s', (Bucket) => {
    test('no commit is lost', async () => {
      const Key = 'counter'
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: '0' }))
      await together(CLIENTS, async (client) => {
        for (let made = 0; made < COMMITS / CLIENTS; ) {
          const { ETag, content } = await read(client, Bucket, Key)
          const Body = String(Number(content) + 1)
          if (await isMade(client.send(new PutObjectCommand({ Bucket, Key, Body, IfMatch: ETag })))) made++
        }
      })
      expect((await read(s3, Bucket, Key)).content).toBe(String(COMMITS))
      if (Bucket === 'plain') return
      const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: Key }))
      expect(Versions).toHaveLength(COMMITS + 1)
    })

    test('of those that create an object, or replace or delete the same one, one does', async () => {
      const Key = 'one'
      for (let round = 0; round < 5; round++) {
        const created = await together(8, (client, index) =>
          isMade(
            client.send(new PutObjectCommand({ Bucket, Key, Body: `${round} ${index}`, IfNoneMatch: '*' })),
          ),
        )
        expect(created.filter(Boolean)).toHaveLength(1)
        const { ETag, content } = await read(s3, Bucket, Key)
        expect(content).toBe(`${round} ${created.indexOf(true)}`)
        const replaced = await together(8, (client, index) =>
          isMade(
            client.send(
              index % 4 === 3
                ? new DeleteObjectCommand({ Bucket, Key, IfMatch: ETag })
                : new PutObjectCommand({ Bucket, Key, Body: `next ${round} ${index}`, IfMatch: ETag }),
            ),
          ),
        )
        expect(replaced.filter(Boolean)).toHaveLength(1)
        const winner = replaced.indexOf(true)
        const there = await read(s3, Bucket, Key).catch(() => undefined)
        expect(there?.content).toBe(winner % 4 === 3 ? undefined : `next ${round} ${winner}`)
        await s3.send(new DeleteObjectCommand({ Bucket, Key }))
      }
    })

    test('of writes of every kind, also long ones, one replaces the object', async () => {
      const Key = 'kinds'
      await s3.send(new PutObjectCommand({ Bucket, Key: 'source', Body: 'copied' }))
      for (let round = 0; round < 3; round++) {
        await s3.send(new PutObjectCommand({ Bucket, Key, Body: `old ${round}` }))
        const { ETag: IfMatch } = await read(s3, Bucket, Key)
        const uploads = await together(2, async (client, index) => {
          const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }))
          const part = { Bucket, Key, UploadId, PartNumber: 1 }
          const { ETag } = await client.send(new UploadPartCommand({ ...part, Body: `upload ${index}` }))
          const Parts = [{ ETag, PartNumber: 1 }]
          return { Bucket, Key, UploadId, MultipartUpload: { Parts }, IfMatch }
        })
        const CopySource = `${Bucket}/source`
        const made = await together(8, (client, index) =>
          isMade(
            client.send(
              (
                [
                  () => new PutObjectCommand({ Bucket, Key, Body: `short ${index}`, IfMatch }),
                  () => new PutObjectCommand({ Bucket, Key, Body: `long ${index}`.padEnd(400_000), IfMatch }),
                  () => new CopyObjectCommand({ Bucket, Key, CopySource, IfMatch }),
                  () => new CompleteMultipartUploadCommand(uploads[index < 4 ? 0 : 1] as never),
                ] as const
              )[index % 4]?.() as never,
            ),
          ),
        )
        expect(made.filter(Boolean)).toHaveLength(1)
        const content = ['short', 'long', 'copied', 'upload'][made.indexOf(true) % 4]
        expect((await read(s3, Bucket, Key)).content).toMatch(new RegExp(`^${content}`))
      }
    })
  })

  test('each conditional write replaces the version that it named', async () => {
    const [Bucket, Key] = ['versioned', 'history']
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'first' }))
    // More may come between the look at the object and the write.
    const slow = { operation: 'PutObject', key: Key, times: Number.POSITIVE_INFINITY }
    const end = setup.localOss.faults.add({ ...slow, action: { kind: 'delay', ms: 10 } })
    /** By the version that was written, the ETag that it was to replace. */
    const named = new Map<string, string>()
    await together(5, async (client, index) => {
      // Only the writes of one process are held against what has no condition.
      if (index === 4) {
        for (let round = 0; holdsAll && round < 10; round++)
          await client.send(new PutObjectCommand({ Bucket, Key, Body: `unconditional ${round}` }))
        return
      }
      for (let made = 0, tried = 0; made < 4; tried++) {
        const Body = `${index} ${tried}`
        const { ETag: IfMatch = '' } = await client.send(new HeadObjectCommand({ Bucket, Key }))
        const written = client.send(new PutObjectCommand({ Bucket, Key, Body, IfMatch }))
        if (!(await isMade(written))) continue
        named.set((await written).VersionId ?? '', IfMatch)
        made++
      }
    })
    end()
    const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: Key }))
    expect(named.size).toBe(16)
    for (const [index, { VersionId = '' }] of Versions.entries()) {
      const wanted = named.get(VersionId)
      if (wanted !== undefined) expect(Versions[index + 1]?.ETag).toBe(wanted)
    }
  })

  test('no lock is left', async () => {
    for (const bucket of ['plain', 'versioned']) {
      await expect.poll(() => reservedVersions(setup.localOss, bucket)).toEqual([])
    }
  })
})
