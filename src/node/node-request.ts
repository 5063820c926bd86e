import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BlockList } from 'node:net'
import type { HeaderMap, Incoming, Peer, Refusal } from '../ports.ts'
import { S3Error } from '../s3/error.ts'
import { clientAddressOf, clientNetwork, tlsOf } from './client-address.ts'
import { RequestBody } from './request-body.ts'
import { announcedLength, expectsContinue, headersOf } from './request-head.ts'

/** What a request and the answer to it need of the connection that it came on. */
export type RequestConnection = {
  /** Whether the client has closed its side. */
  readonly halfClosed: boolean
  /** Whose X-Forwarded-For is believed; undefined: nobody's. */
  readonly trustedProxies: BlockList | undefined
  /** Whether the answer that is next is its last. */
  readonly isEnding: boolean
  /** Whether what comes is no longer understood. */
  readonly isBroken: boolean
  /** What the header of that name says, in seconds. */
  readonly keepAliveHeader: string
  /** A request is over: its response is out, or the connection closed. */
  onClosed(request: NodeRequest): void
  /** Throws away what is still to come of an answered request. */
  discardRest(request: NodeRequest): void
  /** Ends a response when the rest of its request is over. */
  endWhenDiscarded(request: NodeRequest): void
}

/** One request with its response, from its head until the response is out or its connection closed. */
export class NodeRequest implements Incoming {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  /** Absent where the app is mounted in another server. */
  readonly connection: RequestConnection | undefined
  readonly method: string
  readonly target: string
  readonly headers: HeaderMap
  /** Bytes of the body as announced: 0 where there is none, NaN where it comes in chunks. */
  readonly length: number
  readonly body: RequestBody
  readonly waitUntil: ((work: Promise<unknown>) => void) | undefined
  requestId: string | undefined
  refusal: Refusal | undefined
  /** When work on it began, by `performance.now()`. */
  began = performance.now()
  /** Whether work on the response has begun. */
  begun = false
  /** Whether the response has been given, by the app or as a refusal. */
  answered = false
  /** Whether the connection must be closed after its response. */
  isLast = false
  /** Whether its response is finished or its connection closed. */
  closed = false
  /** Whether its client waits for a 100 Continue before it sends the body, and has not got it. */
  awaitsContinue: boolean
  /** Bytes of the response's body that were written. */
  sent = 0
  #aborter: AbortController | undefined
  #onAnswered: (() => void)[] | undefined

  /** @param waitUntil keeps the process up until work has come to its end. */
  constructor(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    connection?: RequestConnection,
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

  // A property and no method: parseRequest copies it to another object.
  readonly signal = (): AbortSignal => {
    this.#aborter ??= new AbortController()
    // A client that has half-closed its connection gets a response, but no long work is begun for it.
    if (this.closed || this.connection?.halfClosed) this.abort(new Error('the client went away'))
    return this.#aborter.signal
  }

  readonly peer = (): Peer => ({
    address: this.#address(),
    tls: tlsOf(this.incoming.socket),
    protocol: `HTTP/${this.incoming.httpVersion}`,
  })

  readonly traffic = () => ({ received: this.body.received, sent: this.sent })

  readonly clientAddress = (): string => clientNetwork(this.#address())

  readonly onAnswered = (call: () => void): void => {
    if (this.closed) call()
    else if (this.#onAnswered === undefined) this.#onAnswered = [call]
    else this.#onAnswered.push(call)
  }

  /** Aborts the request's signal. */
  abort(cause: Error): void {
    this.#aborter?.abort(cause)
  }

  /** The response has been sent, or can no longer be: calls what waits for that. */
  endAnswer(): void {
    const calls = this.#onAnswered
    this.#onAnswered = undefined
    if (calls !== undefined) for (const call of calls) call()
  }

  /** The response is finished, or the connection closed. */
  close(): void {
    if (this.closed) return
    this.closed = true
    if (!this.outgoing.writableFinished) this.abort(new Error('the client went away'))
    if (this.body.isOpen) this.body.fail(new S3Error('IncompleteBody'))
    this.endAnswer()
    this.connection?.onClosed(this)
  }

  /** Sends the 100 Continue that the client waits for. */
  sendContinue(): void {
    this.awaitsContinue = false
    this.outgoing.writeContinue()
  }

  #address(): string {
    const { remoteAddress } = this.incoming.socket
    return clientAddressOf(remoteAddress, this.headers['x-forwarded-for'], this.connection?.trustedProxies)
  }

  #continue(): void {
    if (!this.answered) this.sendContinue()
  }
}
