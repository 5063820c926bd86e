import type { IncomingMessage } from 'node:http'
import type { Body } from '../ports.ts'
import { BodyStream, type Source } from './body-stream.ts'

const NONE = Buffer.alloc(0)

/**
 * A request's body. Read by 'data' events and not by the message's own iterator: who leaves that early destroys the
 * message, and nothing more is ever read on its connection.
 */
export class RequestBody implements Body, Source {
  readonly #incoming: IncomingMessage
  readonly #length: number
  readonly #onBegin: (() => void) | undefined
  #stream: BodyStream | undefined
  #failure: Error | undefined

  /**
   * @param length in bytes; 0 where there is no body, NaN where it comes in chunks.
   * @param onBegin somebody begins to read what has not come yet.
   */
  constructor(incoming: IncomingMessage, length: number, onBegin?: () => void) {
    this.#incoming = incoming
    this.#length = length
    this.#onBegin = onBegin
  }

  /** Whether somebody waits for bytes: at any other time the client cannot be told to be slow. */
  get waiting(): boolean {
    return this.#stream?.waiting === true
  }

  takeWhole(): Uint8Array | undefined {
    if (this.#failure !== undefined) return undefined
    if (this.#length === 0) return NONE
    const incoming = this.#incoming
    // Not `complete`, which is known some turns after the last byte.
    if (incoming.readableDidRead || incoming.readableLength !== this.#length) return undefined
    return incoming.read() ?? undefined
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    this.#stream ??= this.#open()
    return this.#stream
  }

  /** What has not been read cannot be any more. */
  fail(error: Error): void {
    this.#failure ??= error
    this.#stream?.end(error)
  }

  resume(): void {
    this.#incoming.resume()
  }

  /** What comes is thrown away. */
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
        stream.push(bytes)
        if (stream.paused) incoming.pause()
      })
      .on('end', () => stream.end())
    return stream
  }
}
