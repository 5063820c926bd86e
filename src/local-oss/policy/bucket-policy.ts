import { renderXml } from '../../xml/index.ts'
import { isPublicAccessBlocked } from '../access/public-access.ts'
import type { BucketCall } from '../call.ts'
import { OssError } from '../errors.ts'
import type { Reply } from '../http.ts'
import { configKey } from '../store/keys.ts'
import { invalid, parsePolicy, type Statement } from './parse.ts'
import { isPublicPolicy } from './verdict.ts'

const MAX_POLICY_BYTES = 16 * 1024
const MAX_MEMBER_BYTES = 4095

/**
 * What PutBucketPolicy takes; documents from before OSS asked for networks beside addresses stay as they are.
 * @returns a document without elements: it is no XML.
 * @throws OssError InvalidPolicyDocument; AccessDenied for a public one where public access is blocked.
 */
export function checkPolicy(document: string, { state, bucket }: BucketCall): Record<string, never> {
  if (Buffer.byteLength(document) >= MAX_POLICY_BYTES) throw invalid('it is too long', '0030-00000001')
  for (const statement of parsePolicy(document)) checkStatement(statement)
  if (isPublicPolicy(document) && isPublicAccessBlocked(state, bucket)) {
    throw new OssError('AccessDenied', { message: 'Put public bucket policy is not allowed' })
  }
  return {}
}

/** @throws OssError InvalidPolicyDocument with the causes that OSS documents (EC 0030-…). */
function checkStatement({ principals, actions, resources, conditions }: Statement): void {
  for (const member of [principals, actions, resources, conditions]) {
    if (Buffer.byteLength(JSON.stringify(member)) > MAX_MEMBER_BYTES) {
      throw invalid('a member of a statement is too long', '0030-00000003')
    }
  }
  const texts = [...actions, ...resources, ...conditions.flatMap(({ values }) => values)]
  if (texts.some((text) => text.includes('**'))) throw invalid('a star follows a star', '0030-00000007')
  const keys = conditions.map(({ key }) => key)
  if (keys.includes('acs:SourceIp') && !keys.includes('acs:SourceVpc')) {
    throw invalid('acs:SourceIp needs acs:SourceVpc beside it', '0030-00000008')
  }
}

/** GetBucketPolicyStatus; without a policy nothing is public by it (a test of the Java SDK). */
export async function getBucketPolicyStatus({ state, bucket }: BucketCall): Promise<Reply> {
  const document = state.store.getText(configKey(bucket.id, 'policy'))
  return {
    body: renderXml('PolicyStatus', { IsPublic: document !== undefined && isPublicPolicy(document) }),
  }
}
