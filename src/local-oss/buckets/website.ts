import { children, text, type XmlNode, type XmlTree } from '../../xml/index.ts'
import { OssError } from '../errors.ts'
import { treeOf } from './config-document.ts'

/** An index, or rules. @throws OssError MalformedXML. */
export function checkWebsite(root: XmlNode): void {
  const index = children(root, 'IndexDocument').map((document) => text(document, 'Suffix'))[0]
  if (!index && children(root, 'RoutingRules').length === 0) throw new OssError('MalformedXML')
}

/** Where a rule fetches from elsewhere, `PassQueryString` is what it says of the mirror (a test of the Python SDK). */
export function keptWebsite(root: XmlNode): XmlTree {
  const RoutingRules = children(root, 'RoutingRules').map((rules) => ({
    ...treeOf(rules),
    RoutingRule: children(rules, 'RoutingRule').map((rule) => ({
      ...treeOf(rule),
      Redirect: children(rule, 'Redirect').map(keptRedirect),
    })),
  }))
  return { ...treeOf(root), ...(RoutingRules.length > 0 && { RoutingRules }) }
}

function keptRedirect(redirect: XmlNode): XmlTree {
  const passes = redirect.MirrorPassQueryString
  const mirrors = text(redirect, 'RedirectType') === 'Mirror' && passes !== undefined
  return treeOf(mirrors ? { ...redirect, PassQueryString: passes } : redirect)
}
