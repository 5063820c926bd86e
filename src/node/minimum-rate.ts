/** An upload with fewer bytes than this in the idle time is too slow, */
const LEAST_SENT = 1024
/** and so is a download that is read at fewer bytes a second. */
const LEAST_READ_RATE = 1024

/** What a client is waited for to do: to send a body, or to read a response. */
type WaitsFor = 'nothing' | 'bytes' | 'reading'

/** How fast a client moves what it is waited for, at the least. Times are those of `performance.now()`. */
export class MinimumRate {
  /** Since when the client is waited for without having moved enough. */
  since: number
  #waitsFor: WaitsFor = 'nothing'
  /** The count of bytes when it had moved enough last. */
  #movedAt = 0

  constructor(now: number) {
    this.since = now
  }

  /** The client is waited for anew. */
  restart(now: number): void {
    this.since = now
  }

  /** The next look, whatever the client is waited for then, begins its time anew. */
  expectNothing(): void {
    this.#waitsFor = 'nothing'
  }

  /**
   * Looks whether the client moves too little; to be called again and again.
   * @param moved bytes of its connection until now, in the direction that is waited for.
   * @param limit milliseconds in which it has to move enough.
   */
  isTooLow(now: number, waitsFor: WaitsFor, moved: number, limit: number): boolean {
    const least = waitsFor === 'bytes' ? LEAST_SENT : (LEAST_READ_RATE * limit) / 1000
    if (waitsFor !== 'nothing' && waitsFor === this.#waitsFor && moved - this.#movedAt < least)
      return now - this.since > limit
    this.#waitsFor = waitsFor
    this.#movedAt = moved
    this.since = now
    return false
  }
}
