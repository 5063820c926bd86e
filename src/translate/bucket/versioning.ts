import { S3Error } from '../../s3/error.ts'
import { text } from '../../xml.ts'
import { checkElements, requiredWord, unsupportedElement } from '../elements.ts'
import type { BucketDocument } from './document.ts'

const ROOT = 'VersioningConfiguration'

/** The same on both sides, but that OSS knows no MFA. */
export const versioning: BucketDocument = {
  root: ROOT,
  ossRoot: ROOT,
  toOss(document) {
    checkElements(document, ROOT, ['Status', 'MfaDelete'])
    if (text(document, 'MfaDelete') !== undefined && requiredWord(document, 'MfaDelete', MFA) === 'Enabled') {
      throw unsupportedElement(`${ROOT}/MfaDelete`)
    }
    if (text(document, 'Status') === undefined) {
      throw new S3Error('IllegalVersioningConfigurationException', {
        message: 'The Versioning element must be specified',
      })
    }
    return { Status: requiredWord(document, 'Status', ['Enabled', 'Suspended']) }
  },
  toS3: (document) => ({ Status: text(document, 'Status') || undefined }),
}

const MFA = ['Enabled', 'Disabled'] as const
