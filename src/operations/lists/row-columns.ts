import type { HeaderMap } from '../../ports.ts'
import { toS3Time } from '../../translate/date.ts'
import { toS3ETag } from '../../translate/etag.ts'
import { toS3StorageClass } from '../../translate/storage-class.ts'
import { element, escapeText } from '../../xml/index.ts'
import type { Column } from '../../xml/rows.ts'
import { attributeNames } from '../objects/attribute-names.ts'

// The elements of objects and versions, from OSS's rows to S3's.

const escaped = (text: string | undefined) => (text === undefined ? undefined : escapeText(text))

/** An element that S3 has as OSS does. */
export const sameColumn = (path: string): Column => ({
  from: path,
  to: path,
  content: escaped,
  usual: { pattern: '([\\w.-]*)' },
})

export const timeColumn: Column = {
  from: 'LastModified',
  to: 'LastModified',
  content: (text = '') => escapeText(toS3Time(text)),
  usual: { pattern: '(\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z)' },
}

export const etagColumn: Column = {
  from: 'ETag',
  to: 'ETag',
  content: (text = '') => escapeText(toS3ETag(text)),
  // An MD5 sum, of an object in parts with their number.
  usual: {
    pattern: '(?:"|&quot;)([\\dA-F]{32}(?:-\\d+)?)(?:"|&quot;)',
    content: (md5) => `&quot;${md5.toLowerCase()}&quot;`,
  },
}

export const storageClassColumn: Column = {
  from: 'StorageClass',
  to: 'StorageClass',
  content: (text = 'Standard') => escapeText(toS3StorageClass(text)),
}

const RESTORE_STATUS = 'RestoreStatus'

/** Whether a list is to tell which objects are restored. @throws S3Error InvalidArgument. */
export const wantsRestoreStatus = (headers: HeaderMap): boolean =>
  attributeNames(headers, 'x-amz-optional-object-attributes', [RESTORE_STATUS]).has(RESTORE_STATUS)

const ossRestore = /^ongoing-request="(true|false)"(?:, *expiry-date="([^"]*)")?$/

/** What OSS says of a restore, as in its header `x-oss-restore`. */
export const restoreStatusColumn: Column = {
  from: 'RestoreInfo',
  to: RESTORE_STATUS,
  content: (text = '') => {
    const [, ongoing, expiry] = ossRestore.exec(text) ?? []
    if (ongoing === undefined) return undefined
    const until = expiry && toS3Time(expiry)
    return element('IsRestoreInProgress', ongoing) + element('RestoreExpiryDate', until)
  },
}
