import {
  AggregatorRegistry,
  Counter,
  collectDefaultMetrics,
  exponentialBuckets,
  Gauge,
  type OpenMetricsContentType,
  Registry,
} from 'prom-client'
import type { Load } from '../../gateway.ts'
import { methodLabel } from '../../observe/method-label.ts'
import type { Observer, RequestRecord } from '../../observe/record.ts'
import { createHistogram } from './histogram.ts'
import type { MetricValues } from './metric-values.ts'
import { keyMetrics, type UpstreamKey, upstreamLabel } from './oss-metrics.ts'

/** The metrics of one process. */
export type Metrics = {
  observer: Observer
  /** Whose requests in flight, connections and keys at OSS are told. */
  watch(told: () => Load & { connections: number; keys: readonly UpstreamKey[] }): void
  values(): Promise<MetricValues>
}

/** What `/metrics` answers. */
export type MetricsText = { contentType: string; text: string }

/** Seconds, as the semantic conventions of OpenTelemetry have them. */
const DURATIONS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 60]
/** Bytes: 1 KiB to 4 GiB. */
const SIZES = exponentialBuckets(1024, 4, 12)
/** Of one label: what is beyond is `other`, lest an unforeseen source of names fill the memory. */
const MAX_VALUES = 200

/** The values of a label, of which there are never more than a few hundred. */
function bounded(): (value: string) => string {
  const known = new Set<string>()
  return (value) => {
    if (known.has(value)) return value
    if (known.size >= MAX_VALUES) return 'other'
    known.add(value)
    return value
  }
}

/** Makes one thing for each name, operation and status. In nested maps: to join the three into one key costs more. */
function made<Name, T>(
  make: (name: Name, operation: string, status: number) => T,
): (name: Name, operation: string, status: number) => T {
  const known = new Map<string, Map<number, Map<Name, T>>>()
  return (name, operation, status) => {
    const one = known.get(operation)?.get(status)?.get(name)
    if (one !== undefined) return one
    const ofOperation = known.get(operation) ?? new Map<number, Map<Name, T>>()
    const ofStatus = ofOperation.get(status) ?? new Map<Name, T>()
    const first = make(name, operation, status)
    known.set(operation, ofOperation.set(status, ofStatus.set(name, first)))
    return first
  }
}

/** Makes the metrics of this process, its own memory and event loop among them. */
export function createMetrics(): Metrics {
  const registers = [new Registry()]
  const [register] = registers as [Registry]
  collectDefaultMetrics({ register })
  const duration = createHistogram(
    'http_server_request_duration_seconds',
    'From the header of a request until its response was sent',
    DURATIONS,
  )
  const requestSize = createHistogram('http_server_request_body_size_bytes', 'Bytes of request bodies', SIZES)
  const responseSize = createHistogram(
    'http_server_response_body_size_bytes',
    'Bytes of response bodies',
    SIZES,
  )
  const ossDuration = createHistogram(
    'oss_client_request_duration_seconds',
    'From a call to OSS until its answer began; status 0 where none came',
    DURATIONS,
  )
  const histograms = [duration, requestSize, responseSize, ossDuration]
  const retries = new Counter({
    name: 's3gw_retries_total',
    help: 'Calls to OSS that were made again, by why they had failed',
    labelNames: ['reason'],
    registers,
  })
  const refused = new Counter({
    name: 's3gw_refused_total',
    help: 'Requests answered with an error, by its S3 code',
    labelNames: ['code'],
    registers,
  })
  const copies = new Counter({
    name: 's3gw_copies_total',
    help: 'Copies of objects and of parts, by how they were done',
    labelNames: ['route', 'result'],
    registers,
  })
  const copiedBytes = new Counter({
    name: 's3gw_copied_bytes_total',
    help: 'Bytes copied of objects and of parts, where the gateway knew how many',
    labelNames: ['route'],
    registers,
  })
  let keys: () => readonly UpstreamKey[] = () => []
  const operationLabel = bounded()
  const codeLabel = bounded()
  const reasonLabel = bounded()
  const ossOperationLabel = bounded()
  const requests = made((method: string, operation: string, status) => {
    const labels = {
      http_request_method: method,
      http_response_status_code: status,
      s3_operation: operation,
    }
    return {
      duration: duration.series(labels),
      received: requestSize.series(labels),
      sent: responseSize.series(labels),
    }
  })
  const ossCalls = made((upstream: string | undefined, operation: string, status) =>
    ossDuration.series({ oss_operation: operation, status, ...upstreamLabel(upstream) }),
  )

  function countCopy({ copyRoute: route, errorCode, status, bytesCopied }: RequestRecord): void {
    if (route === undefined) return
    const isDone = status < 300 && errorCode === undefined
    copies.inc({ route, result: isDone ? 'success' : 'failure' })
    if (isDone && bytesCopied !== undefined) copiedBytes.inc({ route }, bytesCopied)
  }

  return {
    observer: {
      onRequest: (record) => {
        const of = requests(
          methodLabel(record.method),
          operationLabel(record.operation ?? 'none'),
          record.status,
        )
        of.duration.observe(record.totalTime / 1000)
        if (record.bytesReceived) of.received.observe(record.bytesReceived)
        if (record.bytesSent) of.sent.observe(record.bytesSent)
        if (record.errorCode !== undefined) refused.inc({ code: codeLabel(record.errorCode) })
        countCopy(record)
      },
      onOssCall: ({ upstream, operation, status = 0, time }) =>
        ossCalls(upstream, ossOperationLabel(operation), status).observe(time / 1000),
      onRetry: (reason) => retries.inc({ reason: reasonLabel(reason) }),
    },
    watch: (told) => {
      const gauge = (name: string, help: string, read: () => number) =>
        new Gauge({
          name,
          help,
          registers,
          collect() {
            this.set(read())
          },
        })
      gauge('s3gw_in_flight', 'Signed requests that are worked on', () => told().inFlight)
      gauge('s3gw_waiting', 'Signed requests that wait for their turn', () => told().waiting)
      gauge('s3gw_connections', 'Connections of clients', () => told().connections)
      keys = () => told().keys
    },
    values: async () => [
      ...((await register.getMetricsAsJSON()) as MetricValues),
      ...histograms.map((histogram) => histogram.metric()),
      ...keyMetrics(keys()),
    ],
  }
}

/** The metrics of several processes as one text, in sum but where that means nothing. */
export async function metricsText(processes: readonly MetricValues[]): Promise<MetricsText> {
  const register = aggregated(processes.map((values) => values.map(withoutTotal)))
  return { contentType: register.contentType, text: await register.metrics() }
}

/** Of OpenMetrics' counters only the samples end with `_total`, and prom-client appends it, whether or not it is there. */
const withoutTotal = (metric: MetricValues[number]): MetricValues[number] =>
  isCounter(metric) ? { ...metric, name: metric.name.replace(/_total$/, '') } : metric

// prom-client tells the type of a metric in words or by number.
const isCounter = ({ type }: MetricValues[number]) => String(type) === 'counter'

/**
 * What of an ended process still counts: its counters and histograms, without which sums would fall.
 * @param before what was kept of those ended earlier.
 */
export async function keptOf(before: MetricValues, ended: MetricValues): Promise<MetricValues> {
  const counts = ended.filter((metric) => isCounter(metric) || String(metric.type) === 'histogram')
  return (await aggregated([before, counts]).getMetricsAsJSON()) as MetricValues
}

const aggregated = (processes: readonly MetricValues[]): Registry<OpenMetricsContentType> => {
  const register = AggregatorRegistry.aggregate<OpenMetricsContentType>([...processes])
  register.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  return register
}
