import type { TimeLimit, Timer } from '../ports.ts'
import { timeoutError } from './attempt.ts'

/** Milliseconds in which most copies are done: to watch over each from its beginning costs a tenth of its time. */
const UNLIMITED_MS = 1000

/** What is looked after when work takes long. */
export type CallLimits = {
  timer: Timer
  /** The client's; asked for only then. */
  signal: () => AbortSignal
  limit: TimeLimit
  /** Called once, unless the work has ended before. */
  onSlow: () => void
  /** Milliseconds until then; 0: never. */
  slowAfter: number
}

/**
 * Waits for one call to OSS as long as it makes sense. The call itself goes on: what OSS has begun it does not call back.
 * @throws what the work throws; the signal's reason once the client has gone; OssUnreachable when the limit is reached.
 */
export function awaitCall<T>(
  work: Promise<T>,
  { timer, signal, limit, onSlow, slowAfter }: CallLimits,
): Promise<T> {
  const after = slowAfter > 0 ? slowAfter : Number.POSITIVE_INFINITY
  const first = Math.min(UNLIMITED_MS, after, limit.ms)
  return new Promise((resolve, reject) => {
    const ends = [timer(first, begin)]
    const end = () => {
      for (const each of ends) each()
    }
    const fail = (error: unknown) => {
      end()
      reject(error)
    }
    function begin(): void {
      const client = signal()
      const giveUp = () => fail(client.reason)
      if (client.aborted) {
        giveUp()
        return
      }
      client.addEventListener('abort', giveUp)
      ends.push(() => client.removeEventListener('abort', giveUp))
      ends.push(timer(limit.ms - first, () => fail(timeoutError(limit))))
      if (after < Number.POSITIVE_INFINITY) ends.push(timer(after - first, onSlow))
    }
    work.then((result) => {
      end()
      resolve(result)
    }, fail)
  })
}
