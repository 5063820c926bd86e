import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createLocalOss, type LocalOss } from '../../src/local-oss/index.ts'
import { type IssuedKey, type KeyService, startSts } from '../key-services.ts'
import { clientOf, killGateways, spawnGateway, started, until } from '../node/gateway-process.ts'

const Bucket = 'bucket'
const ACCOUNT = '1000000000000001'
const ARN = 'acs:ram::123456789012:role/gateway'
const clients = { S3_ACCESS_KEY_ID: 'local', S3_SECRET_ACCESS_KEY: 'local-secret' }

let folder: string
let localOss: LocalOss
let sts: KeyService
let issued: IssuedKey[]
let settings: Record<string, string>
const at = (name: string) => join(folder, name)

function issue(): IssuedKey {
  const name = `${issued.length}`
  const key = {
    accessKeyId: `STS.${name}`,
    accessKeySecret: `hush-secret-${name}`,
    securityToken: `hush-token-${name}`,
    // Whole seconds: some two of them.
    expiration: (Math.floor(Date.now() / 1000) + 3) * 1000,
  }
  issued.push(key)
  localOss.addKey(ACCOUNT, key)
  return key
}

beforeEach(async () => {
  issued = []
  folder = await mkdtemp(join(tmpdir(), 'rotation-'))
  await writeFile(at('token'), 'hush-oidc-token')
  localOss = await createLocalOss({
    directory: ':memory:',
    credentials: { accessKeyId: 'LTAI5tFirst', accessKeySecret: 'hush-first' },
  })
  sts = await startSts({ issue, oidcToken: () => 'hush-oidc-token', roleArn: ARN })
  settings = {
    ...clients,
    OSS_REGION: 'cn-hangzhou',
    OSS_ENDPOINT: `http://127.0.0.1:${await localOss.listen(0)}`,
  }
})
const pod = () => ({
  OSS_STS_ENDPOINT: sts.origin,
  ALIBABA_CLOUD_ROLE_ARN: ARN,
  ALIBABA_CLOUD_OIDC_PROVIDER_ARN: 'acs:ram::123456789012:oidc-provider/ack-rrsa-c1',
  ALIBABA_CLOUD_OIDC_TOKEN_FILE: at('token'),
})
afterEach(async () => {
  killGateways()
  sts.stop()
  await localOss.close()
  await rm(folder, { recursive: true, force: true })
})
afterAll(killGateways)

/** Writes and reads without a pause until it is over. @returns what failed, and how many went well. */
async function load(s3: S3Client, isOver: () => boolean): Promise<{ failures: string[]; done: number }> {
  const failures: string[] = []
  let done = 0
  const worker = async (id: number) => {
    while (!isOver()) {
      const Body = `content ${done}`.repeat(id * 1000 + 1)
      try {
        await s3.send(new PutObjectCommand({ Bucket, Key: `key ${id}`, Body }))
        const read = await s3.send(new GetObjectCommand({ Bucket, Key: `key ${id}` }))
        if ((await read.Body?.transformToString()) !== Body) failures.push('another content')
        done++
      } catch (error) {
        failures.push(String(error))
      }
    }
  }
  await Promise.all([0, 1, 2, 3].map(worker))
  return { failures, done }
}

describe.each(['1', '2'])('with WORKERS=%s no client’s request fails', (WORKERS) => {
  test('while keys of a role expire, and one is taken away before its time', async () => {
    const gateway = await started({ ...settings, ...pod(), WORKERS })
    expect(gateway.output()).toContain('acs:ram::123456789012:role/gateway, by RRSA')
    const s3 = clientOf(gateway, { maxAttempts: 3 })
    await s3.send(new CreateBucketCommand({ Bucket }))
    const before = issued.length
    const working = load(s3, () => issued.length >= before + 8)
    await until(() => issued.length >= before + 3)
    for (const { accessKeyId } of issued) localOss.removeKey(accessKeyId)
    const { failures, done } = await working
    expect(failures).toEqual([])
    expect(done).toBeGreaterThan(0)
    expect(gateway.output()).not.toContain('hush')
    s3.destroy()
  })

  test('while a key in files is replaced, and the old one taken away', async () => {
    await writeFile(at('id'), 'LTAI5tFirst\n')
    await writeFile(at('secret'), 'hush-first\n')
    const files = { OSS_ACCESS_KEY_ID_FILE: at('id'), OSS_ACCESS_KEY_SECRET_FILE: at('secret') }
    const gateway = await started({ ...settings, ...files, WORKERS })
    const s3 = clientOf(gateway, { maxAttempts: 3 })
    await s3.send(new CreateBucketCommand({ Bucket }))
    let isOver = false
    const working = load(s3, () => isOver)
    localOss.addKey(ACCOUNT, { accessKeyId: 'LTAI5tSecond', accessKeySecret: 'hush-second' })
    await writeFile(at('id'), 'LTAI5tSecond\n')
    await writeFile(at('secret'), 'hush-second\n')
    localOss.removeKey('LTAI5tFirst')
    await until(() => gateway.output().includes('settings read again'))
    isOver = true
    const { failures, done } = await working
    expect(failures).toEqual([])
    expect(done).toBeGreaterThan(0)
    expect(gateway.output()).not.toContain('hush')
    s3.destroy()
  })
})

test('without a key there is no start, and it says why', async () => {
  sts.mood = 'failing'
  const { output, exit } = spawnGateway({ ...settings, ...pod() })
  expect(await exit).toBe(1)
  expect(output()).toMatch(
    /The gateway cannot start: there is no key for OSS from acs:ram::123456789012:role\/gateway, by RRSA: STS \(127\.0\.0\.1:\d+\) answers 403 NoPermission/,
  )
  expect(output()).not.toContain('hush')
})
