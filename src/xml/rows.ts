import { isAscii } from 'node:buffer'
import { children, parseLenientXml, rootOf } from './index.ts'
import type { XmlNode, XmlRule, XmlValue } from './node.ts'
import { decodeReferences, expressionOf, readPlainXml } from './plain-parser.ts'

/** What is read of a row, in the order of its kind's `texts`; undefined where the row has none. */
export type RowTexts = readonly (string | undefined)[]
/** A kind of row: which of its texts are read, each by the names on the way to it (`Owner/ID`), and what they make. */
export type RowKind<Row> = { texts: readonly string[]; make: (texts: RowTexts) => Row }
/** By the name of the element below the root. */
export type RowKinds = Readonly<Record<string, RowKind<unknown>>>

/** A list without its rows, and what those have made: by their names, in the document's order. */
export type List<Kinds extends RowKinds> = {
  document: XmlNode
  rows: { [Name in keyof Kinds]: ReturnType<Kinds[Name]['make']>[] }
}
type Rows = Record<string, unknown[]>

/** Bytes that are text at a time: for more than 128 KB V8 asks for memory of its own, which takes longer than the rows. */
const PIECE = 1 << 16
/** Of the rows of one document, for an expression takes its time to make. */
const MAX_SHAPES = 8
/** Of a row, and of the rest. */
const MAX_TAGS = 1000
/** Stands in the rest of the document where the rows stood. */
const PLACE = 'PlaceOfRows'

/**
 * Reads a document that has a thousand elements of a kind, and makes of each what its kind says on the way: a tree of
 * them all takes three times as long.
 * @throws XmlError as `parseXml` does.
 */
export function readList<Kinds extends RowKinds>(bytes: Buffer, root: string, kinds: Kinds): List<Kinds> {
  return readPlainList(bytes, root, kinds) ?? readAnyList(bytes, root, kinds)
}

/** A list is OSS's. */
const RULE: XmlRule = 'lenient'

/** Reads any list, by way of its tree. @throws XmlError. */
export function readAnyList<Kinds extends RowKinds>(bytes: Buffer, root: string, kinds: Kinds): List<Kinds> {
  const document = parseLenientXml(bytes.toString('utf8'), root)
  const rows: Rows = {}
  for (const [name, { texts, make }] of Object.entries(kinds)) {
    rows[name] = children(document, name).map((node) => make(texts.map((path) => textAt(node, path))))
  }
  return { document, rows: rows as List<Kinds>['rows'] }
}

function textAt(node: XmlNode, path: string): string | undefined {
  let value: string | XmlNode | undefined = node
  for (const name of path.split('/')) value = typeof value === 'object' ? value[name]?.[0] : undefined
  return typeof value === 'string' ? value : undefined
}

/**
 * Reads a list in ASCII whose rows stand together, each built like one before it but for a few, in a plain document.
 * @returns undefined for any other, well-formed or not.
 * @throws XmlError where the root is another.
 */
export function readPlainList<Kinds extends RowKinds>(
  bytes: Buffer,
  root: string,
  kinds: Kinds,
): List<Kinds> | undefined {
  // Then a byte is a character, no line end has to be normalised, and nothing stands there that no document holds.
  if (!isAscii(bytes) || bytes.includes('\r') || bytes.includes(']]>')) return undefined
  const names = Object.keys(kinds)
  const head = piece(bytes, 0)
  const begin = Math.min(...names.map((name) => head.indexOf(`<${name}>`)).filter((at) => at >= 0))
  if (begin === Number.POSITIVE_INFINITY) return undefined
  const reader = new RowReader(kinds)
  let end = begin
  for (let length = -1; length !== 0; end += length) {
    // A row that a piece has only the beginning of is the first of the next.
    const read = reader.read(piece(bytes, end))
    if (read === undefined) return undefined
    length = read
  }
  const rest = `${bytes.toString('latin1', 0, begin)}<${PLACE}/>${bytes.toString('latin1', end)}`
  const tree =
    rest.indexOf(PLACE) === rest.lastIndexOf(PLACE) ? readPlainXml(rest, MAX_TAGS, RULE) : undefined
  if (tree === undefined) return undefined
  const { [PLACE]: place, ...document } = rootOf(tree, root)
  // They stood deeper, or are not all.
  if (place === undefined || names.some((name) => name in document)) return undefined
  return { document, rows: reader.rows as List<Kinds>['rows'] }
}

const piece = (bytes: Buffer, from: number) => bytes.toString('latin1', from, from + PIECE)

/** How rows of a kind may be built, and the expression's groups that are the kind's texts: 0 where such a row has none. */
type RowShape = {
  expression: RegExp
  groups: readonly number[]
  make: RowKind<unknown>['make']
  rows: unknown[]
}

class RowReader {
  readonly rows: Rows = {}
  readonly #kinds: RowKinds
  readonly #shapes: RowShape[] = []

  constructor(kinds: RowKinds) {
    this.#kinds = kinds
    for (const name in kinds) this.rows[name] = []
  }

  /** Reads the whole rows that a text begins with. @returns where they end, or undefined when one is not plain. */
  read(text: string): number | undefined {
    const refers = text.includes('&')
    for (let at = 0; ; ) {
      const next = this.#readRow(text, at, refers)
      if (next !== undefined) {
        at = next
        continue
      }
      const name = Object.keys(this.#kinds).find((one) => text.startsWith(`<${one}>`, at))
      if (name === undefined) return at
      const tag = `</${name}>`
      const end = text.indexOf(tag, at)
      // Only the beginning of one.
      if (end < 0) return at
      if (!this.#learn(name, text.slice(at, end + tag.length))) return undefined
    }
  }

  #readRow(text: string, at: number, refers: boolean): number | undefined {
    for (const { expression, groups, make, rows } of this.#shapes) {
      expression.lastIndex = at
      const found = expression.exec(text)
      if (found === null) continue
      const texts = refers ? found.map((text) => decodeReferences(text, RULE)) : found
      // It refers to what is no character.
      if (texts[0] === undefined) return undefined
      rows.push(make(groups.map((group) => (group === 0 ? undefined : texts[group]))))
      return expression.lastIndex
    }
    return undefined
  }

  /** Learns to read rows that are built as this one. @returns whether it is plain, and not odd once too often. */
  #learn(name: string, row: string): boolean {
    const model = readPlainXml(row, MAX_TAGS, RULE)?.[name]?.[0]
    const kind = this.#kinds[name]
    const rows = this.rows[name]
    if (model === undefined || kind === undefined || rows === undefined) return false
    const expression = expressionOf(name, model)
    if (expression === undefined) return false
    const paths = pathsOf(model)
    const groups = kind.texts.map((path) => paths.indexOf(path) + 1)
    return this.#shapes.push({ expression, groups, make: kind.make, rows }) <= MAX_SHAPES
  }
}

/** The ways to the texts of an element, in their order. */
const pathsOf = (value: XmlValue | undefined, path: string[] = []): string[] =>
  typeof value === 'object'
    ? Object.entries(value).flatMap(([name, [first]]) => pathsOf(first, [...path, name]))
    : [path.join('/')]
