import { getBucketInfo } from '../../oss/bucket-info.ts'
import type { Reply } from '../../ports.ts'
import { S3Error } from '../../s3/error.ts'
import type { BucketRequest, Context } from '../operation.ts'

/** GetBucketOwnershipControls: never set, and so ACLs count, as they do in OSS. */
export async function getOwnershipControls({ bucket }: BucketRequest, { oss }: Context): Promise<Reply> {
  await getBucketInfo(oss, bucket)
  throw new S3Error('OwnershipControlsNotFoundError', { elements: { BucketName: bucket } })
}

/** DeleteBucketOwnershipControls: they are as if deleted. */
export async function deleteOwnershipControls({ bucket }: BucketRequest, { oss }: Context): Promise<Reply> {
  await getBucketInfo(oss, bucket)
  return { status: 204, headers: {} }
}
