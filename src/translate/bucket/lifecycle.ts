import { invalidArgument } from '../../s3/error.ts'
import { children, type XmlTree } from '../../xml/index.ts'
import { checkElements, childElements, malformedXml, unsupportedElement } from '../elements.ts'
import { toOssStorageClass } from '../storage-class.ts'
import type { BucketDocument, DocumentSettings } from './bucket-document.ts'
import { toS3Rule } from './lifecycle-read.ts'
import { checkLeastAges, type LifecycleRule, parseRule, RULE, type Transition } from './lifecycle-rule.ts'

const ROOT = 'LifecycleConfiguration'
const MAX_RULES = 1000

/** Rules by age. OSS has the prefix and the tags next to the filter, and no counting of versions. */
export const lifecycle: BucketDocument = {
  root: ROOT,
  ossRoot: ROOT,
  toOss(document, settings) {
    checkElements(document, ROOT, [], ['Rule'])
    const rules = childElements(document, 'Rule').map(parseRule)
    if (rules.length === 0 || rules.length > MAX_RULES) throw malformedXml()
    const seen = new Set<string>()
    const twice = rules.find(({ id }) => id !== undefined && (seen.has(id) || !seen.add(id)))
    if (twice !== undefined) {
      throw invalidArgument('Rule ID must be unique. Found same ID for more than one rule', 'ID', twice.id)
    }
    const content = rules.map((rule) => toOssRule(rule, settings))
    for (const rule of rules) checkLeastAges(rule)
    return { Rule: content }
  },
  withoutHints: ({ Rule }) => {
    const rules = Rule as XmlTree[]
    if (!rules.some(({ Filter }) => Filter === NO_CONDITION)) return undefined
    return {
      Rule: rules.map((rule) => (rule.Filter === NO_CONDITION ? { ...rule, Filter: undefined } : rule)),
    }
  },
  refused: ({ ec }) =>
    ec === NO_DATE ? unsupportedElement(`${RULE}/Expiration/Date`, 'this OSS does not take it') : undefined,
  toS3: (document) => ({ Rule: children(document, 'Rule').map(toS3Rule) }),
}

/** Of a `Date` in `Expiration` (https://help.aliyun.com/en/oss/user-guide/0014-00000056). */
const NO_DATE = '0014-00000056'

/**
 * OSS has the prefix in one place, S3 in two, and gives it back where it was. A filter without conditions, which changes
 * nothing, says that it stood in the older one.
 */
const NO_CONDITION: XmlTree = {}

function toOssRule(rule: LifecycleRule, settings: DocumentSettings): XmlTree {
  const { id, status, scope, expiration, noncurrentExpiration, abort } = rule
  const actions = [toOssExpiration(expiration), noncurrentExpiration, abort]
  const moves = [...rule.transitions, ...rule.noncurrentTransitions]
  if (moves.length === 0 && actions.every((action) => action === undefined)) {
    const marker = `${RULE}/Expiration/ExpiredObjectDeleteMarker`
    throw unsupportedElement(marker, 'OSS has no rule that does nothing')
  }
  const { form, prefix, tags, sizes } = scope
  return {
    ID: id,
    Prefix: prefix,
    Status: status,
    Tag: tags.map(([Key, Value]) => ({ Key, Value })),
    Filter: form === 'Prefix' ? NO_CONDITION : Object.keys(sizes).length === 0 ? undefined : sizes,
    Expiration: toOssExpiration(expiration),
    Transition: toOssTransitions(rule.transitions, 'Transition', 'Days', settings),
    NoncurrentVersionExpiration:
      noncurrentExpiration === undefined ? undefined : { NoncurrentDays: noncurrentExpiration },
    NoncurrentVersionTransition: toOssTransitions(
      rule.noncurrentTransitions,
      'NoncurrentVersionTransition',
      'NoncurrentDays',
      settings,
    ),
    AbortMultipartUpload: abort === undefined ? undefined : { Days: abort },
  }
}

function toOssExpiration(expiration: LifecycleRule['expiration']): XmlTree | undefined {
  if (expiration === undefined) return undefined
  // OSS wants a time beside `false`, which says nothing (EC 0014-00000060).
  if ('marker' in expiration) return expiration.marker ? { ExpiredObjectDeleteMarker: true } : undefined
  return 'date' in expiration ? { Date: new Date(expiration.date).toISOString() } : { Days: expiration.days }
}

/** Transitions, each to a class of its own: two of S3's may be one of OSS's. */
function toOssTransitions(
  transitions: readonly Transition[],
  name: 'Transition' | 'NoncurrentVersionTransition',
  age: 'Days' | 'NoncurrentDays',
  { storageClasses }: DocumentSettings,
): XmlTree[] {
  const path = `${RULE}/${name}`
  const reached = new Set<string>()
  return transitions.map((transition) => {
    if ('date' in transition) throw unsupportedElement(`${path}/Date`)
    if (transition.days === 0) throw unsupportedElement(`${path}/${age}`, 'OSS counts days from one')
    const StorageClass = toOssStorageClass(transition.storageClass, storageClasses)
    if (StorageClass === 'Standard') {
      throw unsupportedElement(
        `${path}/StorageClass`,
        `OSS keeps ${transition.storageClass} as Standard, where every object begins`,
      )
    }
    if (reached.has(StorageClass)) {
      throw unsupportedElement(`${path}/StorageClass`, `two of the classes are ${StorageClass} in OSS`)
    }
    reached.add(StorageClass)
    return { [age]: transition.days, StorageClass }
  })
}
