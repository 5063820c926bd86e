import type { HeaderMap } from '../ports.ts'
import { S3Error } from '../s3/error.ts'

const ALGORITHM = 'x-amz-server-side-encryption'
const KEY_ID = 'x-amz-server-side-encryption-aws-kms-key-id'
const toOss: Record<string, string> = { AES256: 'AES256', 'aws:kms': 'KMS' }

/** OSS's algorithm for the one a write asks for. @throws S3Error InvalidEncryptionAlgorithmError. */
export function requestedAlgorithm(headers: HeaderMap): string | undefined {
  const algorithm = headers[ALGORITHM]
  if (algorithm === undefined) return undefined
  const mapped = Object.hasOwn(toOss, algorithm) ? toOss[algorithm] : undefined
  if (mapped === undefined) throw invalidAlgorithm(algorithm)
  return mapped
}

/** OSS's id of the key a write asks for, which goes with KMS alone. @throws S3Error InvalidEncryptionAlgorithmError. */
export function requestedKeyId(headers: HeaderMap): string | undefined {
  const keyId = headers[KEY_ID]
  if (keyId === undefined) return undefined
  if (headers[ALGORITHM] !== 'aws:kms') throw invalidAlgorithm(headers[ALGORITHM])
  // The key id of an ARN is its last segment.
  return keyId.replace(/^.*[/:]/, '')
}

const invalidAlgorithm = (algorithm = 'null') =>
  new S3Error('InvalidEncryptionAlgorithmError', {
    elements: { ArgumentName: ALGORITHM, ArgumentValue: algorithm },
  })

/** The encryption in OSS's headers of an object, or of a request for one; as OSS names it. */
export const ossEncryptionOf = (oss: HeaderMap) => ({
  algorithm: oss['x-oss-server-side-encryption'],
  keyId: oss['x-oss-server-side-encryption-key-id'],
})

/** S3's name of OSS's algorithm. SM4 has none in S3: shown as encrypted under a key that S3 manages. */
export const toS3Algorithm = (algorithm: string): 'AES256' | 'aws:kms' =>
  algorithm === 'KMS' ? 'aws:kms' : 'AES256'

/** S3's headers for an encryption. @param algorithm S3's: `AES256`, `aws:kms`. */
export function encryptionHeaders(algorithm: string, keyId: string | undefined): HeaderMap {
  const headers: HeaderMap = { [ALGORITHM]: algorithm }
  if (keyId !== undefined) headers[KEY_ID] = keyId
  return headers
}
