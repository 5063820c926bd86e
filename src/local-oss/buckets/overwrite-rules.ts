import { children, text, type XmlNode } from '../../xml/index.ts'
import { OssError } from '../errors.ts'
import type { OverwriteRule } from '../store/records.ts'

const MAX_RULES = 100

/** The rules of an `OverwriteConfiguration`. @throws OssError MalformedXML. */
export function overwriteRulesOf(root: XmlNode): OverwriteRule[] {
  const rules = children(root, 'Rule')
  if (rules.length === 0 || rules.length > MAX_RULES) throw new OssError('MalformedXML')
  const ids = rules.map((rule) => text(rule, 'ID'))
  if (new Set(ids).size < ids.length) throw new OssError('MalformedXML')
  return rules.map((rule) => {
    if (text(rule, 'Action') !== 'forbid') throw new OssError('MalformedXML')
    const principals = children(rule, 'Principals').flatMap(({ Principal = [] }) => Principal.map(String))
    return { prefix: text(rule, 'Prefix') ?? '', suffix: text(rule, 'Suffix') ?? '', principals }
  })
}

/** Whether a rule forbids this account to overwrite the key; without principals it is for all. */
export function forbidsOverwrite(
  rules: readonly OverwriteRule[],
  key: string,
  account: string | undefined,
): boolean {
  return rules.some(
    ({ prefix, suffix, principals }) =>
      key.startsWith(prefix) &&
      key.endsWith(suffix) &&
      (principals.length === 0 ||
        principals.includes('*') ||
        (account !== undefined && principals.includes(account))),
  )
}
