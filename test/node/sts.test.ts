import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLocalOss, type LocalOss } from '../../src/local-oss/index.ts'
import { keyOf, policyOf, roleOf } from '../gateway/sts-world.ts'
import { presign, send } from '../gateway/wire.ts'
import { freePort } from './free-port.ts'
import { clientOf, killGateways, portOf, started, until } from './gateway-process.ts'

const local = { accessKeyId: 'local', accessKeySecret: 'local-secret' }
const team = { accessKeyId: 'team', secretAccessKey: 'the-secret-of-the-team' }
const SECRET = 'the-secret-that-short-lived-keys-are-made-of'

let directory: string
let localOss: LocalOss
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sts-'))
  localOss = await createLocalOss({ directory: ':memory:', credentials: local })
})
afterAll(async () => {
  killGateways()
  await localOss.close()
  await rm(directory, { recursive: true, force: true })
})

test('a short-lived key is good for all processes, is told of by name, and ends with its client', async () => {
  const to = join(directory, 'access.log')
  const GATEWAY_CONFIG = join(directory, 'settings.yaml')
  const document = { sts: { secrets: [SECRET] }, accessLog: { to } }
  await writeFile(GATEWAY_CONFIG, JSON.stringify({ ...document, clients: [team] }))
  const adminPort = await freePort()
  const gateway = await started({
    WORKERS: '2',
    ADMIN_PORT: adminPort,
    OSS_ENDPOINT: `http://127.0.0.1:${await localOss.listen(0, '127.0.0.1')}`,
    OSS_ACCESS_KEY_ID: local.accessKeyId,
    OSS_ACCESS_KEY_SECRET: local.accessKeySecret,
    GATEWAY_CONFIG,
  })
  const host = `127.0.0.1:${portOf(gateway)}`
  const endpoint = `http://${host}`
  const sts = (credentials: typeof team) =>
    new STSClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 3 })
  const main = clientOf(gateway)
  await main.send(new CreateBucketCommand({ Bucket: 'bucket' }))
  main.destroy()

  const Policy = policyOf({ Action: 's3:*Object', Resource: 'arn:aws:s3:::bucket/*' })
  const { Credentials } = await sts(team).send(
    new AssumeRoleCommand({ RoleArn: roleOf('team'), RoleSessionName: 'nightly', Policy }),
  )
  const key = keyOf(Credentials)
  const put = async (i: number) => {
    // A connection of its own, so that each process has some.
    const s3 = clientOf(gateway, { credentials: key, maxAttempts: 3 })
    await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: String(i), Body: 'x' }))
    s3.destroy()
  }
  await Promise.all(Array.from({ length: 20 }, (_, i) => put(i)))
  await sts(key).send(new GetCallerIdentityCommand({}))
  const { sessionToken, ...signing } = key
  const target = `/bucket/0?X-Amz-Security-Token=${encodeURIComponent(sessionToken)}`
  expect((await send(endpoint, presign({ method: 'GET', target }, host, signing))).status).toBe(200)

  const entries = async () =>
    (await readFile(to, 'utf8'))
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  await until(async () => (await entries()).length >= 24)
  const all = await entries()
  const session = { requester: 'team', session_name: 'nightly', session_access_key_id: key.accessKeyId }
  const of = (operation: string) => all.filter((entry) => entry.s3_operation === operation)
  expect(of('AssumeRole')).toEqual([
    expect.objectContaining({
      operation: 'STS.ASSUMEROLE',
      requester: 'team',
      http_status: 200,
      issued_session_name: 'nightly',
      issued_access_key_id: key.accessKeyId,
    }),
  ])
  expect(of('GetCallerIdentity')).toEqual([
    expect.objectContaining({ ...session, operation: 'STS.GETCALLERIDENTITY' }),
  ])
  expect(of('PutObject')).toHaveLength(20)
  for (const entry of [...of('PutObject'), ...of('GetObject')]) expect(entry).toMatchObject(session)
  expect(new Set(of('PutObject').map(({ worker }) => worker)).size).toBe(2)

  const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text()
  expect(metrics).toContain('s3_operation="AssumeRole"')

  await writeFile(GATEWAY_CONFIG, JSON.stringify(document))
  gateway.child.kill('SIGHUP')
  await until(() => gateway.output().includes('workers replaced'))
  // On connections of their own: none comes to a process with the settings from before.
  const get = async () => {
    const s3 = clientOf(gateway, { credentials: key, maxAttempts: 3 })
    const asked = s3.send(new GetObjectCommand({ Bucket: 'bucket', Key: '0' }))
    await expect(asked).rejects.toMatchObject({ name: 'InvalidToken' })
    s3.destroy()
  }
  await Promise.all(Array.from({ length: 20 }, get))

  gateway.child.kill('SIGTERM')
  expect(await gateway.exit).toBe(0)
  const told = (await readFile(to, 'utf8')) + gateway.output() + metrics
  for (const secret of [
    sessionToken,
    encodeURIComponent(sessionToken),
    key.secretAccessKey,
    SECRET,
    team.secretAccessKey,
    's3:*Object',
  ]) {
    expect(told).not.toContain(secret)
  }
})
