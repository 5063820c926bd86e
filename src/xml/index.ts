import { exchange } from '../bytes/replace-characters.ts'
import { readAnyXml } from './general-reader.ts'
import { XmlError, type XmlNode, type XmlRule } from './node.ts'
import { readPlainXml } from './plain-reader.ts'

export { XmlError, type XmlNode, type XmlValue, XSI_TYPE } from './node.ts'

/** CompleteMultipartUpload has the most: ten thousand parts of seven elements. The parser's time is one of tags. */
const MAX_TAGS = 200_000
const LESS_THAN = 60

/**
 * Parses a document of XML 1.0 and returns its root element's children; a text-only root is `{ '#text': [text] }`.
 * @param text decoded from UTF-8.
 * @throws XmlError when the text is not well-formed, has a document type or too many tags, or its root is none of
 * `roots`.
 */
export function parseXml(text: string, ...roots: string[]): XmlNode {
  return rootOf(readXml(text, 'XML 1.0'), ...roots)
}

/** Parses a document that may also hold control characters, as {@link parseXml} does any other. */
export function parseLenientXml(text: string, ...roots: string[]): XmlNode {
  return rootOf(readXml(text, 'lenient'), ...roots)
}

function readXml(text: string, rule: XmlRule): XmlNode {
  if (hasMoreTags(text, MAX_TAGS)) throw new XmlError(`more than ${MAX_TAGS} tags`)
  return readPlainXml(text, MAX_TAGS, rule) ?? readAnyXml(text, rule)
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

/** Not by `indexOf`: where they stand close together, a call for each takes ten times as long. */
function hasMoreTags(text: string, count: number): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) === LESS_THAN && --count < 0) return true
  return false
}

/** The text of the first child element `name`, or undefined when there is none. */
export function text(node: XmlNode, name: string): string | undefined {
  const value = node[name]?.[0]
  if (typeof value === 'object') return String(value['#text'] ?? '')
  return value
}

/** The child elements `name` that have element children. */
export function children(node: XmlNode, name: string): XmlNode[] {
  return (node[name] ?? []).map((value) => (typeof value === 'object' ? value : {}))
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
