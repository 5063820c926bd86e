import { HttpError, MAX_HEAD } from './head.ts'

const END_OF_HEAD = Buffer.from('\r\n\r\n')
const CARRIAGE_RETURN = 13
const LINE_FEED = 10

/** Finds heads in the bytes of a connection, and keeps what is no message yet. */
export class HeadReader {
  readonly #mayBegin: ((text: string, from: number) => boolean) | undefined
  #bytes: Buffer | undefined
  /** How many of them are known to have no end of a head. */
  #scanned = 0

  /**
   * @param mayBegin whether more bytes can make a text the beginning of a head, of which so much was looked at before:
   *   for requests, before which empty lines are nothing (RFC 9112, 2.2). Absent: for answers.
   */
  constructor(mayBegin?: (text: string, from: number) => boolean) {
    this.#mayBegin = mayBegin
  }

  /** How many bytes it has. */
  get size(): number {
    return this.#bytes?.length ?? 0
  }

  add(bytes: Buffer): void {
    if (bytes.length > 0)
      this.#bytes = this.#bytes === undefined ? bytes : Buffer.concat([this.#bytes, bytes])
  }

  /** All it has, which leaves none. */
  takeRest(): Buffer | undefined {
    const bytes = this.#bytes
    this.#bytes = undefined
    this.#scanned = 0
    return bytes
  }

  /** Makes a copy of what is kept, where it is in memory that is only lent. @param lent what was added last. */
  keep(lent: Buffer): void {
    if (this.#bytes?.buffer === lent.buffer) this.#bytes = Buffer.from(this.#bytes)
  }

  /**
   * Takes the next head.
   * @returns its text in Latin-1, up to and with the end of its last line; undefined where it has not come whole.
   * @throws HttpError where there is none to come, or too large a one.
   */
  next(): string | undefined {
    const bytes = this.#bytes
    if (bytes === undefined) return undefined
    let from = 0
    if (this.#mayBegin !== undefined) {
      while (bytes[from] === CARRIAGE_RETURN && bytes[from + 1] === LINE_FEED) from += 2
    }
    const end = bytes.indexOf(END_OF_HEAD, Math.max(from, this.#scanned - END_OF_HEAD.length + 1))
    const size = (end < 0 ? bytes.length : end) - from
    if (end < 0 && this.#mayBegin?.(bytes.toString('latin1', from), this.#scanned - from) === false) {
      throw new HttpError('malformed', 'this is no request')
    }
    if (size > MAX_HEAD) throw new HttpError('too large', `a head has over ${MAX_HEAD} bytes`)
    if (end < 0) {
      this.#scanned = bytes.length
      if (size === 0) this.takeRest()
      return undefined
    }
    this.#scanned = 0
    const behind = end + END_OF_HEAD.length
    this.#bytes = behind < bytes.length ? bytes.subarray(behind) : undefined
    return bytes.toString('latin1', from, end + 2)
  }
}
