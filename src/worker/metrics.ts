import { methodLabel } from '../observe/method-label.ts'
import { type Observer, type RequestRecord, requestObserver } from '../observe/record.ts'
import type { Log } from '../ports.ts'

/** A dataset of Analytics Engine, as it is bound. */
export type Dataset = { writeDataPoint(point: DataPoint): void }

type DataPoint = { indexes: string[]; blobs: string[]; doubles: number[] }

/** A bound value as a dataset; undefined where it is none. Another Worker, which has a `fetch`, seems to have any method. */
export function datasetOf(bound: unknown): Dataset | undefined {
  if (typeof bound !== 'object' || bound === null) return undefined
  const { writeDataPoint, fetch } = bound as Record<string, unknown>
  return typeof writeDataPoint === 'function' && fetch === undefined ? (bound as Dataset) : undefined
}

/**
 * What is written of a request: the facts of the Node runtime's metrics, none of which a client can make up.
 * docs/observability.md names the columns: to those that there are, others may be added at the end.
 */
export function dataPoint(record: RequestRecord): DataPoint {
  const operation = record.operation ?? 'none'
  const { oss } = record
  return {
    // What is sampled by, where there is too much: a rare operation is kept beside a frequent one.
    indexes: [operation],
    blobs: [
      operation,
      methodLabel(record.method),
      String(record.status),
      record.errorCode ?? '',
      record.copyRoute ?? '',
      oss.errorCode ?? '',
      // Sorted, so that the same reasons are one value.
      [...oss.retryReasons].sort().join(' '),
    ],
    doubles: [
      record.totalTime,
      record.turnAroundTime,
      oss.time,
      oss.calls,
      record.bytesReceived ?? 0,
      record.bytesSent ?? 0,
      record.objectSize ?? 0,
      oss.retries,
      record.bytesCopied ?? 0,
    ],
  }
}

/** Metrics in Analytics Engine: a data point for each request, when its response has been sent. */
export const analyticsMetrics = (dataset: Dataset, log: Log): Observer =>
  requestObserver((record) => write(dataset, dataPoint(record), log, record))

/** Calls to OSS that are told together: of an operation, with a status, at an upstream. Times are in milliseconds. */
type Calls = { point: string[]; calls: number; time: number; longest: number }

/**
 * Metrics of calls to OSS in Analytics Engine, which takes 250 data points of a request, where a large copy makes thousands of
 * calls: a point for each operation, status and upstream of a request's, when it is over.
 */
export function analyticsCallMetrics(dataset: Dataset, log: Log): Observer {
  const unwritten = new WeakMap<RequestRecord, Map<string, Calls>>()
  const over = new WeakSet<RequestRecord>()

  function writeCalls({ point, calls, time, longest }: Calls, record?: RequestRecord): void {
    write(dataset, { indexes: point.slice(0, 1), blobs: point, doubles: [calls, time, longest] }, log, record)
  }

  return {
    onRequest: (record) => {
      over.add(record)
      for (const calls of unwritten.get(record)?.values() ?? []) writeCalls(calls, record)
      unwritten.delete(record)
    },
    onOssCall: ({ operation, status = 0, upstream = '', time }, record) => {
      const point = [operation, String(status), upstream]
      if (record === undefined || over.has(record)) {
        writeCalls({ point, calls: 1, time, longest: time }, record)
        return
      }
      const ofRequest = unwritten.get(record) ?? new Map<string, Calls>()
      unwritten.set(record, ofRequest)
      const name = point.join(' ')
      const told = ofRequest.get(name) ?? { point, calls: 0, time: 0, longest: 0 }
      told.calls++
      told.time += time
      told.longest = Math.max(told.longest, time)
      ofRequest.set(name, told)
    },
    onRetry: () => {},
  }
}

/** Of an answer that is made at once it is told before that goes out: it must not be lost with the point. */
function write(dataset: Dataset, point: DataPoint, log: Log, record: RequestRecord | undefined): void {
  try {
    dataset.writeDataPoint(point)
  } catch (error) {
    log('metrics cannot be written', { requestId: record?.requestId, cause: String(error) })
  }
}
