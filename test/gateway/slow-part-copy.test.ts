import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  type S3Client,
  UploadPartCopyCommand,
  type UploadPartCopyCommandInput,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runtimes, startWorld, type World } from '../harness.ts'
import { send, sign } from './wire.ts'

const digits = Buffer.from('0123456789')
const ETag = '"781e5e245d69b566979b86e28d23f2c7"'
/** Over keepAliveAfter. */
const LONG = 900

describe.concurrent.each(runtimes)('a copy of a part that takes long, on %s', (runtime) => {
  let world: World
  let s3: S3Client
  beforeAll(async () => {
    world = await startWorld(runtime, { GATEWAY_CONFIG: JSON.stringify({ copy: { keepAliveAfter: 0.2 } }) })
    s3 = world.s3({ maxAttempts: 2 })
    await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
    const CreateBucketConfiguration = { LocationConstraint: 'cn-beijing' as never }
    await s3.send(new CreateBucketCommand({ Bucket: 'far', CreateBucketConfiguration }))
    for (const key of ['digits', 'slow-digits']) await world.oss('bucket').put(key, digits)
    await world.oss('far', 'cn-beijing').put('digits', digits)
  })
  afterAll(() => world.stop())

  const delay = (operation: string, key: string) =>
    world.localOss.faults.add({ operation, key, times: 10, action: { kind: 'delay', ms: LONG } })
  const begin = async (Key: string, input: Partial<CreateMultipartUploadCommandInput> = {}) => {
    const at = { Bucket: 'bucket', Key }
    const { UploadId = '' } = await s3.send(new CreateMultipartUploadCommand({ ...at, ...input }))
    return { ...at, UploadId }
  }
  const copy = async (upload: ReturnType<typeof begin>, input: Partial<UploadPartCopyCommandInput> = {}) =>
    s3.send(
      new UploadPartCopyCommand({ PartNumber: 1, CopySource: 'bucket/digits', ...(await upload), ...input }),
    )

  test('begins its answer with the XML declaration and blanks, and ends it with the result', async () => {
    delay('UploadPartCopy', 'by-hand')
    const { UploadId } = await begin('by-hand')
    const { headers, body } = await send(
      world.endpoint,
      sign(
        {
          method: 'PUT',
          target: `/bucket/by-hand?partNumber=1&uploadId=${UploadId}`,
          headers: { 'x-amz-copy-source': 'bucket/digits' },
        },
        new URL(world.endpoint).host,
      ),
    )
    expect(headers['content-type']).toBe('application/xml')
    expect(body.toString()).toMatch(
      /^<\?xml version="1.0" encoding="UTF-8"\?>\n +<CopyPartResult.*<\/CopyPartResult>$/s,
    )
  })

  test.each([
    ['by OSS', 'UploadPartCopy', {}, {}],
    ['by range', 'UploadPartCopy', { CopySourceRange: 'bytes=0-9' }, {}],
    ['through the gateway', 'UploadPart', { CopySource: 'far/digits' }, {}],
    [
      'with a checksum to work out',
      'GetObject',
      { CopySource: 'bucket/slow-digits' },
      { ChecksumAlgorithm: 'CRC32' },
    ],
  ] as const)('%s is understood by the SDK', async (how, slow, input, upload) => {
    delay(slow, slow === 'GetObject' ? 'slow-digits' : how)
    const { CopyPartResult } = await copy(begin(how, upload), input)
    expect(CopyPartResult?.ETag).toBe(ETag)
    expect(CopyPartResult?.LastModified).toBeInstanceOf(Date)
    if ('ChecksumAlgorithm' in upload) expect(CopyPartResult?.ChecksumCRC32).toBe('poTHxg==')
  })

  test('that fails late is seen as a failure, and tried again', async () => {
    const late = { operation: 'UploadPartCopy', key: 'late' }
    world.localOss.faults.add({ ...late, action: { kind: 'delay', ms: LONG } })
    world.localOss.faults.add({ ...late, action: { kind: 'error', status: 403, code: 'AccessDenied' } })
    const { CopyPartResult, $metadata } = await copy(begin('late'))
    expect($metadata.attempts).toBe(2)
    expect(CopyPartResult?.ETag).toBe(ETag)
  })

  test.each([
    ['a condition that does not hold', { CopySourceIfMatch: '"0"' }, 412, 'PreconditionFailed'],
    ['a source that is not there', { CopySource: 'bucket/nothing' }, 404, 'NoSuchKey'],
    ['an upload that is not there', { UploadId: '0'.repeat(32) }, 404, 'NoSuchUpload'],
  ])('is answered by its status for %s', async (what, input, httpStatusCode, name) => {
    delay('UploadPartCopy', what)
    await expect(copy(begin(what), input)).rejects.toMatchObject({ name, $metadata: { httpStatusCode } })
  })
})
