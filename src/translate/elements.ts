import { S3Error } from '../s3/error.ts'
import { children, text, type XmlNode } from '../xml.ts'

/**
 * Holds a client's element to the children that are translated: none is dropped, none silently chosen of two.
 * @param path the element's own, for the error.
 * @param single children that may be there once.
 * @param repeated children that may be there many times.
 * @throws S3Error NotImplemented 501 naming the first child that has no translation; MalformedXML.
 */
export function checkElements(
  node: XmlNode,
  path: string,
  single: readonly string[],
  repeated: readonly string[] = [],
): void {
  for (const [name, values] of Object.entries(node)) {
    if (name === '#text') {
      // Blanks between elements, as a pretty printer leaves them.
      if ([values].flat().join('').trim() !== '') throw malformedXml()
    } else if (repeated.includes(name)) continue
    else if (!single.includes(name)) throw unsupportedElement(`${path}/${name}`)
    else if (values.length > 1) throw malformedXml()
  }
}

/** 501 for an element, by its path, that OSS has nothing like. */
export function unsupportedElement(path: string, reason = 'OSS has nothing like it'): S3Error {
  return new S3Error('NotImplemented', {
    message: `The element ${path} is not implemented: ${reason}`,
    elements: { Element: path },
  })
}

export const malformedXml = (): S3Error => new S3Error('MalformedXML')

/** The text of a child that must be there and not be empty. @throws S3Error MalformedXML. */
export function requiredText(node: XmlNode, name: string): string {
  const value = text(node, name)
  if (value === undefined || value === '') throw malformedXml()
  return value
}

/** A child's text that must be one of these words. @throws S3Error MalformedXML. */
export function requiredWord<Word extends string>(node: XmlNode, name: string, words: readonly Word[]): Word {
  const value = text(node, name)
  const word = words.find((one) => one === value)
  if (word === undefined) throw malformedXml()
  return word
}

/** A whole number from `least` on in a child that may be missing. @throws S3Error MalformedXML. */
export function optionalCount(node: XmlNode, name: string, least: number): number | undefined {
  const value = text(node, name)?.trim()
  if (value === undefined) return undefined
  if (!/^\d{1,15}$/.test(value) || Number(value) < least) throw malformedXml()
  return Number(value)
}

/** The one child of that name, if it is there. */
export const child = (node: XmlNode, name: string): XmlNode | undefined => children(node, name)[0]
