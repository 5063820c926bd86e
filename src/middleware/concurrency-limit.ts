import { add } from '../runtime/counts.ts'

/** How many signed requests are worked on at a time. The time is in milliseconds. */
export type ConcurrencyLimits = {
  inFlight: number
  /** The share of one access key in `inFlight`, and in `waiting`, */
  perKey: number
  /** where it has none of its own, by key; */
  ofKey?: ReadonlyMap<string, number>
  /** and of one client address. */
  perAddress: number
  waiting: number
  waitingTime: number
}

/** The access key and the client address that a request counts to. */
export type Requester = { key: string; address: string }

/**
 * A limit of the requests worked on at a time, in all, for each key and for each address. Those above it wait in a queue,
 * and those above the queue's length are refused at once.
 */
export type ConcurrencyLimit = {
  /**
   * True: the request may begin. False: it is refused. A promise: it is queued, for either. Keys are served round robin,
   * requests of one key in the order of arrival.
   * @param clientGone called only where the request has to wait; once that signal aborts, it leaves the queue.
   */
  acquire(requester: Requester, clientGone: () => AbortSignal): boolean | Promise<boolean>
  /** Goes on by other limits. What was acquired under those before counts on, and those who wait go on to. */
  apply(limits: ConcurrencyLimits): void
  /** Requests that are worked on, and that wait. */
  load(): { inFlight: number; waiting: number }
  /** To be called once for each request that was acquired for, when it has been answered. */
  release(requester: Requester): void
}

type Waiter = { requester: Requester; begin(): void }

/** @param sleep rejects when its signal aborts. */
export function createConcurrencyLimit(
  first: ConcurrencyLimits,
  sleep: (ms: number, signal: AbortSignal) => Promise<void>,
): ConcurrencyLimit {
  let limits = first
  let total = 0
  const ofKey = new Map<string, number>()
  const ofAddress = new Map<string, number>()
  /** By key, the key that is served next first. A set keeps the order of arrival, and removes from anywhere in constant time. */
  const queues = new Map<string, Set<Waiter>>()
  let queued = 0
  const shareOf = (key: string) => limits.ofKey?.get(key) ?? limits.perKey
  const mostQueuedOf = (key: string) => Math.ceil((limits.waiting * shareOf(key)) / limits.inFlight)

  const fits = ({ key, address }: Requester) =>
    total < limits.inFlight &&
    (ofKey.get(key) ?? 0) < shareOf(key) &&
    (ofAddress.get(address) ?? 0) < limits.perAddress

  function take({ key, address }: Requester): void {
    total++
    add(ofKey, key, 1)
    add(ofAddress, address, 1)
  }

  /** Takes the next request that may begin out of its queue. */
  function next(): Waiter | undefined {
    if (total >= limits.inFlight) return undefined
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

  function beginNext(): void {
    for (let waiter = next(); waiter !== undefined; waiter = next()) waiter.begin()
  }

  function remove(waiter: Waiter): void {
    const { key } = waiter.requester
    const queue = queues.get(key)
    if (queue?.delete(waiter) !== true) return
    queued--
    if (queue.size === 0) queues.delete(key)
  }

  function wait(requester: Requester, clientGone: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const ended = new AbortController()
      const end = (isAcquired: boolean) => {
        clientGone.removeEventListener('abort', giveUp)
        ended.abort()
        resolve(isAcquired)
      }
      const waiter: Waiter = {
        requester,
        begin: () => {
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
      clientGone.addEventListener('abort', giveUp)
      if (clientGone.aborted) giveUp()
      else sleep(limits.waitingTime, ended.signal).then(giveUp, () => {})
    })
  }

  return {
    acquire: (requester, clientGone) => {
      // No queued request is overtaken: those that fit have begun when the last one was released.
      if (fits(requester)) {
        take(requester)
        return true
      }
      const isFull =
        queued >= limits.waiting || (queues.get(requester.key)?.size ?? 0) >= mostQueuedOf(requester.key)
      return isFull ? false : wait(requester, clientGone())
    },
    release: ({ key, address }) => {
      total--
      add(ofKey, key, -1)
      add(ofAddress, address, -1)
      beginNext()
    },
    apply: (others) => {
      limits = others
      beginNext()
    },
    load: () => ({ inFlight: total, waiting: queued }),
  }
}
