import { preflight } from './buckets/preflight.ts'
import { postObject } from './objects/post-object.ts'
import type { Operation } from './operation.ts'

/** What browsers ask that no S3 client signs. */
export const browserRows: readonly Operation[] = [
  {
    name: 'PostObject',
    method: 'POST',
    on: 'bucket',
    access: 'keys',
    auth: 'form',
    body: 'stream',
    handle: postObject,
  },
  {
    name: 'PreflightBucket',
    method: 'OPTIONS',
    on: 'bucket',
    access: 'read',
    auth: 'none',
    body: 'none',
    handle: preflight,
  },
  {
    name: 'PreflightObject',
    method: 'OPTIONS',
    on: 'object',
    access: 'read',
    auth: 'none',
    body: 'none',
    handle: preflight,
  },
]
