/** How many signed requests are worked on at a time. The time is in milliseconds. */
export type ConcurrencyLimits = {
  inFlight: number
  /** The share of one access key in `inFlight`, and in `waiting`, */
  perKey: number
  /** and of one client address. */
  perAddress: number
  waiting: number
  waitingTime: number
}

/** Who asks. */
export type Requester = { key: string; address: string }

/**
 * Lets so many requests in at a time, of each key and each address no more than its share, lets so many more wait for
 * their turn, and turns the rest away at once.
 */
export type ConcurrencyLimit = {
  /**
   * True: in. False: turned away. A promise: waiting for either. Keys take turns; of one key, who came first goes first.
   * @param gone asked for by who has to wait, and only then: once it aborts nobody waits for this place in the queue.
   */
  enter(requester: Requester, gone: () => AbortSignal): boolean | Promise<boolean>
  /** To be called once by each that was let in, when its request is over. */
  leave(requester: Requester): void
}

type Waiter = { requester: Requester; enter(): void }

/** @param sleep rejects when its signal aborts. */
export function createConcurrencyLimit(
  { inFlight, perKey, perAddress, waiting, waitingTime }: ConcurrencyLimits,
  sleep: (ms: number, signal: AbortSignal) => Promise<void>,
): ConcurrencyLimit {
  let total = 0
  const ofKey = new Map<string, number>()
  const ofAddress = new Map<string, number>()
  /** By key, the one whose turn is next first. A set keeps the order of arrival, and lets anyone leave the queue. */
  const queues = new Map<string, Set<Waiter>>()
  let queued = 0
  const mostQueuedOfKey = Math.ceil((waiting * perKey) / inFlight)

  const fits = ({ key, address }: Requester) =>
    total < inFlight && (ofKey.get(key) ?? 0) < perKey && (ofAddress.get(address) ?? 0) < perAddress

  function take({ key, address }: Requester): void {
    total++
    add(ofKey, key, 1)
    add(ofAddress, address, 1)
  }

  /** The next whose turn it is, taken out of the queue. */
  function next(): Waiter | undefined {
    if (total >= inFlight) return undefined
    for (const [key, queue] of queues) {
      for (const waiter of queue) {
        if (!fits(waiter.requester)) continue
        remove(waiter)
        // The other keys come first now.
        queues.delete(key)
        if (queue.size > 0) queues.set(key, queue)
        return waiter
      }
    }
    return undefined
  }

  function remove(waiter: Waiter): void {
    const { key } = waiter.requester
    const queue = queues.get(key)
    if (queue?.delete(waiter) !== true) return
    queued--
    if (queue.size === 0) queues.delete(key)
  }

  function wait(requester: Requester, gone: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const over = new AbortController()
      const end = (entered: boolean) => {
        gone.removeEventListener('abort', giveUp)
        over.abort()
        resolve(entered)
      }
      const waiter: Waiter = {
        requester,
        enter: () => {
          take(requester)
          end(true)
        },
      }
      const giveUp = () => {
        remove(waiter)
        end(false)
      }
      const queue = queues.get(requester.key) ?? new Set()
      queues.set(requester.key, queue.add(waiter))
      queued++
      gone.addEventListener('abort', giveUp)
      if (gone.aborted) giveUp()
      else sleep(waitingTime, over.signal).then(giveUp, () => {})
    })
  }

  return {
    enter: (requester, gone) => {
      // Who waits has been called already when there was a place for him: nobody is passed over.
      if (fits(requester)) {
        take(requester)
        return true
      }
      const isFull = queued >= waiting || (queues.get(requester.key)?.size ?? 0) >= mostQueuedOfKey
      return isFull ? false : wait(requester, gone())
    },
    leave: ({ key, address }) => {
      total--
      add(ofKey, key, -1)
      add(ofAddress, address, -1)
      for (let waiter = next(); waiter !== undefined; waiter = next()) waiter.enter()
    },
  }
}

/** Without those that are at none: addresses come and go. */
function add(counts: Map<string, number>, name: string, change: 1 | -1): void {
  const count = (counts.get(name) ?? 0) + change
  if (count === 0) counts.delete(name)
  else counts.set(name, count)
}
