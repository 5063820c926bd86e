import type { Observer } from './record.ts'

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
