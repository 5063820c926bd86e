import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { bucketOperations } from '../../src/operations/part-of-bucket.ts'
import { served } from '../../src/operations/served.ts'
import { runtimes } from '../harness.ts'
import { type MappedWorld, PREFIX, startMappedWorld } from './mapped-world.ts'
import { type Answer, send, sign, type WireRequest } from './wire.ts'

const TAGS = '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>'
const lock = '<Mode>GOVERNANCE</Mode><RetainUntilDate>2040-01-01T00:00:00Z</RetainUntilDate>'
const copySource = { 'x-amz-copy-source': '/part/key' }
const put = (target: string, body = '', headers = {}): WireRequest => ({
  method: 'PUT',
  target,
  body,
  headers,
})
const post = (target: string, body = '', headers = {}): WireRequest => ({
  method: 'POST',
  target,
  body,
  headers,
})
const get = (target: string, headers = {}): WireRequest => ({ method: 'GET', target, headers })
const remove = (target: string): WireRequest => ({ method: 'DELETE', target })
const form = [
  '--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nk\r\n',
  '--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nx\r\n--b--\r\n',
].join('')
const DELETE =
  '<Delete><Object><Key>gone</Key></Object><Object><Key>.s3-oss-gateway/k</Key></Object></Delete>'

/** A request or several for each operation that is served, of the part and of what is in it. */
const requests: Readonly<Record<string, readonly WireRequest[]>> = {
  ListBuckets: [get('/')],
  CreateBucket: [put('/part')],
  HeadBucket: [{ method: 'HEAD', target: '/part' }],
  DeleteBucket: [remove('/part')],
  GetBucketLocation: [get('/part?location')],
  ListObjects: [get('/part'), get('/part?max-keys=1&delimiter=%2F'), get('/part?encoding-type=url&prefix=d')],
  ListObjectsV2: [
    get('/part?list-type=2'),
    get('/part?list-type=2&max-keys=1'),
    get('/part?list-type=2&fetch-owner=true&start-after=a'),
  ],
  ListObjectVersions: [
    get('/part?versions'),
    get('/part?versions&max-keys=1'),
    get('/part?versions&prefix=none'),
  ],
  PutObject: [
    put('/part/new', 'x'),
    put('/part/key', 'x', { 'if-match': '"0"' }),
    put('/part/none', 'x', { 'if-match': '"0"' }),
  ],
  CopyObject: [
    put('/part/copy', '', copySource),
    put('/part/copy', '', { 'x-amz-copy-source': '/part/none' }),
    put('/part/key', '', copySource),
  ],
  GetObject: [
    get('/part/key'),
    get('/part/none'),
    get('/part/key', { range: 'bytes=90-' }),
    get('/part/key?versionId=null'),
    get(`/part/key?versionId=${'a'.repeat(40)}`),
  ],
  HeadObject: [
    { method: 'HEAD', target: '/part/key' },
    { method: 'HEAD', target: '/part/none' },
  ],
  DeleteObject: [remove('/part/gone')],
  PostObject: [post('/part', form, { 'content-type': 'multipart/form-data; boundary=b' })],
  PreflightBucket: [
    {
      method: 'OPTIONS',
      target: '/part',
      headers: { origin: 'https://a.example', 'access-control-request-method': 'GET' },
    },
  ],
  PreflightObject: [
    {
      method: 'OPTIONS',
      target: '/part/key',
      headers: { origin: 'https://a.example', 'access-control-request-method': 'GET' },
    },
  ],
  DeleteObjects: [post('/part?delete', DELETE)],
  CreateMultipartUpload: [post('/part/up?uploads')],
  UploadPart: [put('/part/up?partNumber=1&uploadId=00000000000000000000000000000000', 'x')],
  UploadPartCopy: [put('/part/up?partNumber=1&uploadId=00000000000000000000000000000000', '', copySource)],
  CompleteMultipartUpload: [
    post(
      '/part/up?uploadId=00000000000000000000000000000000',
      '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"0"</ETag></Part></CompleteMultipartUpload>',
    ),
  ],
  AbortMultipartUpload: [remove('/part/up?uploadId=00000000000000000000000000000000')],
  ListParts: [get('/part/up?uploadId=00000000000000000000000000000000')],
  ListMultipartUploads: [
    get('/part?uploads'),
    get('/part?uploads&max-uploads=1'),
    get('/part?uploads&delimiter=%2F'),
  ],
  GetObjectAcl: [get('/part/key?acl')],
  PutObjectAcl: [put('/part/key?acl', '', { 'x-amz-acl': 'private' })],
  GetObjectTagging: [get('/part/key?tagging')],
  PutObjectTagging: [put('/part/key?tagging', TAGS)],
  DeleteObjectTagging: [remove('/part/key?tagging')],
  GetObjectAttributes: [get('/part/key?attributes', { 'x-amz-object-attributes': 'ETag,ObjectSize' })],
  GetObjectRetention: [get('/part/key?retention')],
  PutObjectRetention: [put('/part/key?retention', `<Retention>${lock}</Retention>`)],
  GetObjectLegalHold: [get('/part/key?legal-hold')],
  PutObjectLegalHold: [put('/part/key?legal-hold', '<LegalHold><Status>ON</Status></LegalHold>')],
  RestoreObject: [post('/part/key?restore', '<RestoreRequest><Days>1</Days></RestoreRequest>')],
}

