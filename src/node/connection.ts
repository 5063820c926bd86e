import { STATUS_CODES } from 'node:http'
import type { BlockList, Socket } from 'node:net'
import type { Reply } from '../ports.ts'
import { S3Error, type S3ErrorCode } from '../s3/error.ts'
import { DiscardedRest } from './discarded-rest.ts'
import { MinimumRate } from './minimum-rate.ts'
import type { NodeRequest, RequestConnection } from './node-request.ts'

/** How long clients may take, in milliseconds: `timeouts.client` of the settings. */
export type ClientTimeouts = { headers: number; idle: number; keepAlive: number; total: number }

/** What a connection's server decides for it. */
export type ConnectionHost = {
  timeouts: ClientTimeouts
  /** Whose X-Forwarded-For is believed; absent: nobody's. */
  trustedProxies: BlockList | undefined
  /** Whether answers are the last of their connections from now on. */
  isEnding: boolean
  /** Works on a request. */
  begin(request: NodeRequest): void
  /** Answers a request with an error, whatever else works on it. */
  refuse(request: NodeRequest, error: S3Error): void
  /** The answer to what never becomes a request. @param socket where it came from. */
  refusal(error: S3Error, socket: Socket): Reply
}

/**
 * Idle time of a half-closed connection, in milliseconds: most such clients have disconnected. Those that still read get
 * their responses, but no long work is begun for them.
 */
const HALF_CLOSED = 5_000
/** With so many requests behind the one that is worked on no more is read, */
const MAX_WAITING = 32
/** but what was read at a time holds thousands. Each costs some KiB: with more the connection is cut. */
const TOO_MANY_WAITING = 4096
/** Milliseconds for which a connection stays open after a malformed request, for its client to read the response. */
const LINGER = 500
/** Milliseconds after the server has begun to end in which an idle connection may still send a request, and is answered. */
const LAST_REQUEST = 1_000

/** A client's connection: its requests are worked on one after the other, whatever node:http has read already. */
export class Connection implements RequestConnection {
  readonly socket: Socket
  /** Whether the client has closed its side. */
  halfClosed = false
  readonly #host: ConnectionHost
  /** What is worked on, */
  #current: NodeRequest | undefined
  /** and what has come behind it. */
  readonly #waiting: NodeRequest[] = []
  #served = 0
  readonly #rate = new MinimumRate(performance.now())
  /** Of an answered upload, as long as it still comes. */
  #discarded: DiscardedRest | undefined
  /** Nothing that comes is understood any more: how many bytes had come then. */
  #brokenAt: number | undefined
  /** What is to be said about it, behind the answers to what came before. */
  #refusal: S3ErrorCode | undefined

