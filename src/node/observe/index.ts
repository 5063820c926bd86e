import { ACCESS_LOG_BUCKET, type Config } from '../../config/index.ts'
import type { Observer } from '../../observe/record.ts'
import type { OssClient } from '../../oss/client.ts'
import type { Log } from '../../ports.ts'
import { nodePorts } from '../ports.ts'
import { type AccessLog, accessLogTo, fileSink } from './access-log.ts'
import { bucketSink } from './bucket-sink.ts'

/**
 * Opens the access log of the settings, if they have one.
 * @param oss the client by which it is delivered to a bucket.
 * @throws Error where its file cannot be opened.
 */
export function openAccessLog(
  { to, format }: Config['document']['accessLog'],
  oss: () => OssClient,
  log: Log,
): AccessLog | undefined {
  if (to === 'off') return undefined
  const [, bucket, prefix = ''] = ACCESS_LOG_BUCKET.exec(to) ?? []
  if (bucket !== undefined) {
    return accessLogTo(bucketSink({ bucket, prefix }, oss, { ...nodePorts, log }), format)
  }
  return accessLogTo(fileSink(to === 'stdout' ? undefined : to, log), format)
}

/** One observer for those there are; undefined where there is none. */
export function observerOf(observers: readonly (Observer | undefined)[]): Observer | undefined {
  const [first, ...others] = observers.filter((observer) => observer !== undefined)
  if (first === undefined || others.length === 0) return first
  const all = [first, ...others]
  return {
    onRequest: (record) => {
      for (const observer of all) observer.onRequest(record)
    },
    onOssCall: (call, record) => {
      for (const observer of all) observer.onOssCall(call, record)
    },
    onRetry: (reason) => {
      for (const observer of all) observer.onRetry(reason)
    },
  }
}
