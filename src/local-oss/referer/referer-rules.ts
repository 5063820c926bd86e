import { children, text, type XmlNode } from '../../xml/index.ts'
import { invalidArgument, OssError } from '../errors.ts'
import { matchesWildcard } from '../policy/pattern.ts'

/** Which `Referer` headers a bucket takes. */
export type RefererRules = {
  allowEmpty: boolean
  /** Whether patterns are compared with a referer without its query; then also without its path. */
  truncateQuery: boolean
  truncatePath: boolean
  whitelist: readonly string[]
  blacklist: readonly string[]
}

/**
 * The rules of a `RefererConfiguration`.
 * @throws OssError MalformedXML without `AllowEmptyReferer` (EC 0033-00000002) and for what is no boolean; InvalidArgument.
 */
export function parseRefererRules(root: XmlNode): RefererRules {
  const allowEmpty = boolean(root, 'AllowEmptyReferer')
  if (allowEmpty === undefined) throw new OssError('MalformedXML', { ec: '0033-00000002' })
  const truncateQuery = boolean(root, 'AllowTruncateQueryString') ?? true
  const truncatePath = boolean(root, 'TruncatePath') ?? false
  if (truncatePath && !truncateQuery) {
    const message = 'AllowTruncateQueryString must be true where TruncatePath is.'
    throw invalidArgument(message, 'AllowTruncateQueryString', 'false')
  }
  return {
    allowEmpty,
    truncateQuery,
    truncatePath,
    whitelist: patterns(root, 'RefererList'),
    blacklist: patterns(root, 'RefererBlacklist'),
  }
}

/** What there is against a referer. */
export type RefererProblem = 'empty' | 'blacklisted' | 'not whitelisted'

/**
 * What there is against a referer; undefined when it is taken. Without any pattern nothing is looked at (OSS's page on
 * hotlink protection).
 */
export function problemOfReferer(rules: RefererRules, referer: string): RefererProblem | undefined {
  const { allowEmpty, whitelist, blacklist } = rules
  if (whitelist.length === 0 && blacklist.length === 0) return undefined
  if (referer === '') return allowEmpty ? undefined : 'empty'
  const compared = truncated(rules, referer)
  // A pattern is a prefix: `http://a.com` takes `http://a.com/b`, and `http://a.com.cn` (OSS's page on PutBucketReferer).
  const isOn = (list: readonly string[]) =>
    list.some((pattern) => matchesWildcard(`${pattern}*`, compared, true))
  if (isOn(blacklist)) return 'blacklisted'
  return whitelist.length === 0 || isOn(whitelist) ? undefined : 'not whitelisted'
}

function truncated({ truncateQuery, truncatePath }: RefererRules, referer: string): string {
  const withoutQuery = truncateQuery ? referer.replace(/[?#].*$/s, '') : referer
  return truncatePath ? withoutQuery.replace(/^([a-z][a-z0-9+.-]*:\/\/[^/]*).*$/is, '$1') : withoutQuery
}

function boolean(root: XmlNode, name: string): boolean | undefined {
  const value = text(root, name)?.trim().toLowerCase()
  if (value === undefined) return undefined
  if (value !== 'true' && value !== 'false') throw new OssError('MalformedXML')
  return value === 'true'
}

/** An empty element is none: so the Go SDK empties a list. */
function patterns(root: XmlNode, list: string): string[] {
  return children(root, list)
    .flatMap(({ Referer = [] }) => Referer)
    .filter((value) => typeof value === 'string' && value !== '') as string[]
}
