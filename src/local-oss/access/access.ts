import { text } from '../../xml/index.ts'
import { storedConfig } from '../buckets/config-document.ts'
import { accountOf, type Call } from '../call.ts'
import { ownerOf } from '../document-values.ts'
import { OssError } from '../errors.ts'
import { lookUpVersion } from '../objects/versions.ts'
import { type Verdict, verdict } from '../policy/verdict.ts'
import { configKey } from '../store/keys.ts'
import type { BucketRecord, Tag } from '../store/records.ts'
import { actionOf } from './actions.ts'
import { factsOf } from './facts.ts'
import { isPublicAccessBlocked } from './public-access.ts'

/** The permission of an ACL. */
export type Permission = 'read' | 'write'

/** What a caller wants to do, and with what. */
export type Wanted = {
  bucket: BucketRecord
  /** Empty for the bucket itself. */
  key: string
  versionId: string | undefined
  /** OSS's name for it without `oss:`, as in `GetObject`. */
  action: string
  /** The permission of an ACL that gives it to others than the bucket's owner; absent, no ACL does. */
  acl?: Permission | undefined
  /** Whether that permission does so only for requests that are signed. */
  signed?: boolean | undefined
  /** The tags that an object gets, where they are not in the header for them. */
  tags?: readonly Tag[] | undefined
}

/**
 * Whether the caller may have it: what the bucket policy denies nobody may, and what it allows anybody; beyond that the
 * bucket's owner may everything, and others what the object's own ACL allows or, without one, its bucket's. To write an object
 * with tags is to tag it, too (OSS's table of actions). In a bucket whose requesters pay, others must say that they do.
 * @throws OssError AccessDenied.
 */
export function checkAccess(call: Call, wanted: Wanted): void {
  const { bucket } = wanted
  const said = policyVerdict(call, wanted)
  if (said === 'deny') {
    throw new OssError('AccessDenied', { message: 'Access denied by bucket policy.', ec: '0003-00000101' })
  }
  const isTagging = wanted.action === 'PutObject' && call.headers['x-oss-tagging'] !== undefined
  if (isTagging) checkAccess(call, { ...wanted, action: 'PutObjectTagging' })
  if (call.account === ownerOf(bucket)) return
  if (said === 'none') checkAcl(call, wanted)
  checkPayer(call, bucket)
}

/** What the policy says; where public access is blocked, what it allows to everyone does not count. */
function policyVerdict(call: Call, { bucket, key, versionId, action, tags }: Wanted): Verdict {
  const { state, account } = call
  const document = state.store.getText(configKey(bucket.id, 'policy'))
  if (document === undefined) return 'none'
  const question = {
    action: `oss:${actionOf(action, versionId)}`,
    resource: `acs:oss:*:${ownerOf(bucket)}:${bucket.name}${key === '' ? '' : `/${key}`}`,
    conditions: factsOf(
      call,
      action,
      key === '' ? undefined : lookUpVersion(state, bucket, key, versionId),
      tags,
    ),
  }
  const said = verdict(document, { ...question, principal: account })
  if (said !== 'allow' || !isPublicAccessBlocked(state, bucket)) return said
  return verdict(document, { ...question, principal: undefined }) === 'allow' ? 'none' : said
}

function checkAcl(call: Call, { bucket, key, versionId, acl: needed, signed }: Wanted): void {
  if (call.account === undefined && (needed === undefined || signed)) accountOf(call)
  if (needed === undefined) throw notYours(bucket)
  const object = key === '' ? undefined : lookUpVersion(call.state, bucket, key, versionId)
  const own = object === undefined || object.acl === 'default' ? undefined : object.acl
  const acl = own ?? bucket.acl
  const allowed = acl === 'public-read-write' || (acl === 'public-read' && needed === 'read')
  if (allowed && !isPublicAccessBlocked(call.state, bucket)) return
  if (own !== undefined) {
    throw new OssError('AccessDenied', {
      message: `You do not have ${needed} acl permission on this object.`,
    })
  }
  if (key === '') throw notYours(bucket)
  const message = 'You have no right to access this object because of bucket acl.'
  throw new OssError('AccessDenied', { message, ec: '0003-00000001' })
}

/** OSS's answers in a bucket whose requesters pay: EC 0003-00000702 and 0003-00000703, and the Go SDK's tests. */
function checkPayer(call: Call, bucket: BucketRecord): void {
  const payment = storedConfig(call.state, bucket, 'requestPayment', 'RequestPaymentConfiguration')
  if (payment === undefined || text(payment, 'Payer') !== 'Requester') return
  const { headers, query, account } = call
  const payer = headers['x-oss-request-payer'] ?? query.get('x-oss-request-payer')
  if (account !== undefined && payer === 'requester') return
  throw new OssError('AccessDenied', {
    message: 'Access denied for requester pay bucket',
    ec: headers.authorization === undefined ? '0003-00000702' : '0003-00000703',
    elements: { BucketName: bucket.name },
  })
}

function notYours({ name }: BucketRecord): OssError {
  return new OssError('AccessDenied', {
    message: 'The bucket you access does not belong to you.',
    ec: '0003-00000001',
    elements: { BucketName: name },
  })
}
