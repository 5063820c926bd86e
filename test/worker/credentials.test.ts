import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { HttpOptions_Style, Miniflare } from 'miniflare'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLocalOss, type LocalOss } from '../../src/local-oss/index.ts'
import { builtWorker } from '../build-worker.ts'
import { type IssuedKey, type KeyService, startSts } from '../key-services.ts'

const Bucket = 'bucket'
const ARN = 'acs:ram::123456789012:role/gateway'
const issued: IssuedKey[] = []
let localOss: LocalOss
let sts: KeyService
let proxy: Server
let worker: Miniflare
let s3: S3Client

function issue(): IssuedKey {
  const name = `${issued.length}`
  const key = {
    accessKeyId: `STS.${name}`,
    accessKeySecret: `secret-${name}`,
    securityToken: `token-${name}`,
    expiration: (Math.floor(Date.now() / 1000) + 3600) * 1000,
  }
  issued.push(key)
  localOss.addKey('1000000000000001', key)
  return key
}

beforeAll(async () => {
  const credentials = { accessKeyId: 'local', accessKeySecret: 'local-secret' }
  localOss = await createLocalOss({ directory: ':memory:', credentials })
  sts = await startSts({ issue, keys: new Map([['LTAI5tBase', { secret: 'base-secret' }]]), roleArn: ARN })
  // workerd sends it whole URLs: to STS, and to OSS.
  proxy = createServer({ requireHostHeader: false }, async (request, response) => {
    const { method = 'GET', url = '' } = request
    const headers = request.headers as Record<string, string>
    if (new URL(url).hostname.startsWith('sts.')) {
      const answer = await fetch(sts.origin, {
        method,
        headers: { 'content-type': headers['content-type'] ?? '' },
        body: await buffer(request),
      })
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
      return
    }
    const answer = await localOss.transport({ method, url, headers, body: request })
    response.writeHead(answer.status, answer.headers)
    await pipeline(answer.body, response)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  worker = new Miniflare({
    ...builtWorker,
    unsafeDirectSockets: [{ port: 0 }],
    bindings: {
      OSS_REGION: 'cn-hangzhou',
      OSS_CREDENTIALS: 'assume-role',
      OSS_ACCESS_KEY_ID: 'LTAI5tBase',
      OSS_ACCESS_KEY_SECRET: 'base-secret',
      ALIBABA_CLOUD_ROLE_ARN: ARN,
      S3_ACCESS_KEY_ID: 'local',
      S3_SECRET_ACCESS_KEY: 'local-secret',
    },
    outboundService: {
      external: {
        address: `127.0.0.1:${(proxy.address() as AddressInfo).port}`,
        http: { style: HttpOptions_Style.PROXY },
      },
    },
  })
  await worker.ready
  s3 = new S3Client({
    endpoint: (await worker.unsafeGetDirectURL()).origin,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local-secret' },
  })
})
afterAll(async () => {
  s3.destroy()
  await worker.dispose()
  proxy.close()
  sts.stop()
  await localOss.close()
})

test('a Worker assumes a role by fetch with its first request, and again when OSS refuses the key', async () => {
  await s3.send(new CreateBucketCommand({ Bucket }))
  await s3.send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'content' }))
  expect(issued).toHaveLength(1)
  localOss.removeKey('STS.0')
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: 'key' }))
  expect(await Body?.transformToString()).toBe('content')
  expect(issued).toHaveLength(2)
})
