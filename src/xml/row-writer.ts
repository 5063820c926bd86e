import { readPlainXml } from './plain-parser.ts'
import { type Column, elementOf, type RowTable, tagsOf, type WriteUsual } from './row-table.ts'
import type { WrittenRows } from './written-rows.ts'

/** More is no row of a list: an expression is made of it. */
const MAX_ROW = 4000
const MAX_TAGS = 100
/** A value without references, which would have to be resolved. */
const PLAIN_VALUE = '[^<&]*'

/** What writes an element: from which group of the expression on, and what stands before that in the row written. */
type Slot = { group: number; before: string; write: WriteUsual | undefined }

/**
 * Does what `writeRow` does for the rows that are built like one of them, byte for byte but for their values, and whose
 * values are plain or usual: one expression matches all of a row. To read and write its bytes one by one in JavaScript
 * takes twice as long.
 */
export class RowWriter {
  /** Finds such a row, behind white space; sticky. */
  readonly expression: RegExp
  readonly #slots: readonly Slot[]
  readonly #end: string
  /** The groups of the texts that are kept; -1 for those that such rows have not. */
  readonly #kept: readonly number[]

  /**
   * @param row from its start tag to its end tag.
   * @returns undefined where it is not plain, has an element twice, or one in the short form (`<a/>`).
   */
  static like(row: string, name: string, table: RowTable): RowWriter | undefined {
    const places = placesOf(row)
    return places && new RowWriter(row, places, name, table)
  }

  private constructor(row: string, places: readonly Place[], name: string, { columns, keep = [] }: RowTable) {
    let pattern = '[ \\t\\n]*'
    let at = 0
    let groups = 0
    const found = new Map<string, { group: number; usual: Column['usual'] }>()
    const kept = new Map<string, number>()
    for (const { path, from, to } of places) {
      const column = columns.find((one) => one.from === path)
      pattern += asPattern(row.slice(at, from))
      at = to
      if (column === undefined) {
        pattern += PLAIN_VALUE
        continue
      }
      // What is unusual in one row may be so in all.
      const model = column.usual?.pattern.exec(row.slice(from, to))
      const value = model ? column.usual?.pattern.source.slice(1, -1) : PLAIN_VALUE
      const inner = (model?.length ?? 1) - 1
      // The whole value is a group only where it is asked for: each takes its time.
      const isGroup = inner === 0 || keep.includes(path)
      if (isGroup) kept.set(path, ++groups)
      found.set(path, { group: inner === 0 ? groups : groups + 1, usual: model ? column.usual : undefined })
      groups += inner
      pattern += isGroup ? `(${value})` : value
    }
    this.expression = new RegExp(pattern + asPattern(row.slice(at)), 'y')
    this.#kept = keep.map((path) => kept.get(path) ?? -1)
    const slots: Slot[] = []
    let before = `<${name}>`
    for (const column of columns) {
      const { group, usual } = found.get(column.from) ?? {}
      if (group === undefined) before += elementOf(column, undefined)
      else if (usual === undefined) {
        const start = before
        slots.push({ group, before: '', write: remembering((text) => start + elementOf(column, text)) })
        before = ''
      } else {
        const { start, end } = tagsOf(column)
        const { around = '', content } = usual
        slots.push({ group, before: before + start + around, write: content })
        before = around + end
      }
    }
    this.#slots = slots
    this.#end = `${before}</${name}>`
  }

  /** Writes the row that stands at a place, behind white space. @returns where it ends; -1 where there is no such row. */
  writeAt(text: string, at: number, rows: WrittenRows): number {
    this.expression.lastIndex = at
    const found = this.expression.exec(text)
    if (found === null) return -1
    let xml = ''
    for (const { group, before, write } of this.#slots) {
      const first = found[group] as string
      xml += before + (write === undefined ? first : write(first, found[group + 1] as string))
    }
    rows.add(xml + this.#end, this.#kept.length === 0 ? NONE : this.#kept.map((group) => found[group]))
    return this.expression.lastIndex
  }
}

const NONE: readonly undefined[] = []

const asPattern = (text: string) =>
  text.replace(/[^\w<>]/g, (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`)

/** The same function, which knows its last answer: for what is the same in most rows of a page. */
function remembering(write: (text: string) => string): (text: string) => string {
  let last: string | undefined
  let answer = ''
  return (text) => {
    if (text !== last) {
      answer = write(text)
      last = text
    }
    return answer
  }
}

/** Where a text of a row stands in it, and by which names from the row on. */
type Place = { path: string; from: number; to: number }

function placesOf(row: string): Place[] | undefined {
  if (row.length > MAX_ROW || row.includes('/>')) return undefined
  if (readPlainXml(row, MAX_TAGS, 'lenient') === undefined) return undefined
  const places: Place[] = []
  const seen = new Set<string>()
  const open: string[] = []
  /** Where the text behind a start tag begins, while no other tag has come. */
  let from: number | undefined
  for (const { 0: tag, 1: slash, 2: name = '', index } of row.matchAll(/<(\/?)(\w+)>/g)) {
    if (slash === '') {
      open.push(name)
      const path = open.join('/')
      if (seen.has(path)) return undefined
      seen.add(path)
      from = index + tag.length
    } else {
      if (from !== undefined) places.push({ path: open.slice(1).join('/'), from, to: index })
      from = undefined
      open.pop()
    }
  }
  return places
}
