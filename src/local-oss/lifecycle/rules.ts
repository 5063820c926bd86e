import { children, text, type XmlNode } from '../../xml/index.ts'
import { parseDocument } from '../body.ts'
import type { State } from '../call.ts'
import { configKey } from '../store/keys.ts'
import type { BucketRecord, StorageClass, Tag } from '../store/records.ts'

/** When an action is due: so many days after an object's beginning, for objects from before a time, or from a time on. */
export type When = { days: number } | { before: number } | { from: number }

/** A change of storage class. */
export type Move = {
  when: When
  to: StorageClass
  /** Whether its days count from the last access. */
  byAccess: boolean
  /** Whether an object that it has moved goes back to Standard when it is read. */
  returns: boolean
  /** Whether it moves objects below 64 KB as well. */
  smallFiles: boolean
}

/** A rule that is enabled. */
export type LifecycleRule = {
  id: string
  prefix: string
  tags: Tag[]
  /** What it leaves alone: keys with the prefix that have the tags. */
  not: { prefix: string; tags: Tag[] }[]
  /** Bytes, both exclusive; absent where it has no condition on the size. */
  size: { over: number; under: number } | undefined
  expiration: When | undefined
  removesMarkers: boolean
  moves: Move[]
  /** Days for which a version has not been the current one. */
  oldExpiration: number | undefined
  oldMoves: Move[]
  abort: When | undefined
}

/** A bucket's lifecycle document, by which it is told whether rules have changed meanwhile; undefined without one. */
export const lifecycleDocument = ({ store }: Pick<State, 'store'>, { id }: BucketRecord) =>
  store.getText(configKey(id, 'lifecycle'))

/** The enabled rules of a document that was taken. */
export const parseRules = (document: string | undefined): LifecycleRule[] =>
  document === undefined
    ? []
    : children(parseDocument(document, 'LifecycleConfiguration'), 'Rule')
        .filter((rule) => text(rule, 'Status') === 'Enabled')
        .map(parseRule)

function parseRule(rule: XmlNode): LifecycleRule {
  const [expiration] = children(rule, 'Expiration')
  const [oldExpiration] = children(rule, 'NoncurrentVersionExpiration')
  const [abort] = children(rule, 'AbortMultipartUpload')
  const [filter = {}] = children(rule, 'Filter')
  return {
    id: text(rule, 'ID') ?? '',
    prefix: text(rule, 'Prefix') ?? '',
    tags: tagsOf(rule),
    not: children(filter, 'Not').map((not) => ({ prefix: text(not, 'Prefix') ?? '', tags: tagsOf(not) })),
    size: sizeOf(filter),
    expiration: expiration && whenOf(expiration, 'Days'),
    removesMarkers: expiration !== undefined && text(expiration, 'ExpiredObjectDeleteMarker') === 'true',
    moves: movesOf(rule, 'Transition', 'Days'),
    oldExpiration: oldExpiration && Number(text(oldExpiration, 'NoncurrentDays')),
    oldMoves: movesOf(rule, 'NoncurrentVersionTransition', 'NoncurrentDays'),
    abort: abort && whenOf(abort, 'Days'),
  }
}

/** The dates are OSS's own and S3's: one looks at when an object was modified, the other at the calendar alone. */
function whenOf(action: XmlNode, unit: string): When | undefined {
  const [days, before, from] = [unit, 'CreatedBeforeDate', 'Date'].map((name) => text(action, name))
  if (days !== undefined) return { days: Number(days) }
  if (before !== undefined) return { before: Date.parse(before) }
  return from === undefined ? undefined : { from: Date.parse(from) }
}

function movesOf(rule: XmlNode, name: string, unit: string): Move[] {
  return children(rule, name).flatMap((action) => {
    const when = whenOf(action, unit)
    return when === undefined
      ? []
      : {
          when,
          to: text(action, 'StorageClass') as StorageClass,
          byAccess: text(action, 'IsAccessTime') === 'true',
          returns: text(action, 'ReturnToStdWhenVisit') === 'true',
          smallFiles: text(action, 'AllowSmallFile') !== 'false',
        }
  })
}

const tagsOf = (node: XmlNode): Tag[] =>
  children(node, 'Tag').map((tag) => [text(tag, 'Key') ?? '', text(tag, 'Value') ?? ''])

function sizeOf(filter: XmlNode): LifecycleRule['size'] {
  const [over, under] = ['ObjectSizeGreaterThan', 'ObjectSizeLessThan'].map((name) => text(filter, name))
  if (over === undefined && under === undefined) return undefined
  return { over: Number(over ?? -1), under: Number(under ?? Number.POSITIVE_INFINITY) }
}
