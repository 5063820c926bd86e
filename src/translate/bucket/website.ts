import { invalidArgument, S3Error } from '../../s3/error.ts'
import { children, text, type XmlNode, type XmlTree } from '../../xml.ts'
import { checkElements, child, malformedXml, requiredText, unsupportedElement } from '../elements.ts'
import type { BucketDocument } from './document.ts'

const ROOT = 'WebsiteConfiguration'
const RULE = `${ROOT}/RoutingRules/RoutingRule`

/** A website as S3 serves it: with index pages of every folder, and redirections that are the client's. */
export const website: BucketDocument = {
  root: ROOT,
  ossRoot: ROOT,
  toOss(document) {
    checkElements(document, ROOT, ['IndexDocument', 'ErrorDocument', 'RoutingRules'])
    const [error, rules] = [child(document, 'ErrorDocument'), child(document, 'RoutingRules')]
    if (error !== undefined) checkElements(error, `${ROOT}/ErrorDocument`, ['Key'])
    if (rules !== undefined) checkElements(rules, `${ROOT}/RoutingRules`, [], ['RoutingRule'])
    return {
      // Type 0: a folder named without its slash is redirected to, as in S3.
      IndexDocument: { Suffix: indexSuffix(document), SupportSubDir: true, Type: 0 },
      ErrorDocument: error === undefined ? undefined : { Key: requiredText(error, 'Key') },
      RoutingRules:
        rules === undefined ? undefined : { RoutingRule: children(rules, 'RoutingRule').map(toOssRule) },
    }
  },
  toS3(document) {
    const [index, error] = [child(document, 'IndexDocument'), child(document, 'ErrorDocument')]
    const rules = children(document, 'RoutingRules').flatMap((list) => children(list, 'RoutingRule'))
    return {
      IndexDocument: index === undefined ? undefined : { Suffix: text(index, 'Suffix') },
      ErrorDocument: error === undefined ? undefined : { Key: text(error, 'Key') },
      RoutingRules: rules.length === 0 ? undefined : { RoutingRule: rules.map(toS3Rule) },
    }
  },
}

/** @throws S3Error InvalidArgument. */
function indexSuffix(document: XmlNode): string {
  const index = child(document, 'IndexDocument')
  if (index === undefined) {
    throw invalidArgument(
      'A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty',
      'IndexDocument',
      'null',
    )
  }
  checkElements(index, `${ROOT}/IndexDocument`, ['Suffix'])
  const suffix = text(index, 'Suffix') ?? ''
  if (suffix === '' || suffix.includes('/')) {
    throw invalidArgument('The IndexDocument Suffix is not well formed', 'IndexDocument', suffix)
  }
  return suffix
}

const CONDITIONS = ['KeyPrefixEquals', 'HttpErrorCodeReturnedEquals']
const REPLACEMENTS = ['ReplaceKeyWith', 'ReplaceKeyPrefixWith']
/** Those OSS has; S3's default comes first. */
const REDIRECT_CODES = ['301', '302', '307']

function toOssRule(rule: XmlNode, at: number): XmlTree {
  checkElements(rule, RULE, ['Condition', 'Redirect'])
  const [condition, redirect] = [child(rule, 'Condition'), child(rule, 'Redirect')]
  if (redirect === undefined) throw malformedXml()
  if (condition === undefined) throw unsupportedElement(RULE, 'OSS has no rule without a condition')
  checkElements(condition, `${RULE}/Condition`, CONDITIONS)
  checkElements(redirect, `${RULE}/Redirect`, ['HostName', 'HttpRedirectCode', 'Protocol', ...REPLACEMENTS])
  if (CONDITIONS.every((name) => text(condition, name) === undefined)) {
    throw invalidRequest(
      "Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be present.",
    )
  }
  const protocol = text(redirect, 'Protocol')
  if (protocol !== undefined && protocol !== 'http' && protocol !== 'https') {
    throw invalidRequest(
      'Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.',
    )
  }
  const replaced = REPLACEMENTS.filter((name) => text(redirect, name) !== undefined)
  if (replaced.length > 1)
    throw invalidRequest('You can only define ReplaceKeyPrefix or ReplaceKey but not both.')
  for (const name of replaced) {
    // OSS puts the key in its place, S3 takes it literally.
    if (text(redirect, name)?.includes('${'))
      throw unsupportedElement(`${RULE}/Redirect/${name}`, 'OSS has variables there')
  }
  const code = text(redirect, 'HttpRedirectCode') ?? REDIRECT_CODES[0]
  if (code === undefined || !REDIRECT_CODES.includes(code)) {
    throw unsupportedElement(`${RULE}/Redirect/HttpRedirectCode`, `OSS has ${REDIRECT_CODES.join(', ')}`)
  }
  return {
    RuleNumber: at + 1,
    Condition: picked(condition, CONDITIONS),
    Redirect: {
      RedirectType: 'External',
      Protocol: protocol,
      HostName: text(redirect, 'HostName'),
      ...picked(redirect, REPLACEMENTS),
      HttpRedirectCode: code,
    },
  }
}

function toS3Rule(rule: XmlNode): XmlTree {
  const [condition, redirect] = [child(rule, 'Condition') ?? {}, child(rule, 'Redirect') ?? {}]
  const unsayable =
    text(redirect, 'RedirectType') !== 'External' ||
    text(redirect, 'PassQueryString') === 'true' ||
    ['KeySuffixEquals', 'IncludeHeader'].some((name) => name in condition) ||
    REPLACEMENTS.some((name) => text(redirect, name)?.includes('${'))
  if (unsayable) throw unsupportedElement(RULE, 'the bucket has a routing rule of OSS’s own kind')
  return {
    Condition: picked(condition, CONDITIONS),
    Redirect: picked(redirect, ['Protocol', 'HostName', ...REPLACEMENTS, 'HttpRedirectCode']),
  }
}

const picked = (node: XmlNode, names: readonly string[]): XmlTree =>
  Object.fromEntries(names.map((name) => [name, text(node, name)]))

const invalidRequest = (message: string) => new S3Error('InvalidRequest', { message })
