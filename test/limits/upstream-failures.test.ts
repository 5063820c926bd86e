import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse-config.ts'
import type { FaultAction, LocalOss } from '../../src/local-oss/index.ts'
import { serve } from '../../src/node/serve.ts'
import { send, sign } from '../gateway/wire.ts'
import { runtimes, startWorld, type World } from '../harness.ts'

const at = { Bucket: 'bucket', Key: 'key' }
const answers: Record<string, (s3: S3Client) => Promise<unknown>> = {
  PutObject: (s3) => s3.send(new PutObjectCommand({ ...at, Body: 'new' })),
  GetObject: (s3) => s3.send(new GetObjectCommand(at)),
  HeadObject: (s3) => s3.send(new HeadObjectCommand(at)),
  DeleteObject: (s3) => s3.send(new DeleteObjectCommand(at)),
  CopyObject: (s3) => s3.send(new CopyObjectCommand({ ...at, Key: 'copy', CopySource: 'bucket/key' })),
  ListObjectsV2: (s3) => s3.send(new ListObjectsV2Command({ Bucket: 'bucket' })),
  ListBuckets: (s3) => s3.send(new ListBucketsCommand()),
}
const error = (status: number, code: string): FaultAction => ({ kind: 'error', status, code })
/** A HEAD's answer has its document in a header. */
function onHead(action: FaultAction): FaultAction {
  if (action.kind !== 'error') return action
  const document = Buffer.from(`<Error><Code>${action.code}</Code></Error>`).toString('base64')
  return { kind: 'garbage', status: action.status, body: '', headers: { 'x-oss-err': document } }
}

const retryable = { status: 503, headers: { 'retry-after': '1' } }
const failures: [
  name: string,
  action: FaultAction,
  expected: { status: number; code?: string; headers?: object },
][] = [
  ['503 ServiceUnavailable', error(503, 'ServiceUnavailable'), { ...retryable, code: 'SlowDown' }],
  ['503 by a name of tomorrow', error(503, 'BusyBusy'), { ...retryable, code: 'SlowDown' }],
  ['429', error(429, 'TooMany'), { ...retryable, code: 'SlowDown' }],
  ['500', error(500, 'InternalError'), { ...retryable, code: 'ServiceUnavailable' }],
  ['a cut connection', { kind: 'cut', when: 'before' }, { ...retryable, code: 'ServiceUnavailable' }],
  [
    'a proxy’s page',
    { kind: 'garbage', status: 502, body: '<html><body>Bad Gateway</body></html>' },
    { ...retryable, code: 'ServiceUnavailable' },
  ],
  ['a bare 403', { kind: 'garbage', status: 403, body: '' }, { status: 403, code: 'AccessDenied' }],
  ['a code of tomorrow', error(400, 'SomethingNew'), { status: 400, code: 'InvalidRequest' }],
  [
    'a redirect',
    { kind: 'garbage', status: 307, body: '', headers: { location: 'http://evil.example/' } },
    { status: 501, code: 'NotImplemented' },
  ],
  // The gateway's own affair: a client must not go looking for what is wrong with its key.
  ...[
    'InvalidAccessKeyId',
    'SignatureDoesNotMatch',
    'SecurityTokenExpired',
    'InvalidSecurityToken',
    'RequestTimeTooSkewed',
  ].map((code): [string, FaultAction, { status: number; code: string }] => [
    `403 ${code}`,
    error(403, code),
    { status: 500, code: 'InternalError' },
  ]),
]

