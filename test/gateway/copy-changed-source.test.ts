import { CopyObjectCommand, type S3ServiceException } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CopyWorld, startCopyWorld, type Way, ways } from './copy-world.ts'

/** What the source is replaced before: a call of the copy, of its parts the one with this number. */
const stages: Record<Way, readonly [call: string, partNumber?: number][]> = {
  native: [['CopyObject']],
  parts: [
    ['source'],
    ['GetObjectTagging'],
    ['InitiateMultipartUpload'],
    ['UploadPartCopy', 1],
    ['UploadPartCopy', 4],
    ['CompleteMultipartUpload'],
    ['result'],
  ],
  'relay in one': [['source'], ['GetObjectTagging'], ['GetObject'], ['PutObject'], ['result']],
  'relay in parts': [
    ['source'],
    ['GetObjectTagging'],
    ['InitiateMultipartUpload'],
    ['GetObject'],
    ['UploadPart', 1],
    ['UploadPart', 4],
    ['CompleteMultipartUpload'],
  ],
}

describe('a source that is replaced under its copy', () => {
  let world: CopyWorld
  beforeAll(async () => {
    world = await startCopyWorld('node', { keepAliveAfter: 0, parallel: 1 })
  })
  afterAll(() => world.stop())

  const changes = Object.entries(stages).flatMap(([way, calls]) =>
    calls.flatMap(([call, part]) =>
      [false, true].map((conditional) => ({ way: way as Way, call, part, conditional })),
    ),
  )
  test.each(changes)('$way, before $call $part, If-Match: $conditional: is never mixed', async (change) => {
    const { way, call, part, conditional } = change
    const key = `${way} ${call} ${part} ${conditional}`
    await world.putSource(way, key, 1)
    const old = await world.see(ways[way].bucket, key)
    const operation = call === 'source' || call === 'result' ? 'HeadObject' : call
    const fromSource = ['source', 'GetObjectTagging', 'GetObject'].includes(call)
    const stop = world.fault({
      operation,
      bucket: fromSource ? ways[way].bucket : 'target',
      key,
      ...(part === undefined ? {} : { partNumber: part }),
      action: { kind: 'call', run: () => world.putSource(way, key, 2) },
    })
    const error = await world.client
      .send(
        new CopyObjectCommand({
          Bucket: 'target',
          Key: key,
          CopySource: encodeURI(`${ways[way].bucket}/${key}`),
          ...(conditional ? { CopySourceIfMatch: old?.headers.etag } : {}),
        }),
      )
      .then(
        () => undefined,
        (error: S3ServiceException) => error,
      )
    stop()
    const changed = await world.see(ways[way].bucket, key)
    expect(changed?.content).not.toBe(old?.content)
    const copied = await world.see('target', key)
    expect(await world.uploads(key)).toEqual([])
    if (error === undefined) {
      const expected = [old, changed].map((seen) => ({ content: seen?.content, seed: seen?.headers.seed }))
      expect(expected).toContainEqual({ content: copied?.content, seed: copied?.headers.seed })
      if (conditional) expect(copied?.content).toBe(old?.content)
    } else {
      expect(copied).toBeUndefined()
      const status = error.$metadata.httpStatusCode
      expect([error.name, status]).toEqual(conditional ? ['PreconditionFailed', 412] : ['SlowDown', 503])
    }
  })
})
