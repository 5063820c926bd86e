import { XMLParser } from 'fast-xml-parser'
import { exchange } from './exchange.ts'
import { readPlainXml } from './xml-plain.ts'

/**
 * An element's children by name, each a list in document order; text-only elements are strings. Text beside elements is
 * `#text`, unless it is blank.
 */
export type XmlNode = { [name: string]: XmlValue[] }
export type XmlValue = string | XmlNode

// Each option keeps a value exact: `<Key>0012</Key>` is not a number, `<Key> </Key>` is a blank,
// `&#13;` is a carriage return (measured with 5.12.1).
const parser = new XMLParser({
  parseTagValue: false,
  trimValues: false,
  htmlEntities: true,
  removeNSPrefix: true,
  ignoreAttributes: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  isArray: () => true,
  maxNestedTags: 20,
})

/** CompleteMultipartUpload has the most: ten thousand parts of seven elements. The parser's time is one of tags. */
const MAX_TAGS = 200_000
const LESS_THAN = 60

/** Why a text is no XML document. */
export class XmlError extends Error {
  override name = 'XmlError'
}

/**
 * Parses a document and returns its root element's children; a text-only root is `{ '#text': [text] }`.
 * @throws XmlError when the text is not well-formed, has a document type, or its root is none of `roots`.
 */
export function parseXml(text: string, ...roots: string[]): XmlNode {
  return rootOf(readPlainXml(text, MAX_TAGS) ?? readAnyXml(text), ...roots)
}

/** The root element's children, of an element around it. @throws XmlError as {@link parseXml} does. */
export function rootOf(document: XmlNode, ...roots: string[]): XmlNode {
  const names = Object.keys(document).filter((name) => name !== '#text')
  const [name] = names
  if (names.length !== 1 || name === undefined || document[name]?.length !== 1) {
    throw new XmlError('one root element is expected')
  }
  if (roots.length > 0 && !roots.includes(name)) {
    throw new XmlError(`the root element is ${name}, expected ${roots.join(' or ')}`)
  }
  const root = document[name]?.[0]
  return typeof root === 'object' ? root : { '#text': [root ?? ''] }
}

/**
 * Reads any document to the same tree as {@link readPlainXml} a plain one, in some forty times the time.
 * @throws XmlError when it is not well-formed, has a document type, or too many tags.
 */
export function readAnyXml(text: string): XmlNode {
  // A DOCTYPE is the only way to entity expansion, and no S3 or OSS document has one.
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) throw new XmlError('a document type is not allowed')
  if (hasMoreTags(text, MAX_TAGS)) throw new XmlError(`more than ${MAX_TAGS} tags`)
  try {
    return withoutBlanks(parser.parse(text, true))
  } catch (cause) {
    throw new XmlError((cause as Error).message, { cause })
  }
}

/** Removes the blank text beside elements, as a pretty printer leaves it; alone in an element it is its value. */
function withoutBlanks(node: XmlNode): XmlNode {
  for (const [name, values] of Object.entries(node)) {
    if (name === '#text') {
      if (/^[ \t\r\n]*$/.test([values].flat().join(''))) delete node[name]
    } else for (const value of values) if (typeof value === 'object') withoutBlanks(value)
  }
  return node
}

/** Not by `indexOf`: where they stand close together, a call for each takes ten times as long. */
function hasMoreTags(text: string, count: number): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) === LESS_THAN && --count < 0) return true
  return false
}

/** The text of the first child element `name`, or undefined when there is none. */
export function text(node: XmlNode, name: string): string | undefined {
  const value = node[name]?.[0]
  if (typeof value === 'object') return textContent(value)
  return value
}

/** The child elements `name` that have element children. */
export function children(node: XmlNode, name: string): XmlNode[] {
  return (node[name] ?? []).map((value) => (typeof value === 'object' ? value : {}))
}

/** Beside elements the parser joins the pieces of text into one, which is then no list. */
function textContent(node: XmlNode): string {
  return [node['#text'] ?? ''].flat().join('')
}

/** An element's content that is written already: for what there are a thousand of. */
export class Written {
  readonly xml: string
  constructor(xml: string) {
    this.xml = xml
  }
}

/** A child to render: absent values leave no element; an array repeats the element. */
export type XmlChild = string | number | boolean | Written | XmlTree | undefined
export type XmlTree = { [name: string]: XmlChild | XmlChild[] }

// The control characters: not as \p{Cc}, since with the flag `u` each look takes a third longer.
const toEscape = /[&<>"\x7f-\x9f]|[^ -\uffff]/
const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
/** By character code, what is not written as it is: the last control character is U+009F. */
const escapes = Array.from({ length: 0xa0 }, (_, code) => {
  const character = String.fromCharCode(code)
  // Written raw, a carriage return or a tab would be normalised away by the reader's parser.
  return toEscape.test(character) ? (entities[character] ?? `&#x${code.toString(16)};`) : undefined
})

/** A text as it stands in an element or attribute. */
export const escapeText = (value: string): string =>
  // Most need nothing, which the expression finds out faster.
  toEscape.test(value) ? exchange(value, escapes) : value

/**
 * One element with its children, in the order of the tree's keys. A key `@name` is an attribute; the empty name is
 * no element but its content, so that a list of trees under it can alternate between names.
 */
export function element(name: string, content: XmlChild | XmlChild[], attributes = ''): string {
  if (content === undefined) return ''
  // Added up, not joined: that would copy what is long once more.
  if (Array.isArray(content))
    return content.reduce<string>((xml, item) => xml + element(name, item, attributes), '')
  let inner = ''
  if (content instanceof Written) inner = content.xml
  else if (typeof content === 'object') {
    for (const child in content) {
      const value = content[child]
      if (child.startsWith('@')) attributes += ` ${child.slice(1)}="${escapeText(String(value))}"`
      else inner += element(child, value)
    }
  } else inner = escapeText(String(content))
  if (name === '') return inner
  return inner === '' ? `<${name}${attributes}/>` : `<${name}${attributes}>${inner}</${name}>`
}

/** A whole document; `xmlns` is the root's namespace, if it has one. */
export function renderXml(root: string, content: XmlTree | string, xmlns?: string): string {
  const attributes = xmlns === undefined ? '' : ` xmlns="${xmlns}"`
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(root, content, attributes)}`
}
