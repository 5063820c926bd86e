import { atOnce, type InPieces, PIECE_LENGTH, type XmlNode, type XmlRule, type XmlValue } from './node.ts'

/** A start tag, and the end tag that belongs to it. */
type Tag = { name: string; end: string; empty: boolean }
/** An element whose end has not come yet. */
type Open = { tag: Tag; node: XmlNode }
/** How an element of a list is built: an expression with a group for each text in it, and one such element. */
type Shape = { expression: RegExp; model: XmlNode; tags: number }

const LESS_THAN = 60
const SLASH = 47
/** The deepest document of S3 or OSS has six levels. */
const MAX_DEPTH = 10
/** Of one document, for an expression takes its time to make: the longest list has elements of two kinds. */
const MAX_SHAPES = 4
/** More is no element of a list. */
const MAX_PATTERN = 1000

/**
 * Reads a plain document, as machines write them and as nearly all are: a declaration, elements without attributes but
 * the root's `xmlns`, text with no entities but XML's own. It goes through the text once, from tag to tag, and in lists from
 * element to element.
 * @returns an element without a name around the root, or undefined for any other document, well-formed or not.
 */
export const readPlainXml = (text: string, maxTags: number, rule: XmlRule): XmlNode | undefined =>
  atOnce(readPlainXmlInPieces(text, maxTags, rule))

/** The same, piece by piece. */
export function* readPlainXmlInPieces(
  text: string,
  maxTags: number,
  rule: XmlRule,
): InPieces<XmlNode | undefined> {
  // Line ends would have to be normalised, and the others are for the general reader to refuse.
  if (text.includes('\r') || noText[rule].test(text)) return undefined
  const tags = new Map<string, Tag>()
  const shapes = new Map<Tag, Shape | undefined>()
  const document: XmlNode = {}
  const around: Open[] = []
  let open: Open = { tag: { name: '', end: '', empty: false }, node: document }
  let at = skipWhitespace(text, declaration.exec(text)?.[0].length ?? 0)
  let pieceEnd = at + PIECE_LENGTH
  for (let count = 0; count < maxTags; count++) {
    if (at > pieceEnd) {
      yield
      pieceEnd = at + PIECE_LENGTH
    }
    // Not by what is behind the end: to ask for that is slow.
    if (at === text.length) return around.length === 0 ? document : undefined
    if (text.charCodeAt(at) !== LESS_THAN) return undefined
    if (text.charCodeAt(at + 1) === SLASH) {
      const parent = around.pop()
      if (parent === undefined || !text.startsWith(open.tag.end, at)) return undefined
      const { tag, node } = open
      add(parent.node, tag.name, node)
      at = skipWhitespace(text, at + tag.end.length)
      open = parent
      // In a list, what is built as its first element is read by one expression each, in half the time.
      if (!text.startsWith(`<${tag.name}>`, at)) continue
      if (!shapes.has(tag) && shapes.size < MAX_SHAPES) shapes.set(tag, shapeOf(tag.name, node))
      const shape = shapes.get(tag)
      const list = parent.node[tag.name]
      if (shape === undefined || list === undefined) continue
      const before = list.length
      at = readAlike(text, at, pieceEnd, shape, list, rule)
      count += (list.length - before) * shape.tags
      continue
    }
    const close = text.indexOf('>', at)
    const tag = close < 0 ? undefined : tagOf(text.slice(at + 1, close), tags, around.length === 0)
    if (tag === undefined) return undefined
    const next = text.indexOf('<', close)
    // The general parser pauses within a text as well.
    if (next - close > PIECE_LENGTH) return undefined
    if (tag.empty) {
      add(open.node, tag.name, '')
      at = skipWhitespace(text, close + 1)
    } else if (text.charCodeAt(next + 1) === SLASH) {
      const value = decodeReferences(text.slice(close + 1, next), rule)
      if (value === undefined || !text.startsWith(tag.end, next)) return undefined
      add(open.node, tag.name, value)
      at = skipWhitespace(text, next + tag.end.length)
      count++
    } else {
      if (around.push(open) > MAX_DEPTH) return undefined
      open = { tag, node: {} }
      at = skipWhitespace(text, close + 1)
    }
  }
  return undefined
}

/** What stands in no document's text. */
const noText: Record<XmlRule, RegExp> = {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  'XML 1.0': /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|]]>/,
  lenient: /]]>/,
}

