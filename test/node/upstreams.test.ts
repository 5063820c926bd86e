import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import OSS from 'ali-oss'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { explain } from '../../src/cli/explain/command.ts'
import { summary } from '../../src/cli/greeting.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import { createLocalOss, type LocalOss } from '../../src/local-oss/index.ts'
import { type Running, serve } from '../../src/node/serve.ts'

const first = { accessKeyId: 'local', accessKeySecret: 'local-secret' }
const second = { accessKeyId: 'second', accessKeySecret: 'second-secret' }

let localOss: LocalOss
let ossEndpoint: string
beforeAll(async () => {
  localOss = await createLocalOss({
    directory: ':memory:',
    credentials: first,
    accounts: [{ id: '1000000000000002', keys: [second] }],
  })
  ossEndpoint = `http://127.0.0.1:${await localOss.listen(0, '127.0.0.1')}`
  for (const [key, bucket] of [
    [first, 'whole'],
    [second, 'far-whole'],
  ] as const)
    await new OSS({
      ...key,
      endpoint: ossEndpoint,
      region: 'oss-cn-hangzhou',
      authorizationV4: true,
    } as OSS.Options).putBucket(bucket)
})
afterAll(() => localOss.close())

const running: Running[] = []
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop()
})

type Setting = { credentials?: object; own?: string; buckets?: object; environment?: Record<string, string> }

const settingsOf = ({ credentials = second, own = first.accessKeySecret, buckets, environment }: Setting) =>
  parseConfig(
    {
      PORT: '0',
      OSS_REGION: 'cn-hangzhou',
      OSS_ENDPOINT: ossEndpoint,
      OSS_ACCESS_KEY_ID: first.accessKeyId,
      OSS_ACCESS_KEY_SECRET: own,
      S3_ACCESS_KEY_ID: 'client',
      S3_SECRET_ACCESS_KEY: 'client-secret',
      ...environment,
    },
    JSON.stringify({
      upstreams: { second: { region: 'cn-hangzhou', endpoint: ossEndpoint, credentials } },
      buckets: buckets ?? {
        part: { bucket: 'whole', prefix: 'team/' },
        far: { upstream: 'second', bucket: 'far-whole' },
      },
    }),
  )

async function start(setting: Setting = {}) {
  const config = settingsOf(setting)
  const logged: [string, Record<string, unknown>][] = []
  // Port 0 is off in the settings.
  const listening = { ...config, listen: { ...config.listen, adminPort: 0 } }
  const gateway = await serve(listening, (event, facts) => logged.push([event, facts]))
  running.push(gateway)
  const s3 = new S3Client({
    endpoint: `http://127.0.0.1:${gateway.port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: 'client', secretAccessKey: 'client-secret' },
  })
  const put = (Bucket: string, Key = 'k') => s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))
  const readyz = async () => {
    const answer = await fetch(`http://127.0.0.1:${gateway.adminPort}/readyz`)
    return [answer.status, await answer.text()] as const
  }
  const metrics = async () => (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text()
  return { gateway, s3, put, readyz, metrics, logged }
}

const wrong = { ...second, accessKeySecret: 'another-secret' }

test('settings that are read again bring other keys and other names, and keep what stays', async () => {
  const { gateway, s3, put } = await start({ credentials: wrong })
  await put('part')
  await expect(put('far')).rejects.toMatchObject({ name: 'InternalError' })
  await gateway.reload(settingsOf({}))
  await put('far')
  await gateway.reload(
    settingsOf({ buckets: { other: { upstream: 'second', bucket: 'far-whole', prefix: 'o/' } } }),
  )
  await put('other')
  await expect(put('part')).rejects.toMatchObject({ name: 'NoSuchBucket' })
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'whole', Key: 'team/k' }))
  expect(await Body?.transformToString()).toBe('x')
})

test('one upstream that can be used is enough to be ready; the others are named', async () => {
  expect(await (await start()).readyz()).toEqual([200, 'ok\n'])
  expect(await (await start({ credentials: wrong })).readyz()).toEqual([
    200,
    'degraded: OSS cannot be used now at second, the log says why\n',
  ])
  expect(await (await start({ own: 'another-secret' })).readyz()).toEqual([
    200,
    'degraded: OSS cannot be used now, the log says why\n',
  ])
  const usable = (await (await start({ credentials: wrong })).metrics()).match(/^s3gw_oss_usable.*/gm)
  expect(usable).toEqual(['s3gw_oss_usable 1', 's3gw_oss_usable{upstream="second"} 0'])
  const { readyz, logged } = await start({ credentials: wrong, own: 'another-secret' })
  expect((await readyz())[0]).toBe(503)
  expect(logged).toContainEqual(['not ready', expect.objectContaining({ upstream: 'second' })])
})

