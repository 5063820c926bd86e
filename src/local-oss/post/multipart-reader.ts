import { OssError } from '../errors.ts'
import type { Bytes } from '../http.ts'

/** OSS's word for a form that is none. */
export const malformedForm = () => new OssError('MalformedPOSTRequest')

/** A body in pieces between delimiters; of the file no more is held than came at once. */
export class MultipartReader {
  readonly #source: AsyncIterator<Uint8Array>
  /** Begins with a line's end, as if one stood before the body: so the first delimiter is like the others. */
  #held: Buffer = Buffer.from('\r\n')

  constructor(body: Bytes) {
    this.#source = body[Symbol.asyncIterator]()
  }

  /** What stands before the mark, both being taken. @throws what `tooLong` makes when that is more than `most` bytes. */
  async upTo(mark: Buffer, most: number, tooLong: () => OssError): Promise<Buffer> {
    for (;;) {
      const at = this.#held.indexOf(mark)
      if (at > most || (at < 0 && this.#held.length > most + mark.length)) throw tooLong()
      if (at >= 0) {
        const found = this.#take(at)
        this.#take(mark.length)
        return found
      }
      await this.#more()
    }
  }

  /** What stands before the mark, as it comes; the mark is taken. */
  async *through(mark: Buffer): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      const at = this.#held.indexOf(mark)
      // The last bytes may be the mark's first.
      const sure = at >= 0 ? at : this.#held.length - mark.length + 1
      if (sure > 0) yield this.#take(sure)
      if (at >= 0) {
        this.#take(mark.length)
        return
      }
      await this.#more()
    }
  }

  /** After a delimiter: whether another part follows it, or the form's end. @throws OssError MalformedPOSTRequest. */
  async hasPart(): Promise<boolean> {
    while (this.#held.length < 2) await this.#more()
    const next = this.#take(2).toString('latin1')
    if (next !== '\r\n' && next !== '--') throw malformedForm()
    return next === '\r\n'
  }

  /** Leaves the rest of the body to the runtime. Not waited for: a piece may be on its way. */
  close(): void {
    this.#source.return?.()?.catch(() => {})
  }

  /** Reads on to the body's end, so that its connection can be used again. */
  async drain(): Promise<void> {
    this.#held = Buffer.alloc(0)
    while (!(await this.#source.next()).done);
  }

  #take(length: number): Buffer {
    const taken = this.#held.subarray(0, length)
    this.#held = this.#held.subarray(length)
    return taken
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#source.next()
    if (done) throw malformedForm()
    this.#held = this.#held.length === 0 ? Buffer.from(value) : Buffer.concat([this.#held, value])
  }
}
