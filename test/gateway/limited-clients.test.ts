import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { runtimes, startWorld, type World } from '../harness.ts'

const secretAccessKey = 'a-secret-of-its-own'
const clients = [
  { accessKeyId: 'reader', secretAccessKey, readOnly: true },
  { accessKeyId: 'tenant', secretAccessKey, buckets: ['shared', 'tenant'] },
  { accessKeyId: 'team', secretAccessKey, buckets: ['shared'], prefixes: ['team/', 'common/'] },
  { accessKeyId: 'named', secretAccessKey, buckets: ['z-*', 'ten*', 'shared*'] },
  { accessKeyId: 'nothing', secretAccessKey, buckets: [] },
]

/** A command; which one is the row's affair. */
type Call = object
const body = { Body: 'x' }

const allowed: Record<string, [name: string, command: () => Call][]> = {
  reader: [
    ['reads an object', () => new GetObjectCommand({ Bucket: 'shared', Key: 'team/a' })],
    ['lists', () => new ListObjectsV2Command({ Bucket: 'other' })],
    ['heads a bucket', () => new HeadBucketCommand({ Bucket: 'other' })],
  ],
  tenant: [
    ['writes where it may', () => new PutObjectCommand({ Bucket: 'tenant', Key: 'k', ...body })],
    [
      'copies where it may',
      () => new CopyObjectCommand({ Bucket: 'tenant', Key: 'c', CopySource: 'shared/team/a' }),
    ],
  ],
  named: [
    ['writes where the name begins so', () => new PutObjectCommand({ Bucket: 'z-other', Key: 'k', ...body })],
    ['reads where the name is no longer', () => new GetObjectCommand({ Bucket: 'shared', Key: 'team/a' })],
    [
      'copies from one to another',
      () => new CopyObjectCommand({ Bucket: 'tenant', Key: 'c', CopySource: 'shared/team/a' }),
    ],
    ['makes a bucket that begins so', () => new CreateBucketCommand({ Bucket: 'z-made' })],
    ['deletes it', () => new DeleteBucketCommand({ Bucket: 'z-made' })],
  ],
  team: [
    ['writes under its prefix', () => new PutObjectCommand({ Bucket: 'shared', Key: 'team/b', ...body })],
    [
      'copies within its prefixes',
      () => new CopyObjectCommand({ Bucket: 'shared', Key: 'common/c', CopySource: 'shared/team%2Fa' }),
    ],
    ['lists its prefix', () => new ListObjectsV2Command({ Bucket: 'shared', Prefix: 'team/' })],
    ['lists below its prefix', () => new ListObjectsCommand({ Bucket: 'shared', Prefix: 'team/a' })],
    ['heads its bucket', () => new HeadBucketCommand({ Bucket: 'shared' })],
  ],
}

const part = { UploadId: 'upload', PartNumber: 1 }
const denied: Record<string, [name: string, command: () => Call][]> = {
  reader: [
    ['write', () => new PutObjectCommand({ Bucket: 'shared', Key: 'k', ...body })],
    ['copy', () => new CopyObjectCommand({ Bucket: 'shared', Key: 'k', CopySource: 'shared/team/a' })],
    ['delete', () => new DeleteObjectCommand({ Bucket: 'shared', Key: 'team/a' })],
    ['make a bucket', () => new CreateBucketCommand({ Bucket: 'reader-made' })],
    ['delete a bucket', () => new DeleteBucketCommand({ Bucket: 'other' })],
  ],
  tenant: [
    ['read another bucket', () => new GetObjectCommand({ Bucket: 'other', Key: 'secret' })],
    ['write another bucket', () => new PutObjectCommand({ Bucket: 'other', Key: 'k', ...body })],
    ['list another bucket', () => new ListObjectsV2Command({ Bucket: 'other' })],
    ['delete from another bucket', () => new DeleteObjectCommand({ Bucket: 'other', Key: 'secret' })],
    ['make another bucket', () => new CreateBucketCommand({ Bucket: 'tenant-made' })],
    ...['other/secret', '/other/secret', 'other%2Fsecret', 'other/secret?versionId=null'].map(
      (CopySource): [string, () => Call] => [
        `copy from ${CopySource}`,
        () => new CopyObjectCommand({ Bucket: 'tenant', Key: 'stolen', CopySource }),
      ],
    ),
    [
      'copy a part from another bucket',
      () => new UploadPartCopyCommand({ Bucket: 'tenant', Key: 'k', CopySource: 'other/secret', ...part }),
    ],
    [
      'copy to another bucket',
      () => new CopyObjectCommand({ Bucket: 'other', Key: 'k', CopySource: 'shared/team/a' }),
    ],
  ],
  team: [
    ['read beside its prefix', () => new GetObjectCommand({ Bucket: 'shared', Key: 'boss/secret' })],
    ['read what only begins alike', () => new GetObjectCommand({ Bucket: 'shared', Key: 'teams' })],
    ['write beside its prefix', () => new PutObjectCommand({ Bucket: 'shared', Key: 'k', ...body })],
    ['list everything', () => new ListObjectsV2Command({ Bucket: 'shared' })],
    ['list everything, by version 1', () => new ListObjectsCommand({ Bucket: 'shared' })],
    [
      'list what begins like its prefix',
      () => new ListObjectsV2Command({ Bucket: 'shared', Prefix: 'team' }),
    ],
    ['list beside its prefix', () => new ListObjectsV2Command({ Bucket: 'shared', Prefix: 'boss/' })],
    ['list all uploads', () => new ListMultipartUploadsCommand({ Bucket: 'shared' })],
    [
      'copy from beside its prefix',
      () => new CopyObjectCommand({ Bucket: 'shared', Key: 'team/stolen', CopySource: 'shared/boss/secret' }),
    ],
    [
      'copy from beside its prefix, in other escapes',
      () =>
        new CopyObjectCommand({ Bucket: 'shared', Key: 'team/stolen', CopySource: 'shared%2fboss%2Fsecret' }),
    ],
    [
      'copy a part from beside its prefix',
      () =>
        new UploadPartCopyCommand({
          Bucket: 'shared',
          Key: 'team/k',
          CopySource: 'shared/boss/secret',
          ...part,
        }),
    ],
    [
      'copy out of its prefixes',
      () => new CopyObjectCommand({ Bucket: 'shared', Key: 'boss/k', CopySource: 'shared/team/a' }),
    ],
    ['make its bucket', () => new CreateBucketCommand({ Bucket: 'shared' })],
    ['delete its bucket', () => new DeleteBucketCommand({ Bucket: 'shared' })],
  ],
  named: [
    ['read another bucket', () => new GetObjectCommand({ Bucket: 'other', Key: 'secret' })],
    [
      'write where the name only has it within',
      () => new PutObjectCommand({ Bucket: 'a-z-b', Key: 'k', ...body }),
    ],
    ['make a bucket that begins otherwise', () => new CreateBucketCommand({ Bucket: 'made-z' })],
    ['list what begins shorter', () => new ListObjectsV2Command({ Bucket: 'tea' })],
    ...[
      'other/secret',
      'other%2Fsecret',
      '%6fther/secret',
      'arn:aws:s3:us-east-1:123456789012:accesspoint/ap-other/object/secret',
    ].map((CopySource): [string, () => Call] => [
      `copy from ${CopySource}`,
      () => new CopyObjectCommand({ Bucket: 'tenant', Key: 'stolen', CopySource }),
    ]),
  ],
  nothing: [
    ['read', () => new GetObjectCommand({ Bucket: 'shared', Key: 'team/a' })],
    ['head an object', () => new HeadObjectCommand({ Bucket: 'shared', Key: 'team/a' })],
    ['learn whether a bucket is there', () => new HeadBucketCommand({ Bucket: 'other' })],
  ],
}

