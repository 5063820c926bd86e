/** How long the rest of an answered upload is read: milliseconds without a byte, and in all. */
const MAX_IDLE_TIME = 5_000
const MAX_TIME = 30_000

/**
 * The rest of an upload that has been answered. It is read and discarded, so that the client gets to reading the
 * response: were the connection closed while it writes, it would only see a reset.
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

  /** @param bytes just read. @returns whether that exceeds the limit. */
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
    return now > this.#until || now - this.#since > MAX_IDLE_TIME
  }
}
