import { text } from '../../xml.ts'
import { checkElements, requiredWord, unsupportedElement } from '../elements.ts'
import type { BucketDocument } from './document.ts'

const ROOT = 'PublicAccessBlockConfiguration'
const FLAGS = ['BlockPublicAcls', 'IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets']

/** Four flags in S3, one switch in OSS: they must all say the same. */
export const publicAccessBlock: BucketDocument = {
  root: ROOT,
  ossRoot: ROOT,
  toOss(document) {
    checkElements(document, ROOT, FLAGS)
    const set = FLAGS.map((name) =>
      text(document, name) === undefined
        ? 'false'
        : requiredWord(document, name, ['true', 'false', 'TRUE', 'FALSE']),
    ).map((word) => word.toLowerCase())
    const odd = set.findIndex((word) => word !== set[0])
    if (odd > 0) {
      throw unsupportedElement(
        `${ROOT}/${FLAGS[odd]}`,
        'OSS has one switch for the four, so they must be equal',
      )
    }
    return set[0] === 'true' ? { BlockPublicAccess: true } : undefined
  },
  toS3(document) {
    if (text(document, 'BlockPublicAccess') !== 'true') return 'NoSuchPublicAccessBlockConfiguration'
    return Object.fromEntries(FLAGS.map((name) => [name, true]))
  },
}
