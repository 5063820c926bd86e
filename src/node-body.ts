import type { IncomingMessage } from 'node:http'

/**
 * A request's body as the core reads it. Node's own iterator costs more than the rest of a small upload, and takes the
 * connection with it when its reader stops early: the client is still to hear why.
 */
export class IncomingBody implements AsyncIterableIterator<Uint8Array> {
  /** Whether anyone has begun to read: until then no client can be told to be slow. */
  begun = false
  readonly #incoming: IncomingMessage
  readonly #onBegin: (() => void) | undefined
  #failure: Error | undefined
  #wake: (() => void) | undefined

  /** @param onBegin called once, before the first byte is waited for. */
  constructor(incoming: IncomingMessage, onBegin?: () => void) {
    this.#incoming = incoming
    this.#onBegin = onBegin
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
      const wake = () => this.#wake?.()
      incoming.on('readable', wake).on('end', wake)
    }
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure
      const value: Uint8Array | null = incoming.read()
      if (value !== null) return { done: false, value }
      if (incoming.readableEnded) return { done: true, value: undefined }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    return { done: true, value: undefined }
  }

  /** Ends the reading with this error. */
  fail(error: Error): void {
    this.#failure ??= error
    this.#wake?.()
  }

  /**
   * Takes in and forgets what the client still sends, so that it comes to reading its answer: a connection closed
   * under its writing would be all it hears of.
   * @param most bytes, and @param limit milliseconds, after which the connection is closed all the same.
   */
  drain(most: number, limit: number): void {
    const incoming = this.#incoming
    let left = most
    const close = () => incoming.socket.destroy()
    const timer = setTimeout(close, limit).unref()
    incoming
      .removeAllListeners('readable')
      .on('data', (bytes: Uint8Array) => {
        left -= bytes.length
        if (left < 0) close()
      })
      .once('close', () => clearTimeout(timer))
      .resume()
  }
}
