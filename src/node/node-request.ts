import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HeaderMap, Incoming } from '../ports.ts'
import { S3Error } from '../s3/error.ts'
import type { Connection } from './connection.ts'
import { RequestBody } from './request-body.ts'
import { announcedLength, expectsContinue, headersOf } from './request-head.ts'

/** One request with its response, from its head until the response is out or its connection closed. */
export class NodeRequest implements Incoming {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  /** Where the server watches the connection; absent where the app runs in a server of somebody else. */
  readonly connection: Connection | undefined
  readonly method: string
  readonly target: string
  readonly headers: HeaderMap
  /** Bytes of the body as announced: 0 where there is none, NaN where it comes in chunks. */
  readonly length: number
  readonly body: RequestBody
  readonly waitUntil: ((work: Promise<unknown>) => void) | undefined
  /** When work on it began, by `performance.now()`. */
  began = performance.now()
  /** Whether somebody answers it. */
  begun = false
  /** Whether an answer has begun. */
  answered = false
  /** Whether its connection is closed behind it, whatever its client wants. */
  isLast = false
  /** Whether nothing more can come of it. */
  closed = false
  /** Whether its client waits for a 100 Continue before it sends the body, and has not got it. */
  awaitsContinue: boolean
  #gone: AbortController | undefined
  #onAnswered: (() => void)[] | undefined

  /** @param waitUntil keeps the process up until work has come to its end. */
  constructor(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    connection?: Connection,
    waitUntil?: (work: Promise<unknown>) => void,
  ) {
    this.incoming = incoming
    this.outgoing = outgoing
    this.connection = connection
    this.waitUntil = waitUntil
    this.method = incoming.method ?? ''
    this.target = incoming.url ?? ''
    this.headers = headersOf(incoming.rawHeaders)
    this.length = announcedLength(this.headers)
    this.awaitsContinue = 'expect' in this.headers && expectsContinue(incoming, this.headers)
    this.body = new RequestBody(
      incoming,
      this.length,
      this.awaitsContinue ? () => this.#continue() : undefined,
    )
    outgoing.on('close', () => this.close())
  }

  /** Whether some of the body is still to come. */
  get isIncomplete(): boolean {
    return this.length !== 0 && !this.incoming.complete
  }

  // A property: whoever copies the request's fields may call it.
  readonly signal = (): AbortSignal => {
    this.#gone ??= new AbortController()
    // Who has closed its side may still read an answer, but not wait for a long one.
    if (this.closed || this.connection?.halfClosed) this.abort(new Error('the client went away'))
    return this.#gone.signal
  }

  readonly clientAddress = (): string | undefined => this.incoming.socket.remoteAddress

  readonly onAnswered = (call: () => void): void => {
    if (this.closed) call()
    else if (this.#onAnswered === undefined) this.#onAnswered = [call]
    else this.#onAnswered.push(call)
  }

  /** Tells whoever works on it that its client is not to be waited for. */
  abort(cause: Error): void {
    this.#gone?.abort(cause)
  }

  /** The answer is out, or can no more be brought out. */
  endAnswer(): void {
    const calls = this.#onAnswered
    this.#onAnswered = undefined
    if (calls !== undefined) for (const call of calls) call()
  }

  /** The response is out to its end, or the connection closed. */
  close(): void {
    if (this.closed) return
    this.closed = true
    if (!this.outgoing.writableFinished) this.abort(new Error('the client went away'))
    if (this.length !== 0) this.body.fail(new S3Error('IncompleteBody'))
    this.endAnswer()
    this.connection?.onClosed(this)
  }

  #continue(): void {
    this.awaitsContinue = false
    if (!this.answered) this.outgoing.writeContinue()
  }
}
