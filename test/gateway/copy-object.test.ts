import {
  CopyObjectCommand,
  type CopyObjectCommandInput,
  CreateBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OssBucket, runtimes, startWorld, type World } from '../harness.ts'

const ETAG = '"5d41402abc4b2a76b9719d911017c592"'
const day = 86_400_000

describe.each(runtimes)('CopyObject on %s', (runtime) => {
  let world: World
  let s3: S3Client
  let source: OssBucket
  let destination: OssBucket
  let count = 0

  beforeAll(async () => {
    world = await startWorld(runtime)
    s3 = world.s3()
    for (const Bucket of ['source', 'destination']) await s3.send(new CreateBucketCommand({ Bucket }))
    source = world.oss('source')
    destination = world.oss('destination')
    await source.put('key', Buffer.from('hello'), {
      headers: {
        'Content-Type': 'text/plain',
        'Cache-Control': 'max-age=60',
        'Content-Disposition': 'inline',
        'Content-Encoding': 'identity',
        'Content-Language': 'de',
        Expires: 'Tue, 01 Jan 2030 00:00:00 GMT',
        'x-oss-tagging': 'team=blue',
        'x-oss-object-acl': 'public-read',
      },
      meta: { owner: 'alice' } as never,
    })
    world.ossRequests()
  })
  afterAll(() => world.stop())

  const copy = (input: Partial<CopyObjectCommandInput> = {}) => {
    const Key = input.Key ?? `copy-${count++}`
    const command = new CopyObjectCommand({ Bucket: 'destination', Key, CopySource: 'source/key', ...input })
    return s3.send(command).then((answer) => ({ ...answer, Key }))
  }
  const headersOf = async (bucket: OssBucket, key: string) =>
    (await bucket.head(key)).res.headers as unknown as Record<string, string>

  test('costs one OSS request', async () => {
    world.ossRequests()
    const answer = await copy()
    expect(answer.CopyObjectResult?.ETag).toBe(ETAG)
    expect(Math.abs(Date.now() - (answer.CopyObjectResult?.LastModified?.getTime() ?? 0))).toBeLessThan(day)
    expect(world.ossRequests()).toEqual(['CopyObject'])
  })

  test('carries content headers, metadata and tags over, and resets the ACL to private', async () => {
    const { Key } = await copy({ ContentType: 'guessed/by-the-cli', Metadata: { ignored: 'yes' } })
    expect(await headersOf(destination, Key)).toMatchObject({
      'content-type': 'text/plain',
      'cache-control': 'max-age=60',
      'content-disposition': 'inline',
      'content-encoding': 'identity',
      'content-language': 'de',
      expires: 'Tue, 01 Jan 2030 00:00:00 GMT',
      'x-oss-meta-owner': 'alice',
    })
    expect(await headersOf(destination, Key)).not.toHaveProperty('x-oss-meta-ignored')
    expect((await destination.getObjectTagging(Key)).tag).toEqual({ team: 'blue' })
    expect((await destination.getACL(Key)).acl).toBe('private')
  })

  test('REPLACE keeps nothing but what the request says; tags have a directive of their own', async () => {
    const { Key } = await copy({ MetadataDirective: 'REPLACE', Metadata: { new: 'yes' } })
    const headers = await headersOf(destination, Key)
    expect(headers).toMatchObject({ 'content-type': 'binary/octet-stream', 'x-oss-meta-new': 'yes' })
    for (const name of [
      'cache-control',
      'content-disposition',
      'content-language',
      'expires',
      'x-oss-meta-owner',
    ]) {
      expect(headers).not.toHaveProperty(name)
    }
    expect((await destination.getObjectTagging(Key)).tag).toEqual({ team: 'blue' })
    const replaced = await copy({ TaggingDirective: 'REPLACE', Tagging: 'a=1&b=x+y' })
    expect((await destination.getObjectTagging(replaced.Key)).tag).toEqual({ a: '1', b: 'x y' })
    const cleared = await copy({ TaggingDirective: 'REPLACE' })
    expect((await destination.getObjectTagging(cleared.Key)).tag).toEqual({})
  })

  test('the storage class, the ACL and the encryption are the request’s', async () => {
    const { Key, ServerSideEncryption } = await copy({
      StorageClass: 'STANDARD_IA',
      ACL: 'public-read',
      ServerSideEncryption: 'AES256',
    })
    expect(ServerSideEncryption).toBe('AES256')
    expect(await headersOf(destination, Key)).toMatchObject({
      'x-oss-storage-class': 'IA',
      'x-oss-server-side-encryption': 'AES256',
    })
    expect((await destination.getACL(Key)).acl).toBe('public-read')
    const head = await s3.send(new HeadObjectCommand({ Bucket: 'destination', Key }))
    expect(head).toMatchObject({
      StorageClass: 'STANDARD_IA',
      ServerSideEncryption: 'AES256',
      Metadata: { owner: 'alice' },
    })
  })

  describe('a condition that fails is 412, never 304', () => {
    const past = new Date(Date.now() - day)
    test.each([
      [{ CopySourceIfMatch: '"0"' }, 'If-Match'],
      [{ CopySourceIfUnmodifiedSince: past }, 'If-Unmodified-Since'],
      [{ CopySourceIfNoneMatch: ETAG }, 'If-None-Match'],
      [{ CopySourceIfNoneMatch: '*' }, 'If-None-Match'],
      [{ CopySourceIfNoneMatch: ETAG, CopySourceIfModifiedSince: past }, 'If-None-Match'],
      [{ CopySourceIfMatch: '"0"', CopySourceIfUnmodifiedSince: new Date(Date.now() + day) }, 'If-Match'],
    ])('%j', async (conditions, condition) => {
      const Key = `failed-${count++}`
      await expect(copy({ Key, ...conditions })).rejects.toMatchObject({
        name: 'PreconditionFailed',
        Condition: `x-amz-copy-source-${condition}`,
        $metadata: { httpStatusCode: 412 },
      })
      await expect(destination.head(Key)).rejects.toMatchObject({ status: 404 })
    })

    test('If-Modified-Since at the very second of the change', async () => {
      const { res } = await source.head('key')
      const CopySourceIfModifiedSince = new Date(
        (res.headers as Record<string, string>)['last-modified'] ?? '',
      )
      await expect(copy({ CopySourceIfModifiedSince })).rejects.toMatchObject({
        Condition: 'x-amz-copy-source-If-Modified-Since',
      })
    })

    test.each([
      [{ CopySourceIfMatch: ETAG, CopySourceIfUnmodifiedSince: past }],
      [{ CopySourceIfMatch: ETAG.replaceAll('"', '') }],
      [{ CopySourceIfMatch: ETAG.toUpperCase() }],
      [{ CopySourceIfMatch: '*' }],
      [{ CopySourceIfNoneMatch: '"0"', CopySourceIfModifiedSince: new Date() }],
      [{ CopySourceIfModifiedSince: past }],
    ])('%j holds', async (conditions) => {
      expect((await copy(conditions)).CopyObjectResult?.ETag).toBe(ETAG)
    })
  })

  describe('onto itself', () => {
    const self = { Bucket: 'destination', Key: 'self', CopySource: 'destination/self' }
    const reset = () =>
      s3.send(
        new PutObjectCommand({
          Bucket: 'destination',
          Key: 'self',
          Body: 'hello',
          ContentType: 'text/plain',
          CacheControl: 'max-age=1',
          ContentLanguage: 'fr',
          Expires: new Date(Date.UTC(2031, 0)),
          Metadata: { my_key: 'kept', plain: 'too' },
          Tagging: 'team=red',
        }),
      )

    test.each([
      [{}],
      [{ ACL: 'public-read' } as const],
      [{ TaggingDirective: 'REPLACE', Tagging: 'a=b' } as const],
      [{ MetadataDirective: 'COPY', Metadata: { a: 'b' } } as const],
    ])('%j is illegal', async (input) => {
      await reset()
      world.ossRequests()
      await expect(copy({ ...self, ...input })).rejects.toMatchObject({
        name: 'InvalidRequest',
        message:
          "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
      })
      expect(world.ossRequests()).not.toContain('CopyObject')
    })

    test.each([
      [{ StorageClass: 'STANDARD_IA' } as const],
      [{ ServerSideEncryption: 'AES256' } as const],
      [{ StorageClass: 'STANDARD' } as const],
    ])('with %j nothing else is lost', async (input) => {
      await reset()
      await copy({ ...self, ...input })
      expect(await s3.send(new HeadObjectCommand({ Bucket: 'destination', Key: 'self' }))).toMatchObject({
        ContentType: 'text/plain',
        CacheControl: 'max-age=1',
        ContentLanguage: 'fr',
        ExpiresString: 'Wed, 01 Jan 2031 00:00:00 GMT',
        Metadata: { my_key: 'kept', plain: 'too' },
        // S3 leaves STANDARD unsaid.
        ...('StorageClass' in input && input.StorageClass === 'STANDARD' ? {} : input),
      })
      expect((await destination.getObjectTagging('self')).tag).toEqual({ team: 'red' })
      expect((await destination.get('self')).content.toString()).toBe('hello')
    })

    test('with REPLACE the metadata is the request’s, the tags stay', async () => {
      await reset()
      await copy({ ...self, MetadataDirective: 'REPLACE', Metadata: { touched: 'now' }, ContentType: 'a/b' })
      const headers = await headersOf(destination, 'self')
      expect(headers).toMatchObject({ 'content-type': 'a/b', 'x-oss-meta-touched': 'now' })
      expect(headers).not.toHaveProperty('cache-control')
      expect((await destination.getObjectTagging('self')).tag).toEqual({ team: 'red' })
    })
  })

  describe('in a bucket with versions', () => {
    let bucket: OssBucket
    beforeAll(async () => {
      await s3.send(new CreateBucketCommand({ Bucket: 'versioned' }))
      bucket = world.oss('versioned')
      await bucket.putBucketVersioning('versioned', 'Enabled')
    })

    test('an older version comes back by a copy onto itself, and both versions are named', async () => {
      const first = await s3.send(new PutObjectCommand({ Bucket: 'versioned', Key: 'doc', Body: 'one' }))
      await s3.send(new PutObjectCommand({ Bucket: 'versioned', Key: 'doc', Body: 'two' }))
      const answer = await copy({
        Bucket: 'versioned',
        Key: 'doc',
        CopySource: `versioned/doc?versionId=${first.VersionId}`,
      })
      expect(answer.CopySourceVersionId).toBe(first.VersionId)
      expect(answer.VersionId).not.toBe(first.VersionId)
      expect((await bucket.get('doc')).content.toString()).toBe('one')
    })

    test('If-None-Match: * spares what is there, although OSS by itself would overwrite it', async () => {
      await expect(copy({ Bucket: 'versioned', Key: 'doc', IfNoneMatch: '*' })).rejects.toMatchObject({
        name: 'PreconditionFailed',
        Condition: 'If-None-Match',
      })
    })

    test('a version that is not there is NoSuchVersion', async () => {
      await expect(copy({ CopySource: 'versioned/doc?versionId=nope' })).rejects.toMatchObject({
        $metadata: { httpStatusCode: expect.toSatisfy((status: number) => status === 404 || status === 400) },
      })
    })

    test('a delete marker is no source', async () => {
      await bucket.delete('doc')
      await expect(copy({ CopySource: 'versioned/doc' })).rejects.toMatchObject({ name: 'NoSuchKey' })
    })
  })

  test('If-None-Match: * copies to a new key and spares an existing one', async () => {
    const { Key } = await copy({ IfNoneMatch: '*' })
    await expect(copy({ Key, IfNoneMatch: '*' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
      Condition: 'If-None-Match',
    })
  })

  test('what is not there is named', async () => {
    await expect(copy({ CopySource: 'source/nothing' })).rejects.toMatchObject({
      name: 'NoSuchKey',
      Key: 'nothing',
    })
    await expect(copy({ CopySource: 'no-such-bucket/key' })).rejects.toMatchObject({
      name: 'NoSuchBucket',
      BucketName: 'no-such-bucket',
      message: 'The specified bucket does not exist',
    })
    await expect(copy({ Bucket: 'no-such-bucket' })).rejects.toMatchObject({
      name: 'NoSuchBucket',
      BucketName: 'no-such-bucket',
    })
  })

  test('a bucket in another region than the gateway’s is found there', async () => {
    const there = {
      Bucket: `beijing-${runtime}`,
      CreateBucketConfiguration: { LocationConstraint: 'cn-beijing' as never },
    }
    await s3.send(new CreateBucketCommand(there))
    await s3.send(new PutObjectCommand({ Bucket: there.Bucket, Key: 'a', Body: 'hello' }))
    const answer = await copy({ Bucket: there.Bucket, Key: 'b', CopySource: `${there.Bucket}/a` })
    expect(answer.CopyObjectResult?.ETag).toBe(ETAG)
  })
})
