import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { type Json, kCurrentWorker, Miniflare } from 'miniflare'
import { afterAll, describe, expect, test } from 'vitest'
import { builtWorker } from '../build-worker.ts'
import { errorOf, send, sign } from '../gateway/wire.ts'

const running: Miniflare[] = []
afterAll(() => Promise.all(running.map((worker) => worker.dispose())))

/** What is bound besides texts and values of JSON. */
type Bound = {
  kvNamespaces?: string[]
  r2Buckets?: string[]
  serviceBindings?: Record<string, typeof kCurrentWorker>
  analyticsEngineDatasets?: Record<string, { dataset: string }>
}

/** Puts the document into a Worker's namespace. */
async function keep(worker: Miniflare, document: string) {
  const namespace: unknown = await worker.getKVNamespace('CONFIG')
  await (namespace as { put(key: string, value: string): Promise<void> }).put('GATEWAY_CONFIG', document)
}

/** A Worker with these bindings, and what it has logged. */
async function start(bindings: Record<string, Json>, more: Bound = {}) {
  let output = ''
  const worker = new Miniflare({
    ...builtWorker,
    bindings,
    ...more,
    unsafeDirectSockets: [{ port: 0 }],
    handleRuntimeStdio: (...streams) => {
      for (const stream of streams) stream.on('data', (bytes) => (output += bytes))
    },
  })
  running.push(worker)
  await worker.ready
  return { worker, endpoint: await worker.unsafeGetDirectURL(), output: () => output }
}

test('with wrong settings every request is answered in S3’s form, once, and the log has every mistake once', async () => {
  const { endpoint, output } = await start({
    OSS_ENDPIONT: 'https://oss-cn-hangzhou.aliyuncs.com',
    OSS_ACCESS_KEY_SECRET: 'the-oss-secret',
    GATEWAY_CONFIG: [],
  })
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
  // What workerd prints may come behind the answer.
  await expect.poll(output).toContain('did you mean OSS_ENDPOINT?')
  expect(output().split('did you mean OSS_ENDPOINT?')).toHaveLength(2)
  await expect.poll(output).toContain('OSS_ACCESS_KEY_ID is missing')
  await expect.poll(output).toContain('GATEWAY_CONFIG is bound to something that is no text')
  expect(output()).not.toContain('the-oss-secret')
})

test('a setting that Workers do not do is told like any mistake, by its name, whatever else is right', async () => {
  const { endpoint, output } = await start({
    OSS_REGION: 'cn-hangzhou',
    OSS_ACCESS_KEY_ID: 'key',
    OSS_ACCESS_KEY_SECRET: 'the-oss-secret',
    GATEWAY_CONFIG: '{"trustedProxies": ["10.0.0.0/8"], "limits": {"inFlight": 10}}',
  })
  for (let i = 0; i < 2; i++) {
    const answer = await fetch(new URL('/bucket/key', endpoint))
    expect([answer.status, errorOf(Buffer.from(await answer.arrayBuffer()), 'GET').Code]).toEqual([
      501,
      'NotImplemented',
    ])
  }
  for (const name of ['trustedProxies', 'limits.inFlight']) {
    await expect.poll(output).toContain(`GATEWAY_CONFIG: ${name} means nothing on Workers`)
    expect(output().split(`GATEWAY_CONFIG: ${name} means nothing on Workers`)).toHaveLength(2)
  }
  expect(output().trim().split('\n')).toHaveLength(1)
})

