/** How many requests are worked on at a time; milliseconds. */
export type Limits = { inFlight: number; waiting: number; waitingTime: number }

/** Lets so many requests in at a time, lets so many more wait for their turn, and turns the rest away at once. */
export type ConcurrencyLimit = {
  /**
   * True: in. False: turned away. A promise: waiting, in the order of arrival, for either.
   * @param gone asked for by who has to wait, and only then: once it aborts nobody waits for this turn.
   */
  enter(gone: () => AbortSignal): boolean | Promise<boolean>
  /** Whoever was let in is done. */
  leave(): void
}

/** @param sleep rejects when its signal aborts. */
export function createConcurrencyLimit(
  { inFlight, waiting, waitingTime }: Limits,
  sleep: (ms: number, signal: AbortSignal) => Promise<void>,
): ConcurrencyLimit {
  let inside = 0
  /** A set keeps the order of arrival, and lets anyone leave the queue. */
  const queue = new Set<() => void>()

  function wait(gone: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const over = new AbortController()
      const end = (entered: boolean) => {
        queue.delete(call)
        gone.removeEventListener('abort', give)
        over.abort()
        resolve(entered)
      }
      const call = () => end(true)
      const give = () => end(false)
      queue.add(call)
      gone.addEventListener('abort', give)
      if (gone.aborted) give()
      else sleep(waitingTime, over.signal).then(give, () => {})
    })
  }

  return {
    enter: (gone) => {
      if (inside < inFlight) {
        inside++
        return true
      }
      return queue.size < waiting ? wait(gone()) : false
    },
    leave: () => {
      const [next] = queue
      // The turn is handed on: nobody who comes now may take it first.
      if (next === undefined) inside--
      else next()
    },
  }
}