test('an upstream without a key does not keep the others from being served', async () => {
  const { put, logged } = await start({
    credentials: { from: 'uri', uri: 'http://127.0.0.1:9/key' },
  })
  expect(logged).toContainEqual([
    'an upstream has no key for OSS',
    expect.objectContaining({ upstream: 'second' }),
  ])
  await put('part')
  await expect(put('far')).rejects.toMatchObject({ name: 'ServiceUnavailable' })
})

test('a key in a variable of the environment is that one', async () => {
  const { accessKeyId } = second
  const { put } = await start({
    credentials: { accessKeyId, accessKeySecretVariable: 'ARCHIVE_SECRET' },
    environment: { ARCHIVE_SECRET: second.accessKeySecret },
  })
  await put('far')
})

test('check-config tells the upstreams and the names, and no secret', () => {
  const text = summary(settingsOf({}))
  expect(text).toContain(`Upstream      second: ${ossEndpoint}, region cn-hangzhou, signs with a fixed key`)
  expect(text).toContain('Bucket        part: whole/team/\n')
  expect(text).toContain('Bucket        far: far-whole at second\n')
  expect(text).not.toMatch(/secret/)
})

test.each<[from: string, to: string, plan: string, urls: RegExp]>([
  ['part/source', 'far/copy', 'relay', /PUT .*\/far-whole\/copy/],
  ['part/source', 'part/copy', 'native', /PUT .*\/whole\/team\/copy/],
  ['far/none', 'part/copy', 'refuse', /HEAD .*\/far-whole\/none/],
])('explain says how s3://%s is copied to s3://%s: %s', async (from, to, plan, urls) => {
  const { put } = await start()
  await put('part', 'source')
  let out = ''
  const stream = { write: (text: string) => (out += text) }
  await explain(['copy', `s3://${from}`, `s3://${to}`, '--json'], () => settingsOf({}), {
    stdout: stream,
    stderr: stream,
  })
  const explained = JSON.parse(out)
  expect(explained.plan).toBe(plan)
  expect(
    explained.calls.map(({ method, url }: Record<string, string>) => `${method} ${url}`).join('\n'),
  ).toMatch(urls)
  if (plan === 'relay') expect(explained.why).toMatch(/another upstream/)
  if (plan === 'refuse')
    expect(explained.answer.refused).toMatchObject({ code: 'NoSuchKey', about: 'source' })
})

test('explain tells buckets of one name apart, which are at two upstreams', async () => {
  const other = await createLocalOss({ directory: ':memory:', credentials: second })
  const endpoint = `http://127.0.0.1:${await other.listen(0, '127.0.0.1')}`
  const options = { ...second, endpoint, bucket: 'whole', authorizationV4: true }
  const oss = new OSS({ ...options, region: 'oss-cn-beijing' } as OSS.Options)
  await oss.putBucket('whole')
  await oss.put('k', Buffer.from('x'))
  const config = parseConfig(
    {
      OSS_REGION: 'cn-hangzhou',
      OSS_ENDPOINT: ossEndpoint,
      OSS_ACCESS_KEY_ID: first.accessKeyId,
      OSS_ACCESS_KEY_SECRET: first.accessKeySecret,
      S3_ACCESS_KEY_ID: 'client',
      S3_SECRET_ACCESS_KEY: 'client-secret',
    },
    JSON.stringify({
      upstreams: { other: { region: 'cn-hangzhou', endpoint, credentials: second } },
      buckets: { away: { upstream: 'other', bucket: 'whole' } },
    }),
  )
  let out = ''
  const stream = { write: (text: string) => (out += text) }
  const streams = { stdout: stream, stderr: stream }
  await explain(['copy', 's3://away/k', 's3://whole/k', '--json'], () => config, streams)
  const { plan, calls } = JSON.parse(out)
  const told = calls.map(({ method, url, of, status }: Record<string, string>) => [
    method,
    url?.startsWith(endpoint),
    of,
    status,
  ])
  expect(plan).toBe('relay')
  expect(told).toEqual([
    ['HEAD', true, 'source', 200],
    ['GET', true, 'source', 206],
    ['PUT', false, 'destination', 200],
    ['HEAD', false, 'destination', 200],
  ])
  await other.close()
})
