import { getBucketInfo } from '../oss/bucket-info.ts'
import { S3Error } from '../s3/error.ts'
import type { Context } from './operation.ts'

const MAX_KNOWN_OWNERS = 10_000
/** Short, because the header guards against a bucket that was deleted and made anew by someone else. */
const REMEMBER_MS = 60_000
/** AWS's have 12 digits, Alibaba Cloud's 16. */
const accountId = /^\d{12}(\d{4})?$/
type Known = { ownerId: string; until: number }
/** By the client of OSS, so that every gateway in a process has its own. */
const knownOwners = new WeakMap<object, Map<string, Known>>()

/**
 * Holds a bucket to the owner that `x-amz-expected-bucket-owner` or `x-amz-source-expected-bucket-owner` names.
 * @param expected the header's value.
 * @throws S3Error AccessDenied when the bucket has another owner; InvalidBucketOwnerAWSAccountID for no account's id.
 */
export async function requireOwner(
  { oss, clock }: Pick<Context, 'oss' | 'clock'>,
  bucket: string,
  expected: string,
): Promise<void> {
  const owners = knownOwners.get(oss) ?? new Map<string, Known>()
  knownOwners.set(oss, owners)
  const known = owners.get(bucket)
  // A mismatch is looked up again: the bucket may be a new one.
  if (known?.ownerId === expected && known.until > clock()) return
  const { ownerId } = await getBucketInfo(oss, bucket)
  if (ownerId !== expected) {
    if (accountId.test(expected)) throw new S3Error('AccessDenied')
    throw new S3Error('InvalidBucketOwnerAWSAccountID', {
      message: `The value of the expected bucket owner parameter must be an AWS Account ID... [${expected}]`,
    })
  }
  if (owners.size >= MAX_KNOWN_OWNERS) owners.clear()
  owners.set(bucket, { ownerId, until: clock() + REMEMBER_MS })
}
