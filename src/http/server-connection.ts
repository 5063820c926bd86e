import type { Socket } from 'node:net'
import { BodyStream, type Memory } from '../node/body-stream.ts'
import { type AnswerFraming, answerHead } from './answer.ts'
import { type BodyReader, bodyReader } from './body-reader.ts'
import { ClientSource } from './client-source.ts'
import { Drain } from './drain.ts'
import { Exchange } from './exchange.ts'
import { framingOfRequest, HttpError, isKept, mayBecomeHead, type Problem, parseRequestHead } from './head.ts'
import { HeadReader } from './head-reader.ts'
import type { Host } from './host.ts'
import { Outlet } from './outlet.ts'
import type { Reading } from './sockets.ts'

/** Bytes that are taken in behind a request before it is answered. */
const MAX_WAITING = 64 * 1024
/** An upload that gives fewer bytes than this in the idle time is as good as silent. */
const LEAST_BYTES = 1024
/**
 * How long nothing may move for a client that has closed its side: most have left for good. Nothing long is begun for
 * them, but what they can still read they get.
 */
const HALF_CLOSED = 5_000
/** How long a connection on which nothing more is understood is held open for its client to read why. */
const LINGER = 500

/** A client's connection: one request after the other, each answered before the next is looked at. */
export class ServerConnection {
  /** Where its server keeps it. */
  place = -1
  readonly socket: Socket
  readonly outlet: Outlet
  /** Whether the client has closed its side. */
  halfClosed = false
  readonly #host: Host
  readonly #memory: Memory
  /** What is worked on. */
  #exchange: Exchange | undefined
  /** Of the request's body, as long as that has not come whole. */
  #reader: BodyReader | undefined
  #body: BodyStream | undefined
  #kept = true
  /** With what has come and is no request yet. */
  readonly #heads = new HeadReader(mayBecomeHead)
  /** Whether what comes is thrown away. */
  #deaf = false
  #running = false
  /** Whether the next head has begun to come. */
  #hasBegun = false
  #requests = 0
  /** By `performance.now()`: since when the client is waited for, and at which count of bytes it moved last. */
  #since = performance.now()
  #movedAt = 0
  /** Of an answered request, as long as it still comes. */
  #drain: Drain | undefined

