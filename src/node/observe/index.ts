import type { Config } from '../../config/index.ts'
import type { Observer } from '../../observe/record.ts'
import type { Log } from '../../ports.ts'
import { type AccessLog, accessLogTo, fileSink } from './access-log.ts'

/** Opens the access log of the settings, if they have one. @throws Error where its file cannot be opened. */
export function openAccessLog(
  { to, format }: Config['document']['accessLog'],
  log: Log,
): AccessLog | undefined {
  return to === 'off' ? undefined : accessLogTo(fileSink(to === 'stdout' ? undefined : to, log), format)
}

/** One observer for those there are; undefined where there is none. */
export function observerOf(
  accessLog: AccessLog | undefined,
  metrics: Observer | undefined,
): Observer | undefined {
  if (accessLog === undefined) return metrics
  return {
    onRequest: (record) => {
      metrics?.onRequest(record)
      accessLog.write(record)
    },
    onOssCall: (call) => metrics?.onOssCall(call),
    onRetry: (reason) => metrics?.onRetry(reason),
  }
}
