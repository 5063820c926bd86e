import { children, text, type XmlNode } from '../../xml/index.ts'
import { OssError } from '../errors.ts'

const MAX_RULES = 1000
const ACTIONS = [
  'Expiration',
  'Transition',
  'NoncurrentVersionExpiration',
  'NoncurrentVersionTransition',
  'AbortMultipartUpload',
]
const RULE_CHILDREN = [...ACTIONS, 'ID', 'Prefix', 'Status', 'Tag', 'Filter', 'AtimeBase', '#text']
const TIMES = ['Days', 'Date', 'CreatedBeforeDate', 'NoncurrentDays', 'ExpiredObjectDeleteMarker']
const CLASSES = ['IA', 'Archive', 'ColdArchive', 'DeepColdArchive', 'Standard']

/** OSS's lifecycle grammar, which differs from others' by more than names. @throws OssError MalformedXML. */
export function checkLifecycle(root: XmlNode): void {
  const rules = children(root, 'Rule')
  if (rules.length === 0 || rules.length > MAX_RULES || !rules.every(isRule))
    throw new OssError('MalformedXML')
  const ids = rules.flatMap((rule) => text(rule, 'ID') || [])
  if (new Set(ids).size < ids.length) throw new OssError('MalformedXML')
}

function isRule(rule: XmlNode): boolean {
  const actions = ACTIONS.flatMap((name) => children(rule, name))
  return (
    Object.keys(rule).every((name) => RULE_CHILDREN.includes(name)) &&
    ['Enabled', 'Disabled'].includes(text(rule, 'Status') ?? '') &&
    text(rule, 'Prefix') !== undefined &&
    children(rule, 'Filter').every((filter) => filter.And === undefined && filter.Prefix === undefined) &&
    actions.length > 0 &&
    actions.every(isAction)
  )
}

function isAction(action: XmlNode): boolean {
  const storageClass = text(action, 'StorageClass')
  return (
    TIMES.some((name) => text(action, name) !== undefined) &&
    (storageClass === undefined || CLASSES.includes(storageClass))
  )
}
