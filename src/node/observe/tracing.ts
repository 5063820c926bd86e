import {
  type Attributes,
  type Context,
  context,
  ProxyTracerProvider,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { ofSts } from '../../observe/aws-operation.ts'
import type { Observer, RequestRecord } from '../../observe/record.ts'
import type { OssCallRecord } from '../../oss/call-record.ts'

const NAME = 's3-oss-gateway'

/** Spans for the SDK of OpenTelemetry that the process was started with; undefined where there is none. @param keys whether they name objects' keys. */
export function registeredTracing(keys: boolean): Observer | undefined {
  const provider = trace.getTracerProvider()
  const isRegistered =
    !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer(NAME) !== undefined
  return isRegistered ? tracingObserver(trace.getTracer(NAME), keys) : undefined
}

/**
 * A server span for each request, by HTTP's and S3's semantic conventions, in the trace that its `traceparent` names; and
 * a client span within it for each call to OSS. OSS is sent no trace: it would have to be signed, and means nothing there.
 */
export function tracingObserver(tracer: Tracer, keys: boolean): Observer {
  /** Of requests that have called OSS and are not over. */
  const begun = new WeakMap<RequestRecord, { span: Span; within: Context }>()

  function begin(record: RequestRecord) {
    const known = begun.get(record)
    if (known !== undefined) return known
    const caller = propagation.extract(ROOT_CONTEXT, record.headers)
    const span = tracer.startSpan(
      record.operation === undefined
        ? record.method
        : `${ofSts.has(record.operation) ? 'STS' : 'S3'}.${record.operation}`,
      { kind: SpanKind.SERVER, startTime: record.time },
      caller,
    )
    const started = { span, within: trace.setSpan(caller, span) }
    begun.set(record, started)
    return started
  }

  return {
    onRequest: (record) => {
      const { span } = begin(record)
      span.setAttributes(requestAttributes(record, keys))
      if (record.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end(record.time + record.totalTime)
      begun.delete(record)
    },
    onOssCall: (call, record) => {
      const within = record === undefined ? context.active() : begin(record).within
      const span = tracer.startSpan(
        `OSS.${call.operation}`,
        { kind: SpanKind.CLIENT, startTime: call.began, attributes: callAttributes(call) },
        within,
      )
      if (call.status === undefined || call.status >= 400) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end(call.began + call.time)
    },
    onRetry: () => {},
  }
}

function requestAttributes(record: RequestRecord, keys: boolean): Attributes {
  const { headers, peer, copySource, target } = record
  const [path, ...query] = target.split('?')
  const parameters = new URLSearchParams(query.join('?'))
  const part = Number(parameters.get('partNumber') ?? Number.NaN)
  const [, address, port] = /^(.*?)(?::(\d+))?$/.exec(headers.host ?? '') ?? []
  return withoutUndefined({
    'http.request.method': record.method,
    'http.response.status_code': record.status,
    'http.request.body.size': record.bytesReceived,
    'http.response.body.size': record.bytesSent,
    'url.scheme': peer?.tls === undefined ? 'http' : 'https',
    'url.path': keys ? path : undefined,
    'server.address': address || undefined,
    'server.port': port && Number(port),
    'client.address': peer?.address,
    'user_agent.original': headers['user-agent'],
    'error.type': record.errorCode,
    'aws.request_id': record.requestId,
    'aws.s3.bucket': record.bucket,
    'aws.s3.key': keys ? record.key : undefined,
    'aws.s3.copy_source': keys && copySource ? `${copySource.bucket}/${copySource.key}` : undefined,
    'aws.s3.part_number': Number.isInteger(part) ? part : undefined,
    'aws.s3.upload_id': parameters.get('uploadId') ?? undefined,
    's3gw.access_key_id': record.accessKeyId,
    's3gw.copy_route': record.copyRoute,
  })
}

const callAttributes = ({ status, requestId, errorCode, ec }: OssCallRecord): Attributes =>
  withoutUndefined({
    'http.response.status_code': status,
    'error.type': errorCode,
    'oss.request_id': requestId,
    'oss.ec': ec,
  })

const withoutUndefined = (attributes: Attributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined))
