/** What is still read of an upload that is answered already: bytes, and milliseconds of silence and in all. */
const LIMITS = { bytes: 64 * 1024 ** 2, silence: 5_000, time: 30_000 }

/**
 * The rest of an upload that is answered. It is taken in and forgotten, so that its client comes to reading the answer: a
 * connection closed under its writing would be all it hears.
 */
export class Drain {
  #left = LIMITS.bytes
  readonly #until: number
  #movedAt: number
  #since: number

  /** @param now by `performance.now()`. @param bytesRead of the connection so far. */
  constructor(now: number, bytesRead: number) {
    this.#until = now + LIMITS.time
    this.#since = now
    this.#movedAt = bytesRead
  }

  /** @returns whether so many bytes more are too many. */
  take(bytes: number): boolean {
    this.#left -= bytes
    return this.#left < 0
  }

  /** Whether it takes too long. */
  isLate(now: number, bytesRead: number): boolean {
    if (bytesRead > this.#movedAt) {
      this.#movedAt = bytesRead
      this.#since = now
    }
    return now > this.#until || now - this.#since > LIMITS.silence
  }
}
