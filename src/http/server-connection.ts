import type { Socket } from 'node:net'
import type { Reply } from '../ports.ts'
import { type AnswerFraming, answerHead, answerWithText } from './answer.ts'
import { type BodyReader, bodyReader } from './body-reader.ts'
import { Exchange } from './exchange.ts'
import { Flow, type Memory } from './flow.ts'
import {
  framingOfRequest,
  HttpError,
  isKept,
  MAX_HEAD,
  mayBecomeHead,
  type Problem,
  parseRequestHead,
} from './head.ts'
import { type Reading, writeLent } from './sockets.ts'

/** How long clients may take, in milliseconds. */
export type ClientLimits = {
  /** To send a request's head, */
  headers: number
  /** to go on, sending or reading, */
  idle: number
  /** to send the next request, */
  keepAlive: number
  /** and for a whole request with its answer. */
  total: number
}

/** What a connection's server decides for it. */
export type Host = {
  limits: ClientLimits
  /** Whether answers are the last of their connections from now on. */
  ending: boolean
  handle(exchange: Exchange): void
  /** What the reader of a request's body gets where its connection fails it. */
  errorOf(problem: Problem): Error
  /** The answer to what never becomes a request, or no whole one. */
  answerTo(problem: Problem): Reply & { body: string }
}

/** What is taken in behind a request before it is answered; and of an upload's rest when it is answered already. */
const MAX_WAITING = 64 * 1024
const DRAIN = { bytes: 64 * 1024 ** 2, silence: 5_000, time: 30_000 }
/** An upload that gives fewer bytes than this in the idle time is as good as silent. */
const LEAST_BYTES = 1024
/**
 * How long nothing may move for a client that has closed its side: most have left for good. Nothing long is begun for
 * them, but what they can still read they get.
 */
const HALF_CLOSED = 5_000
/** How long a connection on which nothing more is understood is held open for its client to read why. */
const LINGER = 500
const END_OF_HEAD = '\r\n\r\n'

/** A client's connection: one request after the other, each answered before the next is looked at. */
export class ServerConnection {
  /** Where its server keeps it. */
  place = -1
  readonly socket: Socket
  /** Whether the client has closed its side. */
  halfClosed = false
  readonly #host: Host
  readonly #memory: Memory
  /** What is worked on. */
  #exchange: Exchange | undefined
  /** Of the request's body, as long as that has not come whole. */
  #reader: BodyReader | undefined
  #body: Flow | undefined
  #kept = true
  /** What has come and is no request yet, and how much of it is known to have no end of a head. */
  #rest: Buffer | undefined
  #scanned = 0
  /** Whether what comes is thrown away. */
  #deaf = false
  #running = false
  #requests = 0
  /** By `performance.now()`: since when the client is waited for, and at which count of bytes it moved last. */
  #since = performance.now()
  #movedAt = 0
  /** What may still come of an answered request. */
  #drain: { bytes: number; until: number } | undefined

