import { isTransient } from '../../oss/retry.ts'
import { slowDown } from '../../s3/error.ts'
import { ATTEMPTS, holdLease, LEASE, type Lease, type LeasePorts, SETTLED, type Taken } from './lease.ts'
import { isSame, type LockContent, type LockObject, NO_CONTENT, withRecord } from './lock-object.ts'

/** Milliseconds of the first pause of who waits for a lock, and of the longest. */
const [FIRST_PAUSE, LONGEST_PAUSE] = [30, 400]
type Wait = {
  /** Milliseconds. */
  most: number
  /** The client's, which ends the wait. */
  signal?: AbortSignal
  /** Keeps the runtime up for what is still to be tidied up. */
  waitUntil: (work: Promise<unknown>) => void
}

/** The error of who has waited too long: nothing was written, nor decided. */
export const busy = () => slowDown({ message: 'Another write of this key is under way. Please try again.' })

/**
 * Takes a lock, waiting for who holds it, and taking over from who has died.
 * @throws S3Error SlowDown when that takes too long; what {@link LockObject} throws.
 */
export async function takeLock(lock: LockObject, ports: LeasePorts, wait: Wait): Promise<Lease> {
  /** What the lock's content is when an append of this gateway has happened. */
  const own: LockContent[] = []
  try {
    const taken = await contend(lock, ports, wait, own)
    const lease = holdLease(lock, ports, taken)
    if (own.length === 0) return lease
    return { ...lease, release: () => lease.release().then(() => wait.waitUntil(sweep(lock, ports, own))) }
  } catch (error) {
    if (own.length > 0) wait.waitUntil(sweep(lock, ports, own))
    throw error
  }
}

/** @param own to be filled with the contents that lost answers may have been about. */
async function contend(
  lock: LockObject,
  { clock, sleep, random }: LeasePorts,
  { most, signal }: Wait,
  own: LockContent[],
): Promise<Taken> {
  let failures = 0
  /** @returns undefined where the content is another, or may be. */
  async function append(before: LockContent, record: string): Promise<Taken | undefined> {
    const asked = clock()
    const content = withRecord(before, record)
    try {
      return (await lock.append(before, record)) ? { content, record, asked } : undefined
    } catch (error) {
      if (!isTransient(error)) throw error
      own.push(content)
      if (++failures === ATTEMPTS) throw error
      return undefined
    }
  }

  const first = newRecord(random)
  let watched: { content: LockContent; since: number } | undefined
  let pause = FIRST_PAUSE
  for (let waited = 0; ; ) {
    const taken = await append(NO_CONTENT, first)
    if (taken !== undefined) return taken
    const isExpired = watched !== undefined && waited - watched.since >= LEASE
    if (watched === undefined || isExpired || own.length > 0) {
      const content = await lock.look()
      const isUnchanged = isSame(content, watched?.content)
      if (content !== undefined && ((isExpired && isUnchanged) || isAmong(own, content))) {
        const over = await append(content, newRecord(random))
        if (over !== undefined) return over
        watched = undefined
      } else if (!isUnchanged) watched = content && { content, since: waited }
    }
    if (waited >= most) throw busy()
    const ms = pause * (0.5 + random())
    await sleep(ms, signal).catch(() => {
      throw busy()
    })
    // Not by the clock, which may be set: a timer never ends too soon.
    waited += ms
    pause = Math.min(pause * 1.5, LONGEST_PAUSE)
  }
}

/** Gives back what an append whose answer was lost may have taken all the same. Never rejects. */
async function sweep(lock: LockObject, ports: LeasePorts, own: LockContent[]): Promise<void> {
  for (let tried = 1; ; tried++) {
    try {
      await ports.sleep(SETTLED)
      const before = await lock.look()
      if (before === undefined || !isAmong(own, before)) return
      const record = newRecord(ports.random)
      const content = withRecord(before, record)
      own.push(content)
      const asked = ports.clock()
      if (await lock.append(before, record))
        await holdLease(lock, ports, { content, record, asked }).release()
      return
    } catch (error) {
      if (tried < ATTEMPTS && isTransient(error)) continue
      ports.log('lock left', { lock: lock.name, cause: (error as Error).message })
      return
    }
  }
}

const isAmong = (contents: readonly LockContent[], content: LockContent) =>
  contents.some((one) => isSame(one, content))

/** A record like no other. @param random from 0 up to 1. */
function newRecord(random: () => number): string {
  const word = () =>
    Math.floor(random() * 2 ** 48)
      .toString(16)
      .padStart(12, '0')
  return `${word()}${word()}\n`
}
