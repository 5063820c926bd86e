import { renderXml } from '../../xml/index.ts'
import { isPublicAccessBlocked } from '../access/public-access.ts'
import type { BucketCall } from '../call.ts'
import { OssError } from '../errors.ts'
import type { Reply } from '../http.ts'
import { configKey } from '../store/keys.ts'
import { isPublicPolicy } from './verdict.ts'

/**
 * What PutBucketPolicy takes.
 * @returns a document without elements: it is no XML.
 * @throws OssError InvalidPolicyDocument; AccessDenied for a public one where public access is blocked.
 */
export function checkPolicy(document: string, { state, bucket }: BucketCall): Record<string, never> {
  if (isPublicPolicy(document) && isPublicAccessBlocked(state, bucket)) {
    throw new OssError('AccessDenied', { message: 'Put public bucket policy is not allowed' })
  }
  return {}
}

/** GetBucketPolicyStatus; without a policy nothing is public by it (a test of the Java SDK). */
export async function getBucketPolicyStatus({ state, bucket }: BucketCall): Promise<Reply> {
  const document = state.store.getText(configKey(bucket.id, 'policy'))
  return {
    body: renderXml('PolicyStatus', { IsPublic: document !== undefined && isPublicPolicy(document) }),
  }
}
