import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createGateway } from '../../src/app.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import { nodePorts } from '../../src/node/ports.ts'
import {
  headerMap,
  type Incoming,
  type OssRequest,
  type OssResponse,
  type Transport,
} from '../../src/ports.ts'
import { credentialsOf } from '../credentials-of.ts'
import { postForm } from './form.ts'

/** A temporary key: its token would be one header more. */
const environment = {
  OSS_REGION: 'cn-hangzhou',
  OSS_ACCESS_KEY_ID: 'STS.key',
  OSS_ACCESS_KEY_SECRET: 'oss-secret',
  OSS_SESSION_TOKEN: 'oss-token',
  S3_ACCESS_KEY_ID: 'client',
  S3_SECRET_ACCESS_KEY: 'client-secret',
}
const config = parseConfig(environment, 'anonymous: forward')

const targets = ['/', '/bucket', '/bucket/', '/bucket/key', '/bucket/folder/', '/other/a%20b', '/bucket/ü']
const parameters =
  `list-type=2 versions prefix=a delimiter=/ max-keys=0 versionId=null partNumber=1 partNumber=2 acl tagging
  uploads uploadId=x location cors policy policyStatus versioning lifecycle encryption website logging object-lock retention
  legal-hold attributes torrent delete renameObject restore select session fetch-owner=true continuation-token=x
  response-content-type=text/html X-Amz-Expires=1 x-amz-checksum-mode=ENABLED Expires=1 x-oss-process=x security-token=x
  OSSAccessKeyId=x x-id=GetObject`.split(/\s+/)
const headers: [string, string][] = [
  ['range', 'bytes=0-1'],
  ['range', 'bytes=90-'],
  ['if-match', '"e"'],
  ['if-match', '*'],
  ['if-none-match', '"x"'],
  ['if-none-match', '*'],
  ['if-modified-since', 'Mon, 30 Nov 2026 05:00:00 GMT'],
  ['if-unmodified-since', 'Mon, 30 Nov 2026 05:00:00 GMT'],
  ['if-range', '"e"'],
  ['if-range', 'Mon, 30 Nov 2026 05:00:00 GMT'],
  ['origin', 'https://app.example'],
  ['referer', 'https://site.example'],
  ['x-amz-checksum-mode', 'ENABLED'],
  ['x-amz-request-payer', 'requester'],
  ['x-amz-expected-bucket-owner', '1'],
  ['x-amz-optional-object-attributes', 'RestoreStatus'],
  ['x-amz-object-attributes', 'ETag'],
  ['x-amz-copy-source', '/bucket/key'],
  ['x-amz-acl', 'public-read'],
  ['x-amz-bypass-governance-retention', 'true'],
  ['x-amz-object-lock-mode', 'GOVERNANCE'],
  ['x-amz-security-token', 'token'],
  ['x-amz-content-sha256', 'UNSIGNED-PAYLOAD'],
  ['x-oss-security-token', 'token'],
  ['x-oss-object-acl', 'public-read'],
  ['authorization', 'Bearer x'],
  [
    'authorization',
    'AWS4-HMAC-SHA256 Credential=/20261130/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=x',
  ],
  ['authorization', 'AWS :x'],
]
/** Answers of OSS that make the gateway look again, or ask for more. */
const answers: [status: number, headers: Record<string, string>, body: string][] = [
  [200, { etag: '"E-2"', 'x-oss-version-id': 'v', 'last-modified': 'Mon, 30 Nov 2026 05:00:00 GMT' }, 'body'],
  [200, { etag: '"E"', 'content-length': '4' }, 'body'],
  [200, { 'content-type': 'text/html' }, '<html></html>'],
  [200, { 'content-type': 'application/xml' }, '<ListBucketResult></ListBucketResult>'],
  [200, { 'content-type': 'application/xml' }, '<LocationConstraint>oss-cn-beijing</LocationConstraint>'],
  [206, { etag: '"E"', 'content-range': 'bytes 0-1/4' }, 'bo'],
  [302, { location: 'http://elsewhere.example/' }, ''],
  [304, { etag: '"E"' }, ''],
  [403, {}, '<Error><Code>AccessDenied</Code></Error>'],
  [403, {}, '<Error><Code>AccessDenied</Code><Endpoint>oss-cn-beijing.aliyuncs.com</Endpoint></Error>'],
  [403, {}, '<Error><Code>InvalidObjectState</Code></Error>'],
  [400, {}, '<Error><Code>InvalidArgument</Code><EC>0002-00000226</EC></Error>'],
  [404, { 'x-oss-delete-marker': 'true', 'x-oss-version-id': 'v' }, '<Error><Code>NoSuchKey</Code></Error>'],
  [404, {}, '<Error><Code>NoSuchBucket</Code></Error>'],
  [405, { 'x-oss-delete-marker': 'true' }, '<Error><Code>MethodNotAllowed</Code></Error>'],
  [409, {}, '<Error><Code>FileAlreadyExists</Code></Error>'],
  [412, {}, '<Error><Code>PreconditionFailed</Code></Error>'],
  [416, {}, '<Error><Code>InvalidRange</Code></Error>'],
  [500, {}, '<Error><Code>InternalError</Code></Error>'],
  [503, {}, '<Error><Code>ServiceUnavailable</Code></Error>'],
]

