import { S3Error } from '../../s3/error.ts'
import { children, text, type XmlNode, type XmlTree } from '../../xml.ts'
import { checkElements, malformedXml, optionalCount } from '../elements.ts'
import type { BucketDocument } from './document.ts'

const ROOT = 'CORSConfiguration'
const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD']

/** The same grammar on both sides. A rule's ID, which only names it, has no place in OSS. */
export const cors: BucketDocument = {
  root: ROOT,
  ossRoot: ROOT,
  toOss(document) {
    checkElements(document, ROOT, [], ['CORSRule'])
    const rules = children(document, 'CORSRule')
    if (rules.length === 0) throw malformedXml()
    return { CORSRule: rules.map(toOssRule) }
  },
  // OSS's ResponseVary, beside the rules, changes a header of answers and no access.
  toS3: (document) => ({ CORSRule: children(document, 'CORSRule').map(ruleElement) }),
}

function toOssRule(rule: XmlNode): XmlTree {
  checkElements(rule, `${ROOT}/CORSRule`, ['ID', 'MaxAgeSeconds'], LISTS)
  const element = ruleElement(rule)
  const [origins, methods] = [texts(rule, 'AllowedOrigin'), texts(rule, 'AllowedMethod')]
  if (origins.length === 0 || methods.length === 0) throw malformedXml()
  const unsupported = methods.find((method) => !METHODS.includes(method))
  if (unsupported !== undefined) {
    throw new S3Error('InvalidRequest', {
      message: `Found unsupported HTTP method in CORS config. Unsupported method is ${unsupported}`,
    })
  }
  return { ...element, MaxAgeSeconds: optionalCount(rule, 'MaxAgeSeconds', 0) }
}

const LISTS = ['AllowedOrigin', 'AllowedMethod', 'AllowedHeader', 'ExposeHeader']

const ruleElement = (rule: XmlNode): XmlTree => ({
  ...Object.fromEntries(LISTS.map((name) => [name, texts(rule, name)])),
  MaxAgeSeconds: text(rule, 'MaxAgeSeconds'),
})

const texts = (node: XmlNode, name: string): string[] =>
  (node[name] ?? []).map((value) => {
    if (typeof value !== 'string') throw malformedXml()
    return value
  })
