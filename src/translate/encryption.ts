import { type HeaderMap, headerMap } from '../ports.ts'
import { invalidArgument, S3Error } from '../s3/error.ts'

const ALGORITHM = 'x-amz-server-side-encryption'
const KEY_ID = 'x-amz-server-side-encryption-aws-kms-key-id'
const toOss: Record<string, string> = { AES256: 'AES256', 'aws:kms': 'KMS' }
const toS3: Record<string, string> = { AES256: 'AES256', KMS: 'aws:kms' }

/** Server-side encryption a write asks for. @throws S3Error InvalidEncryptionAlgorithmError. */
export function toOssEncryption(headers: HeaderMap): HeaderMap {
  const algorithm = headers[ALGORITHM]
  const keyId = headers[KEY_ID]
  if (algorithm === undefined && keyId === undefined) return headerMap()
  const mapped = algorithm !== undefined && Object.hasOwn(toOss, algorithm) ? toOss[algorithm] : undefined
  if (mapped === undefined || (keyId !== undefined && mapped !== 'KMS')) {
    throw new S3Error('InvalidEncryptionAlgorithmError', {
      elements: { ArgumentName: ALGORITHM, ArgumentValue: algorithm ?? 'null' },
    })
  }
  return {
    'x-oss-server-side-encryption': mapped,
    // The key id of an ARN is its last segment.
    ...(keyId === undefined ? {} : { 'x-oss-server-side-encryption-key-id': keyId.replace(/^.*[/:]/, '') }),
  }
}

const onlyWithObjects = [ALGORITHM, KEY_ID, 'x-amz-server-side-encryption-bucket-key-enabled']

/**
 * How an object is encrypted is chosen when it is written or its upload begun: S3 refuses the headers elsewhere,
 * whatever they say.
 * @throws S3Error InvalidArgument.
 */
export function refuseEncryption(headers: HeaderMap): void {
  const name = onlyWithObjects.find((name) => name in headers)
  if (name !== undefined) {
    throw invalidArgument(`${name} header is not supported for this operation.`, name, headers[name])
  }
}

/** Encryption of an object or answer of OSS. SM4 has no name in S3: shown as encrypted under a key S3 manages. */
export function toS3Encryption(headers: HeaderMap): HeaderMap {
  const algorithm = headers['x-oss-server-side-encryption']
  if (algorithm === undefined) return headerMap()
  return encryptionHeaders(
    Object.hasOwn(toS3, algorithm) ? (toS3[algorithm] as string) : 'AES256',
    headers['x-oss-server-side-encryption-key-id'],
  )
}

/** S3's headers for an encryption. */
export function encryptionHeaders(algorithm: string, keyId: string | undefined): HeaderMap {
  const headers: HeaderMap = { [ALGORITHM]: algorithm }
  if (keyId !== undefined) headers[KEY_ID] = keyId
  return headers
}
