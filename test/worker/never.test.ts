import {
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  ListObjectsV2Command,
  type S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bytes, type CopyWorld, PART, startCopyWorld } from '../gateway/copy-world.ts'
import { postForm, signFields } from '../gateway/form.ts'
import { errorOf, send, sign } from '../gateway/wire.ts'
import { ossClient, reservedVersions } from '../reserved.ts'

const UNREACHABLE = 'a key with a . or .. segment cannot be reached from Workers'

describe('what can never be done on Workers is refused with its reason, once, and leaves nothing behind', () => {
  let world: CopyWorld
  let s3: S3Client
  beforeAll(async () => {
    const document = { conditionalWrites: 'lock', copy: { partSize: PART, maxRequests: 11 } }
    world = await startCopyWorld('workerd', {}, { GATEWAY_CONFIG: JSON.stringify(document) })
    s3 = world.s3({ maxAttempts: 4 })
    await world.bucket('far').put('large', bytes(2 * PART, 1))
  })
  afterAll(async () => {
    // Nothing of the gateway or of OSS has failed: it is what was asked for.
    expect(world.printed()).not.toMatch(/request failed.*a \. or \.\. segment/)
    await world.stop()
  })

  /** Where the copy's source is another key than the one that is asked for, once a URL has resolved it. */
  const dotted = ['far/a/../b', 'far/..', 'far/./large']
  const copies: [what: string, source: string, code: string, status: number, message: string][] = [
    ...dotted.map((source): (typeof copies)[number] => [source, source, 'NotImplemented', 501, UNREACHABLE]),
    ['more requests than are allowed', 'far/large', 'InvalidRequest', 400, 'copy.maxRequests'],
  ]

  test.each(copies)('CopyObject of %s', async (_, CopySource, name, httpStatusCode, message) => {
    const copied = s3.send(new CopyObjectCommand({ Bucket: 'target', Key: 'copy', CopySource }))
    await expect(copied).rejects.toMatchObject({
      name,
      message: expect.stringContaining(message),
      $metadata: { httpStatusCode, attempts: 1 },
    })
    expect(await world.see('target', 'copy')).toBeUndefined()
    expect(await world.uploads('copy')).toEqual([])
  })

  test.each(dotted)('UploadPartCopy of %s', async (CopySource) => {
    const upload = { Bucket: 'target', Key: 'parts' }
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(upload))
    const copied = s3.send(new UploadPartCopyCommand({ ...upload, UploadId, PartNumber: 1, CopySource }))
    await expect(copied).rejects.toMatchObject({
      name: 'NotImplemented',
      message: expect.stringContaining(UNREACHABLE),
      $metadata: { httpStatusCode: 501, attempts: 1 },
    })
  })

  test.each(['PUT', 'GET', 'HEAD', 'DELETE'])('%s of such a key, by a path', async (method) => {
    await world.bucket('target').put('b', Buffer.from('b'))
    const { host } = new URL(world.endpoint)
    const asked = sign({ method, target: '/target/a/../b' }, host)
    // The platform has resolved the path: what is left is not what was signed.
    const { status, body } = await send(world.endpoint, asked)
    expect(status).toBe(403)
    if (method !== 'HEAD') expect(errorOf(body, method).Code).toBe('SignatureDoesNotMatch')
    expect((await world.bucket('target').get('b')).content.toString()).toBe('b')
  })

  test.each(['..', 'a/../b', './b'])('a form for the key %s', async (key) => {
    await world.bucket('target').put('b', Buffer.from('b'))
    const { status, body } = await send(
      world.endpoint,
      postForm(signFields({ key }, 'target'), 'x', { target: '/target' }),
    )
    expect([status, errorOf(body, 'POST')]).toEqual([
      501,
      expect.objectContaining({ Code: 'NotImplemented', Message: expect.stringContaining(UNREACHABLE) }),
    ])
    expect((await world.bucket('target').get('b')).content.toString()).toBe('b')
  })

  test('a deletion of such a key under a condition, among others that are deleted', async () => {
    await world.bucket('target').put('b', Buffer.from('b'))
    const Objects = [{ Key: 'a/../b', ETag: '"x"' }, { Key: 'b' }]
    const { Errors, Deleted } = await s3.send(
      new DeleteObjectsCommand({ Bucket: 'target', Delete: { Objects } }),
    )
    expect(Deleted).toEqual([{ Key: 'b' }])
    expect(Errors).toEqual([
      { Key: 'a/../b', Code: 'NotImplemented', Message: expect.stringContaining(UNREACHABLE) },
    ])
    expect(await reservedVersions(world.localOss, 'target')).toEqual([])
  })
})

describe('where such a key is in no path, Workers do what is asked', () => {
  let world: CopyWorld
  const key = 'a/../b'
  beforeAll(async () => {
    world = await startCopyWorld('workerd', {})
    await world.bucket('near').put('b', Buffer.from('another'))
    // ali-oss resolves such paths, too.
    const body = Buffer.from('dotted')
    await ossClient(world.localOss).send({ method: 'PUT', bucket: 'near', key, body })
  })
  afterAll(() => world.stop())

  test('a native copy of it', async () => {
    await world.client.send(
      new CopyObjectCommand({ Bucket: 'target', Key: 'copy', CopySource: `near/${key}` }),
    )
    expect((await world.bucket('target').get('copy')).content.toString()).toBe('dotted')
  })

  test('a list that has it, and one that begins with it', async () => {
    for (const Prefix of [undefined, 'a/..']) {
      const { Contents } = await world.client.send(new ListObjectsV2Command({ Bucket: 'near', Prefix }))
      expect(Contents?.map(({ Key }) => Key)).toContain(key)
    }
  })

  test('a deletion of it among others', async () => {
    const Objects = [{ Key: key }, { Key: 'none' }]
    const { Deleted, Errors } = await world.client.send(
      new DeleteObjectsCommand({ Bucket: 'near', Delete: { Objects } }),
    )
    expect([Deleted?.map(({ Key }) => Key), Errors]).toEqual([[key, 'none'], undefined])
    const { Contents } = await world.client.send(new ListObjectsV2Command({ Bucket: 'near' }))
    expect(Contents?.map(({ Key }) => Key)).toEqual(['b'])
  })
})
