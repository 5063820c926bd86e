import { children, text, type XmlNode } from '../../xml/index.ts'
import { OssError } from '../errors.ts'

const ACTIONS = ['Expiration', 'Transition', 'AbortMultipartUpload', 'NoncurrentVersionExpiration']

/**
 * Refuses rules that do the same to the same objects: the prefix of one begins with that of the other, and they have the same
 * tags and no filter.
 * @throws OssError InvalidArgument (a test of the Python SDK).
 */
export function checkOverlaps(rules: readonly XmlNode[]): void {
  for (const action of ACTIONS) {
    const acting = rules.filter((rule) => rule.Filter === undefined && rule[action] !== undefined)
    for (const group of groupBy(acting, (rule) => [stepsOf(rule, action), tagsOf(rule)].join('\n'))) {
      // Sorted, what begins with a prefix stands right behind it.
      const prefixes = group.map((rule) => text(rule, 'Prefix') ?? '').sort()
      if (!prefixes.some((prefix, i) => i > 0 && prefix.startsWith(prefixes[i - 1] as string))) continue
      throw new OssError('InvalidArgument', { message: `Overlap for same action type ${action}` })
    }
  }
}

/** Transitions to different classes are different actions. */
const stepsOf = (rule: XmlNode, action: string) =>
  children(rule, action)
    .map((step) => text(step, 'StorageClass') ?? '')
    .sort()
    .join()

/** A rule's tags, to be compared. */
export const tagsOf = (rule: XmlNode) =>
  children(rule, 'Tag')
    .map((tag) => `${text(tag, 'Key')}=${text(tag, 'Value')}`)
    .sort()
    .join('&')

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return [...groups.values()]
}
