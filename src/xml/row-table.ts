import type { XmlNode } from './node.ts'
import type { WrittenRows } from './written-rows.ts'

/** An element of a row, from the row that is read to the one that is written. */
export type Column = {
  /** Which text is read, by the names from the row on (`Owner/ID`). */
  from: string
  /** Which element is written, by the names from the row on. */
  to: string
  /**
   * What it has in it, in XML; undefined where the row gets no such element.
   * @param text undefined where the row that is read has none.
   */
  content: (text: string | undefined) => string | undefined
  /** What most of its values are: they match once, and are looked at no more. */
  usual?: {
    /** For such a value as it stands in the document, never for a `<`: from `^` to `$`, without alternatives between. */
    pattern: RegExp
    /** What is written for such a value, of the pattern's one or two groups; absent where it stays as it is. */
    content?: WriteUsual
    /** What stands in the element before that, and behind it. */
    around?: string
  }
}

export type WriteUsual = (first: string, second: string) => string

/** What becomes of the rows of one name, which those written have as well. */
export type RowTable = {
  /** In the order written. */
  columns: readonly Column[]
  /** Texts of columns that are kept beside each row; their usual values have no references. */
  keep?: readonly string[]
  /** Rows that are left out. */
  omit?: OmittedRows
}

export type OmittedRows = {
  /** Which text decides, by the names from the row on. */
  from: string
  /** What such a text has in it; where it is nowhere in a document, no row of it is looked at. */
  containing: string
  isOmitted: (text: string) => boolean
}

/** By the name of the rows below the root. */
export type RowTables<Name extends string = string> = Readonly<Record<Name, RowTable>>

/** Adds the row that a table makes of an element, or counts it as omitted. */
export function writeRow(
  row: XmlNode,
  name: string,
  { columns, keep = [], omit }: RowTable,
  rows: WrittenRows,
): void {
  if (omit?.isOmitted(textAt(row, omit.from) ?? '')) {
    rows.omitted++
    return
  }
  const inner = columns.map((column) => elementOf(column, textAt(row, column.from))).join('')
  rows.add(
    `<${name}>${inner}</${name}>`,
    keep.map((path) => textAt(row, path)),
  )
}

/** The element that a column makes of a text, as {@link utf8Characters}; empty where the row gets none. */
export function elementOf(column: Column, text: string | undefined): string {
  const xml = column.content(text)
  if (xml === undefined) return ''
  const { start, end } = tagsOf(column)
  return start + utf8Characters(xml) + end
}

/** A text with a character for each of its bytes in UTF-8. */
export const utf8Characters = (text: string) =>
  /[^\0-\x7f]/.test(text) ? Buffer.from(text).toString('latin1') : text

/** What stands around a column's content. */
export function tagsOf({ to }: Column): { start: string; end: string } {
  const names = to.split('/')
  return {
    start: names.map((name) => `<${name}>`).join(''),
    end: names.reduceRight((tags, name) => `${tags}</${name}>`, ''),
  }
}

function textAt(node: XmlNode, path: string): string | undefined {
  let value: string | XmlNode | undefined = node
  for (const name of path.split('/')) value = typeof value === 'object' ? value[name]?.[0] : undefined
  return typeof value === 'string' ? value : undefined
}
