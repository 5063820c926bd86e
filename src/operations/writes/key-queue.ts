import type { Timer } from '../../ports.ts'

/** Writes that are `shared` go on side by side; one that is `exclusive` has its key alone. */
export type Kind = 'shared' | 'exclusive'

/** When the wait for a turn ends without one. */
export type WaitLimits = {
  timer: Timer
  /** Milliseconds. */
  most: number
  /** The client's; created only where there is a wait. */
  signal: () => AbortSignal
  /** What the wait then rejects with. */
  error: () => Error
}

type Waiter = { kind: Kind; begin(): void }
type Turns = { shared: number; exclusive: boolean; waiting: Set<Waiter> }

/**
 * The writes of one process that are under way, by key, and those that wait for them, in the order of their arrival.
 * Nothing is kept of a key that nobody writes.
 */
export class KeyQueue {
  readonly #keys = new Map<string, Turns>()

  /** How many keys are written or waited for. */
  get size(): number {
    return this.#keys.size
  }

  /**
   * Begins a turn, which {@link leave} must end. Nobody is overtaken: what is shared waits behind what waits to be alone.
   * @returns undefined where it begins at once; else a promise that resolves when it has begun, and rejects at the limits.
   */
  enter(key: string, kind: Kind, limits: WaitLimits): Promise<void> | undefined {
    let turns = this.#keys.get(key)
    if (turns === undefined) {
      turns = { shared: 0, exclusive: false, waiting: new Set() }
      this.#keys.set(key, turns)
    }
    if (turns.waiting.size > 0 || !fits(turns, kind)) return this.#wait(key, turns, kind, limits)
    take(turns, kind)
    return undefined
  }

  /** Ends a turn that has begun. */
  leave(key: string, kind: Kind): void {
    const turns = this.#keys.get(key)
    if (turns === undefined) return
    if (kind === 'shared') turns.shared--
    else turns.exclusive = false
    this.#next(key, turns)
  }

  #wait(key: string, turns: Turns, kind: Kind, { timer, most, signal, error }: WaitLimits): Promise<void> {
    return new Promise((resolve, reject) => {
      const client = signal()
      const end = () => {
        stopTimer()
        client.removeEventListener('abort', giveUp)
        turns.waiting.delete(waiter)
      }
      const waiter: Waiter = {
        kind,
        begin: () => {
          end()
          take(turns, kind)
          resolve()
        },
      }
      const giveUp = () => {
        end()
        reject(error())
        // Those behind it may have waited for it alone.
        this.#next(key, turns)
      }
      const stopTimer = timer(most, giveUp)
      turns.waiting.add(waiter)
      client.addEventListener('abort', giveUp)
      if (client.aborted) giveUp()
    })
  }

  #next(key: string, turns: Turns): void {
    for (const waiter of turns.waiting) {
      if (!fits(turns, waiter.kind)) break
      waiter.begin()
    }
    if (turns.shared === 0 && !turns.exclusive && turns.waiting.size === 0) this.#keys.delete(key)
  }
}

const fits = ({ shared, exclusive }: Turns, kind: Kind) => !exclusive && (kind === 'shared' || shared === 0)

function take(turns: Turns, kind: Kind): void {
  if (kind === 'shared') turns.shared++
  else turns.exclusive = true
}