  /** @param read gives the socket, which hands what it reads to the callback, and says whose memory that is. */
  constructor(read: (onRead: (bytes: Buffer) => void) => Reading, host: Host) {
    const { socket, memory } = read((bytes) => this.#take(bytes))
    this.socket = socket
    this.#memory = memory
    this.#host = host
    socket
      .setTimeout(host.limits.idle)
      .on('end', () => this.#onEnd())
      .on('drain', () => this.#onDrain())
      .on('timeout', () => this.#onSilence())
      // Followed by 'close'.
      .on('error', () => {})
      .on('close', () => this.#exchange?.closed(host.errorOf('incomplete')))
  }

  /** How many seconds the connection is kept behind an answer; undefined where it is its last. */
  keptBehind({ expectation, body }: Exchange, framing: AnswerFraming): number | undefined {
    // A client that was not told to go on will not, or all at once.
    const untold = expectation === 'continue' && !body.begun && this.#reader !== undefined
    if (this.#deaf || this.#host.ending || framing === 'rest' || untold) this.#kept = false
    return this.#kept ? Math.floor(this.#host.limits.keepAlive / 1000) : undefined
  }

  /** @param text in Latin-1. */
  writeHead(text: string): void {
    if (!this.socket.destroyed) this.socket.write(text, 'latin1')
  }

  write(bytes: Uint8Array): void {
    if (!this.socket.destroyed) this.socket.write(bytes)
  }

  /** A head, and all of the body. */
  writeWhole(head: string, body: Uint8Array): void {
    const bytes = Buffer.allocUnsafe(head.length + body.length)
    bytes.write(head, 'latin1')
    bytes.set(body, head.length)
    this.write(bytes)
  }

  /** @returns whether the memory is free again, and more may come. */
  writePiece(bytes: Uint8Array): boolean {
    return this.socket.destroyed || writeLent(this.socket, bytes)
  }

  /** Like {@link writePiece}, framed as a chunk. */
  writeChunk(bytes: Uint8Array): boolean {
    if (bytes.length === 0) return true
    this.socket.cork()
    this.writeHead(`${bytes.length.toString(16)}\r\n`)
    this.write(Buffer.from(bytes))
    this.writeHead('\r\n')
    this.socket.uncork()
    return !this.socket.writableNeedDrain
  }

  /** The answer to the request is out. */
  isAnswered(): void {
    this.#exchange = undefined
    if (this.#reader === undefined) {
      this.#goOn()
      return
    }
    // A connection closed under the client's writing would be all it hears: the rest is taken in and forgotten.
    this.#since = performance.now()
    this.#drain = { bytes: DRAIN.bytes, until: this.#since + DRAIN.time }
    this.#movedAt = this.socket.bytesRead
    this.#body?.abandon()
    this.socket.resume()
  }

  /** Looks whether the client is too slow. @param now by `performance.now()`. */
  sweep(now: number): void {
    const { headers, keepAlive, total } = this.#host.limits
    const { bytesRead, writableLength, writableNeedDrain } = this.socket
    if (this.#exchange !== undefined) this.#sweepExchange(this.#exchange, now)
    else if ((this.#deaf || writableLength > 0) && now - this.#since > total) this.socket.destroy()
    else if (this.#deaf) return
    else if (this.#drain !== undefined) {
      if (bytesRead > this.#movedAt) {
        this.#movedAt = bytesRead
        this.#since = now
      }
      if (now > this.#drain.until || now - this.#since > DRAIN.silence) this.socket.destroy()
    } else if (this.#rest !== undefined) {
      if (!writableNeedDrain && now - this.#since > headers) this.#refuse('timeout')
    } else if (writableLength === 0 && now - this.#since > (this.#requests === 0 ? headers : keepAlive)) {
      this.socket.destroy()
    }
  }

  #sweepExchange({ began, body }: Exchange, now: number): void {
    const { idle, total } = this.#host.limits
    const { bytesRead } = this.socket
    if (now - began > total) {
      if (body.waiting) this.#failBody('timeout')
      else this.socket.destroy()
    } else if (!body.waiting || bytesRead - this.#movedAt >= LEAST_BYTES) {
      this.#movedAt = bytesRead
      this.#since = now
    } else if (now - this.#since > idle) this.#failBody('timeout')
  }

  #take(received: Buffer): void {
    if (this.#deaf) return
    const bytes = this.#reader === undefined ? received : this.#feed(received)
    if (bytes === undefined) return
    if (this.#rest === undefined) {
      this.#rest = bytes
      this.#scanned = 0
    } else this.#rest = Buffer.concat([this.#rest, bytes])
    if (this.#exchange === undefined && !this.socket.writableNeedDrain) this.#run()
    else if (this.#rest.length > MAX_WAITING) this.socket.pause()
    // The next read is into the same memory.
    const keepsLent = this.#memory === 'lent' && this.#rest?.buffer === received.buffer
    if (keepsLent) this.#rest = Buffer.from(this.#rest as Buffer)
  }

  /** Hands on what is the body's. @returns what is behind it. */
  #feed(bytes: Buffer): Buffer | undefined {
    const reader = this.#reader as BodyReader
    const body = this.#body as Flow
    try {
      const taken = reader.take(bytes, body)
      if (this.#drain !== undefined) {
        this.#drain.bytes -= taken
        if (this.#drain.bytes < 0) this.socket.destroy()
      }
      if (body.paused) this.socket.pause()
      if (!reader.over) return undefined
      this.#reader = undefined
      this.#body = undefined
      body.end()
      if (this.#drain !== undefined) this.#goOn()
      return taken < bytes.length ? bytes.subarray(taken) : undefined
    } catch (error) {
      if (!(error instanceof HttpError)) throw error
      this.#failBody(error.problem)
      return undefined
    }
  }

  /** Begins what has come whole. */
  #run(): void {
    // Whatever is answered at once calls here again.
    if (this.#running) return
    this.#running = true
    try {
      while (this.#mayBegin() && this.#begin());
    } catch (error) {
      if (!(error instanceof HttpError)) throw error
      this.#refuse(error.problem)
    } finally {
      this.#running = false
    }
  }

  /** Whoever does not read his answers gets no more of them. */
  #mayBegin(): boolean {
    const isFree = this.#exchange === undefined && !this.#deaf && !this.socket.writableNeedDrain
    return isFree && this.#rest !== undefined
  }

  /** @returns whether there was a whole head. */
  #begin(): boolean {
    const bytes = this.#rest as Buffer
    let from = 0
    // An empty line before a request is nothing (RFC 9112, 2.2).
    while (bytes[from] === 13 && bytes[from + 1] === 10) from += 2
    const end = bytes.indexOf(END_OF_HEAD, Math.max(from, this.#scanned - END_OF_HEAD.length + 1), 'latin1')
    const size = (end < 0 ? bytes.length : end) - from
    const isHead = end >= 0 || mayBecomeHead(bytes.toString('latin1', from), this.#scanned - from)
    if (!isHead) throw new HttpError('malformed', 'this is no request')
    if (size > MAX_HEAD) throw new HttpError('too large', `a head has over ${MAX_HEAD} bytes`)
    if (end < 0) {
      if (this.halfClosed) throw new HttpError('malformed', 'a request has no end')
      if (size === 0) this.#rest = undefined
      // Who is waited for has begun.
      else if (this.#scanned === 0) this.#since = performance.now()
      this.#scanned = bytes.length
      return false
    }
    const text = bytes.toString('latin1', from, end + 2)
    const head = parseRequestHead(text)
    const framing = framingOfRequest(head, text)
    const behind = end + END_OF_HEAD.length
    this.#rest = behind < bytes.length ? bytes.subarray(behind) : undefined
    this.#scanned = 0
    this.#requests++
    this.#kept = isKept(head)
    this.#movedAt = this.socket.bytesRead
    this.#since = performance.now()
    const body = new Flow(new ClientSource(this, head), this.#memory)
    const exchange = new Exchange(head, body, this)
    this.#exchange = exchange
    if (framing === 0) body.end()
    else this.#beginBody(bodyReader(framing), body)
    // What is broken already is answered.
    if (!exchange.over) this.#host.handle(exchange)
    return true
  }

  #beginBody(reader: BodyReader, body: Flow): void {
    this.#reader = reader
    this.#body = body
    const rest = this.#rest
    this.#rest = undefined
    if (rest !== undefined) this.#rest = this.#feed(rest)
    if (this.halfClosed && this.#reader !== undefined) this.#failBody('incomplete')
  }

  /** The request, and its answer, are over. */
  #goOn(): void {
    this.#drain = undefined
    this.#since = performance.now()
    if (this.#deaf || (!this.#kept && this.#rest !== undefined)) this.#endGently()
    else if (!this.#kept || (this.halfClosed && this.#rest === undefined)) {
      this.#deaf = true
      this.socket.destroySoon()
    } else {
      if (this.socket.isPaused()) this.socket.resume()
      this.#run()
    }
  }

  #onDrain(): void {
    if (this.#exchange !== undefined) this.#exchange.drained()
    else if (this.#rest !== undefined && !this.#deaf) this.#goOn()
  }

  #onEnd(): void {
    this.halfClosed = true
    this.socket.setTimeout(Math.min(this.#host.limits.idle, HALF_CLOSED))
    if (this.#deaf) return
    if (this.#reader !== undefined) {
      const problem = this.#exchange?.headers['content-length'] === undefined ? 'malformed' : 'incomplete'
      this.#failBody(problem)
    } else if (this.#exchange !== undefined) this.#exchange.abandon(new Error('the client went away'))
    // What has come of a head is all there is of it.
    else if (this.#rest !== undefined) this.#run()
    else this.socket.destroySoon()
  }

  /** Nothing has moved for the idle time: who is it that is waited for? */
  #onSilence(): void {
    // The client, to read, or to do anything at all:
    if (this.socket.writableLength > 0 || this.halfClosed || this.#deaf) this.socket.destroy()
    else {
      // to send:
      if (this.#exchange?.body.waiting) this.#failBody('timeout')
      // else OSS, or the next request, and they are looked after elsewhere.
      this.socket.setTimeout(this.#host.limits.idle)
    }
  }

  /** What is still to come of a request's body will not, or is none. */
  #failBody(problem: Problem): void {
    const body = this.#body ?? this.#exchange?.body
    this.#reader = undefined
    this.#body = undefined
    this.#deaf = true
    this.socket.resume()
    body?.end(this.#host.errorOf(problem))
    if (this.#exchange === undefined) this.#endGently()
    // Whoever works on it, or waits for its turn, need not find out first.
    else if (!this.#exchange.answered) void this.#exchange.respond(this.#host.answerTo(problem))
  }

  /** Answers what is no request, as the last thing on its connection. */
  #refuse(problem: Problem): void {
    this.#deaf = true
    // Who has not sent a byte gets no answer.
    if (this.socket.bytesRead === 0) {
      this.socket.destroy()
      return
    }
    const { status, headers, body } = this.#host.answerTo(problem)
    const size = Buffer.byteLength(body)
    const head = answerHead(status, { ...headers, 'content-length': String(size) }, 'length', undefined)
    this.write(answerWithText(head, body, size))
    this.#endGently(problem === 'timeout' ? 0 : LINGER)
  }

  /** Closed with bytes of its client unread, a connection is reset, and what was written last is lost. */
  #endGently(time = LINGER): void {
    this.#deaf = true
    this.socket.resume().end()
    setTimeout(() => this.socket.destroySoon(), time).unref()
  }
}

/** Where a request's body comes from. */
class ClientSource {
  readonly #connection: ServerConnection
  readonly #waits: boolean

  constructor(
    connection: ServerConnection,
    { minor, headers }: { minor: number; headers: { expect?: string } },
  ) {
    this.#connection = connection
    this.#waits = minor === 1 && headers.expect?.toLowerCase() === '100-continue'
  }

  begin(): void {
    if (this.#waits) this.#connection.writeHead('HTTP/1.1 100 Continue\r\n\r\n')
  }

  resume(): void {
    this.#connection.socket.resume()
  }

  /** What comes of it is forgotten as it comes. */
  abandon(): void {
    this.#connection.socket.resume()
  }
}
