import { getBucketInfo } from '../../oss/bucket-info.ts'
import type { Reply } from '../../ports.ts'
import { S3Error } from '../../s3/error.ts'
import type { Ownership } from '../../translate/acl.ts'
import { checkOwnership, otherOwnership } from '../../translate/bucket/ownership.ts'
import { type BucketRequest, type Context, xmlReply } from '../operation.ts'
import { requireDocument } from '../subresource.ts'

/**
 * GetBucketOwnershipControls: what the settings say of all buckets. A bucket of which OSS has a public ACL is none whose ACLs
 * are off. @throws S3Error OwnershipControlsNotFoundError for that.
 */
export async function getOwnershipControls({ bucket }: BucketRequest, context: Context): Promise<Reply> {
  const ownership = ownershipOf(context)
  const { acl } = await getBucketInfo(context.oss, bucket)
  if (ownership === 'BucketOwnerEnforced' && acl !== 'private') {
    throw new S3Error('OwnershipControlsNotFoundError', { elements: { BucketName: bucket } })
  }
  return xmlReply('OwnershipControls', { Rule: { ObjectOwnership: ownership } })
}

/**
 * PutBucketOwnershipControls: takes what is so already.
 * @throws S3Error MalformedXML; NotImplemented for what is not so; InvalidBucketAclWithObjectOwnership.
 */
export async function putOwnershipControls(request: BucketRequest, context: Context): Promise<Reply> {
  const ownership = ownershipOf(context)
  checkOwnership(await requireDocument(request, 'OwnershipControls'), ownership)
  const { acl } = await getBucketInfo(context.oss, request.bucket)
  if (ownership === 'BucketOwnerEnforced' && acl !== 'private') {
    throw new S3Error('InvalidBucketAclWithObjectOwnership')
  }
  return { status: 200, headers: {} }
}

/** DeleteBucketOwnershipControls: without them S3 has `ObjectWriter`. @throws S3Error NotImplemented where that is not so. */
export async function deleteOwnershipControls({ bucket }: BucketRequest, context: Context): Promise<Reply> {
  await getBucketInfo(context.oss, bucket)
  const reason = otherOwnership('ObjectWriter', ownershipOf(context))
  if (reason !== undefined) {
    throw new S3Error('NotImplemented', { message: `Ownership controls cannot be deleted: ${reason}` })
  }
  return { status: 204, headers: {} }
}

const ownershipOf = ({ config }: Context): Ownership => config.document.acl.ownership
