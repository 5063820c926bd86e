import { text } from '../../xml/index.ts'
import { checkElements, optionalFlag, unsupportedElement } from '../elements.ts'
import type { BucketDocument } from './bucket-document.ts'

const ROOT = 'PublicAccessBlockConfiguration'
const FLAGS = ['BlockPublicAcls', 'IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets']

/** Four flags in S3, one switch in OSS: they must all say the same. */
export const publicAccessBlock: BucketDocument = {
  root: ROOT,
  ossRoot: ROOT,
  toOss(document) {
    checkElements(document, ROOT, FLAGS)
    const set = FLAGS.map((name) => optionalFlag(document, name) ?? false)
    const odd = set.findIndex((flag) => flag !== set[0])
    if (odd > 0) {
      throw unsupportedElement(
        `${ROOT}/${FLAGS[odd]}`,
        'OSS has one switch for the four, so they must be equal',
      )
    }
    return set[0] ? { BlockPublicAccess: true } : undefined
  },
  toS3(document) {
    if (text(document, 'BlockPublicAccess') !== 'true') return 'NoSuchPublicAccessBlockConfiguration'
    return Object.fromEntries(FLAGS.map((name) => [name, true]))
  },
}
