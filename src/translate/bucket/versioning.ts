import { S3Error } from '../../s3/error.ts'
import { text } from '../../xml/index.ts'
import { checkElements, optionalWord, unsupportedElement } from '../elements.ts'
import type { BucketDocument } from './bucket-document.ts'

const ROOT = 'VersioningConfiguration'

/** The same on both sides, but that OSS knows no MFA. */
export const versioning: BucketDocument = {
  root: ROOT,
  ossRoot: ROOT,
  toOss(document) {
    checkElements(document, ROOT, ['Status', 'MfaDelete'])
    const mfa = optionalWord(document, 'MfaDelete', ['Enabled', 'Disabled'])
    const status = optionalWord(document, 'Status', ['Enabled', 'Suspended'])
    if (mfa === 'Enabled') throw unsupportedElement(`${ROOT}/MfaDelete`)
    if (status === undefined) {
      throw new S3Error('IllegalVersioningConfigurationException', {
        message: 'The Versioning element must be specified',
      })
    }
    return { Status: status }
  },
  toS3: (document) => ({ Status: text(document, 'Status') || undefined }),
}
