import type { Sleep, Timer } from '../ports.ts'

/** Calls back after so many milliseconds. @returns what cancels that. */
export const timer: Timer = (ms, call) => {
  const timeout = setTimeout(call, ms)
  return () => clearTimeout(timeout)
}

/** Resolves after so many milliseconds; rejects with the signal's reason when it aborts, or has aborted, before. */
export const sleep: Sleep = (ms, signal) =>
  new Promise((resolve, reject) => {
    const onAbort = () => {
      cancel()
      reject(signal?.reason)
    }
    const cancel = timer(ms, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
  })

/** Whether work ends within so many milliseconds. @throws what the work throws before. */
export async function endsWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  let cancel = () => {}
  const timeUp = new Promise<false>((resolve) => {
    cancel = timer(ms, () => resolve(false))
  })
  try {
    return await Promise.race([work.then(() => true), timeUp])
  } finally {
    cancel()
  }
}
