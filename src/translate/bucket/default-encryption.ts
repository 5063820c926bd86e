import type { HeaderMap } from '../../ports.ts'
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
import { requestedAlgorithm, requestedKeyId, toS3Algorithm } from '../encryption.ts'
import type { BucketDocument } from './bucket-document.ts'

const ROOT = 'ServerSideEncryptionConfiguration'
/** Those S3 knows; what OSS has not among them is refused as in headers. */
const ALGORITHMS = ['AES256', 'aws:kms', 'aws:kms:dsse', 'aws:fsx'] as const
const ALGORITHM = 'x-amz-server-side-encryption'

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
    return {
      Rule: {
        ApplyServerSideEncryptionByDefault: {
          SSEAlgorithm: toS3Algorithm(algorithm),
          KMSMasterKeyID: text(rule, 'KMSMasterKeyID') || undefined,
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
  const headers: HeaderMap = { [ALGORITHM]: algorithm }
  if (keyId !== undefined) headers[`${ALGORITHM}-aws-kms-key-id`] = keyId
  return { SSEAlgorithm: requestedAlgorithm(headers), KMSMasterKeyID: requestedKeyId(headers) }
}
