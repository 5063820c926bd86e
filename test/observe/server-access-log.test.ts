import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jsonLine } from '../../src/observe/json-line.ts'
import { beginRecord, type RequestRecord } from '../../src/observe/record.ts'
import { serverAccessLines } from '../../src/observe/server-access-log.ts'

const TIME = Date.UTC(2019, 1, 6, 0, 0, 38, 5)

/** A record as a request's steps have filled it in. */
function recordOf(more: Partial<RequestRecord> = {}, headers: Record<string, string> = {}): RequestRecord {
  const peer = () => ({ address: '192.0.2.3', protocol: 'HTTP/1.0' })
  const incoming = {
    method: 'GET',
    target: '/bucket/a%20key',
    headers: { host: 's3.example.com', ...headers },
    peer,
  }
  return {
    ...beginRecord(incoming, '3E57427F3EXAMPLE', TIME),
    operation: 'GetObject',
    accessKeyId: 'reader',
    signature: { version: 'SigV4', type: 'AuthHeader', secret: undefined },
    bucket: 'bucket',
    key: 'a key',
    status: 200,
    bytesSent: 113,
    objectSize: 200,
    turnAroundTime: 7,
    totalTime: 9,
    ...more,
  }
}

/** A line as its readers take it apart: quoted, in brackets, or up to a blank. */
const fieldsOf = (line: string) => line.match(/"[^"]*"|\[[^\]]*\]|\S+/g) ?? []