describe.each(runtimes)('a limited client on %s', (runtime) => {
  let world: World
  const s3 = (accessKeyId: string) => world.s3({ credentials: { accessKeyId, secretAccessKey } })
  const send = (id: string, command: Call): Promise<{ $metadata: { httpStatusCode?: number } }> =>
    s3(id).send(command as never)

  beforeAll(async () => {
    world = await startWorld(runtime, {
      GATEWAY_CONFIG: JSON.stringify({ clients, accessPoints: { 'ap-other': 'other' } }),
    })
    for (const Bucket of ['other', 'shared', 'tenant', 'z-other']) {
      await world.s3().send(new CreateBucketCommand({ Bucket }))
    }
    for (const key of ['team/a', 'teams', 'common/b', 'boss/secret']) {
      await world.oss('shared').put(key, Buffer.from('x'))
    }
    await world.oss('other').put('secret', Buffer.from('secret'))
  })
  afterAll(() => world.stop())
  beforeEach(() => void world.ossRequests())

  const rows = (table: typeof allowed) =>
    Object.entries(table).flatMap(([id, calls]) => calls.map(([name, command]) => ({ id, name, command })))

  test.each(rows(allowed))('$id $name', async ({ id, command }) => {
    expect([200, 204]).toContain((await send(id, command())).$metadata.httpStatusCode)
  })

  test.each(rows(denied))('$id may not $name, and OSS is not asked', async ({ id, command }) => {
    await expect(send(id, command())).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } })
    expect(world.ossRequests()).toEqual([])
  })

  test('a refusal says which limit, and not what is behind it', async () => {
    const read = (Key: string) => s3('team').send(new GetObjectCommand({ Bucket: 'shared', Key }))
    const there = await read('boss/secret').catch((error: Error) => error.message)
    expect(there).toBe('Access Denied: this access key is limited to certain key prefixes')
    expect(await read('boss/nothing').catch((error: Error) => error.message)).toBe(there)
  })

  test.each([
    ['local', ['other', 'shared', 'tenant', 'z-other']],
    ['reader', ['other', 'shared', 'tenant', 'z-other']],
    ['tenant', ['shared', 'tenant']],
    ['named', ['shared', 'tenant', 'z-other']],
    ['team', ['shared']],
    ['nothing', []],
  ])('%s sees its buckets only: %j', async (id, names) => {
    const client = id === 'local' ? world.s3() : s3(id)
    const { Buckets } = await client.send(new ListBucketsCommand())
    expect((Buckets ?? []).map(({ Name }) => Name)).toEqual(names)
  })

  test('its buckets come page by page, for one request to OSS each, and no token names another’s', async () => {
    const names: string[] = []
    let ContinuationToken: string | undefined
    let pages = 0
    do {
      const page = await s3('tenant').send(
        new ListBucketsCommand({ MaxBuckets: 1, ...(ContinuationToken ? { ContinuationToken } : {}) }),
      )
      names.push(...(page.Buckets ?? []).map(({ Name }) => Name ?? ''))
      ContinuationToken = page.ContinuationToken
      if (ContinuationToken) expect(atob(ContinuationToken)).not.toContain('other')
      pages++
    } while (ContinuationToken && pages < 10)
    expect(names).toEqual(['shared', 'tenant'])
    expect(world.ossRequests()).toHaveLength(pages)
  })
})
