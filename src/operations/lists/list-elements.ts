import { byStem, decodeKey } from '../../bytes/percent.ts'
import type { HeaderMap } from '../../ports.ts'
import { toS3Time } from '../../translate/date.ts'
import { toS3ETag } from '../../translate/etag.ts'
import { toS3StorageClass } from '../../translate/storage-class.ts'
import { escapeText, Written } from '../../xml/index.ts'
import type { RowKind } from '../../xml/rows.ts'
import { attributeNames } from '../objects/attribute-names.ts'

// The elements of objects and versions, from OSS's texts to S3's elements. A page has a thousand, so they are written
// at once: through trees that are rendered afterwards, the whole request would take half as long again.

/** All of them, one after the other: not joined, for then so many bytes would be copied once more. */
export function written(elements: readonly string[]): Written {
  let xml = ''
  for (const one of elements) xml += one
  return new Written(xml)
}

/** How an answer writes keys; see `keyEncoding`. */
export type Encode = (key: string) => string

/** Keys that a delimiter has rolled up. */
export function prefixRows(encode: Encode): RowKind<string> {
  const keyText = keyTexts(encode)
  return {
    texts: ['Prefix'],
    make: ([prefix = '']) => `<CommonPrefixes><Prefix>${keyText(prefix)}</Prefix></CommonPrefixes>`,
  }
}

/** How OSS's keys stand in an answer. */
export const keyTexts = (encode: Encode): ((encoded: string) => string) =>
  byStem((encoded) => escapeText(encode(decodeKey(encoded))))

/** @param time as S3 writes it. */
export const timeElement = (time: string): string => `<LastModified>${escapeText(time)}</LastModified>`

/** Nearly all are MD5 sums, which need no escaping but of their quotes: looked for, that takes longest of all. */
export const etagElement = (etag = ''): string =>
  quotedMd5.test(etag)
    ? `<ETag>&quot;${etag.toLowerCase().slice(1, -1)}&quot;</ETag>`
    : `<ETag>${escapeText(toS3ETag(etag))}</ETag>`

const quotedMd5 = /^"[\dA-F]{32}(?:-\d+)?"$/

/** An element that S3 has as OSS does. */
export const sameElement = (name: string, text: string | undefined): string =>
  text === undefined ? '' : `<${name}>${escapeText(text)}</${name}>`

/** There are few, but each of a thousand rows has one. */
export const storageClassElement = remembering(
  (storageClass = 'Standard') => `<StorageClass>${escapeText(toS3StorageClass(storageClass))}</StorageClass>`,
)

const RESTORE_STATUS = 'RestoreStatus'

/** Whether a list is to tell which objects are restored. @throws S3Error InvalidArgument. */
export const wantsRestoreStatus = (headers: HeaderMap): boolean =>
  attributeNames(headers, 'x-amz-optional-object-attributes', [RESTORE_STATUS]).has(RESTORE_STATUS)

const ossRestore = /^ongoing-request="(true|false)"(?:, *expiry-date="([^"]*)")?$/

/** What OSS says of a restore, as in its header `x-oss-restore`, in S3's elements. */
export function restoreStatusElement(info: string | undefined): string {
  const [, ongoing, expiry] = ossRestore.exec(info ?? '') ?? []
  if (ongoing === undefined) return ''
  const until = sameElement('RestoreExpiryDate', expiry && toS3Time(expiry))
  return `<RestoreStatus><IsRestoreInProgress>${ongoing}</IsRestoreInProgress>${until}</RestoreStatus>`
}

/** S3 names owners by their ids alone. */
export const ownerElement = remembering((id) =>
  id === undefined ? '' : `<Owner>${sameElement('ID', id)}</Owner>`,
)

/** The same function, which knows its last answer: for what is the same in most rows of a page. */
function remembering(write: (text: string | undefined) => string): (text: string | undefined) => string {
  let last: string | undefined
  let answer = write(last)
  return (text) => {
    if (text !== last) {
      answer = write(text)
      last = text
    }
    return answer
  }
}
