import { parseIsoTime } from '../bytes/parse-date.ts'
import { S3Error } from '../s3/error.ts'
import { type XmlNode, XSI_TYPE } from '../xml/index.ts'

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
      if (!isBlank([values].flat().join(''))) throw malformedXml()
    } else if (name === XSI_TYPE || repeated.includes(name)) continue
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

/** S3's error for a document that is no XML, or not of the grammar of its operation. */
export const malformedXml = (): S3Error => new S3Error('MalformedXML')

/**
 * The texts of the children of that name, as they are written.
 * @throws S3Error MalformedXML for elements within: what is left out of a text makes it another.
 */
export function childTexts(node: XmlNode, name: string): string[] {
  return (node[name] ?? []).map((value) => {
    if (typeof value !== 'string') throw malformedXml()
    return value
  })
}

/** The text of the one child of that name, if it is there. @throws S3Error MalformedXML. */
export const childText = (node: XmlNode, name: string): string | undefined => childTexts(node, name)[0]

/**
 * The children of that name, each with children of its own or empty.
 * @throws S3Error MalformedXML for text: an element that says something is not an empty one.
 */
export function childElements(node: XmlNode, name: string): XmlNode[] {
  return (node[name] ?? []).map((value) => {
    if (typeof value !== 'string') return value
    if (!isBlank(value)) throw malformedXml()
    return {}
  })
}

/** The one child of that name, if it is there. @throws S3Error MalformedXML. */
export const child = (node: XmlNode, name: string): XmlNode | undefined => childElements(node, name)[0]

/** The text of a child that must be there and not be empty. @throws S3Error MalformedXML. */
export function requiredText(node: XmlNode, name: string): string {
  const value = childText(node, name)
  if (value === undefined || value === '') throw malformedXml()
  return value
}

/** A child's text that must be one of these words. @throws S3Error MalformedXML. */
export function requiredWord<Word extends string>(node: XmlNode, name: string, words: readonly Word[]): Word {
  const value = childText(node, name)
  const word = words.find((one) => one === value)
  if (word === undefined) throw malformedXml()
  return word
}

/** A child's text that, if it is there, must be one of these words. @throws S3Error MalformedXML. */
export function optionalWord<Word extends string>(
  node: XmlNode,
  name: string,
  words: readonly Word[],
): Word | undefined {
  return name in node ? requiredWord(node, name, words) : undefined
}

/** Of XML Schema's `int`, which S3's numbers are but for sizes. */
const MAX_INTEGER = 2 ** 31 - 1

/**
 * A whole number in a child that may be missing, without a plus sign; blanks around it do not count.
 * @throws S3Error MalformedXML, also for one beyond `most`.
 */
export function optionalInteger(node: XmlNode, name: string, most = MAX_INTEGER): number | undefined {
  const value = childText(node, name)?.trim()
  if (value === undefined) return undefined
  if (!/^-?\d{1,16}$/.test(value) || Math.abs(Number(value)) > most) throw malformedXml()
  return Number(value)
}

/** A truth value in a child that may be missing; S3's own examples have it in capitals, too. @throws S3Error MalformedXML. */
export function optionalFlag(node: XmlNode, name: string): boolean | undefined {
  const value = childText(node, name)?.trim().toLowerCase()
  if (value === undefined) return undefined
  if (value !== 'true' && value !== 'false') throw malformedXml()
  return value === 'true'
}

const timestamp = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2}))?$/

/**
 * A time as XML Schema writes it, or a day, which begins in UTC: milliseconds since the epoch.
 * @throws S3Error MalformedXML, also for a day that is in no calendar.
 */
export function parseTimestamp(value: string): number {
  const trimmed = value.trim()
  const time = timestamp.test(trimmed)
    ? parseIsoTime(trimmed.includes('T') ? trimmed : `${trimmed}T00:00:00Z`)
    : undefined
  if (time === undefined) throw malformedXml()
  return time
}

const isBlank = (text: string) => /^[ \t\r\n]*$/.test(text)
