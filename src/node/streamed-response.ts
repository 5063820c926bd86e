import { Readable } from 'node:stream'
import type { Body } from '../ports.ts'
import { BodyStream, type Sink } from './body-stream.ts'
import type { NodeRequest } from './node-request.ts'

/** An answer whose body comes in pieces, as fast as its client takes them. */
export class StreamedResponse implements Sink {
  readonly #request: NodeRequest
  readonly #body: Body
  /** Bytes that are still to come, where that is known. */
  #left: number | undefined
  readonly #settle: (error?: Error) => void
  #isOver = false
  /** The client takes more. */
  #onDrain = () => {}
  /** Closes the body. */
  #release = () => {}

  /** @param settle called once, with why the body is not whole. */
  constructor(request: NodeRequest, body: Body, length: number | undefined, settle: (error?: Error) => void) {
    this.#request = request
    this.#body = body
    this.#left = length
    this.#settle = settle
  }

  begin(): void {
    const { outgoing } = this.#request
    outgoing.on('drain', () => this.#onDrain())
    outgoing.on('close', () => {
      if (this.#isOver) return
      this.#release()
      this.#end()
    })
    const body = this.#body
    if (body instanceof BodyStream) {
      this.#onDrain = () => body.drained()
      this.#release = () => body.abandon()
      body.pipe(this)
    } else void this.#pump(body)
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isOver) return false
    if (this.#left !== undefined) {
      this.#left -= bytes.length
      // Bytes above the length would be read as the next response.
      if (this.#left < 0) {
        this.#release()
        this.#end(new Error('the body is not as long as its length'))
        return false
      }
    }
    this.#request.sent += bytes.length
    return this.#request.outgoing.write(bytes)
  }

  end(error?: Error): void {
    // The next response must not begin where the rest of this one is expected.
    if (error === undefined && (this.#left ?? 0) > 0) {
      this.#end(new Error('the body is not as long as its length'))
    } else this.#end(error)
  }

  #end(error?: Error): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#onDrain()
    this.#settle(error)
  }

  async #pump(body: Body): Promise<void> {
    const iterator = body[Symbol.asyncIterator]()
    // `return` of a Readable's iterator waits for its pending read.
    this.#release = () =>
      body instanceof Readable ? body.destroy() : void iterator.return?.().catch(() => {})
    try {
      while (!this.#isOver) {
        const { done, value } = await iterator.next()
        if (this.#isOver) return
        if (done) {
          this.end()
          return
        }
        if (!this.write(value)) {
          await new Promise<void>((resolve) => {
            this.#onDrain = resolve
          })
        }
      }
    } catch (error) {
      this.end(error as Error)
    }
  }
}
