import { children, text, type XmlNode, type XmlTree } from '../../xml/index.ts'
import { toS3Time } from '../date.ts'
import { checkElements, child } from '../elements.ts'
import { toS3StorageClass } from '../storage-class.ts'
import { RULE } from './lifecycle-rule.ts'
import { SIZES } from './lifecycle-scope.ts'

/** A rule of OSS as S3 says it. @throws S3Error NotImplemented naming what S3 cannot say. */
export function toS3Rule(rule: XmlNode): XmlTree {
  checkElements(
    rule,
    RULE,
    [
      'ID',
      'Prefix',
      'Status',
      'Filter',
      'Expiration',
      'NoncurrentVersionExpiration',
      'AbortMultipartUpload',
      'AtimeBase',
    ],
    ['Tag', 'Transition', 'NoncurrentVersionTransition'],
  )
  const [expiration, abort] = [child(rule, 'Expiration'), child(rule, 'AbortMultipartUpload')]
  const noncurrent = child(rule, 'NoncurrentVersionExpiration')
  if (expiration)
    checkElements(expiration, `${RULE}/Expiration`, ['Days', 'Date', 'ExpiredObjectDeleteMarker'])
  if (abort) checkElements(abort, `${RULE}/AbortMultipartUpload`, ['Days'])
  const date = expiration && text(expiration, 'Date')
  return {
    ID: text(rule, 'ID'),
    ...toS3Scope(rule),
    Status: text(rule, 'Status'),
    Expiration: expiration && {
      Date: date && toS3Time(date),
      Days: text(expiration, 'Days'),
      ExpiredObjectDeleteMarker: text(expiration, 'ExpiredObjectDeleteMarker'),
    },
    Transition: toS3Transitions(rule, 'Transition', 'Days'),
    NoncurrentVersionTransition: toS3Transitions(rule, 'NoncurrentVersionTransition', 'NoncurrentDays'),
    NoncurrentVersionExpiration: noncurrent && { NoncurrentDays: text(noncurrent, 'NoncurrentDays') },
    AbortIncompleteMultipartUpload: abort && { DaysAfterInitiation: text(abort, 'Days') },
  }
}

/** One condition stands alone, several in `And`; a filter of OSS without any says that there was none. */
function toS3Scope(rule: XmlNode): XmlTree {
  const filter = child(rule, 'Filter')
  if (filter !== undefined) checkElements(filter, `${RULE}/Filter`, SIZES)
  const isOlder = filter !== undefined && Object.keys(filter).length === 0 && !('Tag' in rule)
  if (isOlder) return { Prefix: text(rule, 'Prefix') ?? '' }
  return { Filter: toS3Filter(rule, filter ?? {}) }
}

function toS3Filter(rule: XmlNode, filter: XmlNode): XmlTree {
  const prefix = text(rule, 'Prefix') || undefined
  const tags = children(rule, 'Tag').map((tag) => ({
    Key: text(tag, 'Key'),
    Value: text(tag, 'Value') ?? '',
  }))
  const sizes = Object.fromEntries(SIZES.map((name) => [name, text(filter, name)]))
  const conditions = [prefix, ...tags, ...Object.values(sizes)].filter((condition) => condition !== undefined)
  if (conditions.length === 0) return { Prefix: '' }
  const all = { Prefix: prefix, Tag: tags, ...sizes }
  return conditions.length === 1 ? all : { And: all }
}

function toS3Transitions(rule: XmlNode, name: string, age: string): XmlTree[] {
  return children(rule, name).map((transition) => {
    checkElements(transition, `${RULE}/${name}`, [age, 'StorageClass', 'IsAccessTime'])
    if (text(transition, 'IsAccessTime') === 'true') {
      checkElements(transition, `${RULE}/${name}`, [age, 'StorageClass'])
    }
    return {
      [age]: text(transition, age),
      StorageClass: toS3StorageClass(text(transition, 'StorageClass') ?? ''),
    }
  })
}
