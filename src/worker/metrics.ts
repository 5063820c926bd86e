import { type Observer, type RequestRecord, requestObserver } from '../observe/record.ts'
import type { Log } from '../ports.ts'

/** A dataset of Analytics Engine, as it is bound. */
export type Dataset = {
  writeDataPoint(point: { indexes: string[]; blobs: string[]; doubles: number[] }): void
}

/** A bound value as a dataset; undefined where it is none. Another Worker, which has a `fetch`, seems to have any method. */
export function datasetOf(bound: unknown): Dataset | undefined {
  if (typeof bound !== 'object' || bound === null) return undefined
  const { writeDataPoint, fetch } = bound as Record<string, unknown>
  return typeof writeDataPoint === 'function' && fetch === undefined ? (bound as Dataset) : undefined
}

const methods = new Set(['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS'])

/**
 * What is written of a request: the facts of the Node runtime's metrics, none of which a client can make up.
 * docs/observability.md names the columns: to those that there are, others may be added at the end.
 */
export function dataPoint(record: RequestRecord): Parameters<Dataset['writeDataPoint']>[0] {
  const operation = record.operation ?? 'none'
  const { oss } = record
  return {
    // What is sampled by, where there is too much: a rare operation is kept beside a frequent one.
    indexes: [operation],
    blobs: [
      operation,
      methods.has(record.method) ? record.method : '_OTHER',
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
  requestObserver((record) => {
    try {
      dataset.writeDataPoint(dataPoint(record))
    } catch (error) {
      // Of an answer that is made at once it is told before that goes out: it must not be lost with the point.
      log('metrics cannot be written', { requestId: record.requestId, cause: String(error) })
    }
  })