/** The sub-resources of buckets, by their operations. */
const settings = served.filter(({ on, query }) => on === 'bucket' && query?.length === 1)
const requestsOf = (name: string): readonly WireRequest[] =>
  requests[name] ??
  settings
    .filter((operation) => operation.name === name)
    .map(({ method, query = [] }) => ({
      method,
      target: `/part?${query[0]}`,
      body: method === 'PUT' ? '<A/>' : '',
    }))

test('every operation on a bucket is decided for parts of buckets, and asked for here', () => {
  const onBuckets = served.filter(({ on }) => on === 'bucket').map(({ name }) => name)
  const decided = [...bucketOperations.answered, ...bucketOperations.refused]
  expect(decided.toSorted(), 'add it to src/operations/part-of-bucket.ts').toEqual(onBuckets.toSorted())
  const unasked = served.map(({ name }) => name).filter((name) => requestsOf(name).length === 0)
  expect(unasked, 'add a request to the table above').toEqual([])
})

describe.each(runtimes)('a part of a bucket on %s', (runtime) => {
  let world: MappedWorld
  let host: string
  const ask = (request: WireRequest, key = 'local'): Promise<Answer> =>
    send(world.endpoint, sign(request, host, { accessKeyId: key, secretAccessKey: `${key}-secret` }))

  beforeAll(async () => {
    world = await startMappedWorld(runtime)
    host = new URL(world.endpoint).host
  })
  afterAll(() => world.stop())
  beforeEach(async () => {
    const oss = world.oss('whole')
    for (const key of ['key', 'docs/a', 'gone']) await oss.put(PREFIX + key, Buffer.from('x'))
    await oss.initMultipartUpload(`${PREFIX}begun`)
    world.ossRequests()
  })

  test.each(bucketOperations.refused)('%s is refused, and OSS is not asked', async (name) => {
    for (const request of requestsOf(name)) {
      const answer = await ask(request)
      expect([name, answer.status, answer.error]).toEqual([
        name,
        403,
        expect.objectContaining({
          Code: 'AccessDenied',
          Message: `Access Denied: part is a part of a bucket (a prefix of its keys), and ${name} is about the whole bucket`,
        }),
      ])
    }
    expect(world.ossRequests()).toEqual([])
  })

  test.each(bucketOperations.answered)('%s is not refused for being about a part', async (name) => {
    for (const request of requestsOf(name)) {
      const { status, error } = await ask(request)
      expect([status, error.Message]).not.toEqual([403, expect.stringContaining('whole bucket')])
      expect(status).toBeLessThan(500)
    }
  })

  test.each(served.map(({ name }) => name))('%s tells nobody what leads to it', async (name) => {
    for (const request of requestsOf(name)) {
      const { headers, body } = await ask(request, 'guest')
      const told = `${JSON.stringify(headers)}\n${body}`
      const decoded = [
        told,
        ...[...told.matchAll(/[\w+/=-]{16,}/g)].map(([text]) => Buffer.from(text, 'base64').toString()),
      ]
      for (const text of decoded) expect(text).not.toMatch(/whole(?! bucket)|team|%C3%BC|ü/)
    }
  })

  const plain = `whole ${PREFIX}key`
  const encoded = 'team%20a/%C3%BC/key team%20a%2F%C3%BC%2Fkey'
  /** Errors of OSS that tell where they come from in all that OSS's errors have. */
  const telling: [status: number, code: string, text: string][] = [
    [400, 'InvalidArgument', plain],
    [400, 'InvalidArgument', encoded],
    [400, 'InvalidTag', 'team.oss-cn-hangzhou.aliyuncs.com'],
    [403, 'AccessDenied', plain],
    [404, 'NoSuchBucket', 'whole'],
    [404, 'NoSuchBucket', 'teams-other-bucket'],
    [404, 'NoSuchKey', plain],
    [409, 'Unheard', encoded],
  ]
  test.each(telling)(
    'no operation tells what leads to it where OSS says so in a %i %s: %s',
    async (status, code, text) => {
      const elements = ['Message', 'BucketName', 'Key', 'Endpoint', 'HostId', 'Bucket', 'Resource']
      const body = `<Error><Code>${code}</Code>${elements.map((name) => `<${name}>${text}</${name}>`).join('')}</Error>`
      const headers = { 'x-oss-request-id': '1', 'content-type': 'application/xml' }
      const action = { kind: 'garbage', status, body, headers } as const
      const remove = world.localOss.faults.add({ times: 1e9, action })
      const asked = served.flatMap(({ name }) => requestsOf(name).map((request) => ({ name, request })))
      const told = await Promise.all(
        asked.map(async ({ name, request }) => {
          const answer = await ask(request, 'guest')
          return `${name}: ${JSON.stringify(answer.headers)} ${answer.body}`
        }),
      )
      remove()
      expect(told.filter((line) => /whole(?! bucket)|team|%C3%BC|ü|aliyuncs/.test(line))).toEqual([])
    },
  )
})
