import type { Socket } from 'node:net'
import { BodyStream, type Source } from '../node/body-stream.ts'
import type { OssRequest, OssResponse } from '../ports.ts'
import { type BodyReader, bodyReader } from './body-reader.ts'
import { framingOfAnswer, HttpError, isKept, parseAnswerHead } from './head.ts'
import { HeadReader } from './head-reader.ts'
import { Outlet } from './outlet.ts'

/** One request, and whoever waits for its answer. */
export type Call = {
  readonly request: OssRequest
  /** The request in the bytes of the wire up to its body, in Latin-1. */
  readonly head: string
  /** The answer has begun. */
  onAnswer(answer: OssResponse): void
  /** Nothing more comes of it. @param error why the answer is not whole. */
  onEnd(error?: Error): void
}

/** What a connection waits for: itself, the other side to take the request, to answer it or to go on; or nothing of it. */
export type Waiting = 'connection' | 'room' | 'answer' | 'body' | 'nothing'

const NONE = Buffer.alloc(0)

/** A connection to a server: one call after the other. */
export class ClientConnection implements Source {
  readonly socket: Socket
  waiting: Waiting = 'connection'
  /** Since when it does, by `performance.now()`. */
  since = performance.now()
  /** Whether it has come about. */
  #connected = false
  readonly #outlet: Outlet
  readonly #onIdle: (connection: ClientConnection) => void
  #call: Call | undefined
  /** Whether the call's request has been written whole. */
  #sent = false
  /** By the outlet's count. */
  #sendsBefore = 0
  readonly #heads = new HeadReader()
  #reader: BodyReader | undefined
  #body: BodyStream | undefined
  #kept = false
  #onDrain: (() => void) | undefined