describe('a line of S3’s server access log', () => {
  test('has the 27 fields of its format', () => {
    const [line = '', ...more] = serverAccessLines(recordOf({}, { 'user-agent': 'boto3/1 (x "y")' }))
    expect(more).toEqual([])
    expect(fieldsOf(line)).toEqual([
      '-',
      'bucket',
      '[06/Feb/2019:00:00:38 +0000]',
      '192.0.2.3',
      'reader',
      '3E57427F3EXAMPLE',
      'REST.GET.OBJECT',
      'a%20key',
      '"GET /bucket/a%20key HTTP/1.0"',
      '200',
      '-',
      '113',
      '200',
      '9',
      '7',
      '"-"',
      '"boto3/1 (x %22y%22)"',
      '-',
      '-',
      'SigV4',
      '-',
      'AuthHeader',
      's3.example.com',
      '-',
      '-',
      '-',
      '-',
    ])
  })

  test.each([
    ['key', { key: 'a "b]\n c\\' }, {}],
    ['version', { versionId: 'a b"c\nd' }, {}],
    ['version, of no characters', { versionId: '\x1b[2J\x00\x9b\ud800ü' }, {}],
    ['user agent', {}, { 'user-agent': 'a"b\\"\nc\u2028d' }],
    ['referer', {}, { referer: '" - - "' }],
    ['host', {}, { host: 'a b"c' }],
    ['target', { target: '/b/k?x="y"' }, {}],
    ['error code', { errorCode: 'A B' }, {}],
    ['nothing', { key: undefined, bucket: undefined, operation: undefined, accessKeyId: undefined }, {}],
  ] as [string, Partial<RequestRecord>, Record<string, string>][])(
    'stays one of 27 fields, whatever its %s',
    (_, more, headers) => {
      const [line = ''] = serverAccessLines(recordOf(more, headers))
      expect(line).toMatch(/^[ -~]*$/)
      expect(fieldsOf(line)).toHaveLength(27)
    },
  )

  test('is two for a copy: its source’s and its own', () => {
    const copySource = { bucket: 'other', key: 'from', versionId: 'v1' }
    const copy = { method: 'PUT', operation: 'CopyObject', key: 'to', copySource }
    const lines = serverAccessLines({ ...recordOf(copy), method: 'PUT' }).map(fieldsOf)
    expect(lines.map((fields) => [fields[1], fields[6], fields[7], fields[17]])).toEqual([
      ['other', 'REST.COPY.OBJECT_GET', 'from', 'v1'],
      ['bucket', 'REST.COPY.OBJECT', 'to', '-'],
    ])
  })

  test('is one more for each object that DeleteObjects names', () => {
    const batch = [
      { key: 'a', versionId: undefined, errorCode: undefined },
      { key: 'b', versionId: 'v', errorCode: 'AccessDenied' },
    ]
    const lines = serverAccessLines(recordOf({ operation: 'DeleteObjects', key: undefined, batch })).map(
      fieldsOf,
    )
    expect(lines.map((fields) => [fields[6], fields[7], fields[17], fields[10]])).toEqual([
      ['REST.GET.MULTI_OBJECT_DELETE', '-', '-', '-'],
      ['BATCH.DELETE.OBJECT', 'a', '-', '-'],
      ['BATCH.DELETE.OBJECT', 'b', 'v', 'AccessDenied'],
    ])
  })

  test.each([
    ['HeadObject', 'HEAD', 'REST.HEAD.OBJECT'],
    ['PutObject', 'PUT', 'REST.PUT.OBJECT'],
    ['UploadPart', 'PUT', 'REST.PUT.PART'],
    ['UploadPartCopy', 'PUT', 'REST.COPY.PART'],
    ['CompleteMultipartUpload', 'POST', 'REST.POST.UPLOAD'],
    ['CreateMultipartUpload', 'POST', 'REST.POST.UPLOADS'],
    ['ListObjectsV2', 'GET', 'REST.GET.BUCKET'],
    ['ListObjectVersions', 'GET', 'REST.GET.BUCKETVERSIONS'],
    ['GetBucketVersioning', 'GET', 'REST.GET.VERSIONING'],
    ['GetObjectTagging', 'GET', 'REST.GET.OBJECT_TAGGING'],
    ['GetBucketLocation', 'GET', 'REST.GET.LOCATION'],
    ['ListBuckets', 'GET', 'REST.GET.SERVICE'],
    ['GetBucketPolicy', 'GET', 'REST.GET.BUCKETPOLICY'],
    ['GetBucketPolicyStatus', 'GET', 'REST.GET.POLICY_STATUS'],
    ['PutBucketLogging', 'PUT', 'REST.PUT.LOGGING_STATUS'],
    ['PutBucketLifecycleConfiguration', 'PUT', 'REST.PUT.LIFECYCLE'],
    ['DeleteBucketLifecycle', 'DELETE', 'REST.DELETE.LIFECYCLE'],
    ['GetBucketAccelerateConfiguration', 'GET', 'REST.GET.ACCELERATE'],
    ['GetBucketNotificationConfiguration', 'GET', 'REST.GET.NOTIFICATION'],
    ['GetBucketReplication', 'GET', 'REST.GET.REPLICATION'],
    ['GetBucketIntelligentTieringConfiguration', 'GET', 'REST.GET.INTELLIGENT_TIERING'],
    ['GetBucketRequestPayment', 'GET', 'REST.GET.REQUEST_PAYMENT'],
    ['GetBucketOwnershipControls', 'GET', 'REST.GET.OWNERSHIP_CONTROLS'],
    ['GetPublicAccessBlock', 'GET', 'REST.GET.PUBLIC_ACCESS_BLOCK'],
    ['GetObjectLockConfiguration', 'GET', 'REST.GET.OBJECT_LOCK_CONFIGURATION'],
    ['PutObjectRetention', 'PUT', 'REST.PUT.OBJECT_LOCK_RETENTION'],
    ['GetObjectAttributes', 'GET', 'REST.GET.OBJECT_ATTRIBUTES'],
    ['PutObjectAcl', 'PUT', 'REST.PUT.ACL'],
    ['PutBucketAcl', 'PUT', 'REST.PUT.ACL'],
    ['RestoreObject', 'POST', 'REST.POST.RESTORE'],
    ['PostObject', 'POST', 'REST.POST.BUCKET'],
    ['PreflightObject', 'OPTIONS', 'REST.OPTIONS.PREFLIGHT'],
  ])('names %s as S3 does', (operation, method, name) => {
    const [line = ''] = serverAccessLines({ ...recordOf({ operation }), method })
    expect(fieldsOf(line)[6]).toBe(name)
  })
})

