import type { XmlNode } from '../../xml/index.ts'
import type { Ownership } from '../acl.ts'
import { checkElements, child, malformedXml, requiredWord, unsupportedElement } from '../elements.ts'

const ROOT = 'OwnershipControls'
const OWNERSHIPS = ['ObjectWriter', 'BucketOwnerPreferred', 'BucketOwnerEnforced'] as const

/** What S3 has for whose objects are. With all clients one owner, `BucketOwnerPreferred` means what `ObjectWriter` does. */
export type S3Ownership = (typeof OWNERSHIPS)[number]

/** Whether a word is one of S3's ownerships. */
export const isOwnership = (word: string): word is S3Ownership =>
  (OWNERSHIPS as readonly string[]).includes(word)

/**
 * Why an ownership cannot be had: OSS keeps none for a bucket, so that all have the one of the settings.
 * @returns undefined where it is that one.
 */
export function otherOwnership(wanted: S3Ownership, ownership: Ownership): string | undefined {
  const isEnforced = ownership === 'BucketOwnerEnforced'
  if ((wanted === 'BucketOwnerEnforced') === isEnforced) return undefined
  return `ACLs ${isEnforced ? 'are off' : 'count'} in all buckets of this endpoint (its setting acl.ownership: ${ownership})`
}

/**
 * Reads an `OwnershipControls` document that says what is so.
 * @throws S3Error MalformedXML; NotImplemented for another ownership than the settings'.
 */
export function checkOwnership(document: XmlNode, ownership: Ownership): void {
  checkElements(document, ROOT, ['Rule'])
  const rule = child(document, 'Rule')
  if (rule === undefined) throw malformedXml()
  checkElements(rule, `${ROOT}/Rule`, ['ObjectOwnership'])
  const reason = otherOwnership(requiredWord(rule, 'ObjectOwnership', OWNERSHIPS), ownership)
  if (reason !== undefined) throw unsupportedElement(`${ROOT}/Rule/ObjectOwnership`, reason)
}
