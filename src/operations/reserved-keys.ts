import type { HeaderMap } from '../ports.ts'
import { S3Error } from '../s3/error.ts'
import { objectAclHeader } from '../translate/acl.ts'
import { RESERVED_PREFIX } from '../translate/reserved-prefix.ts'

export { RESERVED_PREFIX }

/** Behind every key below {@link RESERVED_PREFIX} that the gateway makes, and before all other keys that follow: where a list goes on. */
export const LAST_RESERVED = `${RESERVED_PREFIX}\u{10ffff}`

const ownClass: Readonly<HeaderMap> = { 'x-oss-storage-class': 'Standard' }

/** An object that the gateway keeps: of the bucket's class it might have to be restored to be read; of its ACL, everybody could read it. */
export const ownObjectHeaders: Readonly<HeaderMap> = { ...ownClass, ...objectAclHeader('private') }

/** An upload that the gateway keeps, which is never completed: OSS takes no ACL for it. */
export const ownUploadHeaders: Readonly<HeaderMap> = ownClass

/** Whether a key, or the prefix of a list, is below {@link RESERVED_PREFIX}. */
export const isReserved = (key: string) => key.startsWith(RESERVED_PREFIX)

/** @throws S3Error AccessDenied where the key, or the prefix of a list, is the gateway's own. */
export function refuseReserved(key: string): void {
  if (!isReserved(key)) return
  throw new S3Error('AccessDenied', {
    message: `Access Denied: keys that begin with ${RESERVED_PREFIX} are reserved for the gateway`,
  })
}
