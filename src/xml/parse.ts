import { readAnyXml } from './general-parser.ts'
import { atOnce, type InPieces, XmlError, type XmlNode, type XmlRule } from './node.ts'
import { readPlainXmlInPieces } from './plain-parser.ts'

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
  return atOnce(parseXmlInPieces(text, ...roots))
}

/** {@link parseXml} for a document that may be long: it yields after each piece of it. */
export function* parseXmlInPieces(text: string, ...roots: string[]): InPieces<XmlNode> {
  return rootOf(yield* readXml(text, 'XML 1.0'), ...roots)
}

/** Parses a document that may also hold control characters, as {@link parseXml} does any other. */
export function parseLenientXml(text: string, ...roots: string[]): XmlNode {
  return rootOf(atOnce(readXml(text, 'lenient')), ...roots)
}

function* readXml(text: string, rule: XmlRule): InPieces<XmlNode> {
  if (hasMoreTags(text, MAX_TAGS)) throw new XmlError(`more than ${MAX_TAGS} tags`)
  return (yield* readPlainXmlInPieces(text, MAX_TAGS, rule)) ?? (yield* readAnyXml(text, rule))
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
