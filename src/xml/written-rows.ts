/** Characters that become a piece: of more than 128 KB V8 makes no string without asking for memory of its own. */
const PIECE = 1 << 15

/** The rows of one name as they are written, one behind the other. */
export class WrittenRows {
  count = 0
  /** How many of the list's rows are not among them. */
  omitted = 0
  readonly #pieces: Buffer[] = []
  /** The texts that are kept of each, and where it ends, in bytes; of rows whose table keeps some. */
  readonly #kept: { texts: KeptTexts; end: number }[] = []
  #xml = ''
  #size = 0

  /** @param xml with a character for each byte of UTF-8: so it becomes bytes in a fifth of the time. */
  add(xml: string, texts: KeptTexts): void {
    this.#xml += xml
    this.#size += xml.length
    this.count++
    if (texts.length > 0) this.#kept.push({ texts, end: this.#size })
    // What was put together lately becomes bytes the fastest.
    if (this.#xml.length > PIECE) this.#flush()
  }

  #flush(): void {
    if (this.#xml !== '') this.#pieces.push(Buffer.from(this.#xml, 'latin1'))
    this.#xml = ''
  }

  /**
   * All of them, in UTF-8, once: a promise that is older than what it resolved with keeps that until V8's next full
   * collection, and these are a quarter of a megabyte.
   */
  take(): Buffer[] {
    this.#flush()
    return this.#pieces.splice(0)
  }

  /** Each by itself, once. Their table keeps texts. */
  takeEach(): { bytes: Buffer; kept: KeptTexts }[] {
    const all = Buffer.concat(this.take())
    let start = 0
    return this.#kept.splice(0).map(({ texts, end }) => {
      const bytes = all.subarray(start, end)
      start = end
      return { bytes, kept: texts }
    })
  }
}

/** In the order of a table's `keep`; undefined where the row has none. */
export type KeptTexts = readonly (string | undefined)[]