  /**
   * @param open opens the socket, which hands what it reads to the callback: memory that is only lent, until that
   *   returns true or the socket is resumed.
   * @param ready the event of the socket at which it can be used.
   * @param onIdle the connection is free for another call.
   */
  constructor(
    open: (onRead: (bytes: Buffer) => boolean) => Socket,
    ready: 'connect' | 'secureConnect',
    onIdle: (connection: ClientConnection) => void,
  ) {
    this.#onIdle = onIdle
    this.socket = open((bytes) => this.#take(bytes))
      .once(ready, () => {
        this.#connected = true
        if (this.#call !== undefined) this.#begin(this.#call)
      })
      .on('drain', () => this.#onDrain?.())
      .on('end', () => this.#onEnd())
      .on('error', (error) => this.fail(error))
      .on('close', () => this.fail(new Error('the connection was closed')))
    this.#outlet = new Outlet(this.socket)
  }

  /** Whether the other side may have got something of the call. */
  get hasSent(): boolean {
    return this.#connected && this.#outlet.sends > this.#sendsBefore
  }

  /** Sends a request, as soon as there is a connection. Only when idle, or new. */
  send(call: Call): void {
    this.#call = call
    if (this.#connected) this.#begin(call)
  }

  /** Gives up what is under way, and the connection with it. */
  fail(error: Error): void {
    this.socket.destroy()
    const call = this.#call
    if (call === undefined) return
    this.#call = undefined
    this.#onDrain?.()
    this.#body?.end(error)
    call.onEnd(error)
  }

  /** The answer's bytes have been taken. */
  resume(): void {
    if (this.#call === undefined) this.#becomeIdle()
    else this.#wait('body')
    this.socket.resume()
  }

  /** Nobody reads the rest of the answer. */
  abandon(): void {
    this.fail(new Error('the answer was not read to its end'))
  }

  #wait(waiting: Waiting): void {
    this.waiting = waiting
    this.since = performance.now()
  }

  #begin(call: Call): void {
    const { head, request } = call
    const { body } = request
    this.#sent = false
    this.#sendsBefore = this.#outlet.sends
    this.#outlet.write(head)
    if (body instanceof Uint8Array) this.#outlet.write(body)
    else if (body !== undefined) {
      void this.#pump(call, body)
      return
    }
    this.#sent = true
    this.#wait('answer')
  }

  /** Whether the call still wants its request sent: not when it is answered, or given up. */
  #isSending(call: Call): boolean {
    return this.#call === call && this.#reader === undefined
  }

  async #pump(call: Call, body: AsyncIterable<Uint8Array>): Promise<void> {
    const { 'content-length': length } = call.request.headers
    let left = length === undefined ? Number.POSITIVE_INFINITY : Number(length)
    this.waiting = 'nothing'
    try {
      for await (const piece of body) {
        if (!this.#isSending(call)) return
        if (piece.length === 0) continue
        left -= piece.length
        if (left < 0) throw new Error('the body is longer than its length')
        const isTaken = length === undefined ? this.#outlet.writeChunk(piece) : this.#outlet.writePiece(piece)
        // OSS may answer now: that the body has an end it need not be told.
        if (left === 0) this.#sent = true
        if (!isTaken) {
          this.#wait('room')
          await new Promise<void>((resolve) => {
            this.#onDrain = resolve
          })
          this.#onDrain = undefined
          if (!this.#isSending(call)) return
          this.waiting = 'nothing'
        }
      }
      if (!this.#isSending(call)) return
      if (length === undefined) this.#outlet.endChunks()
      else if (left > 0) throw new Error('the body is shorter than its length')
      this.#sent = true
      this.#wait('answer')
    } catch (error) {
      if (this.#call === call) this.fail(error as Error)
    }
  }

  /** @returns whether more may be read at once. */
  #take(received: Buffer): boolean {
    if (this.#call === undefined) {
      // Nobody asked.
      this.socket.destroy()
      return false
    }
    try {
      const bytes = this.#reader === undefined ? this.#takeHead(this.#call, received) : received
      if (bytes !== undefined && this.#reader !== undefined) this.#takeBody(this.#reader, bytes)
    } catch (error) {
      this.fail(error as Error)
    }
    return this.#body?.paused !== true
  }

  /** @returns what is behind the answer's head, or undefined where that has not come whole. */
  #takeHead(call: Call, received: Buffer): Buffer | undefined {
    this.#heads.add(received)
    for (;;) {
      const text = this.#heads.next()
      if (text === undefined) {
        this.#heads.keep(received)
        return undefined
      }
      const head = parseAnswerHead(text)
      if (head.status === 101) throw new HttpError('malformed', 'the answer is of another protocol')
      // An answer will follow.
      if (head.status < 200) continue
      const framing = framingOfAnswer(head, text, call.request.method)
      const isOut = this.#sent && !this.#outlet.holds && this.socket.writableLength === 0
      // A refusal may come early; a success of what has not gone out is none.
      if (!isOut && head.status < 300)
        throw new HttpError('malformed', 'a success came before the request was out')
      this.#kept = isKept(head) && framing !== 'rest' && isOut
      const body = new BodyStream(this, 'copied')
      this.#body = body
      this.#reader = bodyReader(framing)
      this.#wait('body')
      call.onAnswer({ status: head.status, headers: head.headers, body })
      const rest = this.#heads.takeRest() ?? NONE
      // Who was told may have given it up.
      return this.#call === call ? rest : undefined
    }
  }

  #takeBody(reader: BodyReader, bytes: Buffer): void {
    const body = this.#body as BodyStream
    const taken = reader.over || bytes.length === 0 ? 0 : reader.take(bytes, body)
    if (taken < bytes.length) throw new HttpError('malformed', 'more has come than the answer')
    if (reader.over) this.#finish()
    else if (body.paused) this.waiting = 'nothing'
    else if (bytes.length > 0) this.since = performance.now()
  }

  /** The answer has come whole. */
  #finish(): void {
    const call = this.#call as Call
    const body = this.#body as BodyStream
    this.#call = undefined
    this.waiting = 'nothing'
    body.end()
    call.onEnd()
    if (!this.#kept) {
      this.socket.destroy()
      // Who waits to send more lets go of what it is sent from: nothing of that goes out any more.
      this.#onDrain?.()
    }
    // As long as its last bytes are on their way, their memory is not read into.
    else if (!body.paused) this.#becomeIdle()
  }

  #becomeIdle(): void {
    this.#reader = undefined
    this.#body = undefined
    this.since = performance.now()
    if (!this.socket.destroyed && this.#kept) this.#onIdle(this)
  }

  #onEnd(): void {
    const ends = this.#reader?.left === Number.POSITIVE_INFINITY
    if (this.#call !== undefined && ends) this.#finish()
    else this.fail(new Error('the connection ended before the answer'))
  }
}
