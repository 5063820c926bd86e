import { getBucketInfo } from '../oss/bucket-info.ts'
import { S3Error } from '../s3/error.ts'
import { BucketCache } from './bucket-cache.ts'
import type { Context } from './operation.ts'

/** The ids of buckets' owners. For a minute only: the header guards against a bucket that was deleted and created again by another account. */
const owners = new BucketCache<string>(60_000)
/** AWS's have 12 digits, Alibaba Cloud's 16. */
const accountId = /^\d{12}(\d{4})?$/

/**
 * Holds a bucket to the owner that `x-amz-expected-bucket-owner` or `x-amz-source-expected-bucket-owner` names.
 * @param expected the header's value.
 * @throws S3Error AccessDenied when the bucket has another owner; InvalidBucketOwnerAWSAccountID for no account's id.
 */
export async function requireOwner(
  ports: Pick<Context, 'oss' | 'clock'>,
  bucket: string,
  expected: string,
): Promise<void> {
  // A mismatch is looked up again: the bucket may be a new one.
  if (owners.get(ports, bucket) === expected) return
  const { ownerId } = await getBucketInfo(ports.oss, bucket)
  if (ownerId !== expected) {
    if (accountId.test(expected)) throw new S3Error('AccessDenied')
    throw new S3Error('InvalidBucketOwnerAWSAccountID', {
      message: `The value of the expected bucket owner parameter must be an AWS Account ID... [${expected}]`,
    })
  }
  owners.set(ports, bucket, ownerId)
}
