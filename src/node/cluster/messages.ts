import type { Worker } from 'node:cluster'
import type { MetricValues } from '../observe/metric-values.ts'

/** What the primary process says to a worker. */
export type ToWorker =
  | { serve: string | undefined }
  | { stop: number }
  | { tellMetrics: number }
  | { reopenLog: true }

/** What a worker says to the primary process: `ready` when it takes messages, its port when it listens. */
export type FromWorker =
  | 'ready'
  | { port: number }
  | 'closed'
  | { failed: string }
  | { metrics: MetricValues; asked: number | undefined }

/** In the environment of a worker: other tools run programs under `node:cluster` too. */
export const WORKER_MARK = 'WORKER_OF_S3_OSS_GATEWAY'

/** Sends to a worker. Errors are ignored: a process that cannot receive has ended, which is noticed by itself. */
export const sendToWorker = (worker: Worker, message: ToWorker) =>
  void worker.send(message, undefined, () => {})

/** Sends to the primary process. @param done called when it is sent, or cannot be. */
export const sendToPrimary = (message: FromWorker, done = () => {}) =>
  process.send === undefined ? done() : process.send(message, undefined, undefined, done)
