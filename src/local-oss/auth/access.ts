import type { BucketCall, Call } from '../call.ts'
import { OssError } from '../errors.ts'
import { lookUpVersion } from '../objects/versions.ts'

/** The permission that an unsigned request needs for an operation; absent, it always needs a signature. */
export type AnonymousAccess = 'read' | 'write' | 'always'

/**
 * Unsigned requests may read what is public-read, and write what is public-read-write; an object's own ACL counts
 * before its bucket's.
 * @throws OssError AccessDenied.
 */
export function checkAnonymous(call: Call | BucketCall, access: AnonymousAccess | undefined): void {
  if (!call.anonymous || access === 'always') return
  if (access === undefined || !('bucket' in call)) {
    throw new OssError('AccessDenied', { message: 'Anonymous access is forbidden for this operation.' })
  }
  const { bucket } = call
  const object =
    call.key === '' ? undefined : lookUpVersion(call.state, bucket, call.key, call.query.get('versionId'))
  const own = object === undefined || object.acl === 'default' ? undefined : object.acl
  const acl = own ?? bucket.acl
  const allowed = acl === 'public-read-write' || (acl === 'public-read' && access === 'read')
  if (allowed && !bucket.publicAccessBlocked) return
  const message =
    own === undefined
      ? 'You have no right to access this object because of bucket acl.'
      : `You do not have ${access} acl permission on this object.`
  throw new OssError('AccessDenied', { message })
}
