import { invalidRequest } from '../../s3/error.ts'
import { text, type XmlNode, type XmlTree } from '../../xml/index.ts'
import {
  checkElements,
  child,
  childText,
  malformedXml,
  optionalInteger,
  unsupportedElement,
} from '../elements.ts'

const RULE = 'WebsiteConfiguration/RoutingRules/RoutingRule'
const CONDITIONS = ['KeyPrefixEquals', 'HttpErrorCodeReturnedEquals']
const REPLACEMENTS = ['ReplaceKeyWith', 'ReplaceKeyPrefixWith']
/** Those OSS has; S3's default comes first. */
const REDIRECT_CODES = [301, 302, 303, 307]

/**
 * A redirection of a website in OSS's words.
 * @param at its place among the rules, from zero.
 * @throws S3Error MalformedXML, InvalidRequest with S3's texts; NotImplemented for what OSS cannot redirect.
 */
export function toOssRoutingRule(rule: XmlNode, at: number): XmlTree {
  checkElements(rule, RULE, ['Condition', 'Redirect'])
  const [condition, redirect] = [child(rule, 'Condition'), child(rule, 'Redirect')]
  if (redirect === undefined) throw malformedXml()
  if (condition !== undefined) checkCondition(condition)
  const HttpRedirectCode = checkRedirect(redirect)
  if (condition === undefined) throw unsupportedElement(RULE, 'OSS has no rule without a condition')
  return {
    RuleNumber: at + 1,
    Condition: picked(condition, CONDITIONS),
    Redirect: {
      RedirectType: 'External',
      ...picked(redirect, ['Protocol', 'HostName', ...REPLACEMENTS]),
      HttpRedirectCode,
    },
  }
}

function checkCondition(condition: XmlNode): void {
  checkElements(condition, `${RULE}/Condition`, CONDITIONS)
  if (Object.values(picked(condition, CONDITIONS)).every((value) => value === undefined)) {
    throw invalidRequest(
      "Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be present.",
    )
  }
  const code = optionalInteger(condition, 'HttpErrorCodeReturnedEquals')
  if (code !== undefined && (code < 400 || code > 599)) {
    throw invalidRequest(`The provided HTTP error code (${code}) is not valid. Valid codes are 4XX or 5XX.`)
  }
}

/** @returns the status that the redirection answers with. */
function checkRedirect(redirect: XmlNode): number {
  const path = `${RULE}/Redirect`
  checkElements(redirect, path, ['HostName', 'HttpRedirectCode', 'Protocol', ...REPLACEMENTS])
  const where = picked(redirect, ['Protocol', 'HostName', ...REPLACEMENTS])
  const code = optionalInteger(redirect, 'HttpRedirectCode')
  if (code === undefined && Object.values(where).every((value) => value === undefined)) throw malformedXml()
  checkProtocol(redirect)
  if (where.HostName === '') throw malformedXml()
  if (code !== undefined && (code <= 300 || code > 399)) {
    throw invalidRequest(
      `The provided HTTP redirect code (${code}) is not valid. Valid codes are 3XX except 300.`,
    )
  }
  const replaced = REPLACEMENTS.filter((name) => where[name] !== undefined)
  if (replaced.length > 1) {
    throw invalidRequest('You can only define ReplaceKeyPrefix or ReplaceKey but not both.')
  }
  // OSS puts the key in its place, S3 takes it literally.
  const variable = replaced.find((name) => where[name]?.includes('${'))
  if (variable !== undefined) throw unsupportedElement(`${path}/${variable}`, 'OSS has variables there')
  const status = code ?? 301
  if (!REDIRECT_CODES.includes(status)) {
    throw unsupportedElement(`${path}/HttpRedirectCode`, `OSS has ${REDIRECT_CODES.join(', ')}`)
  }
  return status
}

/** @throws S3Error InvalidRequest for a protocol that is not of the web. */
export function checkProtocol(redirect: XmlNode): void {
  const protocol = childText(redirect, 'Protocol')
  if (protocol === undefined || protocol === 'http' || protocol === 'https') return
  throw invalidRequest(
    'Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.',
  )
}

/** A redirection of OSS as S3 says it. @throws S3Error NotImplemented for one of OSS's own kind. */
export function toS3RoutingRule(rule: XmlNode): XmlTree {
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

const picked = (node: XmlNode, names: readonly string[]): Record<string, string | undefined> =>
  Object.fromEntries(names.map((name) => [name, childText(node, name)]))