  constructor(socket: Socket, host: ConnectionHost) {
    this.socket = socket
    this.#host = host
    socket
      .on('end', () => this.#onEnd())
      .on('close', () => this.#onClose())
      // Followed by 'close'. After a CONNECT node:http no longer listens for errors.
      .on('error', () => {})
  }

  /** Whose X-Forwarded-For is believed. */
  get trustedProxies(): BlockList | undefined {
    return this.#host.trustedProxies
  }

  /** Whether the answer that is next is its last. */
  get isEnding(): boolean {
    const hasNoOther = this.halfClosed && this.#waiting.length === 0
    return hasNoOther || this.#host.isEnding || this.isBroken
  }

  /** Whether what comes is no longer understood. */
  get isBroken(): boolean {
    return this.#brokenAt !== undefined
  }

  /** What the header of that name says, in seconds. */
  get keepAliveHeader(): string {
    return `timeout=${Math.floor(this.#host.timeouts.keepAlive / 1000)}`
  }

  /** What has come in and is not answered to its end. */
  get requests(): NodeRequest[] {
    return this.#current === undefined ? [] : [this.#current, ...this.#waiting]
  }

  /** Takes the next request. */
  take(request: NodeRequest): void {
    if (this.socket.destroyed) return
    if (this.#current === undefined) {
      this.#begin(request)
      return
    }
    this.#waiting.push(request)
    if (this.#waiting.length >= TOO_MANY_WAITING) this.socket.destroy()
    else if (this.#waiting.length >= MAX_WAITING) this.socket.pause()
  }

  /** Takes in no more as long as enough is waiting. */
  #holdBack(): void {
    const { socket } = this
    if (this.#waiting.length === MAX_WAITING - 1) socket.resume()
    // Where a request ends node:http resumes the socket, a tick later than here.
    else if (this.#waiting.length >= MAX_WAITING) process.nextTick(() => socket.pause())
  }

  /** A request is over: its response is out, or the connection closed. */
  onClosed(request: NodeRequest): void {
    if (request !== this.#current) return
    this.#current = undefined
    this.#rate.restart(performance.now())
    // Behind the last answer node:http takes no other.
    if (!this.socket.writable) {
      for (const waiting of this.#waiting.splice(0)) waiting.close()
      return
    }
    const next = this.#waiting.shift()
    if (next !== undefined) {
      this.#holdBack()
      this.#begin(next)
    } else if (this.#refusal !== undefined) this.#refuse(this.#refusal)
    if (request.length !== 0 && !request.incoming.readableEnded) request.incoming.resume()
  }

  /** Throws away what is still to come of an answered request. */
  discardRest({ incoming, body }: NodeRequest): void {
    body.fail(new S3Error('IncompleteBody'))
    const rest = new DiscardedRest(performance.now(), this.socket.bytesRead)
    this.#discarded = rest
    incoming
      .on('data', (bytes: Buffer) => {
        if (rest.take(bytes.length)) this.socket.destroy()
      })
      .once('end', () => {
        this.#discarded = undefined
        this.#rate.restart(performance.now())
      })
      .resume()
  }

  /** Ends a response when the rest of its request is over. */
  endWhenDiscarded({ incoming, outgoing }: NodeRequest): void {
    if (!this.isBroken) incoming.once('end', () => outgoing.end())
    else setTimeout(() => outgoing.end(), LINGER).unref()
  }

  /** node:http cannot read on: what came is no request, the client has closed its side within one, or is too slow. */
  onClientError({ code }: NodeJS.ErrnoException): void {
    const { socket } = this
    if (code === undefined || !/^(?:HPE_|ERR_HTTP_)/.test(code)) {
      socket.destroy()
      return
    }
    if (this.#brokenAt !== undefined) {
      if (socket.bytesRead - this.#brokenAt > DiscardedRest.MAX_BYTES) socket.destroy()
      return
    }
    this.#brokenAt = socket.bytesRead
    const last = this.#waiting.at(-1) ?? this.#current
    const problem = problemOf(code)
    if (last === undefined && this.#discarded === undefined) this.#refuse(problem)
    else if (last?.isIncomplete !== true) this.#refusal = problem
    // Its body is what is not understood: an answer that is under way comes to its end first.
    else if (last.answered) {
      if (this.#discarded !== undefined) last.outgoing.end()
    } else {
      const isShort = code === 'HPE_INVALID_EOF_STATE' && !Number.isNaN(last.length)
      this.#failBody(last, isShort ? 'IncompleteBody' : problem)
    }
  }

  /** A tunnel is nothing to open here, and what follows would be no HTTP. */
  onConnect(): void {
    // node:http has let go of the socket: answers before this one would wait for it for ever.
    if (this.#current !== undefined) this.socket.destroy()
    else this.onClientError({ name: '', message: '', code: 'HPE_CONNECT' })
  }

  /** Looks whether the client is too slow. @param now by `performance.now()`. */
  sweep(now: number): void {
    const { headers, keepAlive } = this.#host.timeouts
    if (this.#discarded !== undefined) {
      if (this.#discarded.isOver(now, this.socket.bytesRead)) this.socket.destroy()
    } else if (this.#current !== undefined) this.#sweepRequest(this.#current, now)
    // node:http times out a head that has begun, and an idle connection, but not one that sends empty lines.
    else {
      const limit = this.#served === 0 ? Number.POSITIVE_INFINITY : keepAlive + headers
      if (now - this.#rate.since > (this.#host.isEnding ? LAST_REQUEST : limit)) this.socket.destroy()
    }
  }

  #sweepRequest(request: NodeRequest, now: number): void {
    const { idle, total } = this.#host.timeouts
    const { socket } = this
    const isSending = request.body.waiting
    if (now - request.began > total) {
      if (isSending && !request.answered) this.#failBody(request, 'RequestTimeout')
      else socket.destroy()
      return
    }
    const waitsFor = isSending ? 'bytes' : socket.writableLength > 0 ? 'reading' : 'nothing'
    const moved = isSending ? socket.bytesRead : socket.bytesWritten - socket.writableLength
    const limit = this.halfClosed ? Math.min(idle, HALF_CLOSED) : idle
    if (!this.#rate.isTooLow(now, waitsFor, moved, limit)) return
    if (isSending && !request.answered) this.#failBody(request, 'RequestTimeout')
    else socket.destroy()
  }

  #begin(request: NodeRequest): void {
    this.#served++
    this.#current = request
    this.#rate.expectNothing()
    request.began = performance.now()
    // The next one has come: nothing more can of the one before.
    this.#discarded = undefined
    this.#host.begin(request)
  }

  #onEnd(): void {
    this.halfClosed = true
    for (const request of this.requests) request.abort(new Error('the client went away'))
  }

  #onClose(): void {
    // node:http emits nothing for requests that are still queued.
    for (const request of this.requests) request.close()
    this.#waiting.length = 0
  }

  /** What is still to come of a request's body will not, or is none. */
  #failBody(request: NodeRequest, code: S3ErrorCode): void {
    this.#brokenAt ??= this.socket.bytesRead
    const error = new S3Error(code)
    request.body.fail(error)
    // At once: the work on it may not read the body, and so not see its error.
    if (request === this.#current) this.#host.refuse(request, error)
  }

  /** Answers what is no request, as the last thing on its connection. */
  #refuse(code: S3ErrorCode): void {
    const { socket } = this
    // A client that has sent nothing gets no response.
    if (socket.bytesRead === 0 || !socket.writable) {
      socket.destroy()
      return
    }
    const { status, headers, body } = this.#host.refusal(new S3Error(code), socket)
    const text = body as string
    const sent = { ...headers, 'content-length': String(Buffer.byteLength(text)), connection: 'close' }
    const lines = Object.entries(sent).map(([name, value]) => `${name}: ${value}\r\n`)
    // There is no ServerResponse yet: node:http's documentation of 'clientError' writes to the socket like this.
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${text}`)
    // Closed with unread bytes a connection is reset, and the response may be lost.
    setTimeout(() => socket.destroySoon(), code === 'RequestTimeout' ? 0 : LINGER).unref()
  }
}

function problemOf(code: string): S3ErrorCode {
  if (code === 'HPE_HEADER_OVERFLOW') return 'RequestHeaderSectionTooLarge'
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'RequestTimeout' : 'BadRequest'
}
