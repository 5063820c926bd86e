import { getBucketInfo } from '../../oss/bucket-info.ts'
import { grantsNameAnAccount } from '../../translate/acl.ts'
import type { WriteSettings } from '../../translate/request-headers.ts'
import { isAnonymous } from '../authorize.ts'
import type { Context, ObjectRequest } from '../operation.ts'

/**
 * What a write's headers are translated with: the deployment's defaults, and the bucket's owner where a header grants
 * something to an account. @throws OssError NoSuchBucket, AccessDenied where the owner cannot be asked for.
 */
export async function writeSettings(
  { bucket, headers }: ObjectRequest,
  { config, oss, client }: Context,
): Promise<WriteSettings> {
  const { acl, storageClass } = config.document
  return {
    ownerId: grantsNameAnAccount(headers) ? (await getBucketInfo(oss, bucket)).ownerId : undefined,
    ownership: acl.ownership,
    // What nobody in particular uploads is nobody's own in OSS: the bucket says who may read it.
    acl: acl.default === 'private' && !isAnonymous(client) ? 'private' : undefined,
    storageClass: storageClass.default,
    storageClassMap: storageClass.map,
  }
}
