import { Readable } from 'node:stream'
import { BodyStream, type Sink } from '../node/body-stream.ts'
import type { Body, HeaderMap, Reply } from '../ports.ts'
import { type AnswerFraming, answerHead } from './answer.ts'
import type { RequestHead } from './head.ts'
import type { ServerConnection } from './server-connection.ts'

/** One request on a connection, until its answer is out or its connection closed. */
export class Exchange {
  /** Where those are kept that are in flight. */
  place = -1
  readonly method: string
  readonly target: string
  readonly headers: HeaderMap
  readonly minor: number
  /** Whether its client waits for a `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean
  readonly body: BodyStream
  /** By `performance.now()`. */
  readonly began: number
  /** Whether an answer has begun. */
  answered = false
  /** Whether nothing more can come of it. */
  over = false
  /** Called once, when it is over. */
  onOver: (() => void) | undefined
  readonly #connection: ServerConnection
  #gone: AbortController | undefined
  /** Lets go of what the answer's bytes come from. */
  #release: (() => void) | undefined
  #drained: (() => void) | undefined
  #settle: ((error?: Error) => void) | undefined

  constructor(head: RequestHead, body: BodyStream, connection: ServerConnection, began: number) {
    this.began = began
    this.method = head.method
    this.target = head.target
    this.headers = head.headers
    this.minor = head.minor
    this.expectsContinue = expectsContinue(head)
    this.body = body
    this.#connection = connection
  }

  /** Aborts when the client goes away, or at {@link abandon}. Made when it is first asked for. */
  get gone(): AbortSignal {
    this.#gone ??= new AbortController()
    // Who has closed its side may still read an answer, but not wait for a long one.
    if (this.over || this.#connection.halfClosed) this.#gone.abort(new Error('the client went away'))
    return this.#gone.signal
  }

  /** Tells whoever works on it that its client is not to be waited for. */
  abandon(cause: Error): void {
    this.#gone?.abort(cause)
  }

  /** Cuts the connection, behind what was written. */
  cut(): void {
    this.#connection.cut()
  }

  /**
   * Answers. What has come whole goes out in one piece with the head.
   * @returns a promise where the answer is not out at once: it resolves when it is, or can no more be brought out, and
   *   rejects when its body breaks off; the connection is cut then.
   * @throws TypeError where a header cannot be sent: nothing has gone out then.
   */
  respond({ status, headers, body }: Reply): Promise<void> | undefined {
    const whole = wholeOf(body)
    const none = this.method === 'HEAD' || status === 204 || status === 304
    const size = typeof whole === 'string' ? Buffer.byteLength(whole) : (whole?.length ?? 0)
    if (whole !== undefined && !none) headers['content-length'] = String(size)
    const framing = none ? 'none' : this.#framingBy(headers)
    const head = answerHead(status, headers, framing, this.#connection.keptBehind(this, framing), this.minor)
    this.answered = true
    if (whole === undefined && !none) return this.#stream(head, body as Body, headers, framing)
    if (whole === undefined) discard(body)
    const { outlet } = this.#connection
    if (typeof whole === 'string' && !none) outlet.writeText(head, whole, size)
    else {
      outlet.write(head)
      if (!none) outlet.write(whole as Uint8Array)
    }
    this.#end()
    return undefined
  }

  /** The connection takes more. */
  drained(): void {
    this.#drained?.()
  }

  /** The connection is closed. @param error what a reader of the request's body gets. */
  closed(error: Error): void {
    if (this.over) return
    this.body.end(error)
    this.abandon(error)
    this.#over()
  }

  #framingBy(headers: HeaderMap): AnswerFraming {
    if ('content-length' in headers) return 'length'
    return this.minor === 0 ? 'rest' : 'chunks'
  }

  #stream(head: string, body: Body, headers: HeaderMap, framing: AnswerFraming): Promise<void> {
    const { outlet } = this.#connection
    let left = framing === 'length' ? Number(headers['content-length']) : Number.POSITIVE_INFINITY
    const failLength = () => this.#fail(new Error('the body is not as long as its length'))
    const sink: Sink = {
      write: (bytes) => {
        left -= bytes.length
        // What is too much would be read as the next answer.
        if (left < 0) {
          failLength()
          return false
        }
        return framing === 'chunks' ? outlet.writeChunk(bytes) : outlet.writePiece(bytes)
      },
      end: (error) => {
        if (error !== undefined) this.#fail(error)
        // The next answer must not begin where this one's rest is expected.
        else if (framing === 'length' && left !== 0) failLength()
        else {
          if (framing === 'chunks') outlet.endChunks()
          this.#end()
        }
      },
    }
    return new Promise((resolve, reject) => {
      this.#settle = (error) => (error === undefined ? resolve() : reject(error))
      if (body instanceof BodyStream) {
        this.#release = () => body.abandon()
        this.#drained = () => body.drained()
        outlet.write(head)
        body.pipe(sink)
      } else {
        outlet.write(head)
        void this.#pump(body, sink)
      }
    })
  }

  async #pump(body: Body, sink: Sink): Promise<void> {
    const iterator = body[Symbol.asyncIterator]()
    // A Readable's iterator only lets go when it has got what it waits for.
    this.#release = () =>
      body instanceof Readable ? body.destroy() : void iterator.return?.().catch(() => {})
    if (this.over) this.#release()
    try {
      while (!this.over) {
        const { done, value } = await iterator.next()
        if (this.over) return
        if (done) return sink.end()
        if (!sink.write(value)) {
          await new Promise<void>((resolve) => {
            this.#drained = resolve
          })
        }
      }
    } catch (error) {
      sink.end(error as Error)
    }
  }

  #fail(error: Error): void {
    if (this.over) return
    const settle = this.#settle
    this.#settle = undefined
    // The status is out: a cut connection is the only way left to say that the body is not whole.
    this.cut()
    settle?.(error)
  }

  /** The answer is out. */
  #end(): void {
    if (this.over) return
    this.#release = undefined
    this.#over()
    this.#connection.isAnswered()
  }

  #over(): void {
    this.over = true
    this.#release?.()
    this.#drained?.()
    this.#settle?.()
    this.onOver?.()
  }
}

/** Whether a head asks for a `100 Continue`. HTTP/1.0 knows none; S3 ignores what else may be expected. */
export const expectsContinue = ({ headers: { expect }, minor }: RequestHead): boolean =>
  minor === 1 && expect?.toLowerCase() === '100-continue'

/** All of a body, where it is at hand. */
function wholeOf(body: Reply['body']): string | Uint8Array | undefined {
  if (body === undefined) return ''
  if (typeof body === 'string') return body
  return body instanceof BodyStream ? body.takeWhole() : undefined
}

/** Lets go of a body that nobody will read: unread it would hold its connection. */
export function discard(body: Reply['body']): void {
  if (body instanceof BodyStream) body.abandon()
  else if (body instanceof Readable) body.destroy()
  else if (body !== undefined && typeof body !== 'string') {
    body[Symbol.asyncIterator]()
      .return?.()
      .catch(() => {})
  }
}
