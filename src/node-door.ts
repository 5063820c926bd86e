import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { Crowd } from './crowd.ts'
import type { Gate } from './gate.ts'
import { AnswerBody } from './node-answer.ts'
import { type DrainLimits, IncomingBody } from './node-body.ts'
import { decodeHeader, rawHeaders } from './node-headers.ts'
import { type Body, type HeaderMap, headerMap, type Incoming, type Log, type Reply } from './ports.ts'
import { S3Error } from './s3/error.ts'

/** What the door opens on. */
export type Inside = {
  answer(incoming: Incoming): Promise<Reply>
  /** The answer to what is not let in. */
  refuse(error: S3Error, method: string): Reply
}

/** One request, until its answer is out. */
export type Exchange = {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly body: IncomingBody
  readonly expectation: Expectation
  /** Made when someone asks to be told that the client went away. */
  gone: AbortController | undefined
  /** Its place among those in flight. */
  place: number
}

/** What a request's Expect header asks for: nothing, a `100 Continue` before its body is sent, or what nobody knows. */
export type Expectation = 'none' | 'continue' | 'unknown'

/** Node's door: the raw request in, the raw response out, no web streams and no framework between. */
export type NodeDoor = {
  handle(incoming: IncomingMessage, outgoing: ServerResponse, expectation?: Expectation): void
  /** What has come in and is not answered to its end. */
  inFlight: Iterable<Exchange>
  /** Tells every request in flight that its client is not to be waited for. */
  giveUp(cause: Error): void
  /** Answers from now on are the last of their connections. */
  endConnections(): void
  /** Resolves when nothing is left that must come to its end. */
  settled(): Promise<void>
}

/** What is still read of a request that is answered already. */
const DRAIN: DrainLimits = { bytes: 64 * 1024 ** 2, silence: 5_000, time: 30_000 }

export function nodeDoor(inside: Inside, gate: Gate, log: Log): NodeDoor {
  const inFlight = new Crowd<Exchange>()
  const works = new Set<Promise<unknown>>()
  let ending = false

  function handle(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    expectation: Expectation = 'none',
  ): void {
    const waits = expectation === 'continue'
    const body = new IncomingBody(incoming, waits ? () => outgoing.writeContinue() : undefined)
    const exchange: Exchange = { incoming, outgoing, body, expectation, gone: undefined, place: -1 }
    inFlight.add(exchange)
    outgoing.once('close', () => {
      inFlight.delete(exchange)
      if (outgoing.writableFinished) return
      const cause = new Error('the client went away')
      // Its own affair, and no failure to write down.
      body.fail(new S3Error('IncompleteBody', { cause }))
      exchange.gone?.abort(cause)
    })
    if (outgoing.socket === null) hearOfClose(incoming.socket, outgoing)
    serve(exchange).catch((error: Error) => {
      log('response failed', { cause: error.message })
      incoming.socket.destroy()
    })
  }

  async function serve(exchange: Exchange): Promise<void> {
    const method = exchange.incoming.method ?? ''
    const entered = gate.enter(() => signalOf(exchange))
    if (entered !== true && !(await entered)) {
      await send(exchange, inside.refuse(new S3Error('SlowDown', slowDown), method))
      return
    }
    try {
      // It may have waited longer for its turn than its client did.
      if (!exchange.outgoing.destroyed) await send(exchange, await answer(exchange, method))
    } finally {
      gate.leave()
    }
  }

  function answer(exchange: Exchange, method: string): Promise<Reply> | Reply {
    const { incoming, body } = exchange
    const headers = parseHeaders(incoming.rawHeaders)
    const oldChunks = incoming.httpVersion === '1.0' && 'transfer-encoding' in headers
    // Where the next request begins is not sure: HTTP/1.0 has no chunks, and Node drops what it has of a protocol that
    // it was not upgraded to.
    if (oldChunks || 'upgrade' in headers) exchange.outgoing.shouldKeepAlive = false
    if (oldChunks || exchange.expectation === 'unknown' || !isHost(headers.host)) {
      return inside.refuse(new S3Error('BadRequest'), method)
    }
    const signal = () => signalOf(exchange)
    return inside.answer({ method, target: incoming.url ?? '', headers, body, signal, waitUntil })
  }

  /** Settles when the answer is out, or can no more be brought out. */
  async function send(exchange: Exchange, reply: Reply): Promise<void> {
    const { incoming, outgoing, body: asked } = exchange
    const { status, body } = reply
    // Or what came of the request was no HTTP any more, and that is answered.
    if (outgoing.destroyed || outgoing.headersSent) return discard(body)
    const headers = rawHeaders(reply.headers)
    // A client that was not told to go on will not, or all at once: node:http closes its connection too.
    if (ending) headers.push('connection', 'close')
    const bytes = typeof body === 'string' ? Buffer.from(body) : undefined
    if (bytes !== undefined) headers.push('content-length', String(bytes.length))
    try {
      outgoing.writeHead(status, headers)
    } catch (error) {
      discard(body)
      log('headers refused', { cause: (error as Error).message })
      return send(exchange, inside.refuse(new S3Error('InternalError'), incoming.method ?? ''))
    }
    if (bytes !== undefined && !incoming.complete) {
      outgoing.write(bytes)
      // Ended now, the last answer of a connection would close it under the client's writing, and never be read.
      void asked.drain(DRAIN).then(() => outgoing.end())
      return
    }
    // Before node:http begins to dump it, out of sight.
    if (!incoming.complete) outgoing.prependOnceListener('finish', () => void asked.drain(DRAIN))
    if (bytes !== undefined || body === undefined) {
      outgoing.end(bytes)
      return
    }
    try {
      await (body instanceof AnswerBody ? body.pipe(outgoing) : pipe(body as Body, outgoing))
    } catch (error) {
      // The status is out: a cut connection is the only way left to say that the body is not whole.
      if (!outgoing.destroyed) log('response cut', { cause: (error as Error).message })
      outgoing.destroy()
    }
  }

  function waitUntil(work: Promise<unknown>): void {
    works.add(work)
    void work.finally(() => works.delete(work))
  }

  return {
    handle,
    inFlight,
    giveUp: (cause) => {
      for (const { gone, body } of inFlight) {
        gone?.abort(cause)
        body.fail(new S3Error('ServiceUnavailable', { cause, ...slowDown }))
      }
    },
    endConnections: () => {
      ending = true
    },
    settled: async () => {
      while (works.size > 0) await Promise.all(works)
    },
  }
}

