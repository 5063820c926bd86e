import { text, type XmlNode, type XmlTree, type XmlValue } from '../../xml/index.ts'
import { parseDocument } from '../body.ts'
import type { State } from '../call.ts'
import { invalidArgument, OssError } from '../errors.ts'
import { configKey } from '../store/keys.ts'
import type { BucketRecord } from '../store/records.ts'

/** Elements of settings that are true or false, whatever document they are in. */
const BOOLEANS = new Set(
  `AllowEmptyReferer AllowSmallFile AllowTruncateQueryString BlockPublicAccess Enable Enabled EnableReplacePrefix
  ExpiredObjectDeleteMarker IsAccessTime IsEnabled IsTruncated MirrorCheckMd5 MirrorFollowRedirect
  MirrorPassOriginalSlashes MirrorPassQueryString MirrorSNI MirrorUserLastModified PassAll PassQueryString ResponseVary
  ReturnToStdWhenVisit StrongCipherSuite SupportSubDir TransparentMirrorResponseCode`.split(/\s+/),
)

/**
 * A setting as it is kept: what is true or false is so in lower case (tests of the Python SDK, which writes `True`).
 * @throws OssError MalformedXML for a truth value that is none.
 */
export function settled(node: XmlNode): XmlNode {
  const entries = Object.entries(node).filter(([name]) => name !== '#text')
  return Object.fromEntries(
    entries.map(([name, values]) => [name, values.map((value) => settle(name, value))]),
  )
}

function settle(name: string, value: XmlValue): XmlValue {
  if (typeof value === 'object') return settled(value)
  if (!BOOLEANS.has(name) || value === '') return value
  const truth = value.trim().toLowerCase()
  if (truth !== 'true' && truth !== 'false') throw new OssError('MalformedXML')
  return truth
}

/** A setting as it is sent. @param root its element. @throws OssError MalformedXML. */
export const parseSettled = (sent: string, root: string) => settled(parseDocument(sent, root))

/** A setting that a bucket has, or undefined. @param query its sub-resource. @param root the document's element. */
export function storedConfig(
  { store }: Pick<State, 'store'>,
  bucket: BucketRecord,
  query: string,
  root: string,
): XmlNode | undefined {
  const document = store.getText(configKey(bucket.id, query))
  return document === undefined ? undefined : parseDocument(document, root)
}

/** The tree to render of a parsed one. */
export function treeOf(node: XmlNode): XmlTree {
  const plain = (value: XmlValue) => (typeof value === 'object' ? treeOf(value) : value)
  return Object.fromEntries(Object.entries(node).map(([name, values]) => [name, values.map(plain)]))
}

/** A child that must be one of these words. @throws OssError MalformedXML. */
export function oneWord<T extends string>(root: XmlNode, name: string, words: readonly T[]): T {
  const word = words.find((candidate) => candidate === text(root, name))
  if (word === undefined) throw new OssError('MalformedXML')
  return word
}

/** A child that must be `true` or `false`. @throws OssError MalformedXML. */
export const truthOf = (root: XmlNode, name: string) => oneWord(root, name, ['true', 'false']) === 'true'

/** A child that must be a whole number of at least `min`. @throws OssError MalformedXML, InvalidArgument. */
export function numberOf(root: XmlNode, name: string, min: number, max = Number.MAX_SAFE_INTEGER): number {
  const value = text(root, name) ?? ''
  if (!/^-?\d+$/.test(value)) throw new OssError('MalformedXML')
  const number = Number(value)
  if (number < min || number > max) throw invalidArgument(`The value of ${name} is invalid.`, name, value)
  return number
}
