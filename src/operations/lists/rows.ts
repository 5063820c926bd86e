import type { HeaderMap } from '../../ports.ts'
import { toS3Time } from '../../translate/date.ts'
import { toS3ETag } from '../../translate/etag.ts'
import { toS3StorageClass } from '../../translate/storage-class.ts'
import { element, escapeText } from '../../xml/index.ts'
import type { Column, RowTable } from '../../xml/rows.ts'
import { attributeNames } from '../objects/attribute-names.ts'
import { type KeyForm, keyColumn } from './keys.ts'
import { reservedRows } from './reserved-rows.ts'
import { ORDERED_BY } from './version-order.ts'

/** ListObjects' and ListObjectsV2's objects. */
export const objectRows = madeOnce((form, withOwner, withRestore) => ({
  columns: [
    keyColumn('Key', form),
    timeColumn,
    etagColumn,
    sameColumn('Size'),
    ...(withOwner ? [ownerColumn] : []),
    storageClassColumn,
    ...(withRestore ? [restoreStatusColumn] : []),
  ],
  omit: reservedRows('Key', form),
}))

/** ListObjectVersions' versions. */
export const versionRows = madeOnce((form, withRestore) => ({
  columns: [
    ...markerColumns(form),
    etagColumn,
    sameColumn('Size'),
    storageClassColumn,
    ...(withRestore ? [restoreStatusColumn] : []),
    ownerColumn,
  ],
  keep: ORDERED_BY,
  omit: reservedRows('Key', form),
}))

/** ListObjectVersions' delete markers. */
export const deleteMarkerRows = madeOnce((form) => ({
  columns: [...markerColumns(form), ownerColumn],
  keep: ORDERED_BY,
  omit: reservedRows('Key', form),
}))

/** Keys that a delimiter has rolled up. */
export const prefixRows = madeOnce((form) => ({
  columns: [keyColumn('Prefix', form)],
  omit: reservedRows('Prefix', form),
}))

/** The tables that a function makes, each made once: what is learned of their rows is kept with them. */
function madeOnce(make: (form: KeyForm, ...flags: readonly boolean[]) => RowTable): typeof make {
  const made = new WeakMap<KeyForm, Map<string, RowTable>>()
  return (form, ...flags) => {
    const tables = made.get(form) ?? new Map<string, RowTable>()
    made.set(form, tables)
    const table = tables.get(String(flags)) ?? make(form, ...flags)
    tables.set(String(flags), table)
    return table
  }
}

const markerColumns = (form: KeyForm): Column[] => [
  keyColumn('Key', form),
  sameColumn('VersionId'),
  { from: 'IsLatest', to: 'IsLatest', content: (text) => String(text === 'true') },
  timeColumn,
]

/** An element that S3 has as OSS does. */
function sameColumn(path: string): Column {
  const content = (text: string | undefined) => (text === undefined ? undefined : escapeText(text))
  return { from: path, to: path, content, usual: { pattern: /^[\w.-]*$/ } }
}

/** S3 names owners by their ids alone. */
const ownerColumn = sameColumn('Owner/ID')

const timeColumn: Column = {
  from: 'LastModified',
  to: 'LastModified',
  content: (text = '') => escapeText(toS3Time(text)),
  usual: { pattern: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ },
}

const etagColumn: Column = {
  from: 'ETag',
  to: 'ETag',
  content: (text = '') => escapeText(toS3ETag(text)),
  // An MD5 sum, of an object in parts with their number.
  usual: {
    pattern: /^(?:"|&quot;)([\dA-F]{32}(?:-\d+)?)(?:"|&quot;)$/,
    content: (md5) => md5.toLowerCase(),
    around: '&quot;',
  },
}

const storageClassColumn: Column = {
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
const restoreStatusColumn: Column = {
  from: 'RestoreInfo',
  to: RESTORE_STATUS,
  content: (text = '') => {
    const [, ongoing, expiry] = ossRestore.exec(text) ?? []
    if (ongoing === undefined) return undefined
    const until = expiry && toS3Time(expiry)
    return element('IsRestoreInProgress', ongoing) + element('RestoreExpiryDate', until)
  },
}
