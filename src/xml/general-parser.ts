import { SaxesParser } from 'saxes'
import {
  type InPieces,
  PIECE_LENGTH,
  XmlError,
  type XmlNode,
  type XmlRule,
  type XmlValue,
  XSI_TYPE,
} from './node.ts'

/** The deepest document of S3 or OSS has six levels. */
const MAX_DEPTH = 20
/** Theirs have two. They are looked at together, at the tag's end. */
const MAX_ATTRIBUTES = 2_000

/** The parser takes more for one: https://www.w3.org/TR/xml/#NT-XMLDecl. US-ASCII is UTF-8 as well. */
const declaration =
  /^\ufeff?<\?xml\s+version\s*=\s*(?:"1\.\d+"|'1\.\d+')(?:\s+encoding\s*=\s*("[\w-]*"|'[\w-]*'))?(?:\s+standalone\s*=\s*(?:"(?:yes|no)"|'(?:yes|no)'))?\s*\?>/

/**
 * Reads any document to the same tree as `readPlainXml` a plain one, in some fifteen times the time.
 * @returns an element without a name around the root.
 * @throws XmlError when it is not well-formed by the rule, has a document type, is in another encoding than UTF-8 by its
 * own word, has elements of two namespaces, or is too deep.
 */
export function* readAnyXml(text: string, rule: XmlRule): InPieces<XmlNode> {
  if (/^\ufeff?<\?xml[ \t\r\n]/.test(text)) {
    const [found, quoted = '"utf-8"'] = declaration.exec(text) ?? []
    const encoding = quoted.slice(1, -1).toLowerCase()
    const isUtf8 = encoding === 'utf-8' || (encoding === 'us-ascii' && /^\ufeff?\p{ASCII}*$/u.test(text))
    if (found === undefined || !isUtf8) {
      throw new XmlError('the XML declaration is malformed, or names another encoding than UTF-8')
    }
  }
  try {
    return yield* rule === 'XML 1.0' ? build(text, '1.0', (content) => content) : buildLeniently(text)
  } catch (cause) {
    throw cause instanceof XmlError ? cause : new XmlError((cause as Error).message, { cause })
  }
}

const XSI = 'http://www.w3.org/2001/XMLSchema-instance'

/** An element whose end has not come yet. */
type Open = { node: XmlNode; text: string; hasElements: boolean }

/** @param read makes of an element's text what it says. */
function* build(
  source: string,
  version: '1.0' | '1.1',
  read: (content: string) => string,
): InPieces<XmlNode> {
  // What a document says of its own version must not change what it may hold.
  const options = { position: false, defaultXMLVersion: version, forceXMLVersion: true, xmlns: true } as const
  const parser = new SaxesParser(options)
  const around: Open[] = []
  let open: Open = element()
  let namespace: string | undefined
  // Only a document type can define entities, and no S3 or OSS document has one.
  parser.on('doctype', () => {
    throw new XmlError('a document type is not allowed')
  })
  let attributeCount = 0
  parser.on('attribute', () => {
    if (++attributeCount > MAX_ATTRIBUTES)
      throw new XmlError(`more than ${MAX_ATTRIBUTES} attributes in an element`)
  })
  parser.on('opentag', ({ uri, attributes }) => {
    attributeCount = 0
    if (around.push(open) > MAX_DEPTH) throw new XmlError(`elements are more than ${MAX_DEPTH} deep`)
    // An element of the same name in another namespace would be another one. S3 requires neither its own nor any.
    if (uri !== '') namespace ??= uri
    if (uri !== '' && uri !== namespace) throw new XmlError('there are elements of two namespaces')
    open.hasElements = true
    open = element()
    for (const { uri, local, value } of Object.values(attributes)) {
      if (uri === XSI && local === 'type') open.node[XSI_TYPE] = [value]
    }
  })
  const add = (piece: string) => {
    open.text += piece
  }
  parser.on('text', add)
  parser.on('cdata', add)
  parser.on('closetag', ({ local }) => {
    const content = contentOf(open, read)
    open = around.pop() as Open
    const values = open.node[local]
    if (values === undefined) open.node[local] = [content]
    else values.push(content)
  })
  for (let at = 0; at < source.length; at += PIECE_LENGTH) {
    parser.write(source.slice(at, at + PIECE_LENGTH))
    yield
  }
  parser.close()
  return open.node
}

/** Without names of its own, so that `<constructor>` is only an element. */
const element = (): Open => ({ node: Object.create(null), text: '', hasElements: false })

/** Whitespace beside elements comes from a pretty printer; alone in an element it is the element's value. */
function contentOf({ node, text, hasElements }: Open, read: (content: string) => string): XmlValue {
  if (!hasElements) return read(text)
  if (/[^ \t\r\n]/.test(text)) node['#text'] = [read(text)]
  return node
}

/** What XML 1.1 takes only as references, or reads as a line's end. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const RESTRICTED = /[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028]/g
/** What no XML can say, raw and as references. */
const UNSAYABLE = /[\0\ufffe\uffff]|&#(?:0+|x0+|0*6553[45]|x0*[Ff]{3}[EeFf]);/g
const PRIVATE_USE = 0xe000

/** As XML 1.1, in which what it has no way to say goes behind a character that the document has not. */
function buildLeniently(text: string): InPieces<XmlNode> {
  const referring = text.replace(RESTRICTED, (character) => `&#${character.charCodeAt(0)};`)
  if (referring.search(UNSAYABLE) < 0) return build(referring, '1.1', (content) => content)
  let code = PRIVATE_USE
  while (referring.includes(String.fromCharCode(code))) code++
  const mark = String.fromCharCode(code)
  const characters: Record<string, string> = { 0: '\0', e: '\ufffe', f: '\uffff' }
  const marked = referring.replace(UNSAYABLE, (one) => mark + nameOf(one))
  return build(marked, '1.1', (content) =>
    content
      .split(mark)
      .map((piece, at) => (at === 0 ? piece : (characters[piece[0] as string] as string) + piece.slice(1)))
      .join(''),
  )
}

/** Which one it is, of {@link UNSAYABLE}. */
function nameOf(one: string): '0' | 'e' | 'f' {
  if (/\ufffe|4;|[Ee];/.test(one)) return 'e'
  return /\uffff|5;|[Ff];/.test(one) ? 'f' : '0'
}
