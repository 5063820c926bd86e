import type { Writable } from 'node:stream'

/** Bytes of an answer that wait here for whoever takes them, before OSS is told to pause. */
const HIGH_WATER = 64 * 1024

/** Where an answer's bytes come from. */
type Source = { pause(): void; resume(): void; abort(reason: Error): void }

/**
 * The body of OSS's answer. A Readable does the same, for as much CPU as all of a small request; this one knows when it
 * has come whole, which a small body has by the time anyone looks, and then goes out in one piece.
 */
export class AnswerBody implements AsyncIterable<Uint8Array> {
  readonly #source: Source
  readonly #chunks: Uint8Array[] = []
  #size = 0
  #paused = false
  #ended = false
  #error: Error | undefined
  #wake: (() => void) | undefined

  constructor(source: Source) {
    this.#source = source
  }

  push(bytes: Uint8Array): void {
    this.#chunks.push(bytes)
    this.#size += bytes.length
    this.#wake?.()
    if (this.#size > HIGH_WATER && !this.#paused) {
      this.#paused = true
      this.#source.pause()
    }
  }

  /** No more comes. @param error why it is not whole. */
  end(error?: Error): void {
    if (this.#ended) return
    this.#ended = true
    this.#error = error
    this.#wake?.()
  }

  /** Nobody reads the rest. */
  abandon(): void {
    this.#chunks.length = 0
    if (!this.#ended) this.#source.abort(new Error('the answer was not read to its end'))
  }

  /**
   * Writes it out, as fast as it is taken.
   * @returns a promise that settles when `to` has closed.
   * @throws Error when the body broke off; `to` is not ended then.
   */
  pipe(to: Writable): Promise<void> | undefined {
    if (this.#ended && this.#error === undefined && this.#chunks.length < 2) {
      to.end(this.#chunks[0])
      return undefined
    }
    return new Promise((resolve, reject) => {
      let flowing = false
      const flow = () => {
        // To take bytes lets OSS go on, and what comes then calls here again before those are written.
        if (flowing) return
        flowing = true
        while (!to.writableNeedDrain) {
          const bytes = this.#take()
          if (bytes === undefined) break
          to.write(bytes)
        }
        flowing = false
        if (this.#chunks.length > 0 || !this.#ended) return
        this.#wake = undefined
        if (this.#error === undefined) to.end()
        else reject(this.#error)
      }
      this.#wake = flow
      to.on('drain', flow)
      to.once('close', () => {
        this.abandon()
        resolve()
      })
      flow()
    })
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    try {
      for (;;) {
        const bytes = this.#take()
        if (bytes !== undefined) yield bytes
        else if (this.#error !== undefined) throw this.#error
        else if (this.#ended) return
        else
          await new Promise<void>((resolve) => {
            this.#wake = resolve
          })
      }
    } finally {
      this.abandon()
    }
  }

  #take(): Uint8Array | undefined {
    const bytes = this.#chunks.shift()
    if (bytes === undefined) return undefined
    this.#size -= bytes.length
    if (this.#paused && this.#size <= HIGH_WATER) {
      this.#paused = false
      this.#source.resume()
    }
    return bytes
  }
}
