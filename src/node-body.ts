import type { IncomingMessage } from 'node:http'

/** What is still read of a request that is answered: bytes, and milliseconds of silence and in all. */
export type DrainLimits = { bytes: number; silence: number; time: number }

/**
 * A request's body as the core reads it. Node's own iterator costs more than the rest of a small upload, and takes the
 * connection with it when its reader stops early: the client is still to hear why.
 */
export class IncomingBody implements AsyncIterableIterator<Uint8Array> {
  /** Whether anyone has begun to read. */
  begun = false
  readonly #incoming: IncomingMessage
  readonly #onBegin: (() => void) | undefined
  #failure: Error | undefined
  #moved: Promise<void> | undefined
  #wake: (() => void) | undefined

  /** @param onBegin called once, before the first byte is waited for. */
  constructor(incoming: IncomingMessage, onBegin?: () => void) {
    this.#incoming = incoming
    this.#onBegin = onBegin
  }

  /** Whether someone waits for bytes of the client: at any other time it cannot be told to be slow. */
  get waiting(): boolean {
    return this.#moved !== undefined
  }

  [Symbol.asyncIterator]() {
    return this
  }

  /** @throws Error what {@link fail} was given. */
  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const incoming = this.#incoming
    if (!this.begun) {
      this.begun = true
      this.#onBegin?.()
      const move = () => this.#move()
      incoming.on('readable', move).on('end', move)
    }
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure
      const value: Uint8Array | null = incoming.read()
      if (value !== null) return { done: false, value }
      if (incoming.readableEnded) return { done: true, value: undefined }
      this.#moved ??= new Promise((resolve) => {
        this.#wake = resolve
      })
      await this.#moved
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    return { done: true, value: undefined }
  }

  /** Ends the reading with this error. */
  fail(error: Error): void {
    this.#failure ??= error
    this.#move()
  }

  /**
   * Takes in and forgets what the client still sends, so that it comes to reading its answer: a connection closed
   * under its writing would be all it hears of.
   * @returns a promise that settles when the request has come to its end, or to the limits and the connection is cut.
   */
  drain({ bytes, silence, time }: DrainLimits): Promise<void> {
    const incoming = this.#incoming
    this.fail(new Error('the request is answered'))
    if (incoming.destroyed) return Promise.resolve()
    const until = performance.now() + time
    let left = bytes
    const cut = () => incoming.socket.destroy()
    const timer = setTimeout(cut, silence).unref()
    return new Promise((resolve) => {
      incoming
        .removeAllListeners('readable')
        .on('data', (piece: Uint8Array) => {
          left -= piece.length
          if (left < 0 || performance.now() > until) cut()
          else timer.refresh()
        })
        .once('close', () => {
          clearTimeout(timer)
          resolve()
        })
        .resume()
    })
  }

  #move(): void {
    this.#moved = undefined
    this.#wake?.()
  }
}
