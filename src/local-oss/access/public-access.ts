import type { State } from '../call.ts'
import { ownerOf } from '../document-values.ts'
import { OssError } from '../errors.ts'
import { accountKey } from '../store/keys.ts'
import type { AccountRecord, BucketRecord, ObjectAcl } from '../store/records.ts'

/** Whether what ACLs and policies allow to everyone counts for nothing: the bucket's setting, or its account's for all. */
export function isPublicAccessBlocked({ store }: Pick<State, 'store'>, bucket: BucketRecord): boolean {
  if (bucket.publicAccessBlocked) return true
  return store.get<AccountRecord>(accountKey(ownerOf(bucket)))?.publicAccessBlocked ?? false
}

/** @throws OssError AccessDenied for a public ACL where public access is blocked. */
export function checkPublic(
  state: Pick<State, 'store'>,
  bucket: BucketRecord,
  acl: ObjectAcl,
  what: 'bucket' | 'object',
): void {
  if (!acl.startsWith('public') || !isPublicAccessBlocked(state, bucket)) return
  throw new OssError('AccessDenied', { message: `Put public ${what} acl is not allowed` })
}
