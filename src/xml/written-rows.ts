/** More than V8 makes a string of in one step and a buffer of without asking for memory of its own. */
const PIECE = 1 << 15

/** The rows of one name as they are written, one behind the other. */
export class WrittenRows {
  /** All of them, in UTF-8, up to the last {@link flush}. */
  readonly pieces: Buffer[] = []
  /** Where each ends, in bytes. */
  readonly ends: number[] = []
  /** Of each, the texts that its table keeps. */
  readonly kept: (readonly (string | undefined)[])[] = []
  #xml = ''
  #size = 0

  get count(): number {
    return this.ends.length
  }

  /** @param xml with a character for each byte of UTF-8: so it becomes bytes in a fifth of the time. */
  add(xml: string, kept: readonly (string | undefined)[]): void {
    this.#xml += xml
    this.#size += xml.length
    this.ends.push(this.#size)
    this.kept.push(kept)
    // What has been put together lately is put into one the fastest.
    if (this.#xml.length > PIECE) this.flush()
  }

  flush(): void {
    if (this.#xml !== '') this.pieces.push(Buffer.from(this.#xml, 'latin1'))
    this.#xml = ''
  }

  /** Each by itself. */
  *[Symbol.iterator](): Generator<{ bytes: Buffer; kept: readonly (string | undefined)[] }> {
    const all = Buffer.concat(this.pieces)
    for (const [index, kept] of this.kept.entries()) {
      yield { bytes: all.subarray(this.ends[index - 1] ?? 0, this.ends[index]), kept }
    }
  }
}