/** What a client that is not served is told: to wait a second. */
const slowDown = { headers: { 'retry-after': '1' } }

function signalOf(exchange: Exchange): AbortSignal {
  exchange.gone ??= new AbortController()
  // Who has closed its side may still read an answer, but not wait for a long one.
  if (exchange.outgoing.destroyed || exchange.incoming.socket.readableEnded) {
    exchange.gone.abort(new Error('the client went away'))
  }
  return exchange.gone.signal
}

/** Of a connection that closes, node:http tells only the answer whose turn it is, and not those that wait behind it. */
function hearOfClose(socket: Socket, outgoing: ServerResponse): void {
  const closed = () => {
    outgoing.destroy()
    outgoing.emit('close')
  }
  const turn = () => socket.off('close', closed)
  // As many as were sent at once.
  socket.setMaxListeners(0).once('close', closed)
  outgoing.once('socket', turn)
}

/** Whether a Host header names a host, and one only. */
const isHost = (host: string | undefined) =>
  host !== undefined && /^(?:[\w.~-]+|\[[\da-f:.]+\])(?::\d*)?$/i.test(host)

/** Names in lower case, repeated values joined as SigV4 joins them. */
function parseHeaders(raw: readonly string[]): HeaderMap {
  const headers = headerMap()
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase()
    const value = decodeHeader(raw[i + 1] as string)
    headers[name] = headers[name] === undefined ? value : `${headers[name]},${value}`
  }
  return headers
}

/**
 * Writes out a body, and closes it if the connection goes first. `stream.pipeline` does so too, in twice the time: it
 * makes an AbortController, and an error to abort it with.
 */
function pipe(body: Body, outgoing: ServerResponse): Promise<void> {
  const readable = body instanceof Readable ? body : Readable.from(body, { objectMode: false })
  return new Promise((resolve, reject) => {
    outgoing.once('close', () => {
      readable.destroy()
      resolve()
    })
    // Of a body that broke off before anyone listened there is no 'error' any more, and never an end.
    const cut = () => {
      if (!readable.readableEnded) reject(readable.errored ?? new Error('the body was closed'))
    }
    if (readable.destroyed) cut()
    readable.on('error', reject).once('close', cut).pipe(outgoing)
  })
}

/** Nobody will read it, and unread it would hold its connection. */
function discard(body: Reply['body']): void {
  if (body instanceof AnswerBody) body.abandon()
  else if (body instanceof Readable) body.destroy()
  else if (body !== undefined && typeof body !== 'string') {
    body[Symbol.asyncIterator]()
      .return?.()
      .catch(() => {})
  }
}
