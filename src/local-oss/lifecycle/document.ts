import { randomUUID } from 'node:crypto'
import { children, text, type XmlNode, type XmlTree } from '../../xml/index.ts'
import { treeOf } from '../buckets/config-document.ts'
import type { BucketCall } from '../call.ts'
import { invalidArgument, OssError } from '../errors.ts'
import { isTrue } from '../http.ts'
import { checkAccesses, checkValues, countsAccesses } from './check-values.ts'
import { CLASSES, checkOrder, checkOrders } from './order.ts'
import { checkOverlaps } from './overlap.ts'

const MAX_RULES = 1000
const TRANSITIONS = ['Transition', 'NoncurrentVersionTransition']
const ACTIONS = ['Expiration', 'NoncurrentVersionExpiration', 'AbortMultipartUpload', ...TRANSITIONS]
const RULE_CHILDREN = [...ACTIONS, 'ID', 'Prefix', 'Status', 'Tag', 'Filter', 'AtimeBase']
const TIMES = ['Days', 'Date', 'CreatedBeforeDate', 'NoncurrentDays', 'ExpiredObjectDeleteMarker']
const TAG = /^[\p{L}\p{N} +\-=._:/]*$/u

/**
 * OSS's lifecycle grammar, which differs from others' by more than names, and what its rules may not say (tests of the Python
 * and the Java SDK).
 * Rules may do the same to the same objects where `x-oss-allow-same-action-overlap` says so.
 * @throws OssError MalformedXML, InvalidArgument, InvalidRequest.
 */
export function checkLifecycle(root: XmlNode, { headers, bucket, state }: BucketCall): void {
  const expirations = children(root, 'Rule').flatMap((rule) => children(rule, 'Expiration'))
  if (!state.readings.expirationTakesDate && expirations.some(({ Date: date }) => date !== undefined)) {
    throw new OssError('MalformedXML', { ec: '0014-00000056' })
  }
  const rules = children(root, 'Rule').map(modern)
  if (rules.length === 0 || rules.length > MAX_RULES || !rules.every(isRule))
    throw new OssError('MalformedXML')
  const ids = rules.flatMap((rule) => text(rule, 'ID') || [])
  if (new Set(ids).size < ids.length) throw new OssError('MalformedXML')
  for (const rule of rules) {
    checkTags(rule)
    checkValues(rule)
    checkAccesses(rule, bucket)
    checkKinds(rule)
    checkOrder(rule)
  }
  checkOrders(rules)
  if (!isTrue(headers['x-oss-allow-same-action-overlap'])) checkOverlaps(rules)
}

/**
 * The document with rules of the first API as those of today, an id for each rule that has none, and for rules by the last access
 * the time, in seconds, since when the bucket knows it.
 */
export const keptLifecycle = (root: XmlNode, { bucket }: BucketCall): XmlTree => ({
  ...treeOf(root),
  Rule: children(root, 'Rule').map((rule) => {
    const { ID: _, ...rest } = modern(rule)
    return {
      ID: text(rule, 'ID') || randomUUID(),
      ...treeOf(rest),
      ...(countsAccesses(rule) && { AtimeBase: Math.floor((bucket.accessMonitorSince ?? 0) / 1000) }),
    }
  }),
})

/** A rule of the first API has its time itself, and means expiration; ali-oss writes both (its tests). */
function modern(rule: XmlNode): XmlNode {
  const { Days, Date: date, ...rest } = rule
  if (Days === undefined && date === undefined) return rule
  return { Expiration: [{ ...(Days && { Days }), ...(date && { Date: date }) }], ...rest }
}

function isRule(rule: XmlNode): boolean {
  const actions = ACTIONS.flatMap((name) => children(rule, name))
  return (
    Object.keys(rule).every((name) => RULE_CHILDREN.includes(name)) &&
    ['Enabled', 'Disabled'].includes(text(rule, 'Status') ?? '') &&
    text(rule, 'Prefix') !== undefined &&
    children(rule, 'Filter').every((filter) => filter.And === undefined && filter.Prefix === undefined) &&
    actions.length > 0 &&
    actions.every((action) => TIMES.some((name) => text(action, name) !== undefined)) &&
    TRANSITIONS.flatMap((name) => children(rule, name)).every(isTransition)
  )
}

const isTransition = (action: XmlNode) =>
  ['Standard', ...CLASSES].includes(text(action, 'StorageClass') ?? '')

/** Characters alone: tags that are too long or too many only match nothing. @throws OssError InvalidArgument. */
function checkTags(rule: XmlNode): void {
  for (const tag of children(rule, 'Tag')) {
    for (const name of ['Key', 'Value']) {
      const value = text(tag, name) ?? ''
      if (!TAG.test(value)) throw invalidArgument('The tag of the lifecycle rule is invalid.', name, value)
    }
  }
}

/** A rule counts days for its current versions, or has dates for them. @throws OssError InvalidRequest. */
function checkKinds(rule: XmlNode): void {
  const actions = ['Expiration', 'Transition'].flatMap((name) => children(rule, name))
  const days = actions.some((action) => text(action, 'Days') !== undefined)
  const dates = actions.some((action) =>
    ['Date', 'CreatedBeforeDate'].some((name) => text(action, name) !== undefined),
  )
  if (days && dates) {
    throw new OssError('InvalidRequest', { message: "Days and date can't be mixed in one lifecycle rule." })
  }
}