  /** @param read gives the socket, which hands what it reads to the callback, and says whose memory that is. */
  constructor(read: (onRead: (bytes: Buffer) => void) => Reading, host: Host) {
    const { socket, memory } = read((bytes) => this.#take(bytes))
    this.socket = socket
    this.outlet = new Outlet(socket)
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
  keptBehind({ expectsContinue, body }: Exchange, framing: AnswerFraming): number | undefined {
    // A client that was not told to go on will not, or all at once.
    const untold = expectsContinue && !body.begun && this.#reader !== undefined
    if (this.#deaf || this.#host.ending || framing === 'rest' || untold) this.#kept = false
    return this.#kept ? Math.floor(this.#host.limits.keepAlive / 1000) : undefined
  }

  /** The answer to the request is out. */
  isAnswered(): void {
    // Who still reads it must not resume the connection when that serves others.
    this.#exchange?.body.abandon()
    this.#exchange = undefined
    if (this.#reader === undefined) {
      this.#goOn()
      return
    }
    this.#since = performance.now()
    this.#drain = new Drain(this.#since, this.socket.bytesRead)
    this.socket.resume()
  }

  /** Closes the connection behind what was written, whether or not its client reads that. */
  cut(): void {
    this.outlet.send()
    this.socket.destroy()
  }

  /** Looks whether the client is too slow. @param now by `performance.now()`. */
  sweep(now: number): void {
    const { headers, keepAlive, total } = this.#host.limits
    const { bytesRead, writableLength, writableNeedDrain } = this.socket
    if (this.#exchange !== undefined) this.#sweepExchange(this.#exchange, now)
    else if ((this.#deaf || writableLength > 0) && now - this.#since > total) this.cut()
    else if (this.#deaf) return
    else if (this.#drain !== undefined) {
      if (this.#drain.isLate(now, bytesRead)) this.cut()
    } else if (this.#heads.size > 0) {
      if (!writableNeedDrain && now - this.#since > headers) this.#refuse('timeout')
    } else if (writableLength === 0 && now - this.#since > (this.#requests === 0 ? headers : keepAlive)) {
      this.cut()
    }
  }

  #sweepExchange({ began, body }: Exchange, now: number): void {
    const { idle, total } = this.#host.limits
    const { bytesRead } = this.socket
    if (now - began > total) {
      if (body.waiting) this.#failBody('timeout')
      else this.cut()
    } else if (!body.waiting || bytesRead - this.#movedAt >= LEAST_BYTES) {
      this.#movedAt = bytesRead
      this.#since = now
    } else if (now - this.#since > idle) this.#failBody('timeout')
  }

  #take(received: Buffer): void {
    if (this.#deaf) return
    const bytes = this.#reader === undefined ? received : this.#feed(received)
    if (bytes === undefined) return
    this.#heads.add(bytes)
    if (this.#exchange === undefined && !this.socket.writableNeedDrain) this.#run()
    else if (this.#heads.size > MAX_WAITING) this.socket.pause()
    // The next read is into the same memory.
    if (this.#memory === 'lent') this.#heads.keep(received)
  }

  /** Hands on what is the body's. @returns what is behind it. */
  #feed(bytes: Buffer): Buffer | undefined {
    const reader = this.#reader as BodyReader
    const body = this.#body as BodyStream
    try {
      const taken = reader.take(bytes, body)
      if (this.#drain?.take(taken)) this.cut()
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
    return isFree && this.#heads.size > 0
  }

  /** @returns whether there was a whole head. */
  #begin(): boolean {
    const hadBegun = this.#hasBegun
    const text = this.#heads.next()
    this.#hasBegun = text === undefined && this.#heads.size > 0
    if (text === undefined) {
      if (this.halfClosed) throw new HttpError('malformed', 'a request has no end')
      // Who is waited for has begun.
      if (!hadBegun && this.#hasBegun) this.#since = performance.now()
      return false
    }
    const head = parseRequestHead(text)
    const framing = framingOfRequest(head, text)
    this.#requests++
    this.#kept = isKept(head)
    this.#movedAt = this.socket.bytesRead
    this.#since = performance.now()
    const body = new BodyStream(new ClientSource(this.socket, this.outlet, head), this.#memory)
    const exchange = new Exchange(head, body, this, this.#since)
    this.#exchange = exchange
    if (framing === 0) body.end()
    else this.#beginBody(bodyReader(framing), body)
    // What is broken already is answered.
    if (!exchange.over) this.#host.handle(exchange)
    return true
  }

  #beginBody(reader: BodyReader, body: BodyStream): void {
    this.#reader = reader
    this.#body = body
    const rest = this.#heads.takeRest()
    const behind = rest && this.#feed(rest)
    if (behind !== undefined) this.#heads.add(behind)
    if (this.halfClosed && this.#reader !== undefined) this.#failBody('incomplete')
  }

  /** The request, and its answer, are over. */
  #goOn(): void {
    this.#drain = undefined
    this.#since = performance.now()
    if (this.#deaf || (!this.#kept && this.#heads.size > 0)) this.#endGently()
    else if (!this.#kept || (this.halfClosed && this.#heads.size === 0)) {
      this.#deaf = true
      this.socket.destroySoon()
    } else {
      if (this.socket.isPaused()) this.socket.resume()
      this.#run()
    }
  }

  #onDrain(): void {
    if (this.#exchange !== undefined) this.#exchange.drained()
    else if (this.#heads.size > 0 && !this.#deaf) this.#goOn()
  }

  #onEnd(): void {
    this.halfClosed = true
    this.#awaitMove()
    if (this.#deaf) return
    if (this.#reader !== undefined) {
      const problem = this.#exchange?.headers['content-length'] === undefined ? 'malformed' : 'incomplete'
      this.#failBody(problem)
    } else if (this.#exchange !== undefined) this.#exchange.abandon(new Error('the client went away'))
    // What has come of a head is all there is of it.
    else if (this.#heads.size > 0) this.#run()
    else this.socket.destroySoon()
  }

  /** Nothing has moved for the idle time: who is it that is waited for? */
  #onSilence(): void {
    // Nobody: what is to move waits here.
    if (this.outlet.send()) this.#awaitMove()
    // The client, to read, or to do anything at all:
    else if (this.socket.writableLength > 0 || this.halfClosed || this.#deaf) this.cut()
    else {
      // to send:
      if (this.#exchange?.body.waiting) this.#failBody('timeout')
      // else OSS, or the next request, and they are looked after elsewhere.
      this.#awaitMove()
    }
  }

  /** From now on something is to move within the idle time. */
  #awaitMove(): void {
    const { idle } = this.#host.limits
    this.socket.setTimeout(this.halfClosed ? Math.min(idle, HALF_CLOSED) : idle)
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
      this.cut()
      return
    }
    const { status, headers, body } = this.#host.answerTo(problem)
    const size = Buffer.byteLength(body)
    const head = answerHead(status, { ...headers, 'content-length': String(size) }, 'length', undefined)
    this.outlet.writeText(head, body, size)
    this.#endGently(problem === 'timeout' ? 0 : LINGER)
  }

  /** Closed with bytes of its client unread, a connection is reset, and what was written last is lost. */
  #endGently(time = LINGER): void {
    this.#deaf = true
    this.socket.resume().end()
    setTimeout(() => this.socket.destroySoon(), time).unref()
  }
}