describe.each(runtimes)('when OSS fails on %s', (runtime) => {
  let world: World
  let s3: S3Client
  let localOss: LocalOss

  beforeAll(async () => {
    world = await startWorld(runtime)
    localOss = world.localOss
    s3 = world.s3()
    await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
    // The bucket's region is known from here on.
    await s3.send(new PutObjectCommand({ ...at, Body: 'old' }))
  })
  afterAll(() => world.stop())
  afterEach(() => localOss.faults.clear())

  describe.each(failures)('%s', (_, action, { status, code, headers = {} }) => {
    test.each(Object.entries(answers))('%s says so in S3’s words', async (operation, ask) => {
      const rule = { operation: operation, times: 9 }
      localOss.faults.add({ ...rule, action: operation === 'HeadObject' ? onHead(action) : action })
      const failure = await ask(s3).then(
        (answer) => Promise.reject(new Error(`it succeeded: ${JSON.stringify(answer)}`)),
        (error) => error,
      )
      expect(failure.$metadata.httpStatusCode).toBe(status)
      // A HEAD has no document: its status is the code.
      if (operation !== 'HeadObject') expect(failure.name).toBe(code)
      expect(failure.$response?.headers).toMatchObject(headers)
      expect(failure.$metadata.requestId).toMatch(/^[0-9A-F]{16}$/)
      localOss.faults.clear()
      expect((await world.oss('bucket').get('key')).content.toString()).toBe('old')
    })
  })

  test.each(['CopyObject', 'ListObjectsV2', 'ListBuckets'])(
    '%s takes no document that is not the one it asked for',
    async (operation) => {
      for (const body of ['', 'OK', '<html></html>', '{"ok":true}', '<ListBucketResult><Name>b']) {
        localOss.faults.add({
          operation: operation,
          times: 9,
          action: { kind: 'garbage', body },
        })
        await expect(answers[operation]?.(s3)).rejects.toMatchObject({ $metadata: { httpStatusCode: 503 } })
        localOss.faults.clear()
      }
    },
  )

  test('a write that was done and not heard of is no success', async () => {
    localOss.faults.add({ operation: 'PutObject', action: { kind: 'cut', when: 'after' } })
    await expect(
      s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'unheard', Body: 'x' })),
    ).rejects.toMatchObject({ name: 'ServiceUnavailable' })
  })

  test('a body that OSS cuts short is cut short, never ended as if it were whole', async () => {
    await world.oss('bucket').put('long', Buffer.alloc(100_000, 1))
    localOss.faults.add({ operation: 'GetObject', action: { kind: 'truncate', afterBytes: 50_000 } })
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'long' }))
    await expect(Body?.transformToByteArray()).rejects.toThrow()
    const whole = await s3.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'long' }))
    expect(await whole.Body?.transformToByteArray()).toHaveLength(100_000)
  })

  test('OSS’s request id is the answer’s x-amz-id-2, for its support', async () => {
    localOss.faults.add({ operation: 'GetObject', action: error(403, 'AccessDenied') })
    const { host } = new URL(world.endpoint)
    const answer = await send(world.endpoint, sign({ method: 'GET', target: '/bucket/key' }, host))
    expect(answer.headers['x-amz-id-2']).toBe('FA0175000000000000000000')
    expect(answer.error.HostId).toBe('FA0175000000000000000000')
  })
})

test('logs and answers tell no secret, no signature and no data, and the log names the cause', async () => {
  const lines: string[] = []
  const secrets = ['local-secret', 'client-secret-9', 'the-object’s-data']
  const config = parseConfig({
    PORT: '0',
    ADMIN_PORT: '0',
    LOCAL_OSS_PORT: '0',
    LOCAL_OSS_DIR: ':memory:',
    S3_ACCESS_KEY_ID: 'client',
    S3_SECRET_ACCESS_KEY: 'client-secret-9',
  })
  const running = await serve(config, (event, facts) => lines.push(`${event} ${JSON.stringify(facts)}`))
  const endpoint = `http://127.0.0.1:${running.port}`
  const host = `127.0.0.1:${running.port}`
  const client = { accessKeyId: 'client', secretAccessKey: 'client-secret-9' }
  const answers: string[] = []
  const signatures: string[] = []
  const ask = async (method: string, target: string, body = '') => {
    const request = sign({ method, target, body }, host, client)
    signatures.push(/Signature=(\w+)/.exec(request.headers?.authorization ?? '')?.[1] as string)
    answers.push((await send(endpoint, request)).body.toString())
  }
  try {
    await ask('PUT', '/bucket')
    for (const action of [
      error(403, 'SignatureDoesNotMatch'),
      error(500, 'InternalError'),
      { kind: 'cut', when: 'before' },
      { kind: 'call', run: () => Promise.reject(new TypeError('a bug')) },
    ] satisfies FaultAction[]) {
      running.localOss?.faults.add({ operation: 'PutObject', times: 9, action })
      await ask('PUT', '/bucket/key', 'the-object’s-data')
      running.localOss?.faults.clear()
    }
  } finally {
    await running.stop()
  }
  expect(lines.length).toBeGreaterThanOrEqual(3)
  expect(lines.join('\n')).toContain('SignatureDoesNotMatch')
  for (const text of [...lines, ...answers]) {
    for (const secret of [...secrets, ...signatures]) expect(text).not.toContain(secret)
    expect(text).not.toContain('OSS4-HMAC-SHA256')
  }
  for (const answer of answers) expect(answer).not.toMatch(/\bat .*\.ts|node_modules|TypeError/)
})