const declaration = /^<\?xml version="1\.0"(?: encoding="[Uu][Tt][Ff]-8")?\?>/
const startTag = /^([A-Za-z][A-Za-z0-9]*)(\/?)$/
/** The root's namespace is that of all. */
const rootTag = /^([A-Za-z][A-Za-z0-9]*)(?: xmlns="[^"&<>]*")?(\/?)$/

/** What every object has is no name that a node can be asked for. */
const inherited = new Set(Object.getOwnPropertyNames(Object.prototype))

/** What stands between `<` and `>`, looked at once for all that are alike. */
function tagOf(source: string, known: Map<string, Tag>, isRoot: boolean): Tag | undefined {
  const seen = known.get(source)
  if (seen !== undefined) return seen
  const [, name, slash] = (isRoot ? rootTag : startTag).exec(source) ?? []
  if (name === undefined || inherited.has(name)) return undefined
  const tag = { name, end: `</${name}>`, empty: slash === '/' }
  known.set(source, tag)
  return tag
}

/** How the others of a list may be built, by the first. */
function shapeOf(name: string, model: XmlNode): Shape | undefined {
  const expression = expressionOf(name, model)
  return expression && { expression, model, tags: expression.source.split('<').length }
}

/** Finds elements that are built as this one; undefined where a name is in it twice, or too many are. */
export function expressionOf(name: string, model: XmlValue): RegExp | undefined {
  const pattern = patternOf(name, model)
  return pattern === undefined || pattern.length > MAX_PATTERN ? undefined : new RegExp(pattern, 'y')
}

function patternOf(name: string, value: XmlValue): string | undefined {
  // Each repetition ends where what follows begins: nothing is tried twice.
  const whitespace = '[ \\t\\n]*'
  if (typeof value === 'string') return `<${name}>([^<]*)</${name}>${whitespace}`
  let inner = ''
  for (const child in value) {
    const [first = '', ...others] = value[child] ?? []
    const pattern = others.length > 0 ? undefined : patternOf(child, first)
    if (pattern === undefined) return undefined
    inner += pattern
  }
  return `<${name}>${whitespace}${inner}</${name}>${whitespace}`
}

/** Adds the elements that are built so, and begin between two places, to a list. @returns where they end. */
function readAlike(
  text: string,
  from: number,
  to: number,
  { expression, model }: Shape,
  list: XmlValue[],
  rule: XmlRule,
): number {
  let at = from
  expression.lastIndex = at
  for (let found = expression.exec(text); found !== null && at <= to; found = expression.exec(text)) {
    if (found[0].length > PIECE_LENGTH) break
    const texts = found.slice(1).map((text) => decodeReferences(text, rule))
    if (texts.includes(undefined)) break
    list.push(filled(model, texts.values()))
    at = expression.lastIndex
  }
  return at
}

/** A node with the model's names and other texts. */
function filled(model: XmlNode, texts: Iterator<string | undefined>): XmlNode {
  const node: XmlNode = {}
  for (const name in model) {
    const value = model[name]?.[0]
    node[name] = [typeof value === 'object' ? filled(value, texts) : (texts.next().value ?? '')]
  }
  return node
}

function add(node: XmlNode, name: string, value: XmlValue): void {
  const values = node[name]
  if (values === undefined) node[name] = [value]
  else values.push(value)
}

function skipWhitespace(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code !== 32 && code !== 10 && code !== 9) return at
  }
  return text.length
}

/**
 * The text with its references resolved, or undefined when one is no character that the rule allows, or an entity that
 * XML does not know.
 */
function decodeReferences(text: string, rule: XmlRule): string | undefined {
  let decoded = ''
  let from = 0
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', from)) {
    const end = text.indexOf(';', at)
    const character = referred(text.slice(at + 1, end < 0 ? at : end), rule)
    if (character === undefined) return undefined
    decoded += text.slice(from, at) + character
    from = end + 1
  }
  return from === 0 ? text : decoded + text.slice(from)
}

const entities = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
])

function referred(name: string, rule: XmlRule): string | undefined {
  const entity = entities.get(name)
  if (entity !== undefined) return entity
  if (!/^#(?:\d{1,7}|x[\da-fA-F]{1,6})$/.test(name)) return undefined
  const code = name[1] === 'x' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
  return isCharacter(code, rule) ? String.fromCodePoint(code) : undefined
}

/** https://www.w3.org/TR/xml/#charsets, or any character at all. */
function isCharacter(code: number, rule: XmlRule): boolean {
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return false
  if (rule === 'lenient') return true
  return code < 32 ? code === 9 || code === 10 || code === 13 : code !== 0xfffe && code !== 0xffff
}
