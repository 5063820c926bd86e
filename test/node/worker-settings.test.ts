import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { Miniflare } from 'miniflare'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { builtWorker } from '../build-worker.ts'

let worker: Miniflare
let endpoint: URL
let output = ''
beforeAll(async () => {
  worker = new Miniflare({
    ...builtWorker,
    bindings: {
      OSS_ENDPIONT: 'https://oss-cn-hangzhou.aliyuncs.com',
      OSS_ACCESS_KEY_SECRET: 'the-oss-secret',
    },
    handleRuntimeStdio: (...streams) => {
      for (const stream of streams) stream.on('data', (bytes) => (output += bytes))
    },
  })
  endpoint = await worker.ready
})
afterAll(() => worker.dispose())

test('with wrong settings every request is answered in S3’s form, once, and the log has every mistake once', async () => {
  const bare = await fetch(new URL('/bucket/key', endpoint))
  expect(bare.status).toBe(501)
  expect(bare.headers.get('content-type')).toBe('application/xml')
  expect(await bare.text()).toMatch(
    /<Error><Code>NotImplemented<\/Code><Message>The gateway's settings are not right/,
  )
  expect((await fetch(new URL('/bucket', endpoint), { method: 'HEAD' })).status).toBe(501)

  // The keys of an embedded OSS are nobody's here, and the SDK does not ask again.
  const s3 = new S3Client({
    endpoint: endpoint.origin,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 5,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local-secret' },
  })
  await expect(s3.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'key' }))).rejects.toMatchObject({
    name: 'NotImplemented',
    $metadata: { httpStatusCode: 501, attempts: 1 },
  })
  s3.destroy()
  expect(output.split('did you mean OSS_ENDPOINT?')).toHaveLength(2)
  expect(output).toContain('OSS_ACCESS_KEY_ID is missing')
  expect(output).not.toContain('the-oss-secret')
})
