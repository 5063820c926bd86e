/** What of LevelDB's iterator is used. */
export type LevelIterator = {
  nextv(size: number): Promise<[Buffer, Buffer][]>
  seek(target: Buffer): void
  close(): Promise<void>
}

const READ_AHEAD = 128

/** A forward iterator over a range of the store that can seek ahead. */
export class Cursor {
  readonly #iterator: LevelIterator
  readonly #onClose: () => void
  #ahead: [Buffer, Buffer][] = []
  #done = false

  /** `onClose` is called once it is closed, which has to be once. */
  constructor(iterator: LevelIterator, onClose: () => void = () => {}) {
    this.#iterator = iterator
    this.#onClose = onClose
  }

  /** The next entry; undefined at the end. */
  async next(): Promise<[key: Buffer, value: Buffer] | undefined> {
    await this.peek()
    return this.#ahead.pop()
  }

  /** The entry that `next` will return. */
  async peek(): Promise<[key: Buffer, value: Buffer] | undefined> {
    if (this.#ahead.length === 0 && !this.#done) {
      this.#ahead = await this.#iterator.nextv(READ_AHEAD)
      this.#ahead.reverse()
      this.#done = this.#ahead.length === 0
    }
    return this.#ahead.at(-1)
  }

  /** Goes on at the first key that is not below `target`. */
  seek(target: Buffer): void {
    const last = this.#ahead[0]
    if (last !== undefined && Buffer.compare(last[0], target) >= 0) {
      while (Buffer.compare((this.#ahead.at(-1) as [Buffer, Buffer])[0], target) < 0) this.#ahead.pop()
      return
    }
    this.#ahead = []
    this.#done = false
    this.#iterator.seek(target)
  }

  async close(): Promise<void> {
    await this.#iterator.close().finally(this.#onClose)
  }
}