test('whatever a client sends, a line has 27 fields, and no character beyond ASCII', () => {
  const text = fc.string({
    unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
    maxLength: 20,
  })
  const record = fc.record({ key: text, bucket: text, versionId: text, errorCode: text, target: text })
  const headers = fc.record({ 'user-agent': text, referer: text, host: text })
  fc.assert(
    fc.property(record, headers, (more, sent) => {
      const batch = [{ key: more.key, versionId: undefined, errorCode: undefined }]
      const copySource = { bucket: more.bucket, key: more.key, versionId: more.versionId }
      for (const line of serverAccessLines(recordOf({ ...more, batch, copySource }, sent))) {
        expect(line).toMatch(/^[ -~]*$/)
        expect(fieldsOf(line)).toHaveLength(27)
      }
    }),
  )
})

describe('what a log tells of a presigned request', () => {
  const secret = 'fe5f80f77d5fa3beca038a248ff027d0'
  test.each([
    `/b/k?X-Amz-Signature=${secret}`,
    `/b/k?x-id=1&X-Amz-Credential=AKID%2F${secret}&X-Amz-Date=1`,
    `/b/k?X-Amz-Security-Token=${secret}&a`,
    `/b/k?AWSAccessKeyId=${secret}&Expires=1&Signature=${secret}`,
    `/b/k?x-amz-signature=${secret}`,
    `/b/k?X-Amz-Signature=${secret}&X-Amz-Signature=${secret}`,
    `/b/k?X%2DAmz-Signature=${secret}`,
    `/b/k?x-amz-server-side-encryption-customer-key=${secret}`,
    `/b/k?X-Amz-Copy-Source-Server-Side-Encryption-Customer-Key=${secret}`,
    `/?Action=AssumeRole&Policy=${secret}&Version=2011-06-15`,
    `/b/k?OSSAccessKeyId=${secret}&Expires=1&Signature=${secret}&security-token=${secret}`,
    `/b/k?x-oss-credential=${secret}&x-oss-security-token=${secret}&x-oss-signature=${secret}`,
    `/b/k?X-Amz-Signature=${secret}#part`,
    `/b/k?a=1;X-Amz-Signature=${secret}`,
    // A page that shows an object by the URL that it was given.
    `/view?url=https%3A%2F%2Fs3.example.com%2Fk%3FX-Amz-Signature%3D${secret}%26a%3D1`,
    `/view?url=https://s3.example.com/k?X-Amz-Signature=${secret}`,
    `/view?https%3A%2F%2Fs3.example.com%2Fk%3FX-Amz-Signature%3D${secret}`,
    `/view?https%3A%2F%2Fs3.example.com%2Fk%3FX-Amz-Signature%3D${secret}%26a=1`,
    `/b/k?%ff%X-Amz-Signature=1&X%2dAmz%2DSignature=${secret}&%ff=1`,
    `/view?url=${Array.from({ length: 9 }).reduce<string>((text) => encodeURIComponent(text), `/k?signature=${secret}`)}`,
    `/view#https://s3.example.com/k?X-Amz-Signature=${secret}`,
    `/view?to=%2Fview%3Furl%3Dhttps%253A%252F%252Fs3.example.com%252Fk%253Fsignature%253D${secret}`,
  ])('is nothing that it could be sent again with: %s', (target) => {
    for (const record of [
      recordOf({ target }),
      recordOf({}, { referer: `https://s3.example.com${target}` }),
    ]) {
      expect(serverAccessLines(record).join()).not.toContain(secret)
      expect(jsonLine(record, 1)).not.toContain(secret)
    }
  })

  test('is all that is no secret', () => {
    const target = '/b?policy&x-id=GetBucketPolicy&X-Amz-Signature=&prefix=policy=1'
    expect(jsonLine(recordOf({ target }), 1)).toContain(target)
    const referer = `https://s3.example.com${target}`
    expect(jsonLine(recordOf({}, { referer }), 1)).toContain(`"referer":"${referer}"`)
  })

  test('is no header that signs', () => {
    const record = recordOf(
      {},
      { authorization: `AWS4 ${secret}`, 'x-amz-security-token': secret, cookie: secret },
    )
    expect(serverAccessLines(record).join()).not.toContain(secret)
    expect(jsonLine(record, 1)).not.toContain(secret)
  })
})
