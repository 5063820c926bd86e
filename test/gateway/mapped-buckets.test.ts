import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  GetBucketLoggingCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutBucketLoggingCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { runtimes } from '../harness.ts'
import { type MappedWorld, PREFIX, startMappedWorld } from './mapped-world.ts'
import { readBucketText, writeBucket } from './raw-oss.ts'
import { presign, send, sign } from './wire.ts'

const PART = 1024 * 1024

describe.each(runtimes)('buckets by other names on %s', (runtime) => {
  let world: MappedWorld
  let s3: S3Client
  beforeAll(async () => {
    world = await startMappedWorld(runtime, { copy: { partSize: String(PART) } })
    s3 = world.s3()
  })
  afterAll(() => world.stop())
  const put = (Bucket: string, Key: string, Body: string | Uint8Array = 'x', more = {}) =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }))
  const read = async (Bucket: string, Key: string) =>
    (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString()
  const keysOf = async (bucket: string, prefix = '') =>
    ((await world.oss(bucket).listV2({ prefix, 'max-keys': '1000' }, {})).objects ?? []).map(
      ({ name }) => name,
    )

  describe('lists', () => {
    test('of a part leave out the key that is its prefix, and what begins like it', async () => {
      const oss = world.oss('whole')
      const keys = ['', 'listed/1', 'listed/2', '.s3-oss-gateway/hidden', 'z']
      for (const key of keys) await oss.put(PREFIX + key, Buffer.from('x'))
      for (const key of ['team a/ü', 'team a/ü0', 'team a/üz/x']) await oss.put(key, Buffer.from('x'))
      const found: (string | undefined)[] = []
      let ContinuationToken: string | undefined
      do {
        const page = await s3.send(
          new ListObjectsV2Command({ Bucket: 'part', MaxKeys: 1, ContinuationToken, Delimiter: '/' }),
        )
        found.push(...(page.Contents ?? []).map(({ Key }) => Key))
        found.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix))
        expect(page.KeyCount).toBe(1)
        ContinuationToken = page.NextContinuationToken
      } while (ContinuationToken !== undefined)
      expect(found).toEqual(['listed/', 'z'])
      world.ossRequests()
      await s3.send(new ListObjectsV2Command({ Bucket: 'part' }))
      expect(world.ossRequests(), 'a list is one call').toHaveLength(1)
    })

    test('take no continuation token of another bucket, nor one that was changed', async () => {
      for (const key of ['t/1', 't/2']) await put('part', key)
      for (const key of ['t/1', 't/2']) await put('far-part', key)
      const page = await s3.send(new ListObjectsV2Command({ Bucket: 'part', MaxKeys: 1, Prefix: 't/' }))
      const token = page.NextContinuationToken as string
      const ofOss = (await world.oss('whole').listV2({ prefix: PREFIX, 'max-keys': '1' }, {}))
        .nextContinuationToken as string
      const changed = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`
      for (const [Bucket, ContinuationToken] of [
        ['far-part', token],
        ['part', changed],
        ['part', ofOss],
        ['part', 'x'],
      ] as const)
        await expect(s3.send(new ListObjectsV2Command({ Bucket, ContinuationToken }))).rejects.toMatchObject({
          name: 'InvalidArgument',
        })
    })
  })

  describe('ListBuckets', () => {
    const list = async (client: S3Client, more = {}) => {
      const { Buckets = [], ContinuationToken } = await client.send(new ListBucketsCommand(more))
      return { names: Buckets.map(({ Name }) => Name), Buckets, ContinuationToken }
    }

    test.each([
      ['local', ['alias', 'far', 'far-part', 'part', 'whole']],
      ['there', ['alias', 'far', 'far-part', 'far-whole', 'part']],
      ['guest', ['far', 'part']],
      ['reader', ['part']],
    ])('shows %s the buckets of its upstream, and the names that it may use', async (key, names) => {
      const client = key === 'local' ? s3 : world.client(key)
      expect((await list(client)).names).toEqual(names)
      const paged: (string | undefined)[] = []
      for (let ContinuationToken: string | undefined; ; ) {
        const page = await list(client, { MaxBuckets: 1, ContinuationToken })
        paged.push(...page.names)
        ContinuationToken = page.ContinuationToken
        if (ContinuationToken === undefined) break
      }
      expect(paged).toEqual(names)
      expect((await list(client, { Prefix: 'far' })).names).toEqual(
        names.filter((name) => name.startsWith('far')),
      )
      expect((await list(client, { BucketRegion: 'cn-beijing' })).names).toEqual([])
    })

    test('dates names by the buckets that they stand for', async () => {
      const { Buckets } = await list(s3)
      const dates = Object.fromEntries(
        Buckets.map(({ Name, CreationDate }) => [Name, CreationDate?.getTime()]),
      )
      expect(dates.part).toBe(dates.whole)
      expect(dates.far).toBe(dates['far-part'])
      expect(dates.far).toBeGreaterThan(0)
    })
  })

  describe('CreateBucket', () => {
    test.each(['part', 'alias', 'far'])('says of %s that it is there', async (Bucket) => {
      await expect(s3.send(new CreateBucketCommand({ Bucket }))).rejects.toMatchObject({
        name: 'BucketAlreadyOwnedByYou',
        BucketName: Bucket,
      })
    })

    test('makes a bucket where the buckets of its client are', async () => {
      await world.client('there').send(new CreateBucketCommand({ Bucket: 'made-there' }))
      const { buckets } = (await world.ossOfSecond().listBuckets({ prefix: 'made-there' })) as unknown as {
        buckets: object[]
      }
      expect(buckets).toHaveLength(1)
      await world.client('there').send(new DeleteBucketCommand({ Bucket: 'made-there' }))
    })
  })

  describe('documents that name the bucket', () => {
    test('name it as the client does, and in OSS as OSS does', async () => {
      const policy = (name: string) => ({
        Statement: [
          { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${name}/a/*` },
        ],
      })
      await s3.send(new PutBucketPolicyCommand({ Bucket: 'alias', Policy: JSON.stringify(policy('alias')) }))
      expect(await readBucketText(world.oss('whole'), 'whole', 'policy')).toContain('acs:oss:*:*:whole/a/*')
      for (const name of ['alias', 'whole']) {
        const { Policy = '' } = await s3.send(new GetBucketPolicyCommand({ Bucket: name }))
        expect(JSON.parse(Policy).Statement[0].Resource).toEqual([`arn:aws:s3:::${name}/a/*`])
      }
      await expect(
        s3.send(new PutBucketPolicyCommand({ Bucket: 'alias', Policy: JSON.stringify(policy('whole')) })),
      ).rejects.toMatchObject({ name: 'MalformedPolicy' })
    })

    /** Where OSS sends the logs of a bucket, and what clients are told of that. */
    const targets: [from: string, to: string, told: string | undefined][] = [
      ['whole', 'whole', 'whole'],
      ['alias', 'whole', 'whole'],
      ['far', 'far-whole', 'far'],
      ['far', 'far-other', undefined],
    ]
    test.each(targets)(
      'of %s, whose logs go to %s of OSS, tell a name that clients have',
      async (from, to, told) => {
        const [oss, bucket] =
          from === 'far' ? [world.ossOfSecond(), 'far-whole'] : ([world.oss(), 'whole'] as const)
        await oss.putBucket(to)
        const target = `<TargetBucket>${to}</TargetBucket><TargetPrefix>logs/</TargetPrefix>`
        const logging = (enabled: string) =>
          writeBucket(oss, bucket, 'logging', `<BucketLoggingStatus>${enabled}</BucketLoggingStatus>`)
        await logging(`<LoggingEnabled>${target}</LoggingEnabled>`)
        const asked = s3.send(new GetBucketLoggingCommand({ Bucket: from }))
        if (told === undefined)
          await expect(asked).rejects.toMatchObject({
            name: 'AccessDenied',
            message: expect.not.stringContaining(to),
          })
        else expect((await asked).LoggingEnabled).toEqual({ TargetBucket: told, TargetPrefix: 'logs/' })
        await logging('')
        if (to === 'far-other') await oss.deleteBucket(to)
      },
    )

    test.each(['alias', 'part', 'far'])(
      'send no logs to %s, which OSS knows by another name',
      async (TargetBucket) => {
        const BucketLoggingStatus = { LoggingEnabled: { TargetBucket, TargetPrefix: '' } }
        await expect(
          s3.send(new PutBucketLoggingCommand({ Bucket: 'whole', BucketLoggingStatus })),
        ).rejects.toMatchObject({ name: 'InvalidTargetBucketForLogging' })
      },
    )
  })

  describe('two accounts', () => {
    test('each client meets its own, by one name as by the other', async () => {
      await put('far', 'theirs', 'there')
      await put('far-part', 'below', 'there')
      const there = world.client('there')
      const object = await there.send(new GetObjectCommand({ Bucket: 'far-whole', Key: `${PREFIX}below` }))
      expect(await object.Body?.transformToString()).toBe('there')
      expect((await world.ossOfSecond('far-whole').get('theirs')).content.toString()).toBe('there')
      await expect(
        s3.send(new GetObjectCommand({ Bucket: 'far-whole', Key: 'theirs' })),
      ).rejects.toMatchObject({
        name: 'AccessDenied',
      })
      await expect(there.send(new GetObjectCommand({ Bucket: 'whole', Key: 'x' }))).rejects.toThrow()
    })
  })

  describe('copies between accounts', () => {
    const bytes = Buffer.from(Array.from({ length: 5 * PART + 5 }, (_, i) => i % 251))
    beforeAll(() =>
      put('part', 'source', bytes, {
        ContentType: 'text/x-source',
        Metadata: { own: 'kept' },
        Tagging: 'a=b',
        CacheControl: 'no-store',
      }),
    )
    beforeEach(() => void world.ossRequests())

    const copy = (Key: string, more = {}) =>
      s3.send(new CopyObjectCommand({ Bucket: 'far-part', Key, CopySource: 'part/source', ...more }))

    test('go through the gateway, with all that belongs to the object', async () => {
      await copy('copied')
      expect(world.ossRequests()).not.toContain('CopyObject')
      const object = await s3.send(new GetObjectCommand({ Bucket: 'far-part', Key: 'copied' }))
      expect(bytes.equals((await object.Body?.transformToByteArray()) ?? Buffer.alloc(0))).toBe(true)
      expect(object).toMatchObject({
        ContentType: 'text/x-source',
        CacheControl: 'no-store',
        Metadata: { own: 'kept' },
        TagCount: 1,
      })
      await put('part', 'empty', '')
      await copy('empty', { CopySource: 'part/empty', MetadataDirective: 'REPLACE', ContentType: 'text/new' })
      expect(await s3.send(new HeadObjectCommand({ Bucket: 'far-part', Key: 'empty' }))).toMatchObject({
        ContentLength: 0,
        ContentType: 'text/new',
      })
    })

    test('hold the conditions on their source, and name it as the client does', async () => {
      const refused = copy('conditional', { CopySourceIfMatch: '"0"' })
      await expect(refused).rejects.toMatchObject({ name: 'PreconditionFailed' })
      const { ETag } = await s3.send(new HeadObjectCommand({ Bucket: 'part', Key: 'source' }))
      await copy('conditional', { CopySourceIfMatch: ETag, ChecksumAlgorithm: 'SHA256' })
      await expect(copy('none', { CopySource: 'part/none' })).rejects.toMatchObject({
        name: 'NoSuchKey',
        Key: 'none',
      })
      await expect(copy('none', { CopySource: 'part/../source' })).rejects.toThrow()
    })

    test('hold the conditions on what they write', async () => {
      await copy('once', { IfNoneMatch: '*' })
      await expect(copy('once', { IfNoneMatch: '*' })).rejects.toMatchObject({ name: 'PreconditionFailed' })
    })

    test('are parts of uploads, too', async () => {
      const at = { Bucket: 'far-part', Key: 'of parts' }
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand(at))
      const part = (PartNumber: number, CopySourceRange?: string) =>
        s3.send(
          new UploadPartCopyCommand({
            ...at,
            UploadId,
            PartNumber,
            CopySource: 'part/source',
            CopySourceRange,
          }),
        )
      const parts = [await part(1), await part(2, 'bytes=0-9')]
      expect(world.ossRequests()).not.toContain('UploadPartCopy')
      const Parts = parts.map(({ CopyPartResult }, i) => ({ PartNumber: i + 1, ETag: CopyPartResult?.ETag }))
      await s3.send(new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts } }))
      const object = await s3.send(new GetObjectCommand(at))
      const copied = Buffer.from((await object.Body?.transformToByteArray()) ?? [])
      expect(copied.equals(Buffer.concat([bytes, bytes.subarray(0, 10)]))).toBe(true)
    })

    test('of a version copy that one', async () => {
      await world.oss().putBucketVersioning('whole', 'Enabled')
      const { VersionId } = await put('part', 'versioned', 'first')
      await put('part', 'versioned', 'second')
      await copy('versioned', { CopySource: `part/versioned?versionId=${VersionId}` })
      expect(await read('far-part', 'versioned')).toBe('first')
    })
  })

  describe('conditional writes by several names of an object', () => {
    beforeAll(async () => {
      await s3.send(
        new PutBucketVersioningCommand({ Bucket: 'alias', VersioningConfiguration: { Status: 'Enabled' } }),
      )
    })

    test('exclude each other: one of those that want nothing there succeeds', async () => {
      const names = [
        ['part', 'raced'],
        ['alias', `${PREFIX}raced`],
        ['whole', `${PREFIX}raced`],
      ] as const
      for (let round = 0; round < 3; round++) {
        const writes = Array.from({ length: 6 }, (_, i) => names[i % 3] as (typeof names)[number])
        const results = await Promise.allSettled(
          writes.map(([bucket, key], i) => put(bucket, `${key}${round}`, String(i), { IfNoneMatch: '*' })),
        )
        expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      }
    })

    test('lose no update', async () => {
      const names = [
        ['part', 'counter'],
        ['alias', `${PREFIX}counter`],
      ] as const
      await put('part', 'counter', '0')
      const increment = async ([Bucket, Key]: (typeof names)[number]): Promise<void> => {
        for (;;) {
          const object = await s3.send(new GetObjectCommand({ Bucket, Key }))
          const next = String(Number(await object.Body?.transformToString()) + 1)
          try {
            await put(Bucket, Key, next, { IfMatch: object.ETag })
            return
          } catch (error) {
            const again = ['PreconditionFailed', 'ConditionalRequestConflict', 'SlowDown']
            if (!again.includes((error as Error).name)) throw error
          }
        }
      }
      await Promise.all([...names, ...names, ...names].map(increment))
      expect(await read('alias', `${PREFIX}counter`)).toBe('6')
    })
  })

  describe('nothing outside of a part', () => {
    const outside = [
      'outside',
      'team a/outside',
      'team a/ü',
      'team a/üoutside',
      '.s3-oss-gateway/parts/outside',
    ]
    const SECRET = 'the secret of others'
    let upload: string
    let version: string
    beforeAll(async () => {
      const oss = world.oss('whole')
      for (const key of outside) await oss.put(key, Buffer.from(SECRET))
      upload = (await oss.initMultipartUpload('outside')).uploadId
      const { res } = await oss.head('outside')
      version = (res.headers as Record<string, string>)['x-oss-version-id'] as string
      await put('part', 'inside', 'inside')
    })

    const guest = { accessKeyId: 'guest', secretAccessKey: 'guest-secret' }
    const ask = (method: string, target: string, headers = {}, body = '') =>
      send(world.endpoint, sign({ method, target, headers, body }, new URL(world.endpoint).host, guest))
    const ways = [
      '../outside',
      '..%2F..%2Foutside',
      './../outside',
      '%2e%2e/outside',
      '..',
      '../../outside',
      '..%5Coutside',
      '%00/outside',
    ]
    const removed = (key: string) => `<Delete><Object><Key>${key}</Key></Object></Delete>`
    const reading: [string, string, object?][] = [
      ...ways.map((way): [string, string] => ['GET', `/part/${way}`]),
      ...ways.map((way): [string, string] => ['HEAD', `/part/${way}`]),
      ['GET', '/part//outside'],
      ['GET', '/whole/outside'],
      ['GET', '/alias/outside'],
      ['GET', '/far-whole/theirs'],
      ['GET', '/part/../alias/outside'],
      ['GET', '/part/%2e%2e/alias/outside'],
      ['GET', '/part?prefix=..%2F'],
      ['GET', '/part?prefix=%2F'],
      ['GET', '/part?prefix=team+a%2F'],
      ['GET', '/part?marker=&prefix='],
      ['GET', '/part?marker=..%2F'],
      ['GET', '/part?marker=A&delimiter=team'],
      ['GET', '/part?delimiter=%C3%BC'],
      ['GET', '/part?list-type=2&start-after=..%2F..%2F'],
      ['GET', '/part?list-type=2&continuation-token=b3V0c2lkZQ'],
      ['GET', '/part?versions&key-marker=..%2F'],
      ['GET', '/part?uploads&key-marker=a'],
      ['GET', '/part?uploads&prefix=..%2F'],
      ['GET', '/part/.s3-oss-gateway/parts/outside'],
      ['GET', '/part?prefix=.s3-oss-gateway%2F'],
      ['PUT', '/part/stolen', { 'x-amz-copy-source': '/whole/outside' }],
      ['PUT', '/part/stolen', { 'x-amz-copy-source': '/alias/outside' }],
      ['PUT', '/part/stolen', { 'x-amz-copy-source': '/part/../outside' }],
      ['PUT', '/part/stolen', { 'x-amz-copy-source': '/part/..%2F..%2Foutside' }],
      ['PUT', '/part/stolen', { 'x-amz-copy-source': 'part%2F%2Foutside' }],
      ['PUT', '/part/stolen', { 'x-amz-copy-source': '/far-whole/theirs' }],
    ]

    test.each(reading)('is read by %s %s %j', async (method, target, headers = {}) => {
      const { status, body } = await ask(method, target, headers)
      expect(body.toString()).not.toMatch(/the secret|<Key>(?:outside|team|a)/)
      expect(status).toBeLessThan(502)
      await expect(read('part', 'stolen')).rejects.toMatchObject({ name: 'NoSuchKey' })
    })

    const versioned = (name: string) => () => `${name}?versionId=${version}`
    const ofUpload =
      (name: string, more = '') =>
      () =>
        `${name}?${more}uploadId=${upload}`
    const writing: [string, string, () => string, object?, string?][] = [
      ...ways.map((way): [string, string, () => string] => ['PUT', way, () => `/part/${way}`]),
      ...ways.map((way): [string, string, () => string] => ['DELETE', way, () => `/part/${way}`]),
      ['DELETE', 'a version of another key', versioned('/part/outside')],
      ['DELETE', 'a version of its own name', versioned('/part/inside')],
      ['DELETE', 'the whole', () => '/whole/outside'],
      ['DELETE', 'another upload', ofUpload('/part/outside')],
      ['DELETE', 'another upload by a name within', ofUpload('/part/inside')],
      ['PUT', 'a part of another upload', ofUpload('/part/outside', 'partNumber=1&'), {}, 'x'],
      ['GET', 'the parts of another upload', ofUpload('/part/outside')],
      ...[...ways.slice(0, 1), 'outside', '/outside', '.s3-oss-gateway/parts/outside'].map(
        (key): [string, string, () => string, object, string] => [
          'POST',
          `DeleteObjects of ${key}`,
          () => '/part?delete',
          {},
          removed(key),
        ],
      ),
      ['POST', 'DeleteObjects of nothing', () => '/part?delete', {}, removed('')],
    ]

    test.each(writing)('is written by %s of %s', async (method, _, target, headers = {}, body = '') => {
      await ask(method, target(), headers, body)
      const oss = world.oss('whole')
      for (const key of outside) expect((await oss.get(key)).content.toString()).toBe(SECRET)
      const { uploads } = await oss.listUploads({ prefix: 'outside', 'max-uploads': 10 })
      expect(uploads?.map(({ uploadId }) => uploadId)).toEqual([upload])
      expect(await read('part', 'inside')).toBe('inside')
    })

    test('is deleted with the key that is the prefix', async () => {
      await world.oss('whole').put(PREFIX, Buffer.from('folder'))
      await ask('POST', '/part?delete', {}, removed(''))
      await ask('DELETE', '/part/')
      await ask('PUT', '/part/', {}, 'x')
      expect((await world.oss('whole').get(PREFIX)).content.toString()).toBe('folder')
    })

    test('is read by who may read below a prefix of the part', async () => {
      await put('part', 'docs/a', 'readable')
      await world.oss('whole').put('docs/a', Buffer.from(SECRET))
      const reader = world.client('reader')
      const { Body } = await reader.send(new GetObjectCommand({ Bucket: 'part', Key: 'docs/a' }))
      expect(await Body?.transformToString()).toBe('readable')
      for (const at of [
        { Bucket: 'part', Key: 'inside' },
        { Bucket: 'whole', Key: 'docs/a' },
        { Bucket: 'alias', Key: 'docs/a' },
      ])
        await expect(reader.send(new GetObjectCommand(at))).rejects.toMatchObject({ name: 'AccessDenied' })
      await expect(
        reader.send(new PutObjectCommand({ Bucket: 'part', Key: 'docs/a', Body: 'x' })),
      ).rejects.toMatchObject({ name: 'AccessDenied' })
    })

    test('is named by a presigned URL', async () => {
      const { host } = new URL(world.endpoint)
      const request = presign({ method: 'GET', target: '/part/inside' }, host, guest)
      expect((await send(world.endpoint, request)).body.toString()).toBe('inside')
      const changed = { ...request, target: request.target.replace('/part/', '/part/../') }
      expect((await send(world.endpoint, changed)).status).toBe(403)
    })

    test('is deleted with several keys at once', async () => {
      for (const key of ['d/1', 'd/2']) await put('part', key)
      const { Deleted, Errors } = await world.client('guest').send(
        new DeleteObjectsCommand({
          Bucket: 'part',
          Delete: { Objects: [{ Key: 'd/1' }, { Key: 'd/2' }, { Key: '.s3-oss-gateway/k' }] },
        }),
      )
      expect(Deleted?.map(({ Key }) => Key)).toEqual(['d/1', 'd/2'])
      expect(Errors).toMatchObject([{ Key: '.s3-oss-gateway/k', Code: 'AccessDenied' }])
      expect((await keysOf('whole', `${PREFIX}d/`)).length).toBe(0)
    })
  })

  test('uploads in parts keep what is known of them in the bucket itself, and by all of its names', async () => {
    const at = { Bucket: 'part', Key: 'in parts' }
    const { UploadId, Bucket, Key } = await s3.send(new CreateMultipartUploadCommand(at))
    expect([Bucket, Key]).toEqual(['part', 'in parts'])
    const pieces = [Buffer.alloc(5 * 1024 * 1024, 'a'), Buffer.from('b')]
    const Parts: { PartNumber: number; ETag: string | undefined }[] = []
    for (const [i, Body] of pieces.entries()) {
      const { ETag } = await s3.send(new UploadPartCommand({ ...at, UploadId, PartNumber: i + 1, Body }))
      Parts.push({ PartNumber: i + 1, ETag })
    }
    await s3.send(new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts } }))
    for (const [Bucket, Key] of [
      ['part', 'in parts'],
      ['alias', `${PREFIX}in parts`],
      ['whole', `${PREFIX}in parts`],
    ]) {
      const second = await s3.send(new GetObjectCommand({ Bucket, Key, PartNumber: 2 }))
      expect([await second.Body?.transformToString(), second.PartsCount]).toEqual(['b', 2])
    }
    expect(
      (await keysOf('whole', '.s3-oss-gateway/parts/')).some((key) => key.endsWith(`${PREFIX}in parts`)),
    ).toBe(true)
  })
})

describe.each(runtimes)('with copy.crossUpstream: reject on %s', (runtime) => {
  test('nothing is copied from one account to the other', async () => {
    const world = await startMappedWorld(runtime, { copy: { crossUpstream: 'reject' } })
    try {
      const s3 = world.s3()
      await s3.send(new PutObjectCommand({ Bucket: 'part', Key: 'k', Body: 'x' }))
      const at = { Bucket: 'far-part', Key: 'k', CopySource: 'part/k' }
      const message = expect.stringMatching(/copy\.crossUpstream is reject/)
      await expect(s3.send(new CopyObjectCommand(at))).rejects.toMatchObject({
        name: 'AccessDenied',
        message,
      })
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand(at))
      await expect(
        s3.send(new UploadPartCopyCommand({ ...at, UploadId, PartNumber: 1 })),
      ).rejects.toMatchObject({ name: 'AccessDenied', message })
      await s3.send(new CopyObjectCommand({ ...at, Bucket: 'alias' }))
    } finally {
      await world.stop()
    }
  })
})
