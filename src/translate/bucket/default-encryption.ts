import { invalidArgument } from '../../s3/error.ts'
import { text } from '../../xml/index.ts'
import {
  checkElements,
  child,
  childElements,
  childText,
  malformedXml,
  optionalFlag,
  requiredWord,
} from '../elements.ts'
import { toOssEncryption, toS3Encryption } from '../encryption.ts'
import type { BucketDocument } from './bucket-document.ts'

const ROOT = 'ServerSideEncryptionConfiguration'
/** Those S3 knows; what OSS has not among them is refused as in headers. */
const ALGORITHMS = ['AES256', 'aws:kms', 'aws:kms:dsse', 'aws:fsx'] as const
const ALGORITHM = 'x-amz-server-side-encryption'
const OSS_ALGORITHM = 'x-oss-server-side-encryption'

/** What objects are encrypted with that do not say it themselves; algorithms and keys as in headers. */
export const encryption: BucketDocument = {
  root: ROOT,
  ossRoot: 'ServerSideEncryptionRule',
  toOss(document) {
    checkElements(document, ROOT, [], ['Rule'])
    const [rule, second] = childElements(document, 'Rule')
    if (rule === undefined || second !== undefined) throw malformedXml()
    checkElements(rule, `${ROOT}/Rule`, ['ApplyServerSideEncryptionByDefault', 'BucketKeyEnabled'])
    // Cost of KMS calls, not meaning.
    optionalFlag(rule, 'BucketKeyEnabled')
    const fallback = child(rule, 'ApplyServerSideEncryptionByDefault')
    if (fallback === undefined) throw malformedXml()
    checkElements(fallback, `${ROOT}/Rule/ApplyServerSideEncryptionByDefault`, [
      'SSEAlgorithm',
      'KMSMasterKeyID',
    ])
    return {
      ApplyServerSideEncryptionByDefault: toOssRule(
        requiredWord(fallback, 'SSEAlgorithm', ALGORITHMS),
        childText(fallback, 'KMSMasterKeyID'),
      ),
    }
  },
  toS3(document) {
    const rule = child(document, 'ApplyServerSideEncryptionByDefault') ?? {}
    const algorithm = text(rule, 'SSEAlgorithm')
    if (!algorithm) return 'ServerSideEncryptionConfigurationNotFoundError'
    const keyId = text(rule, 'KMSMasterKeyID') || undefined
    const s3 = toS3Encryption({
      [OSS_ALGORITHM]: algorithm,
      ...(keyId === undefined ? {} : { [`${OSS_ALGORITHM}-key-id`]: keyId }),
    })
    return {
      Rule: {
        ApplyServerSideEncryptionByDefault: {
          SSEAlgorithm: s3[ALGORITHM],
          KMSMasterKeyID: s3[`${ALGORITHM}-aws-kms-key-id`],
        },
        BucketKeyEnabled: false,
      },
    }
  },
}

function toOssRule(algorithm: string, keyId: string | undefined) {
  if (keyId === '') throw malformedXml()
  if (keyId !== undefined && !algorithm.startsWith('aws:kms')) {
    throw invalidArgument(
      'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse',
      'ApplyServerSideEncryptionByDefault',
    )
  }
  const oss = toOssEncryption({
    [ALGORITHM]: algorithm,
    ...(keyId === undefined ? {} : { [`${ALGORITHM}-aws-kms-key-id`]: keyId }),
  })
  return { SSEAlgorithm: oss[OSS_ALGORITHM], KMSMasterKeyID: oss[`${OSS_ALGORITHM}-key-id`] }
}
