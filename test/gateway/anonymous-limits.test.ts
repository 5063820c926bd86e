import { CreateBucketCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterEach, describe, expect, test } from 'vitest'
import { createGateway } from '../../src/app.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import { createLocalOss } from '../../src/local-oss/index.ts'
import { nodePorts } from '../../src/node/ports.ts'
import { headerMap, type OssRequest, type Transport } from '../../src/ports.ts'
import { credentialsOf } from '../credentials-of.ts'
import { runtimes, startWorld, type World } from '../harness.ts'
import { postForm } from './form.ts'
import { startNamesWorld } from './names-world.ts'
import { send, sign } from './wire.ts'

describe.each(runtimes)('of the buckets that may be named without a signature, on %s', (runtime) => {
  let world: World
  afterEach(() => world.stop())

  test('all others are refused before OSS is asked', async () => {
    const document = { anonymous: 'forward', anonymousBuckets: ['site'] }
    world = await startWorld(runtime, { GATEWAY_CONFIG: JSON.stringify(document) })
    for (const name of ['site', 'other']) {
      await world.oss().putBucket(name)
      await world.oss().putBucketACL(name, 'public-read-write')
      await world.oss(name).put('key', Buffer.from('hello'))
    }
    const read = async (target: string, method = 'GET') =>
      (await send(world.endpoint, { method, target })).status
    expect([await read('/site/key'), await read('/site/key', 'HEAD'), await read('/site')]).toEqual([
      200, 200, 200,
    ])
    expect((await send(world.endpoint, postForm({ key: 'form' }, 'x', { target: '/site' }))).status).toBe(204)
    world.ossRequests()
    const refused = await send(world.endpoint, { method: 'GET', target: '/other/key' })
    expect([refused.status, refused.error.Message]).toEqual([403, 'Access Denied'])
    expect([await read('/other'), await read('/made-up/key'), await read('/other/key', 'HEAD')]).toEqual([
      403, 403, 403,
    ])
    expect((await send(world.endpoint, postForm({ key: 'form' }, 'x', { target: '/other' }))).status).toBe(
      403,
    )
    expect(world.ossRequests()).toEqual([])
    const { host } = new URL(world.endpoint)
    expect((await send(world.endpoint, sign({ method: 'GET', target: '/other/key' }, host))).status).toBe(200)
  })
})

test('a form that nobody has signed waits for a write with a condition, and does not come between', async () => {
  const world = await startWorld('node', {
    GATEWAY_CONFIG: 'anonymous: forward\nconditionalWrites: process',
  })
  await world.oss().putBucket('bucket')
  await world.oss().putBucketACL('bucket', 'public-read-write')
  await world.oss('bucket').put('key', Buffer.from('first'))
  const s3 = world.s3()
  const { ETag } = await s3.send(new HeadObjectCommand({ Bucket: 'bucket', Key: 'key' }))
  const written: string[] = []
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  let begun = () => {}
  const isHeld = new Promise<void>((resolve) => {
    begun = resolve
  })
  world.localOss.faults.add({
    operation: 'PutObject',
    when: ({ headers }) => 'authorization' in headers,
    action: {
      kind: 'call',
      run: () => {
        begun()
        return held
      },
    },
  })
  const ACL = 'public-read-write'
  const put = { Bucket: 'bucket', Key: 'key', Body: 'with a condition', IfMatch: ETag, ACL } as const
  const conditional = s3.send(new PutObjectCommand(put)).then(() => written.push('signed'))
  await isHeld
  const form = send(world.endpoint, postForm({ key: 'key' }, 'from a form')).then(() => written.push('form'))
  // Another key's form is through meanwhile, so that this one's had the time.
  expect((await send(world.endpoint, postForm({ key: 'other' }, 'x'))).status).toBe(204)
  expect(written).toEqual([])
  release()
  await Promise.all([conditional, form])
  expect(written).toEqual(['signed', 'form'])
  expect(((await world.oss('bucket').get('key')).content as Buffer).toString()).toBe('from a form')
  await world.stop()
})

const temporary = {
  OSS_REGION: 'cn-hangzhou',
  OSS_ACCESS_KEY_ID: 'STS.key',
  OSS_ACCESS_KEY_SECRET: 'secret',
  OSS_SESSION_TOKEN: 'token',
}

test('nothing of a temporary key goes with a request that nobody has signed', async () => {
  const sent: OssRequest[] = []
  const transport: Transport = async (request) => {
    sent.push(request)
    const headers = headerMap({ 'x-oss-request-id': 'x', 'content-length': '2', etag: '"E"' })
    return { status: 200, headers, body: body() }
  }
  const config = parseConfig(temporary, 'anonymous: forward')
  const { answer } = createGateway({
    ...nodePorts,
    config,
    credentials: credentialsOf(config),
    transport,
    log: () => {},
  })
  const { status } = await answer({
    method: 'GET',
    target: '/bucket/key',
    headers: headerMap({ host: 'localhost', referer: 'https://site.example' }),
    body: body(),
    signal: () => new AbortController().signal,
  })
  expect(status).toBe(200)
  expect(sent).toEqual([
    expect.objectContaining({
      method: 'GET',
      url: 'https://bucket.oss-cn-hangzhou.aliyuncs.com/key',
      headers: headerMap({ 'accept-encoding': 'identity', referer: 'https://site.example' }),
      anonymous: true,
    }),
  ])
})

async function* body() {
  yield Buffer.from('ok')
}

test('a bucket of another region is found by what OSS says to anybody', async () => {
  const credentials = { accessKeyId: 'local', accessKeySecret: 'local-secret' }
  const localOss = await createLocalOss({ directory: ':memory:', credentials })
  const first = await startNamesWorld(localOss, {})
  const CreateBucketConfiguration = { LocationConstraint: 'cn-beijing' as never }
  const ACL = 'public-read-write'
  await first.s3.send(new CreateBucketCommand({ Bucket: 'far', CreateBucketConfiguration, ACL }))
  await first.s3.send(new PutObjectCommand({ Bucket: 'far', Key: 'key', Body: 'hello', ACL: 'public-read' }))
  first.stop()

  const near = 'https://far.oss-cn-hangzhou.aliyuncs.com'
  const far = 'https://far.oss-cn-beijing.aliyuncs.com'
  const get = { method: 'GET', target: '/far/key' }
  // Too long to be sent twice.
  const form = postForm({ key: 'form' }, Buffer.alloc(300 * 1024), { target: '/far' })
  for (const [request, calls] of [
    [get, [`GET ${near}`, `GET ${far}`]],
    [form, [`GET ${near}`, `GET ${far}`, `PUT ${far}`]],
  ] as const) {
    const world = await startNamesWorld(localOss, {}, { anonymous: 'forward' })
    expect((await send(world.endpoint, request)).status).toBeLessThan(300)
    expect(world.hosts()).toEqual(calls)
    expect((await send(world.endpoint, get)).body.toString()).toBe('hello')
    expect(world.hosts()).toEqual([`GET ${far}`])
    world.stop()
  }
  await localOss.close()
})