async function* bodyOf(text: string | Uint8Array) {
  yield Buffer.from(text as string)
}

/** Sends one request to a gateway of its own. @returns what it asked of OSS, which answers with these, in turns. */
async function callsFor(
  incoming: Pick<Incoming, 'method' | 'target' | 'headers'>,
  body: string | Uint8Array,
  given: readonly (typeof answers)[number][],
): Promise<{ status: number; calls: OssRequest[] }> {
  const calls: OssRequest[] = []
  const transport: Transport = async (request): Promise<OssResponse> => {
    const [status, ossHeaders, text] = given[calls.length % given.length] as (typeof answers)[number]
    calls.push(request)
    if (request.body !== undefined && !(request.body instanceof Uint8Array))
      for await (const _ of request.body);
    return { status, headers: headerMap({ 'x-oss-request-id': 'x', ...ossHeaders }), body: bodyOf(text) }
  }
  const gateway = createGateway({
    ...nodePorts,
    sleep: async () => {},
    config,
    credentials: credentialsOf(config),
    transport,
    log: () => {},
  })
  const { status, body: sent } = await gateway.answer({
    ...incoming,
    body: bodyOf(body),
    signal: () => new AbortController().signal,
  })
  if (sent !== undefined && typeof sent !== 'string' && !(sent instanceof Uint8Array))
    for await (const _ of sent);
  return { status, calls }
}

const request = fc.record({
  method: fc.constantFrom('GET', 'GET', 'HEAD', 'PUT', 'POST', 'DELETE'),
  target: fc.constantFrom(...targets),
  query: fc.subarray(parameters, { maxLength: 3 }),
  sent: fc.subarray(headers, { maxLength: 4 }),
  given: fc.array(fc.constantFrom(...answers), { minLength: 1, maxLength: 4 }),
})

/** By which calls that carry the gateway's identity are told. */
const personal = (call: OssRequest) =>
  call.anonymous !== true ||
  Object.keys(call.headers).some((name) =>
    /^(?:authorization|date|x-oss-(?!range-behavior$|request-payer$))/.test(name),
  ) ||
  /oss-secret|oss-token|STS\.|signature|credential/i.test(JSON.stringify([call.url, call.headers]))

test('whatever is asked without a signature, and whatever OSS answers, OSS is asked for nothing in the gateway’s name', async () => {
  let forwarded = 0
  await fc.assert(
    fc.asyncProperty(request, async ({ method, target, query, sent, given }) => {
      const whole = query.length === 0 ? target : `${target}?${query.join('&')}`
      const { status, calls } = await callsFor(
        { method, target: whole, headers: headerMap({ host: 'localhost', ...Object.fromEntries(sent) }) },
        '',
        given,
      )
      forwarded += calls.length
      expect(calls.filter(personal)).toEqual([])
      // What is neither a read nor a list is refused.
      if (method !== 'GET' && method !== 'HEAD') expect([calls, status >= 400]).toEqual([[], true])
    }),
    { numRuns: 3000 },
  )
  expect(forwarded).toBeGreaterThan(200)
})

test('whatever a form says without a policy, and whatever OSS answers, OSS is asked for nothing in the gateway’s name', async () => {
  const fields =
    `acl=public-read x-amz-acl=private Content-Type=text/plain x-amz-meta-a=b x-amz-storage-class=GLACIER
    If-None-Match=* If-Match="x" x-amz-expected-bucket-owner=1 x-amz-object-lock-legal-hold=ON x-amz-checksum-crc32=DUoRhQ==
    x-amz-grant-read=id="x" x-amz-tagging=a=b x-oss-object-acl=default x-amz-server-side-encryption=AES256
    x-amz-website-redirect-location=/x success_action_status=201`.split(/\s+(?=[A-Za-z])/)
  let forwarded = 0
  const form = fc.record({
    said: fc.subarray(fields, { maxLength: 3 }),
    length: fc.constantFrom(0, 5, 300 * 1024),
    given: fc.array(fc.constantFrom(...answers), { minLength: 1, maxLength: 4 }),
  })
  await fc.assert(
    fc.asyncProperty(form, async ({ said, length, given }) => {
      const pairs = said.map((field) => field.split(/=(.*)/s).slice(0, 2) as [string, string])
      const { body = '', ...sent } = postForm(
        { key: 'k', ...Object.fromEntries(pairs) },
        Buffer.alloc(length),
      )
      const own = { host: 'localhost', 'content-length': String(body.length) }
      const { calls } = await callsFor(
        { ...sent, headers: headerMap({ ...own, ...sent.headers }) },
        body,
        given,
      )
      forwarded += calls.length
      expect(calls.filter((call) => call.anonymous !== true || 'authorization' in call.headers)).toEqual([])
      expect(calls.filter(({ method }) => method !== 'PUT' && method !== 'GET')).toEqual([])
    }),
    { numRuns: 500 },
  )
  expect(forwarded).toBeGreaterThan(100)
})
