import { replaceCharacters } from '../bytes/replace-characters.ts'

/** A child to render: absent values leave no element; an array repeats the element. */
export type XmlChild = string | number | boolean | XmlTree | undefined
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
  toEscape.test(value) ? replaceCharacters(value, escapes) : value

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
  if (typeof content === 'object') {
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
