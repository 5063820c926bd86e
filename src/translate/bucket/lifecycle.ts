import { parseIsoTime } from '../../parse-date.ts'
import { invalidArgument, S3Error } from '../../s3/error.ts'
import { children, text, type XmlNode, type XmlTree } from '../../xml.ts'
import {
  checkElements,
  child,
  malformedXml,
  optionalCount,
  requiredText,
  requiredWord,
  unsupportedElement,
} from '../elements.ts'
import { s3StorageClasses, toOssStorageClass } from '../storage-class.ts'
import type { Tag } from '../tagging.ts'
import type { BucketDocument, DocumentSettings } from './document.ts'
import { toS3Rule } from './lifecycle-read.ts'

const ROOT = 'LifecycleConfiguration'
const RULE = `${ROOT}/Rule`

/** Rules by age. OSS has the prefix and the tags beside the filter, and no counting of versions. */
export const lifecycle: BucketDocument = {
  root: ROOT,
  ossRoot: ROOT,
  toOss(document, settings) {
    checkElements(document, ROOT, [], ['Rule'])
    const rules = children(document, 'Rule')
    if (rules.length === 0) throw malformedXml()
    const ids = rules.flatMap((rule) => text(rule, 'ID') || [])
    const seen = new Set<string>()
    const twice = ids.find((id) => seen.has(id) || !seen.add(id))
    if (twice !== undefined) {
      throw invalidArgument('Rule ID must be unique. Found same ID for more than one rule', 'ID', twice)
    }
    return { Rule: rules.map((rule) => toOssRule(rule, settings)) }
  },
  toS3: (document) => ({ Rule: children(document, 'Rule').map(toS3Rule) }),
}

function toOssRule(rule: XmlNode, settings: DocumentSettings): XmlTree {
  checkElements(
    rule,
    RULE,
    [
      'ID',
      'Prefix',
      'Filter',
      'Status',
      'Expiration',
      'NoncurrentVersionExpiration',
      'AbortIncompleteMultipartUpload',
    ],
    ['Transition', 'NoncurrentVersionTransition'],
  )
  const { prefix, tags, sizes } = scopeOf(rule)
  const actions: XmlTree = {
    Expiration: toOssExpiration(child(rule, 'Expiration')),
    Transition: toOssTransitions(rule, 'Transition', 'Days', settings),
    NoncurrentVersionExpiration: toOssDays(
      rule,
      'NoncurrentVersionExpiration',
      'NoncurrentDays',
      'NoncurrentDays',
    ),
    NoncurrentVersionTransition: toOssTransitions(
      rule,
      'NoncurrentVersionTransition',
      'NoncurrentDays',
      settings,
    ),
    AbortMultipartUpload: toOssDays(rule, 'AbortIncompleteMultipartUpload', 'DaysAfterInitiation', 'Days'),
  }
  if (
    Object.values(actions).every(
      (action) => action === undefined || (Array.isArray(action) && action.length === 0),
    )
  ) {
    throw new S3Error('InvalidRequest', { message: 'At least one action needs to be specified in a rule' })
  }
  return {
    ID: text(rule, 'ID') || undefined,
    Prefix: prefix,
    Status: requiredWord(rule, 'Status', ['Enabled', 'Disabled']),
    Tag: tags.map(([Key, Value]) => ({ Key, Value })),
    Filter: Object.values(sizes).every((size) => size === undefined) ? undefined : sizes,
    ...actions,
  }
}

const SIZES = ['ObjectSizeGreaterThan', 'ObjectSizeLessThan'] as const

/** What a rule is about: `Filter` in its forms, or the `Prefix` of older documents. */
function scopeOf(rule: XmlNode) {
  const filter = child(rule, 'Filter')
  const prefix = text(rule, 'Prefix')
  if ((filter === undefined) === (prefix === undefined)) throw malformedXml()
  if (filter === undefined) return { prefix: prefix ?? '', tags: [], sizes: {} }
  checkElements(filter, `${RULE}/Filter`, ['Prefix', 'Tag', 'And', ...SIZES])
  if (Object.keys(filter).filter((name) => name !== '#text').length > 1) throw malformedXml()
  const all = child(filter, 'And')
  if (all !== undefined) checkElements(all, `${RULE}/Filter/And`, ['Prefix', ...SIZES], ['Tag'])
  const scope = all ?? filter
  return {
    prefix: text(scope, 'Prefix') ?? '',
    tags: tagsOf(scope),
    sizes: Object.fromEntries(SIZES.map((name) => [name, optionalCount(scope, name, 0)])),
  }
}