test.each<[what: string, bound: Json]>([
  ['a text', '{"accessLog": {"to": "stdout", "format": "s3"}, "cors": false}'],
  ['names with values', { accessLog: { to: 'stdout', format: 's3' }, cors: false }],
])('the document is bound as %s', async (_, GATEWAY_CONFIG) => {
  const { endpoint, output } = await start({
    OSS_REGION: 'cn-hangzhou',
    OSS_ACCESS_KEY_ID: 'key',
    OSS_ACCESS_KEY_SECRET: 'the-oss-secret',
    GATEWAY_CONFIG,
  })
  expect((await fetch(new URL('/bucket/key', endpoint))).status).toBe(403)
  // S3's format, to standard output.
  await expect.poll(output).toMatch(/^- bucket \[.*REST\.GET\.OBJECT key/m)
})

test('its health is asked by a path that no bucket has, and where a host names a bucket is a key', async () => {
  const { endpoint } = await start({
    OSS_REGION: 'cn-hangzhou',
    OSS_ACCESS_KEY_ID: 'key',
    OSS_ACCESS_KEY_SECRET: 'the-oss-secret',
    S3_DOMAIN: 's3.example.com',
  })
  const ask = (method: string, target: string, host: string) =>
    send(endpoint.origin, { method, target, headers: { host } })
  const { host } = endpoint
  const answers = await Promise.all(
    (
      [
        ['GET', '/-/healthz', host],
        ['HEAD', '/-/healthz', host],
        ['GET', '/-/healthz', 's3.example.com'],
        ['PUT', '/-/healthz', host],
        ['GET', '/-/healthz/', host],
        ['GET', '/-/healthz?acl', host],
        ['GET', '/-/other', host],
        ['GET', '/-/healthz', 'bucket.s3.example.com'],
      ] as const
    ).map(async ([method, target, name]) => {
      const { status, body } = await ask(method, target, name)
      const told = status === 200 ? body : errorOf(body, method).Code
      return `${method} ${target} ${name === host ? 'host' : name}: ${status} ${told}`.trim()
    }),
  )
  expect(answers).toEqual([
    'GET /-/healthz host: 200 ok',
    'HEAD /-/healthz host: 200',
    'GET /-/healthz s3.example.com: 200 ok',
    'PUT /-/healthz host: 400 InvalidBucketName',
    'GET /-/healthz/ host: 400 InvalidBucketName',
    'GET /-/healthz?acl host: 400 InvalidBucketName',
    'GET /-/other host: 400 InvalidBucketName',
    'GET /-/healthz bucket.s3.example.com: 403 AccessDenied',
  ])
})

test.each([
  ['info', true],
  ['warn', true],
  ['error', false],
])('at the level %s the log tells what may be a mistake: %s', async (GATEWAY_LOG_LEVEL, isTold) => {
  const { endpoint, output } = await start({
    OSS_REGION: 'cn-hangzhou',
    OSS_ACCESS_KEY_ID: 'key',
    OSS_ACCESS_KEY_SECRET: 'the-oss-secret',
    GATEWAY_LOG_LEVEL,
    GATEWAY_CONFIG: { anonymous: 'forward', accessLog: { to: 'stdout' } },
  })
  await fetch(new URL('/bucket/key', endpoint), { method: 'PUT' })
  // What is written for the request comes after it.
  await expect.poll(output).toContain('"request_time"')
  expect(output().includes('{"level":"warn","event":"warning"')).toBe(isTold)
})

describe('the document in a namespace of KV', () => {
  const right = {
    OSS_REGION: 'cn-hangzhou',
    OSS_ACCESS_KEY_ID: 'key',
    OSS_ACCESS_KEY_SECRET: 'the-oss-secret',
  }
  const codeOf = async (answer: Response) => errorOf(Buffer.from(await answer.arrayBuffer()), 'GET').Code

  test('has the keys of clients', async () => {
    const { worker, endpoint } = await start(right, { kvNamespaces: ['CONFIG'] })
    const clients = [{ accessKeyId: 'backup', secretAccessKey: 'the-secret', buckets: ['backups'] }]
    await keep(worker, JSON.stringify({ clients }))
    const ask = async (target: string, secretAccessKey: string) => {
      const signed = sign({ method: 'GET', target }, endpoint.host, {
        accessKeyId: 'backup',
        secretAccessKey,
      })
      return (await send(endpoint.origin, signed)).error.Code
    }
    expect(await ask('/others/a', 'the-secret')).toBe('AccessDenied')
    expect(await ask('/backups/a', 'another')).toBe('SignatureDoesNotMatch')
  })

  test.each<[what: string, kept: string | undefined, bindings: Record<string, Json>, problem: string]>([
    ['without a value', undefined, {}, 'CONFIG has no value for the key GATEWAY_CONFIG'],
    ['that is empty', '\n', {}, '["GATEWAY_CONFIG is set, but empty: give it a value, or unset it"]'],
    ['that is an empty text of JSON', '""', {}, 'the document is empty; {} is one that says nothing'],
    ['that is no JSON', 'cors: false', {}, 'GATEWAY_CONFIG is no JSON'],
    ['with a mistake', '{"copy": {"parallel": 0}}', {}, 'GATEWAY_CONFIG: copy.parallel'],
    ['beside another', '{}', { GATEWAY_CONFIG: '{}' }, 'the document can be in one of them alone'],
  ])('%s is a mistake like any other', async (_, kept, bindings, problem) => {
    const { worker, endpoint, output } = await start({ ...right, ...bindings }, { kvNamespaces: ['CONFIG'] })
    if (kept !== undefined) await keep(worker, kept)
    for (let i = 0; i < 2; i++) {
      const answer = await fetch(new URL('/bucket/key', endpoint))
      expect([answer.status, await codeOf(answer)]).toEqual([501, 'NotImplemented'])
    }
    await expect.poll(output).toContain(problem)
    expect(output().split(problem)).toHaveLength(2)
    expect(output().trim().split('\n')).toHaveLength(1)
  })

  test.each<[what: string, bindings: Record<string, Json>, more: Bound, problem: string]>([
    ['CONFIG to a text', { CONFIG: '{}' }, {}, 'no namespace of KV'],
    ['CONFIG to a bucket', {}, { r2Buckets: ['CONFIG'] }, 'no namespace of KV'],
    ['CONFIG to a Worker', {}, { serviceBindings: { CONFIG: kCurrentWorker } }, 'no namespace of KV'],
    [
      'METRICS to a Worker',
      {},
      { serviceBindings: { METRICS: kCurrentWorker } },
      'no dataset of Analytics Engine',
    ],
    ['METRICS to a text', { METRICS: 'on' }, {}, 'no dataset of Analytics Engine'],
    ['CALL_METRICS to a text', { CALL_METRICS: 'on' }, {}, 'no dataset of Analytics Engine'],
    ['METRICS to a namespace', {}, { kvNamespaces: ['METRICS'] }, 'no dataset of Analytics Engine'],
    [
      'GATEWAY_CONFIG to a namespace',
      {},
      { kvNamespaces: ['GATEWAY_CONFIG'] },
      'GATEWAY_CONFIG is bound to something',
    ],
  ])('binding %s is a mistake', async (_, bindings, more, problem) => {
    const { endpoint, output } = await start({ ...right, ...bindings }, more)
    expect((await fetch(new URL('/bucket/key', endpoint))).status).toBe(501)
    await expect.poll(output).toContain(problem)
    expect(output().split(problem)).toHaveLength(2)
  })

  test('a dataset of Analytics Engine is none', async () => {
    const { endpoint } = await start(right, { analyticsEngineDatasets: { METRICS: { dataset: 'gateway' } } })
    expect((await fetch(new URL('/bucket/key', endpoint))).status).toBe(403)
  })
})

test('with wrong settings it is not healthy', async () => {
  const { endpoint } = await start({ OSS_REGION: 'cn-hangzhou' })
  expect((await fetch(new URL('/-/healthz', endpoint))).status).toBe(501)
})
