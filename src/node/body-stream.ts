/** Bytes in the queue above which the source is paused. */
const HIGH_WATER = 64 * 1024
/** Pieces in the queue above which it is paused: one of a single byte takes as much memory as a hundred bytes. */
const MOST_PIECES = 256

/** Where a body's bytes come from: a connection. */
export type Source = {
  /** The queue has been read: more may be pushed. */
  resume(): void
  /** The rest will not be read. */
  abandon(): void
}

/** What a body is piped to. */
export type Sink = {
  /** @returns whether more may come at once. False: not before {@link BodyStream.drained}. */
  write(bytes: Uint8Array): boolean
  /** The end. @param error why the body is incomplete. */
  end(error?: Error): void
}

/**
 * A body between a connection and its one reader: an iterable with back-pressure. A Readable costs as much CPU as all of a
 * small request. This one also knows when the body has arrived in one piece, as a small one has by the time it is read.
 */
export class BodyStream implements AsyncIterableIterator<Uint8Array> {
  /** Whether the source is to wait for `resume`. */
  paused = false
  /** Whether the end has been reached, or an error. */
  ended = false
  #source: Source
  readonly #queue: Uint8Array[] = []
  #size = 0
  #error: Error | undefined
  #sink: Sink | undefined
  #reader:
    | { resolve(result: IteratorResult<Uint8Array, undefined>): void; reject(error: Error): void }
    | undefined

  constructor(source: Source) {
    this.#source = source
  }

  /** Whether the reader waits for bytes: only then can the source be too slow. */
  get waiting(): boolean {
    return this.#reader !== undefined
  }

  /** @param bytes the reader's own from now on. */
  push(bytes: Uint8Array): void {
    if (this.ended) return
    if (this.#sink !== undefined && !this.paused) {
      this.paused = !this.#sink.write(bytes)
      return
    }
    const reader = this.#reader
    if (reader !== undefined) {
      this.#reader = undefined
      reader.resolve({ done: false, value: bytes })
      return
    }
    this.#queue.push(bytes)
    this.#size += bytes.length
    if (this.#isFull()) this.paused = true
  }

  /** The end. @param error why the body is incomplete. */
  end(error?: Error): void {
    if (this.ended) return
    this.ended = true
    this.#error = error
    if (!this.paused) this.#source = noSource
    if (this.#sink !== undefined) {
      // The rest of an incomplete body is of no use.
      if (error !== undefined || this.#isWritten()) this.#endSink()
    } else if (this.#reader !== undefined) {
      if (error === undefined) this.#reader.resolve(over)
      else this.#reader.reject(error)
      this.#reader = undefined
    }
  }

  /** The rest will not be read. */
  abandon(): void {
    // A reader that goes on all the same must get an error, not the end.
    if (this.#queue.length > 0 || !this.ended) {
      this.#error ??= new Error('what follows was abandoned')
      this.#queue.length = 0
      this.#size = 0
    }
    this.#sink = undefined
    if (!this.ended) {
      const source = this.#source
      this.end(this.#error)
      source.abandon()
    }
    this.#resume()
  }

  /** The whole body, where it has arrived in one piece or is empty; else undefined. */
  takeWhole(): Uint8Array | undefined {
    if (!this.ended || this.#error !== undefined || this.#queue.length > 1) return undefined
    return this.#take() ?? NONE
  }

  /** Writes everything to a sink from now on. */
  pipe(sink: Sink): void {
    this.#sink = sink
    this.paused = true
    this.drained()
  }

  /** To be called when the sink accepts more after `write` returned false. */
  drained(): void {
    if (this.#sink === undefined || !this.paused) return
    for (let bytes = this.#queue.shift(); bytes !== undefined; bytes = this.#queue.shift()) {
      if (!this.#sink.write(bytes)) return
    }
    this.#resume()
    if (this.ended && this.#isWritten()) this.#endSink()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** @throws Error what `end` was given. */
  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const value = this.#take()
    if (value !== undefined) return Promise.resolve({ done: false, value })
    if (this.#error !== undefined) return Promise.reject(this.#error)
    if (this.ended) return Promise.resolve(over)
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject }
    })
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.abandon()
    return Promise.resolve(over)
  }

  #take(): Uint8Array | undefined {
    const bytes = this.#queue.shift()
    if (bytes === undefined) return undefined
    this.#size -= bytes.length
    if (!this.#isFull()) this.#resume()
    return bytes
  }

  #isFull(): boolean {
    return this.#size > HIGH_WATER || this.#queue.length > MOST_PIECES
  }

  #resume(): void {
    if (!this.paused) return
    this.paused = false
    const source = this.#source
    if (this.ended) this.#source = noSource
    source.resume()
  }

  #isWritten(): boolean {
    return this.#queue.length === 0 && !this.paused
  }

  #endSink(): void {
    const sink = this.#sink
    this.#sink = undefined
    sink?.end(this.#error)
  }
}

const over: IteratorResult<Uint8Array, undefined> = { done: true, value: undefined }
const NONE = Buffer.alloc(0)
/** Once a body has been read, its connection serves other requests, and must not be resumed for this one. */
const noSource: Source = { resume: () => {}, abandon: () => {} }
