import type { Permission } from './access/access.ts'
import type { BucketCall, Call } from './call.ts'
import type { OssError } from './errors.ts'
import type { Reply } from './http.ts'

type Row = {
  /** OSS's name for it. */
  name: string
  method: string
  /** Sub-resources that must all be present; any other is refused. */
  query?: readonly string[]
  /** Sub-resources that may come with them. */
  optional?: readonly string[]
  /** The value of `comp`, by which those with the same sub-resources are told apart. */
  comp?: string
  /** A header that must be present. */
  header?: string
  /** What a missing bucket is answered, where that is not NoSuchBucket. */
  missing?: () => OssError
  /** Its name in policies, where that is another. */
  action?: string
  /** The permission of an ACL by which others than the bucket's owner may have it; absent: none. */
  acl?: Permission
  /** Whether that permission is of no use to unsigned requests. */
  signed?: true
  /** Whether it asks by itself what it may be had for: its body says so. */
  asks?: true
  /** Whether anybody may have it, and a signature is not looked at. */
  public?: true
  /** Whether it is signed in its body, and no other signature counts. */
  signedInBody?: true
  /** Whether it is asked where a bucket is, by who cannot sign for the region. */
  locates?: true
  /** Whether it takes the header for encryption: others on objects, even on parts of an upload, refuse it. */
  encrypts?: true
  /** Whether it may call back when it is done. */
  callsBack?: true
  /** Whether the bucket may hold more by it, and so must hold no more than its quota. */
  fills?: true
  /** Whether it writes an object, and so refuses `If-Match` and the like. */
  writes?: true
}

/** An operation of OSS. Those on the service, and those whose bucket need not exist, get a call without a bucket. */
export type Operation =
  | (Row & { on: 'service' | 'bucket-name'; handle: (call: Call) => Promise<Reply> })
  | BucketOperation

/** An operation on a bucket that exists, or on what is in it. */
export type BucketOperation = Row & { on: 'bucket' | 'object'; handle: (call: BucketCall) => Promise<Reply> }

/** Whether its bucket must exist. */
export function needsBucket(operation: Operation): operation is BucketOperation {
  return operation.on === 'bucket' || operation.on === 'object'
}
