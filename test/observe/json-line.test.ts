import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonLine } from '../../src/observe/json-line.ts'
import { beginRecord, type RequestRecord } from '../../src/observe/record.ts'

const TIME = Date.UTC(2019, 1, 6, 0, 0, 38, 5)

function recordOf(
  more: Partial<RequestRecord> = {},
  headers: Record<string, string> = {},
  target = '/bucket/key',
  time = TIME,
): RequestRecord {
  const peer = () => ({ address: '192.0.2.3', tls: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' } })
  return { ...beginRecord({ method: 'PUT', target, headers, peer }, 'ID', time), ...more }
}

const read = (record: RequestRecord) => JSON.parse(jsonLine(record, 7)) as Record<string, unknown>

test('a line has the names of S3’s log for what S3 logs, and the gateway’s own for the rest', () => {
  const record = recordOf(
    {
      operation: 'CopyObject',
      accessKeyId: 'writer',
      session: { accessKeyId: 'SESSION', name: 'job' },
      issued: { accessKeyId: 'ISSUED', name: 'next' },
      signature: { version: 'SigV4', type: 'AuthHeader', secret: 2 },
      bucket: 'bucket',
      key: 'a',
      versionId: 'v1',
      copySource: { bucket: 'from', key: 'b', versionId: 'v0' },
      copyRoute: 'parts',
      bytesCopied: 8,
      batch: [{ key: 'c', versionId: undefined, errorCode: 'AccessDenied' }],
      status: 200,
      errorCode: 'InternalError',
      objectSize: 3,
      bytesReceived: 1,
      bytesSent: 2,
      turnAroundTime: 4,
      totalTime: 5,
      oss: {
        calls: 6,
        time: 7,
        requestId: 'OSS',
        errorCode: 'NoSuchKey',
        ec: '0026-00000001',
        retries: 1,
        retryReasons: ['InternalError'],
      },
    },
    { referer: 'r', 'user-agent': 'u', host: 'h' },
  )
  expect(read(record)).toEqual({
    request_time: '2019-02-06T00:00:38.005Z',
    request_id: 'ID',
    remote_ip: '192.0.2.3',
    requester: 'writer',
    bucket_name: 'bucket',
    operation: 'REST.COPY.OBJECT',
    object_key: 'a',
    object_version_id: 'v1',
    request_uri: 'PUT /bucket/key HTTP/1.1',
    http_status: 200,
    error_code: 'InternalError',
    bytes_sent: 2,
    object_size: 3,
    total_time_ms: 5,
    turn_around_time_ms: 4,
    referer: 'r',
    user_agent: 'u',
    signature_version: 'SigV4',
    authentication_type: 'AuthHeader',
    cipher_suite: 'TLS_AES_256_GCM_SHA384',
    tls_version: 'TLSv1.3',
    host_header: 'h',
    s3_operation: 'CopyObject',
    bytes_received: 1,
    copy_source: 'from/b',
    copy_source_version_id: 'v0',
    copy_route: 'parts',
    bytes_copied: 8,
    deleted: [{ key: 'c', errorCode: 'AccessDenied' }],
    oss_calls: 6,
    oss_time_ms: 7,
    oss_request_id: 'OSS',
    oss_error_code: 'NoSuchKey',
    oss_ec: '0026-00000001',
    secret_number: 2,
    session_name: 'job',
    session_access_key_id: 'SESSION',
    issued_session_name: 'next',
    issued_access_key_id: 'ISSUED',
    worker: 7,
  })
})

test('a line is one of JSON that gives back what a client has sent, whatever that is', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('"', '\\', '\n', '\u2028', '\ud800', 'é"'),
  )
  fc.assert(
    fc.property(text, text, text, text, (key, agent, referer, target) => {
      const line = jsonLine(
        recordOf({ key }, { 'user-agent': agent, referer }, `/${target.replaceAll('?', '')}`),
      )
      expect(line).not.toMatch(/[\r\n]/)
      expect(JSON.parse(line)).toMatchObject({
        object_key: key,
        user_agent: agent,
        referer,
        request_uri: `PUT /${target.replaceAll('?', '')} HTTP/1.1`,
      })
    }),
  )
})

test('a time is told to the millisecond', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 4e12 })), (times) => {
      for (const time of times)
        expect(read(recordOf({}, {}, '/', time)).request_time).toBe(new Date(time).toISOString())
    }),
  )
})
