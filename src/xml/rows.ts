import { isAscii } from 'node:buffer'
import { children, type XmlNode } from './node.ts'
import { parseLenientXml, rootOf } from './parse.ts'
import { readPlainXml } from './plain-parser.ts'
import { RowReader } from './row-reader.ts'
import { type RowTable, type RowTables, writeRow } from './row-table.ts'
import { WrittenRows } from './written-rows.ts'

export { type Column, type OmittedRows, type RowTable, type RowTables, utf8Characters } from './row-table.ts'
export type { WrittenRows } from './written-rows.ts'

/** A list without its rows, and those as they are written: by name, in the document's order. */
export type RewrittenList<Name extends string = string> = {
  document: XmlNode
  rows: Record<Name, WrittenRows>
}

/** Bytes that are text at a time: for more than 128 KB V8 asks for memory of its own, which takes longer than the rows. */
const PIECE = 1 << 16
/** Of what is no row. */
const MAX_TAGS = 1000
/** Stands in the rest of the document where the rows stood. */
const ROWS = 'RowsStoodHere'

/**
 * Rewrites the rows of a list, a thousand elements of a few names below the root: piece by piece where the document is
 * plain, as nearly all are; otherwise, and where rows may have to be left out, by way of its tree, in some five times the
 * time.
 * @param bytes in UTF-8.
 * @throws XmlError as `parseLenientXml` does; what a column's `content` throws.
 */
export function rewriteRows<Name extends string>(
  bytes: Buffer,
  root: string,
  tables: RowTables<Name>,
): RewrittenList<Name> {
  return (
    (mayOmit(bytes, tables) ? undefined : rewritePlainRows(bytes, root, tables)) ??
    rewriteAnyRows(bytes, root, tables)
  )
}

const mayOmit = (bytes: Buffer, tables: RowTables) =>
  Object.values<RowTable>(tables).some(({ omit }) => omit !== undefined && bytes.includes(omit.containing))

/** Rewrites the rows of any list, by way of its tree. @throws as {@link rewriteRows} does. */
export function rewriteAnyRows(bytes: Buffer, root: string, tables: RowTables): RewrittenList {
  const document = { ...parseLenientXml(bytes.toString('utf8'), root) }
  const rows: Record<string, WrittenRows> = {}
  for (const [name, table] of Object.entries(tables)) {
    const written = new WrittenRows()
    for (const row of children(document, name)) writeRow(row, name, table, written)
    rows[name] = written
    delete document[name]
  }
  return { document, rows }
}

/**
 * Rewrites the rows of a list in ASCII in which they stand together, in a plain document.
 * @returns undefined for any other, well-formed or not, and where a column's `content` throws.
 * @throws XmlError where the root is another.
 */
export function rewritePlainRows(bytes: Buffer, root: string, tables: RowTables): RewrittenList | undefined {
  // Then a byte is a character, no line end has to be normalised, and nothing stands there that no document holds.
  if (!isAscii(bytes) || bytes.includes('\r') || bytes.includes(']]>')) return undefined
  const names = Object.keys(tables)
  const head = piece(bytes, 0)
  const begin = Math.min(...names.map((name) => head.indexOf(`<${name}>`)).filter((at) => at >= 0))
  if (begin === Number.POSITIVE_INFINITY) return undefined
  const reader = new RowReader(tables)
  const end = endOfRows(reader, bytes, begin)
  if (end === undefined) return undefined
  const rest = `${bytes.toString('latin1', 0, begin)}<${ROWS}/>${bytes.toString('latin1', end)}`
  const tree =
    rest.indexOf(ROWS) === rest.lastIndexOf(ROWS) ? readPlainXml(rest, MAX_TAGS, 'lenient') : undefined
  if (tree === undefined) return undefined
  const { [ROWS]: place, ...document } = rootOf(tree, root)
  // They stood deeper, or are not all.
  if (place === undefined || names.some((name) => name in document)) return undefined
  return { document, rows: reader.rows }
}

function endOfRows(reader: RowReader, bytes: Buffer, begin: number): number | undefined {
  try {
    for (let at = begin; ; ) {
      // A row that a piece has only the beginning of is the first of the next.
      const length = reader.read(piece(bytes, at))
      if (length === 0) return at
      if (length === undefined) return undefined
      at += length
    }
  } catch {
    // Whether the document is one comes before what a column throws.
    return undefined
  }
}

const piece = (bytes: Buffer, from: number) => bytes.toString('latin1', from, from + PIECE)
