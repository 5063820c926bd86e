import { readPlainXml } from './plain-parser.ts'
import { type RowTable, type RowTables, writeRow } from './row-table.ts'
import { RowWriter } from './row-writer.ts'
import { WrittenRows } from './written-rows.ts'

/** OSS sends a thousand at most. */
const MAX_ROWS = 2000
/** Ways in which rows of one table are built that are known at a time: it takes its time to make an expression. */
const MAX_WRITERS = 8
/** Of a row. */
const MAX_TAGS = 1000

/** What a row begins with, and what stands before it. */
const startTag = /[ \t\n]*<([A-Za-z]+)>/y

/** What is known of rows by those of earlier documents: nearly all are built alike. */
const writersOf = new WeakMap<RowTable, RowWriter[]>()

/** Reads the rows of a plain list, piece by piece, and writes them anew. */
export class RowReader {
  readonly rows: Record<string, WrittenRows> = {}
  readonly #tables: RowTables
  readonly #writers: { writer: RowWriter; rows: WrittenRows }[] = []
  #count = 0
  #learned = 0

  constructor(tables: RowTables) {
    this.#tables = tables
    for (const [name, table] of Object.entries(tables)) {
      const rows = new WrittenRows()
      this.rows[name] = rows
      for (const writer of writersOf.get(table) ?? []) this.#writers.push({ writer, rows })
    }
  }

  /** Rewrites the whole rows that a text begins with. @returns where they end, or undefined when one is not plain. */
  read(text: string): number | undefined {
    for (let at = 0; ; this.#count++) {
      const end = this.#rewriteKnown(text, at) ?? this.#rewriteOther(text, at)
      if (end === undefined || this.#count > MAX_ROWS) return undefined
      if (end === at) return at
      at = end
    }
  }

  /** @returns where the row ends that stands here; undefined where it is built like none before. */
  #rewriteKnown(text: string, at: number): number | undefined {
    for (const { writer, rows } of this.#writers) {
      const end = writer.writeAt(text, at, rows)
      if (end >= 0) return end
    }
    return undefined
  }

  /** @returns where the row ends, `at` where no whole row stands here, or undefined where it is not plain. */
  #rewriteOther(text: string, at: number): number | undefined {
    startTag.lastIndex = at
    const name = startTag.exec(text)?.[1] ?? ''
    const table = Object.hasOwn(this.#tables, name) ? this.#tables[name] : undefined
    const rows = this.rows[name]
    const tag = `</${name}>`
    const last = text.indexOf(tag, at)
    if (table === undefined || rows === undefined || last < 0) return at
    const end = last + tag.length
    const row = text.slice(at, end).trimStart()
    if (this.#learned++ < MAX_WRITERS) {
      const writer = RowWriter.like(row, name, table)
      if (writer?.writeAt(text, at, rows) === end) {
        this.#writers.push({ writer, rows })
        const known = writersOf.get(table) ?? []
        if (known.length < MAX_WRITERS) writersOf.set(table, [...known, writer])
        return end
      }
    }
    const element = readPlainXml(row, MAX_TAGS, 'lenient')?.[name]?.[0]
    if (element === undefined) return undefined
    writeRow(typeof element === 'object' ? element : {}, name, table, rows)
    return end
  }
}
