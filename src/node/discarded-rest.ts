/** What is still read of an upload that is answered already; milliseconds of silence and in all. */
const MAX_SILENCE = 5_000
const MAX_TIME = 30_000

/**
 * The rest of an upload that is answered. It is read and thrown away, so that its client comes to reading the answer: a
 * connection closed under its writing would be all it hears.
 */
export class DiscardedRest {
  static readonly MAX_BYTES = 64 * 1024 ** 2
  #left = DiscardedRest.MAX_BYTES
  readonly #until: number
  #movedAt: number
  #since: number

  /** @param now by `performance.now()`. @param bytesRead of the connection so far. */
  constructor(now: number, bytesRead: number) {
    this.#until = now + MAX_TIME
    this.#since = now
    this.#movedAt = bytesRead
  }

  /** @returns whether so many bytes more are too many. */
  take(bytes: number): boolean {
    this.#left -= bytes
    return this.#left < 0
  }

  /** Whether it takes too long. */
  isOver(now: number, bytesRead: number): boolean {
    if (bytesRead > this.#movedAt) {
      this.#movedAt = bytesRead
      this.#since = now
    }
    return now > this.#until || now - this.#since > MAX_SILENCE
  }
}
