import type { Operation } from './operation.ts'
import { postObject } from './post-object.ts'
import { preflight } from './preflight.ts'

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