function tagsOf(scope: XmlNode): Tag[] {
  const tags = children(scope, 'Tag').map((tag): Tag => {
    checkElements(tag, `${RULE}/Filter/Tag`, ['Key', 'Value'])
    return [requiredText(tag, 'Key'), text(tag, 'Value') ?? '']
  })
  if (new Set(tags.map(([key]) => key)).size < tags.length) {
    throw new S3Error('InvalidRequest', { message: 'Duplicate Tag Keys are not allowed.' })
  }
  return tags
}

const DAY = 86_400_000

function toOssExpiration(expiration: XmlNode | undefined): XmlTree | undefined {
  if (expiration === undefined) return undefined
  checkElements(expiration, `${RULE}/Expiration`, ['Date', 'Days', 'ExpiredObjectDeleteMarker'])
  const [date, marker] = [text(expiration, 'Date'), text(expiration, 'ExpiredObjectDeleteMarker')]
  const days = daysIn(expiration, 'Days', 'Expiration')
  if ([date, days, marker].filter((value) => value !== undefined).length !== 1) throw malformedXml()
  if (marker !== undefined) {
    return {
      ExpiredObjectDeleteMarker: requiredWord(expiration, 'ExpiredObjectDeleteMarker', ['true', 'false']),
    }
  }
  if (date === undefined) return { Days: days }
  const time = parseIsoTime(/^\d{4}-\d{2}-\d{2}$/.test(date) ? `${date}T00:00:00Z` : date)
  if (time === undefined) throw malformedXml()
  if (time % DAY !== 0) throw invalidArgument("'Date' must be at midnight GMT", 'Date', date)
  return { Date: new Date(time).toISOString() }
}

/** Transitions, each to a class of its own: two of S3's may be one of OSS's. */
function toOssTransitions(
  rule: XmlNode,
  name: 'Transition' | 'NoncurrentVersionTransition',
  age: 'Days' | 'NoncurrentDays',
  { storageClasses }: DocumentSettings,
): XmlTree[] {
  const path = `${RULE}/${name}`
  const reached = new Set<string>()
  return children(rule, name).map((transition) => {
    checkElements(transition, path, [age, 'StorageClass'])
    const s3Class = requiredText(transition, 'StorageClass')
    if (!s3StorageClasses.includes(s3Class)) throw malformedXml()
    const StorageClass = toOssStorageClass(s3Class, storageClasses)
    if (StorageClass === 'Standard') {
      throw unsupportedElement(
        `${path}/StorageClass`,
        `OSS keeps ${s3Class} as Standard, where every object begins`,
      )
    }
    if (reached.has(StorageClass)) {
      throw unsupportedElement(`${path}/StorageClass`, `two of the classes are ${StorageClass} in OSS`)
    }
    reached.add(StorageClass)
    const days = daysIn(transition, age, name)
    if (days === undefined) throw malformedXml()
    return { [age]: days, StorageClass }
  })
}

/** An action that is nothing but an age, under the names of both sides. */
function toOssDays(rule: XmlNode, name: string, s3Age: string, ossAge: string): XmlTree | undefined {
  const action = child(rule, name)
  if (action === undefined) return undefined
  checkElements(action, `${RULE}/${name}`, [s3Age])
  const days = daysIn(action, s3Age, name)
  if (days === undefined) throw malformedXml()
  return { [ossAge]: days }
}

/** @throws S3Error InvalidArgument for no day; S3 only knows transitions on the first, OSS counts from one. */
function daysIn(node: XmlNode, name: string, action: string): number | undefined {
  const days = optionalCount(node, name, 0)
  if (days !== 0) return days
  if (action.endsWith('Transition')) {
    throw unsupportedElement(`${RULE}/${action}/${name}`, 'OSS counts days from one')
  }
  throw invalidArgument(`'${name}' for ${action} action must be a positive integer`, name, '0')
}
