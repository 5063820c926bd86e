import { decodeKey } from '../percent.ts'
import { toS3Time } from '../translate/date.ts'
import { child } from '../translate/elements.ts'
import { toS3ETag } from '../translate/etag.ts'
import { toS3StorageClass } from '../translate/storage-class.ts'
import { element, escapeText, text, Written, type XmlNode } from '../xml.ts'

// The elements of objects and versions, from OSS's to S3's. A page has a thousand, so they are written at once: through
// trees that are rendered afterwards, the whole request would take half as long again.

/** All of them, one after the other: not joined, for then so many bytes would be copied once more. */
export function written<T>(ones: readonly T[], write: (one: T) => string): Written {
  let xml = ''
  for (const one of ones) xml += write(one)
  return new Written(xml)
}

/** How an answer writes keys; see `keyEncoding`. */
type Encode = (key: string) => string

/** `Key`, or the element of that name that holds a key. */
export const keyElement = (node: XmlNode, encode: Encode, name = 'Key'): string =>
  `<${name}>${escapeText(encode(keyOf(node, name)))}</${name}>`

/** The key as it is. */
export const keyOf = (node: XmlNode, name = 'Key'): string => decodeKey(text(node, name) ?? '')

export const prefixElement = (node: XmlNode, encode: Encode): string =>
  `<CommonPrefixes>${keyElement(node, encode, 'Prefix')}</CommonPrefixes>`

export const timeElement = (node: XmlNode): string =>
  `<LastModified>${escapeText(timeOf(node))}</LastModified>`

export const timeOf = (node: XmlNode): string => toS3Time(text(node, 'LastModified') ?? '')

/** Nearly all are MD5 sums, which need no escaping but of their quotes: looked for, that takes longest of all. */
export function etagElement(node: XmlNode): string {
  const etag = text(node, 'ETag') ?? ''
  return quotedMd5.test(etag)
    ? `<ETag>&quot;${etag.slice(1, -1).toLowerCase()}&quot;</ETag>`
    : `<ETag>${escapeText(toS3ETag(etag))}</ETag>`
}

const quotedMd5 = /^"[\dA-F]{32}(?:-\d+)?"$/

/** An element that S3 has as OSS does. */
export const sameElement = (node: XmlNode, name: string): string => element(name, text(node, name))

export const storageClassElement = (node: XmlNode): string =>
  `<StorageClass>${escapeText(toS3StorageClass(text(node, 'StorageClass') ?? 'Standard'))}</StorageClass>`

/** S3 names owners by their ids alone. */
export function ownerElement(node: XmlNode): string {
  const owner = child(node, 'Owner')
  return owner === undefined ? '' : `<Owner>${sameElement(owner, 'ID')}</Owner>`
}
