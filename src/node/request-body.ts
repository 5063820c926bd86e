import type { IncomingMessage } from 'node:http'
import type { Body } from '../ports.ts'
import { BodyStream, type Source } from './body-stream.ts'

const NONE = Buffer.alloc(0)

/**
 * A request's body. Read by 'data' events and not by the message's own iterator: leaving that early destroys the message,
 * and nothing more is ever read on its connection.
 */
export class RequestBody implements Body, Source {
  readonly #incoming: IncomingMessage
  readonly #length: number
  readonly #onBegin: (() => void) | undefined
  #stream: BodyStream | undefined
  #failure: Error | undefined
  #isTaken = false
  /** Bytes that were read. */
  received = 0

  /**
   * @param length in bytes; 0 where there is no body, NaN where it comes in chunks.
   * @param onBegin called when the body is first read before it has arrived.
   */
  constructor(incoming: IncomingMessage, length: number, onBegin?: () => void) {
    this.#incoming = incoming
    this.#length = length
    this.#onBegin = onBegin
  }

  /** Whether a reader waits for bytes: only then can a slow body be the client's fault. */
  get waiting(): boolean {
    return this.#stream?.waiting === true
  }

  /** Whether some of it may still have to come. */
  get isOpen(): boolean {
    return this.#length !== 0 && !this.#isTaken && !this.#incoming.readableEnded
  }

  takeWhole(): Uint8Array | undefined {
    if (this.#failure !== undefined) return undefined
    if (this.#length === 0) return NONE
    const incoming = this.#incoming
    // Not `complete`, which is set some iterations of the event loop after the last byte.
    if (incoming.readableDidRead || incoming.readableLength !== this.#length) return undefined
    const bytes: Buffer | null = incoming.read()
    if (bytes === null) return undefined
    this.received = bytes.length
    this.#isTaken = true
    return bytes
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    this.#stream ??= this.#open()
    return this.#stream
  }

  /** Ends the body with an error: what has not been read yet is lost. */
  fail(error: Error): void {
    this.#failure ??= error
    this.#stream?.end(error)
  }

  resume(): void {
    this.#incoming.resume()
  }

  /** Discards the rest. */
  abandon(): void {
    this.#incoming.resume()
  }

  #open(): BodyStream {
    const incoming = this.#incoming
    const stream = new BodyStream(this)
    if (this.#failure !== undefined || this.#length === 0 || incoming.readableEnded) {
      stream.end(this.#failure)
      return stream
    }
    if (!incoming.complete) this.#onBegin?.()
    incoming
      .on('data', (bytes: Buffer) => {
        this.received += bytes.length
        stream.push(bytes)
        if (stream.paused) incoming.pause()
      })
      .on('end', () => stream.end())
    return stream
  }
}
