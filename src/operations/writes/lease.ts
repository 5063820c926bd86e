import { isOutcomeUnknown, isTransient } from '../../oss/retry.ts'
import type { Context } from '../operation.ts'
import { isSame, type LockContent, type LockObject, withRecord } from './lock-object.ts'

/** Milliseconds for which an owner counts on its lock, from before it asked for it. */
const HELD = 10_000
/**
 * Milliseconds for which a lock must have been seen unchanged before it is taken for that of a gateway that has died: the
 * difference is for what its owner has under way. Each measures for itself how long it has watched, since clocks differ.
 */
export const LEASE = 15_000
/** Milliseconds until an owner renews its lock, and until it tries again where that failed. */
const [RENEWAL, RETRY] = [3000, 500]
/** Milliseconds that must be left of a lock that is deleted: more than OSS has for the answer. */
const DELETION = 5000
/** Milliseconds after which a request for a lock whose answer was lost has happened, or never will. */
export const SETTLED = 2000
/** How often OSS is asked before it counts as failed. */
export const ATTEMPTS = 4

/** A lock that is held. */
export type Lease = {
  /** Whether nobody else can have it. */
  isHeld(): boolean
  /** Aborts when somebody else may have it, or soon could. */
  signal: AbortSignal
  /** Gives the lock back. Never rejects: one that is left is taken over when its lease has ended. */
  release(): Promise<void>
}

export type LeasePorts = Pick<Context, 'clock' | 'timer' | 'sleep' | 'random' | 'log'>

/** What the lock contains by an append, what was appended, and when it was asked for. */
export type Taken = { content: LockContent; record: string; asked: number }

/**
 * Holds a lock that was taken, renewing it. The time is measured twice: timers are not misled by a clock that is set, and
 * the clock goes on where the machine is suspended.
 */
export function holdLease(lock: LockObject, ports: LeasePorts, taken: Taken): Lease {
  const { clock, timer, sleep, log } = ports
  const { record } = taken
  let { content, asked } = taken
  const lost = new AbortController()
  let isReleased = false
  let renewing: Promise<void> = Promise.resolve()
  let stopRenewal = () => {}
  let stopExpiry = () => {}

  const left = () => (lost.signal.aborted ? 0 : asked + HELD - clock())

  function lose(): void {
    if (!lost.signal.aborted) log('lock lost', { lock: lock.name })
    lost.abort(new Error('the lock may be held by another gateway'))
  }

  function expireLater(): void {
    stopExpiry()
    stopExpiry = timer(Math.max(0, Math.min(HELD, left())), lose)
  }

  /** @returns false where it is another's. @throws what {@link LockObject} throws. */
  async function renew(): Promise<boolean> {
    const now = clock()
    if (!(await lock.append(content, record))) {
      // Unless an attempt whose answer was lost has renewed it.
      const renewed = withRecord(content, record)
      if (!isSame(await lock.look(), renewed)) return false
      content = renewed
      if (!(await lock.append(content, record))) return false
    }
    content = withRecord(content, record)
    asked = now
    return true
  }

  /** The same, of a lock that may be another's by now: an append at its length would make that nobody's. */
  async function renewIfThere(): Promise<boolean> {
    const there = await lock.look()
    const isOurs = isSame(there, content) || isSame(there, withRecord(content, record))
    return isOurs && renew()
  }

  function renewLater(ms: number): void {
    if (isReleased || lost.signal.aborted) return
    stopRenewal = timer(ms, () => {
      renewing = renew().then(
        (isOurs) => {
          if (!isOurs) return lose()
          expireLater()
          renewLater(RENEWAL)
        },
        () => renewLater(RETRY),
      )
    })
  }

  async function release(): Promise<void> {
    isReleased = true
    stopRenewal()
    await renewing
    stopExpiry()
    for (let tried = 1; ; tried++) {
      try {
        // Whose lease may have ended, or whose deletion may have happened, has to prove that the lock is still its own.
        if ((tried > 1 || left() < DELETION) && !(await renewIfThere())) return
        return await lock.remove()
      } catch (error) {
        if (tried === ATTEMPTS || !isTransient(error)) {
          log('lock left', { lock: lock.name, cause: (error as Error).message })
          return
        }
        // Or a deletion that comes late would be that of the next one's lock.
        await sleep(isOutcomeUnknown(error) ? SETTLED : RETRY * tried)
      }
    }
  }

  expireLater()
  renewLater(RENEWAL)
  return { isHeld: () => left() > 0, signal: lost.signal, release }
}
