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

/** An access log as an observer. */
export const loggingObserver = (accessLog: AccessLog): Observer => ({
  onRequest: accessLog.write,
  onOssCall: () => {},
  onRetry: () => {},
})
