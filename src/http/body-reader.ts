import type { BodyStream } from '../node/body-stream.ts'
import { type Framing, HttpError, MAX_HEAD, parseFields } from './head.ts'

/** Takes the body of a message out of the bytes of its connection. */
export type BodyReader = {
  /** Whether the body has come to its end. */
  readonly over: boolean
  /** Bytes that are still to come, where that is known: infinitely many are as many as the connection gives. */
  readonly left?: number
  /**
   * Hands on what is the body's.
   * @returns how many bytes were the body's and its framing's: what is behind them is the next message.
   * @throws HttpError where the framing is broken.
   */
  take(bytes: Buffer, to: BodyStream): number
}

/** @param framing as the head says. */
export function bodyReader(framing: Framing): BodyReader {
  if (framing === 'chunks') return new ChunksReader()
  return new LengthReader(framing === 'rest' ? Number.POSITIVE_INFINITY : framing)
}

class LengthReader implements BodyReader {
  left: number

  constructor(length: number) {
    this.left = length
  }

  get over(): boolean {
    return this.left === 0
  }

  take(bytes: Buffer, to: BodyStream): number {
    const taken = Math.min(this.left, bytes.length)
    this.left -= taken
    to.push(taken === bytes.length ? bytes : bytes.subarray(0, taken))
    return taken
  }
}

/** Of the line before a chunk, extensions included. */
const MAX_SIZE_LINE = 1024
// Thirteen digits are exact, and more than any object has. An extension says nothing to anyone (RFC 9112, 7.1.1).
const sizeLine = /^0*([\da-f]{1,13})(?:;[\t -~\x80-\xff]*)?\r\n$/i
/** Headers that would say where the body ends. */
const framingNames = ['content-length', 'transfer-encoding']
const LINE_FEED = 10

class ChunksReader implements BodyReader {
  over = false
  /** What comes next. */
  #part: 'size' | 'data' | 'end' | 'trailer' = 'size'
  /** Of the chunk. */
  #left = 0
  /** What there is of a line that has not ended. */
  #line = ''
  #trailer = ''

  take(bytes: Buffer, to: BodyStream): number {
    let at = 0
    while (at < bytes.length && !this.over) {
      if (this.#part === 'data') {
        const taken = Math.min(this.#left, bytes.length - at)
        to.push(bytes.subarray(at, at + taken))
        at += taken
        this.#left -= taken
        if (this.#left === 0) this.#part = 'end'
      } else {
        const end = bytes.indexOf(LINE_FEED, at)
        const next = end < 0 ? bytes.length : end + 1
        this.#addToLine(bytes, at, next)
        at = next
        if (end >= 0) this.#endLine()
      }
    }
    return at
  }

  #addToLine(bytes: Buffer, from: number, to: number): void {
    if (this.#part === 'trailer') {
      if (this.#trailer.length + this.#line.length + to - from > MAX_HEAD) {
        throw new HttpError('too large', `the trailer has over ${MAX_HEAD} bytes`)
      }
    } else if (this.#line.length + to - from > MAX_SIZE_LINE) {
      throw new HttpError('malformed', 'the line before a chunk has no end')
    }
    this.#line += bytes.toString('latin1', from, to)
  }

  #endLine(): void {
    const line = this.#line
    this.#line = ''
    if (this.#part === 'size') {
      const size = sizeLine.exec(line)?.[1]
      if (size === undefined) throw new HttpError('malformed', 'the size of a chunk is none')
      this.#left = Number.parseInt(size, 16)
      this.#part = this.#left > 0 ? 'data' : 'trailer'
    } else if (this.#part === 'end') {
      if (line !== '\r\n') throw new HttpError('malformed', 'a chunk is longer than its size')
      this.#part = 'size'
    } else if (line === '\r\n') {
      const trailer = parseFields(this.#trailer, 0)
      if (framingNames.some((name) => name in trailer)) {
        throw new HttpError('malformed', 'the trailer says where the body ends')
      }
      this.over = true
    } else {
      this.#trailer += line
    }
  }
}
