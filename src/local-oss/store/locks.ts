/** The name to lock, and whether others may hold it at the same time. */
export type LockRequest = { name: string; shared?: boolean }

type Waiter = { shared: boolean; grant: () => void }
type Lock = { holders: number; exclusive: boolean; waiting: Waiter[] }

/** Named locks: many readers or one writer, first come first served. */
export class Locks {
  readonly #locks = new Map<string, Lock>()

  /** Runs `work` while holding every lock. They are acquired in the order of their names, which excludes deadlocks. */
  async run<T>(requests: readonly LockRequest[], work: () => Promise<T>): Promise<T> {
    const ordered = [...merge(requests)].sort(([a], [b]) => (a < b ? -1 : 1))
    const held: string[] = []
    try {
      for (const [name, shared] of ordered) {
        await this.#acquire(name, shared)
        held.push(name)
      }
      return await work()
    } finally {
      for (const name of held) this.#release(name)
    }
  }

  #acquire(name: string, shared: boolean): Promise<void> | undefined {
    const lock = this.#locks.get(name)
    if (lock === undefined) {
      this.#locks.set(name, { holders: 1, exclusive: !shared, waiting: [] })
      return undefined
    }
    if (shared && !lock.exclusive && lock.waiting.length === 0) {
      lock.holders++
      return undefined
    }
    return new Promise((grant) => lock.waiting.push({ shared, grant }))
  }

  #release(name: string): void {
    const lock = this.#locks.get(name)
    if (lock === undefined || --lock.holders > 0) return
    const next = lock.waiting.shift()
    if (next === undefined) {
      this.#locks.delete(name)
      return
    }
    lock.exclusive = !next.shared
    lock.holders = 1
    next.grant()
    while (next.shared && lock.waiting[0]?.shared) {
      lock.holders++
      lock.waiting.shift()?.grant()
    }
  }
}

/** Two requests of one name are one, exclusive if either is. */
function merge(requests: readonly LockRequest[]): Map<string, boolean> {
  const merged = new Map<string, boolean>()
  for (const { name, shared = false } of requests) merged.set(name, shared && (merged.get(name) ?? true))
  return merged
}
