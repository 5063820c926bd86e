/**
 * An element's children by name, each a list in document order; text-only elements are strings. Text beside elements is
 * `#text`, unless it is whitespace. Of attributes there is only {@link XSI_TYPE}, on elements that have others in them.
 */
export type XmlNode = { [name: string]: XmlValue[] }
export type XmlValue = string | XmlNode

/** What a node has for `xsi:type`, which says of an ACL's grantee which kind it is. */
export const XSI_TYPE = '@xsi:type'

/**
 * Which characters a document may hold. `XML 1.0`: to the letter, as S3 reads what clients send. `lenient`: any, as
 * references or as they are: OSS's keys have them, its documents name them, and it takes them so (Alibaba's Go SDK v2,
 * TestDeleteMultipleObjects).
 */
export type XmlRule = 'XML 1.0' | 'lenient'

/** Why a text is no XML document. */
export class XmlError extends Error {
  override name = 'XmlError'
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

/** Work that may take long: it yields after each piece, so that its caller can let other requests proceed. Returns its result. */
export type InPieces<Result> = Generator<undefined, Result, void>

/** How many characters a piece has: parsed in a few milliseconds, whatever they are. */
export const PIECE_LENGTH = 64 * 1024

/** Does work without a pause. @returns its result. */
export function atOnce<Result>(work: InPieces<Result>): Result {
  let step = work.next()
  while (step.done !== true) step = work.next()
  return step.value
}
