import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCopyCommand,
  type UploadPartCopyCommandInput,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runtimes, startWorld, type World } from '../harness.ts'

const MiB = 1024 ** 2
const bytes = Buffer.alloc(6 * MiB, 'abcdefghij')

describe.each(runtimes)('a part whose source OSS will not copy, on %s', (runtime) => {
  let world: World
  let s3: S3Client
  beforeAll(async () => {
    world = await startWorld(runtime)
    s3 = world.s3()
    await s3.send(new CreateBucketCommand({ Bucket: 'target' }))
    await s3.send(
      new CreateBucketCommand({
        Bucket: 'beijing',
        CreateBucketConfiguration: { LocationConstraint: 'cn-beijing' as never },
      }),
    )
    await s3.send(new PutObjectCommand({ Bucket: 'beijing', Key: 'source', Body: bytes }))
    await world.oss('target').append('log', bytes.subarray(0, 5 * MiB))
    await world.oss('target').put('plain', bytes)
    await world.oss('target').putSymlink('link', 'plain', { headers: {} } as never)
  })
  afterAll(() => world.stop())

  async function copyPart(input: Partial<UploadPartCopyCommandInput>) {
    const address = { Bucket: 'target', Key: 'copy' }
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(address))
    const part = await s3.send(
      new UploadPartCopyCommand({
        ...address,
        UploadId,
        PartNumber: 1,
        CopySource: 'beijing/source',
        ...input,
      }),
    )
    const Parts = [{ PartNumber: 1, ETag: part.CopyPartResult?.ETag }]
    await s3.send(new CompleteMultipartUploadCommand({ ...address, UploadId, MultipartUpload: { Parts } }))
    return (await world.oss('target').get('copy')).content
  }
  const same = (actual: Buffer, expected: Buffer) => expect(Buffer.compare(actual, expected)).toBe(0)

  test('from another region is relayed, whole and by range', async () => {
    same(await copyPart({}), bytes)
    same(await copyPart({ CopySourceRange: 'bytes=7-5242899' }), bytes.subarray(7, 5242900))
  })

  test('from an appendable object or a symlink is relayed', async () => {
    same(await copyPart({ CopySource: 'target/log' }), bytes.subarray(0, 5 * MiB))
    same(
      await copyPart({ CopySource: 'target/link', CopySourceRange: 'bytes=1-5242880' }),
      bytes.subarray(1, 5 * MiB + 1),
    )
  })

  test('holds the client’s conditions and its range', async () => {
    await expect(copyPart({ CopySourceIfMatch: '"0"' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
      Condition: 'x-amz-copy-source-If-Match',
    })
    await expect(copyPart({ CopySourceRange: `bytes=0-${bytes.length}` })).rejects.toMatchObject({
      name: 'InvalidArgument',
    })
  })
})
