import type { Operation } from './operation.ts'
import { postObject } from './post-object.ts'

/** What browsers ask that no S3 client signs. */
export const browserRows: readonly Operation[] = [
  {
    name: 'PostObject',
    method: 'POST',
    on: 'bucket',
    access: 'write',
    auth: 'form',
    body: 'stream',
    handle: postObject,
  },
]
