import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runtimes, startWorld, type World } from '../harness.ts'
import { hold, onAnswerBegun } from './copy-world.ts'

describe.each(runtimes)('a completion that takes OSS long, on %s', (runtime) => {
  let world: World
  let s3: S3Client
  beforeAll(async () => {
    world = await startWorld(runtime, { GATEWAY_CONFIG: JSON.stringify({ copy: { keepAliveAfter: 0.2 } }) })
    s3 = world.s3({ maxAttempts: 2 })
    await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
  })
  afterAll(() => world.stop())

  async function complete(Key: string, input: { IfNoneMatch?: string } = {}, client = s3) {
    const address = { Bucket: 'bucket', Key }
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(address))
    const { ETag } = await s3.send(
      new UploadPartCommand({ ...address, UploadId, PartNumber: 1, Body: 'hello' }),
    )
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
    return client.send(
      new CompleteMultipartUploadCommand({ ...address, UploadId, MultipartUpload, ...input }),
    )
  }
  /** Completes an upload for which OSS does nothing until its answer has begun. */
  function completeSlowly(Key: string) {
    const { release } = hold(world, { operation: 'CompleteMultipartUpload' })
    const client = world.s3({ maxAttempts: 2 })
    onAnswerBegun(client, release)
    return complete(Key, {}, client)
  }

  test('is answered before its end, and understood', async () => {
    const answer = await completeSlowly('slow')
    expect(answer.ETag).toMatch(/^"[0-9a-f]{32}-1"$/)
    // What only a header could say came too late for one.
    expect(answer.$metadata.httpStatusCode).toBe(200)
    expect((await world.oss('bucket').get('slow')).content.toString()).toBe('hello')
  })

  test('that fails late is seen as a failure, and tried again', async () => {
    const answering = completeSlowly('late')
    // As often as the gateway itself tries.
    world.localOss.faults.add({
      operation: 'CompleteMultipartUpload',
      times: 3,
      action: { kind: 'error', status: 503, code: 'ServiceUnavailable' },
    })
    const answer = await answering
    expect(answer.$metadata.attempts).toBe(2)
    expect((await world.oss('bucket').get('late')).content.toString()).toBe('hello')
  })

  test('under a condition waits for OSS’s word', async () => {
    await complete('there')
    world.localOss.faults.add({ operation: 'CompleteMultipartUpload', action: { kind: 'delay', ms: 600 } })
    await expect(complete('there', { IfNoneMatch: '*' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
    })
  })
})
