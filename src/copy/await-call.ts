import type { TimeLimit, Timer } from '../ports.ts'
import { timeoutError } from './retry.ts'

/** Milliseconds in which most copies are done. Listening to the client's signal before would cost a tenth of each. */
const LISTEN_AFTER_MS = 1000

/** What ends the wait for a call to OSS, or is done during it. */
export type CallLimits = {
  timer: Timer
  /** The client's; made when the call takes long, and not before. */
  signal: () => AbortSignal
  limit: TimeLimit
  /** Called once, after `slowAfter`, unless the call has ended before. */
  onSlow: () => void
  /** Milliseconds; 0: never. */
  slowAfter: number
}

/**
 * Waits for one call to OSS, until the client disconnects or the limit is reached. The call itself is not aborted: OSS
 * finishes what it has begun, and only its response has the result.
 * @throws what the work throws; the signal's reason once the client has disconnected; OssUnreachable when the limit is reached.
 */
export function awaitCall<T>(
  work: Promise<T>,
  { timer, signal, limit, onSlow, slowAfter }: CallLimits,
): Promise<T> {
  const after = slowAfter > 0 ? slowAfter : Number.POSITIVE_INFINITY
  const first = Math.min(LISTEN_AFTER_MS, after, limit.ms)
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
