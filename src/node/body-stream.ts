/** Bytes that wait here for whoever takes them, before their source is told to pause. */
const HIGH_WATER = 64 * 1024
/** And how many pieces of it: one of a single byte costs as much memory as a hundred bytes. */
const MOST_PIECES = 256

/** Where a body's bytes come from: a connection. */
export type Source = {
  /** Somebody begins to read. */
  begin?(): void
  /** What was pushed has been taken: more may come. */
  resume(): void
  /** Nobody reads the rest. */
  abandon(): void
}

/** Where a body goes as fast as it is taken. */
export type Sink = {
  /** @returns whether more may come at once. False: not before {@link BodyStream.drained}. */
  write(bytes: Uint8Array): boolean
  /** No more comes. @param error why it is not whole. */
  end(error?: Error): void
}

/**
 * The bytes of a message's body on their way from a connection to one reader. A Readable does the same, for as much CPU
 * as all of a small request; this one knows when it has come whole, which a small body has by the time anyone looks.
 */
export class BodyStream implements AsyncIterableIterator<Uint8Array> {
  /** Whether the source is to wait for `resume`. */
  paused = false
  /** Whether someone has begun to read. */
  begun = false
  /** Whether all there is has been pushed. */
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

  /** Whether someone waits for bytes: at any other time the source cannot be told to be slow. */
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

  /** No more comes. @param error why it is not whole. */
  end(error?: Error): void {
    if (this.ended) return
    this.ended = true
    this.#error = error
    if (!this.paused) this.#source = nobody
    if (this.#sink !== undefined) {
      // Of what is not whole, the rest is no use.
      if (error !== undefined || this.#isWritten()) this.#endSink()
    } else if (this.#reader !== undefined) {
      if (error === undefined) this.#reader.resolve(over)
      else this.#reader.reject(error)
      this.#reader = undefined
    }
  }

  /** Nobody reads the rest. */
  abandon(): void {
    // Who reads on all the same must not take it for whole.
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

  /** All of it, where it has come whole in one piece or none; undefined where it has not, and may never. */
  takeWhole(): Uint8Array | undefined {
    if (!this.ended || this.#error !== undefined || this.#queue.length > 1) return undefined
    return this.#take() ?? NONE
  }

  /** Goes into a sink from now on. */
  pipe(sink: Sink): void {
    this.#begin()
    this.#sink = sink
    this.paused = true
    this.drained()
  }

  /** The sink takes more. */
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
    this.#begin()
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

  #begin(): void {
    if (this.begun) return
    this.begun = true
    // Of what has ended, nobody need be told to send it.
    if (!this.ended) this.#source.begin?.()
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
    if (this.ended) this.#source = nobody
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
/** Once all has come and been taken, the connection it came from serves others, and must not be resumed for this one. */
const nobody: Source = { resume: () => {}, abandon: () => {} }
