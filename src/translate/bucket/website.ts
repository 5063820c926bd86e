import { invalidArgument, invalidRequest } from '../../s3/error.ts'
import { children, text, type XmlNode } from '../../xml/index.ts'
import {
  checkElements,
  child,
  childElements,
  childText,
  malformedXml,
  requiredText,
  unsupportedElement,
} from '../elements.ts'
import type { BucketDocument } from './bucket-document.ts'
import { checkProtocol, toOssRoutingRule, toS3RoutingRule } from './website-rule.ts'

const ROOT = 'WebsiteConfiguration'
const ALL = 'RedirectAllRequestsTo'
const MAX_RULES = 50

/** A website as S3 serves it: with index pages of every folder, and redirections that are the client's. */
export const website: BucketDocument = {
  root: ROOT,
  ossRoot: ROOT,
  toOss(document) {
    checkElements(document, ROOT, ['IndexDocument', 'ErrorDocument', 'RoutingRules', ALL])
    refuseRedirectOfAll(document)
    const error = child(document, 'ErrorDocument')
    if (error !== undefined) checkElements(error, `${ROOT}/ErrorDocument`, ['Key'])
    return {
      // Type 0: a folder named without its slash is redirected to, as in S3.
      IndexDocument: { Suffix: indexSuffix(document), SupportSubDir: true, Type: 0 },
      ErrorDocument: error === undefined ? undefined : { Key: requiredText(error, 'Key') },
      RoutingRules: toOssRules(child(document, 'RoutingRules')),
    }
  },
  toS3(document) {
    const [index, error] = [child(document, 'IndexDocument'), child(document, 'ErrorDocument')]
    const rules = children(document, 'RoutingRules').flatMap((list) => children(list, 'RoutingRule'))
    return {
      IndexDocument: index === undefined ? undefined : { Suffix: text(index, 'Suffix') },
      ErrorDocument: error === undefined ? undefined : { Key: text(error, 'Key') },
      RoutingRules: rules.length === 0 ? undefined : { RoutingRule: rules.map(toS3RoutingRule) },
    }
  },
}

function toOssRules(list: XmlNode | undefined) {
  if (list === undefined) return undefined
  checkElements(list, `${ROOT}/RoutingRules`, [], ['RoutingRule'])
  const rules = childElements(list, 'RoutingRule')
  if (rules.length === 0) throw malformedXml()
  if (rules.length > MAX_RULES) {
    throw invalidRequest(
      `${rules.length} routing rules provided, the number of routing rules in a website configuration is limited to ${MAX_RULES}.`,
    )
  }
  return { RoutingRule: rules.map(toOssRoutingRule) }
}

/** @throws S3Error MalformedXML, InvalidArgument, InvalidRequest for one that S3 does not take; else NotImplemented. */
function refuseRedirectOfAll(document: XmlNode): void {
  const all = child(document, ALL)
  if (all === undefined) return
  if (Object.keys(document).length > 1) {
    throw invalidArgument(
      `${ALL} cannot be provided in conjunction with other Routing Rules.`,
      ALL,
      'not null',
    )
  }
  checkElements(all, `${ROOT}/${ALL}`, ['HostName', 'Protocol'])
  requiredText(all, 'HostName')
  checkProtocol(all)
  throw unsupportedElement(`${ROOT}/${ALL}`)
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
  const suffix = childText(index, 'Suffix') ?? ''
  if (suffix === '' || suffix.includes('/')) {
    throw invalidArgument('The IndexDocument Suffix is not well formed', 'IndexDocument', suffix)
  }
  return suffix
}
