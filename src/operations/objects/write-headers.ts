import { getBucketInfo } from '../../oss/bucket-info.ts'
import { type HeaderMap, headerMap } from '../../ports.ts'
import { grantsNameAnAccount, requestedAcl } from '../../translate/acl.ts'
import { toOssEncryption } from '../../translate/encryption.ts'
import { toOssStorageClass } from '../../translate/storage-class.ts'
import type { Context, ObjectRequest } from '../operation.ts'

/**
 * What every write says of the object besides its content: ACL, storage class, encryption, who pays.
 * @throws S3Error for what OSS has nothing like.
 */
export async function writeHeaders(
  { bucket, headers }: ObjectRequest,
  { config, oss }: Context,
): Promise<HeaderMap> {
  const { acl: aclSettings, storageClass: classSettings } = config.document
  const ownerId = grantsNameAnAccount(headers) ? (await getBucketInfo(oss, bucket)).ownerId : undefined
  const acl = requestedAcl(headers, ownerId) ?? (aclSettings.default === 'private' ? 'private' : undefined)
  const requestedClass = headers['x-amz-storage-class'] ?? classSettings.default
  const destination = headerMap()
  if (acl !== undefined) destination['x-oss-object-acl'] = acl
  if (requestedClass !== 'bucket')
    destination['x-oss-storage-class'] = toOssStorageClass(requestedClass, classSettings.map)
  return Object.assign(destination, toOssEncryption(headers), requestPayer(headers))
}

/** `x-amz-request-payer`, on reads and writes alike. */
export function requestPayer(headers: HeaderMap): HeaderMap {
  const payer = headers['x-amz-request-payer']
  return payer === undefined ? {} : { 'x-oss-request-payer': payer }
}
