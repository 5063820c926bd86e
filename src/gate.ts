/** How much is taken on at a time. Times are milliseconds. */
export type GateLimits = { inFlight: number; waiting: number; waitingTime: number }

/** Lets so many in at a time, lets so many more wait for their turn, and turns the rest away at once. */
export type Gate = {
  /** True: in. False: turned away. A promise: waiting, in the order of arrival, for either. */
  enter(): boolean | Promise<boolean>
  /** Whoever was let in is done. */
  leave(): void
}

/** @param sleep rejects when its signal aborts. */
export function createGate(
  { inFlight, waiting, waitingTime }: GateLimits,
  sleep: (ms: number, signal: AbortSignal) => Promise<void>,
): Gate {
  let inside = 0
  /** A set keeps the order of arrival, and lets anyone leave the queue. */
  const queue = new Set<() => void>()

  function wait(): Promise<boolean> {
    return new Promise((resolve) => {
      const called = new AbortController()
      const call = () => {
        called.abort()
        resolve(true)
      }
      queue.add(call)
      sleep(waitingTime, called.signal).then(
        () => {
          queue.delete(call)
          resolve(false)
        },
        () => {},
      )
    })
  }

  return {
    enter: () => {
      if (inside < inFlight) {
        inside++
        return true
      }
      return queue.size < waiting ? wait() : false
    },
    leave: () => {
      const [next] = queue
      if (next === undefined) {
        inside--
        return
      }
      // The place is handed on: nobody who comes now may take it first.
      queue.delete(next)
      next()
    },
  }
}
