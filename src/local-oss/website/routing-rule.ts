import { children, text, type XmlNode } from '../../xml/index.ts'
import { invalidArgument, OssError } from '../errors.ts'
import { type HeaderMap, isTrue } from '../http.ts'

/** A rule of a website: when it is met, and what is done then. */
export type RoutingRule = {
  number: number
  prefix: string
  suffix: string
  /** Met only by an object that is missing. */
  whenMissing: boolean
  headers: readonly { name: string; matches: (value: string) => boolean }[]
  type: 'Mirror' | 'External' | 'AliCDN' | 'Internal'
  /** Whether a script is part of it. */
  scripted: boolean
  status: number
  protocol: string | undefined
  host: string | undefined
  passQuery: boolean
  replaceKeyWith: string | undefined
  replacePrefixWith: string | undefined
}

/** OSS's page names 301, 302 and 307; a test of the Java SDK has 303. */
const STATUSES = [301, 302, 303, 307]
const TYPES = ['Mirror', 'External', 'AliCDN', 'Internal'] as const

/** Reads a `RoutingRule`. @throws OssError MalformedXML; InvalidArgument for a mirror of nothing, or of what is not missing. */
export function parseRule(rule: XmlNode): RoutingRule {
  const condition = children(rule, 'Condition')[0] ?? {}
  const [redirect] = children(rule, 'Redirect')
  const number = Number(text(rule, 'RuleNumber') ?? Number.NaN)
  const type = TYPES.find((one) => one === ((redirect && text(redirect, 'RedirectType')) ?? 'External'))
  const status = Number((redirect && text(redirect, 'HttpRedirectCode')) || 302)
  if (redirect === undefined || type === undefined || !Number.isInteger(number) || number < 1) {
    throw new OssError('MalformedXML')
  }
  if (!STATUSES.includes(status)) throw new OssError('MalformedXML')
  const code = text(condition, 'HttpErrorCodeReturnedEquals')
  if (type === 'Mirror' && code !== undefined && code !== '404') {
    throw invalidArgument('A mirror is for missing objects.', 'HttpErrorCodeReturnedEquals', code)
  }
  if (type === 'Mirror' && !text(redirect, 'MirrorURL') && redirect.MirrorMultiAlternates === undefined) {
    throw invalidArgument('A mirror needs a URL.', 'MirrorURL', '')
  }
  return {
    number,
    prefix: text(condition, 'KeyPrefixEquals') ?? '',
    suffix: text(condition, 'KeySuffixEquals') ?? '',
    whenMissing: code === '404',
    headers: children(condition, 'IncludeHeader').map(parseHeader),
    type,
    scripted: children(rule, 'LuaConfig').length > 0,
    status,
    protocol: text(redirect, 'Protocol') || undefined,
    host: text(redirect, 'HostName') || undefined,
    passQuery: isTrue(text(redirect, 'PassQueryString')),
    replaceKeyWith: text(redirect, 'ReplaceKeyWith') || undefined,
    replacePrefixWith: text(redirect, 'ReplaceKeyPrefixWith'),
  }
}

function parseHeader(header: XmlNode): RoutingRule['headers'][number] {
  const [equals, start, end] = ['Equals', 'StartsWith', 'EndsWith'].map((name) => text(header, name))
  return {
    name: (text(header, 'Key') ?? '').toLowerCase(),
    matches: (value) =>
      (equals === undefined || value === equals) &&
      (start === undefined || value.startsWith(start)) &&
      (end === undefined || value.endsWith(end)),
  }
}

/** Whether a rule is met by a request for a key. */
export function isMet(rule: RoutingRule, key: string, headers: HeaderMap, isMissing: boolean): boolean {
  return (
    rule.whenMissing === isMissing &&
    key.startsWith(rule.prefix) &&
    key.endsWith(rule.suffix) &&
    rule.headers.every(({ name, matches }) => matches(headers[name] ?? ''))
  )
}

/** The key that a rule sends to: another one, or one with another beginning. */
export function targetKey({ replaceKeyWith, replacePrefixWith, prefix }: RoutingRule, key: string): string {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: OSS's own word
  if (replaceKeyWith !== undefined) return replaceKeyWith.replaceAll('${key}', () => key)
  return replacePrefixWith === undefined ? key : replacePrefixWith + key.slice(prefix.length)
}
