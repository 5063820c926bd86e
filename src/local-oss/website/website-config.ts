import { children, text, type XmlNode, type XmlTree } from '../../xml/index.ts'
import { treeOf } from '../buckets/config-document.ts'
import { invalidArgument, OssError } from '../errors.ts'
import { isTrue } from '../http.ts'
import { parseRule, type RoutingRule } from './routing-rule.ts'

/** A bucket's website, as PutBucketWebsite sets it. */
export type Website = {
  index?: {
    suffix: string
    /** Whether `dir/` has a page of its own; otherwise it is the root's. */
    supportSubDir: boolean
    /** What is done for `dir`, which is no object: 0 redirects to `dir/`, 1 nothing, 2 answers with its page. */
    type: 0 | 1 | 2
  }
  error?: { key: string; status: number }
  /** By their numbers. */
  rules: readonly RoutingRule[]
}

const MAX_RULES = 20

/**
 * Reads a `WebsiteConfiguration`.
 * @throws OssError MalformedXML, InvalidArgument.
 */
export function parseWebsite(root: XmlNode): Website {
  const index = named(root, 'IndexDocument', 'Suffix')
  const error = named(root, 'ErrorDocument', 'Key')
  const rules = children(root, 'RoutingRules').flatMap((list) => children(list, 'RoutingRule'))
  if ((index ?? error ?? rules[0]) === undefined || rules.length > MAX_RULES)
    throw new OssError('MalformedXML')
  return {
    ...(index === undefined ? {} : { index: parseIndex(index) }),
    ...(error === undefined ? {} : { error: parseError(error) }),
    rules: rules.map(parseRule).sort((a, b) => a.number - b.number),
  }
}

/** A page's element; with an empty name it is none (tests of the Go SDK v1). */
function named(root: XmlNode, page: string, name: string): XmlNode | undefined {
  return children(root, page).find((one) => text(one, name) !== '')
}

const MIRROR_DEFAULTS = {
  MirrorFollowRedirect: 'true',
  MirrorCheckMd5: 'false',
  MirrorPassOriginalSlashes: 'false',
}

/**
 * What is kept of a configuration: a mirror has one say about queries (a test of the Python SDK), and what is not said is told
 * as it is taken for (tests of the Java SDK and of the Go SDK v1).
 */
export function keptWebsite(root: XmlNode): XmlTree {
  for (const list of children(root, 'RoutingRules')) {
    for (const redirect of children(list, 'RoutingRule').flatMap((rule) => children(rule, 'Redirect'))) {
      redirect.RedirectType ??= ['External']
      if (text(redirect, 'RedirectType') !== 'Mirror') continue
      redirect.PassQueryString = redirect.MirrorPassQueryString ?? redirect.PassQueryString ?? ['false']
      redirect.MirrorPassQueryString = redirect.PassQueryString
      for (const [name, value] of Object.entries(MIRROR_DEFAULTS)) redirect[name] ??= [value]
      for (const headers of children(redirect, 'MirrorHeaders')) headers.PassAll ??= ['false']
    }
  }
  return treeOf(root)
}

function parseIndex(index: XmlNode): NonNullable<Website['index']> {
  const suffix = text(index, 'Suffix') ?? ''
  const type = text(index, 'Type') ?? '0'
  if (suffix === '' || suffix.includes('/')) {
    throw invalidArgument('The index document is invalid.', 'Suffix', suffix)
  }
  if (!/^[012]$/.test(type)) throw invalidArgument('The type of the index document is invalid.', 'Type', type)
  const supportSubDir = isTrue(text(index, 'SupportSubDir'))
  return { suffix, supportSubDir, type: Number(type) as 0 | 1 | 2 }
}

function parseError(error: XmlNode): NonNullable<Website['error']> {
  const key = text(error, 'Key') ?? ''
  const status = text(error, 'HttpStatus') ?? '404'
  if (key === '') throw invalidArgument('The error document is invalid.', 'Key', key)
  if (status !== '200' && status !== '404') {
    throw invalidArgument('The status of the error document is invalid.', 'HttpStatus', status)
  }
  return { key, status: Number(status) }
}
