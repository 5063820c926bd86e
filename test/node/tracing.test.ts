import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { propagation, type TextMapPropagator, trace } from '@opentelemetry/api'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { tracingObserver } from '../../src/node/observe/tracing.ts'
import { beginRecord, type RequestRecord } from '../../src/observe/record.ts'
import { clientOf, killGateways, started, until } from './gateway-process.ts'

const exporter = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
const TRACE = '0af7651916cd43dd8448eb211c80319c'
const PARENT = 'b7ad6b7169203331'

/** What SDKs register: W3C's `traceparent`. */
const traceparent: TextMapPropagator = {
  inject: () => {},
  fields: () => ['traceparent'],
  extract: (context, carrier, getter) => {
    const [, traceId, spanId, flags] =
      /^00-(\w{32})-(\w{16})-(\w\w)$/.exec(String(getter.get(carrier, 'traceparent'))) ?? []
    if (traceId === undefined || spanId === undefined) return context
    return trace.setSpanContext(context, { traceId, spanId, traceFlags: Number(flags), isRemote: true })
  },
}

function recordOf(headers: Record<string, string>, more: Partial<RequestRecord> = {}): RequestRecord {
  const incoming = {
    method: 'PUT',
    target: '/bucket/secret-name',
    headers: { host: 'localhost', ...headers },
  }
  const record = beginRecord(incoming, 'REQUEST', 1_000_000)
  return Object.assign(
    record,
    { operation: 'PutObject', bucket: 'bucket', key: 'secret-name', status: 200, totalTime: 50 },
    more,
  )
}
const call = {
  upstream: undefined,
  operation: 'PutObject',
  began: 1_000_010,
  time: 20,
  requestId: 'OSS',
  errorCode: undefined,
  ec: undefined,
}

describe('spans', () => {
  beforeAll(() => propagation.setGlobalPropagator(traceparent))
  afterAll(() => propagation.disable())
  beforeEach(() => exporter.reset())

  const spansOf = (
    keys: boolean,
    record: RequestRecord,
    ...calls: (typeof call & { status: number | undefined })[]
  ) => {
    const observer = tracingObserver(provider.getTracer('test'), keys)
    for (const one of calls) observer.onOssCall(one, record)
    observer.onRequest(record)
    const spans = exporter.getFinishedSpans()
    return { server: spans.at(-1) as ReadableSpan, clients: spans.slice(0, -1) }
  }

  test('are one for the request, in the trace of its caller, and one within it for each call to OSS', () => {
    const record = recordOf({ traceparent: `00-${TRACE}-${PARENT}-01` })
    const { server, clients } = spansOf(false, record, { ...call, status: 503 }, { ...call, status: 200 })
    expect(server.name).toBe('S3.PutObject')
    expect(server.parentSpanContext?.spanId).toBe(PARENT)
    expect(server.startTime).toEqual([1000, 0])
    expect(server.endTime).toEqual([1000, 50_000_000])
    expect(clients.map(({ name, status }) => [name, status.code])).toEqual([
      ['OSS.PutObject', 2],
      ['OSS.PutObject', 0],
    ])
    for (const span of [server, ...clients]) expect(span.spanContext().traceId).toBe(TRACE)
    for (const span of clients) expect(span.parentSpanContext?.spanId).toBe(server.spanContext().spanId)
  })

  test.each([
    ['no traceparent', {}],
    ['one that is none', { traceparent: `00-${TRACE}-zz-01` }],
  ])('begin a trace of their own with %s', (_, headers) => {
    const { server } = spansOf(false, recordOf(headers))
    expect(server.parentSpanContext).toBeUndefined()
    expect(server.spanContext().traceId).not.toBe(TRACE)
  })

  test('name keys only where the settings say so, and never what signs', () => {
    const headers = {
      authorization: 'AWS4-HMAC-SHA256 Signature=do-not-tell',
      'x-amz-security-token': 'do-not-tell',
    }
    for (const keys of [false, true]) {
      exporter.reset()
      const copySource = { bucket: 'other', key: 'secret-source', versionId: undefined }
      const { server } = spansOf(keys, recordOf(headers, { copySource }))
      const text = JSON.stringify(server.attributes)
      expect([text.includes('secret-name'), text.includes('secret-source')]).toEqual([keys, keys])
      expect(text).not.toContain('do-not-tell')
    }
  })

  test('have the attributes of OpenTelemetry’s conventions for HTTP and S3', () => {
    const record = recordOf(
      { host: 's3.example.com:9000' },
      { target: '/bucket/a%20key?partNumber=7&uploadId=ID%2B1&x-id=UploadPart', accessKeyId: 'writer' },
    )
    expect(spansOf(true, record).server.attributes).toMatchObject({
      'http.request.method': 'PUT',
      'http.response.status_code': 200,
      'url.scheme': 'http',
      'url.path': '/bucket/a%20key',
      'server.address': 's3.example.com',
      'server.port': 9000,
      'aws.request_id': 'REQUEST',
      'aws.s3.bucket': 'bucket',
      'aws.s3.key': 'secret-name',
      'aws.s3.part_number': 7,
      'aws.s3.upload_id': 'ID+1',
      's3gw.access_key_id': 'writer',
    })
  })

  test.each([
    [200, 0],
    [404, 0],
    [503, 2],
  ])('of an answer %d have the status %d', (status, code) => {
    expect(spansOf(false, recordOf({}, { status })).server.status.code).toBe(code)
  })
})

describe('the process', () => {
  afterEach(killGateways)

  test.each([[true], [false]])('started with an SDK (%s) makes spans', async (isLoaded) => {
    const gateway = await started(
      isLoaded ? { NODE_OPTIONS: '--import ./test/node/register-tracing.mjs' } : {},
    )
    const s3 = clientOf(gateway)
    s3.middlewareStack.add(
      (next) => (args) => {
        const { headers } = args.request as { headers: Record<string, string> }
        headers.traceparent = `00-${TRACE}-${PARENT}-01`
        return next(args)
      },
      { step: 'build' },
    )
    await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
    if (isLoaded) await until(() => gateway.output().includes("name: 'S3.CreateBucket'"))
    gateway.child.kill('SIGTERM')
    await gateway.exit
    expect(gateway.output().includes("name: 'OSS.PutBucket'")).toBe(isLoaded)
    const traces = [...gateway.output().matchAll(/traceId: '(\w+)'/g)].map(([, trace]) => trace)
    // The start asks OSS in a trace of its own.
    expect(traces.includes(TRACE)).toBe(isLoaded)
    expect(gateway.output().includes(PARENT)).toBe(isLoaded)
    s3.destroy()
  })
})
