import { Readable } from 'node:stream'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startWorld, type World } from '../harness.ts'
import { postForm, signFields } from './form.ts'
import { send } from './wire.ts'

const MiB = 1024 ** 2
/** More than connections keep: an answer at once comes before its end. */
const large = Buffer.alloc(8 * MiB, 'abcdefg')
/** As OSS answers, but for its CRC. */
const early = { status: 200, body: '', headers: { etag: '"5D41402ABC4B2A76B9719D911017C592"' } }

// Not on workerd: its fetch tells of an answer only when the whole body is out.
describe.each(['node', 'sockets'] as const)(
  'a success that OSS answers before it has the whole body, on %s',
  (setup) => {
    let world: World
    let s3: S3Client
    beforeAll(async () => {
      const GATEWAY_CONFIG = JSON.stringify({ copy: { partSize: 5 * MiB } })
      world = await startWorld(setup, { GATEWAY_CONFIG })
      s3 = world.s3()
      await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
      const CreateBucketConfiguration = { LocationConstraint: 'cn-beijing' as never }
      await s3.send(new CreateBucketCommand({ Bucket: 'far', CreateBucketConfiguration }))
      await world.oss('far', 'cn-beijing').put('whole', large.subarray(0, 5 * MiB))
      await world.oss('far', 'cn-beijing').put('in-parts', large)
    })
    afterAll(() => world.stop())
    afterEach(() => world.localOss.faults.clear())

    const answerEarly = (operation: string, times = 1) =>
      world.localOss.faults.add({ operation, times, action: { kind: 'garbage', ...early } })
    const at = (Key: string) => ({ Bucket: 'bucket', Key })
    const begin = async (Key: string) => {
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand(at(Key)))
      return { ...at(Key), UploadId, PartNumber: 1 }
    }
    const failed = { $metadata: { httpStatusCode: 503 }, name: 'ServiceUnavailable' }
    const nothingIsThere = (key: string) =>
      expect(world.oss('bucket').head(key)).rejects.toMatchObject({ status: 404 })

    test('of an object is none', async () => {
      answerEarly('PutObject')
      const put = () => s3.send(new PutObjectCommand({ ...at('object'), Body: large }))
      await expect(put()).rejects.toMatchObject(failed)
      await nothingIsThere('object')
      await put()
      expect((await world.oss('bucket').get('object')).content.equals(large)).toBe(true)
    })

    test('of an object in chunks is none', async () => {
      answerEarly('PutObject')
      const Body = Readable.from(Array.from({ length: 8 }, () => large.subarray(0, MiB)))
      const put = s3.send(new PutObjectCommand({ ...at('chunks'), Body, ContentLength: large.length }))
      await expect(put).rejects.toMatchObject(failed)
      await nothingIsThere('chunks')
    })

    test('of a form’s file is none', async () => {
      answerEarly('PutObject')
      const form = postForm(signFields({ key: 'form' }, 'bucket'), large)
      const answer = await send(world.endpoint, form)
      expect([answer.status, answer.error.Code]).toEqual([503, 'ServiceUnavailable'])
      await nothingIsThere('form')
    })

    test('of a part is none', async () => {
      answerEarly('UploadPart')
      const part = await begin('part')
      await expect(s3.send(new UploadPartCommand({ ...part, Body: large }))).rejects.toMatchObject(failed)
      const { Parts = [] } = await s3.send(new ListPartsCommand(part))
      expect(Parts).toEqual([])
    })

    test.each([
      ['relayed in one', 'whole', 'PutObject'],
      ['relayed in parts', 'in-parts', 'UploadPart'],
    ])('of a copy that is %s is asked again', async (_, source, operation) => {
      answerEarly(operation)
      const CopySource = `far/${source}`
      await s3.send(new CopyObjectCommand({ ...at(source), CopySource }))
      const copied = (await world.oss('bucket').get(source)).content
      const original = (await world.oss('far', 'cn-beijing').get(source)).content
      expect(copied.equals(original)).toBe(true)
      answerEarly(operation, 100)
      const failing = s3.send(new CopyObjectCommand({ ...at('never'), CopySource }))
      await expect(failing).rejects.toMatchObject({ $metadata: { httpStatusCode: 503 } })
      await nothingIsThere('never')
    })

    test('of a part that is relayed is asked again', async () => {
      const part = await begin('relayed-part')
      const copy = () => s3.send(new UploadPartCopyCommand({ ...part, CopySource: 'far/in-parts' }))
      answerEarly('UploadPart')
      const { CopyPartResult } = await copy()
      expect(CopyPartResult?.ETag).not.toBe(early.headers.etag.toLowerCase())
      answerEarly('UploadPart', 100)
      await expect(copy()).rejects.toMatchObject({ $metadata: { httpStatusCode: 503 } })
    })
  },
)
