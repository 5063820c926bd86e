import type { XmlNode, XmlValue } from './xml.ts'

/** A start tag, and the end tag that belongs to it. */
type Tag = { name: string; end: string; empty: boolean }
/** An element whose end has not come yet. */
type Open = { tag: Tag; node: XmlNode }

const LESS_THAN = 60
const SLASH = 47
/** The deepest document of S3 or OSS has six levels. */
const MAX_DEPTH = 10

/**
 * Reads a plain document, as machines write them and as nearly all are: a declaration, elements without attributes but
 * `xmlns`, text with no entities but XML's own. It goes through the text once, from tag to tag.
 * @returns an element without a name around the root, or undefined for any other document, well-formed or not.
 */
export function readPlainXml(text: string, maxTags: number): XmlNode | undefined {
  // Line ends would have to be normalised.
  if (text.includes('\r')) return undefined
  const decode = text.includes('&') ? decodeReferences : (value: string) => value
  const tags = new Map<string, Tag>()
  const document: XmlNode = {}
  const around: Open[] = []
  let open: Open = { tag: { name: '', end: '', empty: false }, node: document }
  let at = skipBlanks(text, declaration.exec(text)?.[0].length ?? 0)
  for (let count = 0; count < maxTags; count++) {
    if (text.charCodeAt(at) !== LESS_THAN) {
      return at === text.length && around.length === 0 ? document : undefined
    }
    if (text.charCodeAt(at + 1) === SLASH) {
      const parent = around.pop()
      if (parent === undefined || !text.startsWith(open.tag.end, at)) return undefined
      add(parent.node, open.tag.name, open.node)
      at = skipBlanks(text, at + open.tag.end.length)
      open = parent
      continue
    }
    const close = text.indexOf('>', at)
    const tag = close < 0 ? undefined : tagOf(text.slice(at + 1, close), tags)
    if (tag === undefined) return undefined
    const next = text.indexOf('<', close)
    if (tag.empty) {
      add(open.node, tag.name, '')
      at = skipBlanks(text, close + 1)
    } else if (text.charCodeAt(next + 1) === SLASH) {
      const value = decode(text.slice(close + 1, next))
      if (value === undefined || !text.startsWith(tag.end, next)) return undefined
      add(open.node, tag.name, value)
      at = skipBlanks(text, next + tag.end.length)
      count++
    } else {
      if (around.push(open) > MAX_DEPTH) return undefined
      open = { tag, node: {} }
      at = skipBlanks(text, close + 1)
    }
  }
  return undefined
}

const declaration = /^<\?xml version="1\.0"(?: encoding="utf-8")?\?>/i
const startTag = /^([A-Za-z][A-Za-z0-9]*)(?: xmlns="[^"&<>]*")?(\/?)$/

/** What stands between `<` and `>`, looked at once for all that are alike. */
function tagOf(source: string, known: Map<string, Tag>): Tag | undefined {
  const seen = known.get(source)
  if (seen !== undefined) return seen
  const [, name, slash] = startTag.exec(source) ?? []
  // What every object has is no name that a node can be asked for.
  if (name === undefined || name in {}) return undefined
  const tag = { name, end: `</${name}>`, empty: slash === '/' }
  known.set(source, tag)
  return tag
}

function add(node: XmlNode, name: string, value: XmlValue): void {
  const values = node[name]
  if (values === undefined) node[name] = [value]
  else values.push(value)
}

function skipBlanks(text: string, at: number): number {
  for (;;) {
    const code = text.charCodeAt(at)
    if (code !== 32 && code !== 10 && code !== 9) return at
    at++
  }
}

/** The text with its references resolved, or undefined when one is no character, or an entity that XML does not know. */
function decodeReferences(text: string): string | undefined {
  let known = true
  const decoded = text.replace(/&(?:([^&;]{1,8});)?/g, (_, name: string | undefined) => {
    const character = referred(name ?? '')
    if (character === undefined) known = false
    return character ?? ''
  })
  return known ? decoded : undefined
}

const entities = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
])

function referred(name: string): string | undefined {
  const [, decimal, hex] = /^#(?:(\d+)|x([\da-fA-F]+))$/.exec(name) ?? []
  if (decimal === undefined && hex === undefined) return entities.get(name)
  const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal)
  const allowed =
    code < 32 ? [9, 10, 13].includes(code) : code < 0xd800 || (code > 0xdfff && code <= 0x10ffff)
  return allowed ? String.fromCodePoint(code) : undefined
}
