import type { Reply } from '../ports.ts'
import { getObjectAcl, putObjectAcl } from './acl.ts'
import { getObjectAttributes } from './object-attributes.ts'
import {
  getObjectLegalHold,
  getObjectRetention,
  putObjectLegalHold,
  putObjectRetention,
} from './object-lock.ts'
import { deleteObjectTagging, getObjectTagging, putObjectTagging } from './object-tagging.ts'
import type { Context, ObjectRequest, Operation } from './operation.ts'
import { restoreObject } from './restore-object.ts'

/** A sub-resource of an object: what reads it takes no body, what writes it does. */
const row = (
  name: string,
  method: 'GET' | 'PUT' | 'POST' | 'DELETE',
  subresource: string,
  handle: (request: ObjectRequest, context: Context) => Promise<Reply>,
): Operation => ({
  name,
  method,
  on: 'object',
  query: [subresource],
  access: method === 'GET' ? 'read' : 'write',
  body: method === 'PUT' || method === 'POST' ? 'stream' : 'none',
  handle,
})

/** The operations on what an object has besides its bytes. */
export const objectSubresources: readonly Operation[] = [
  row('GetObjectAcl', 'GET', 'acl', getObjectAcl),
  row('PutObjectAcl', 'PUT', 'acl', putObjectAcl),
  row('GetObjectTagging', 'GET', 'tagging', getObjectTagging),
  row('PutObjectTagging', 'PUT', 'tagging', putObjectTagging),
  row('DeleteObjectTagging', 'DELETE', 'tagging', deleteObjectTagging),
  row('GetObjectAttributes', 'GET', 'attributes', getObjectAttributes),
  row('GetObjectRetention', 'GET', 'retention', getObjectRetention),
  row('PutObjectRetention', 'PUT', 'retention', putObjectRetention),
  row('GetObjectLegalHold', 'GET', 'legal-hold', getObjectLegalHold),
  row('PutObjectLegalHold', 'PUT', 'legal-hold', putObjectLegalHold),
  row('RestoreObject', 'POST', 'restore', restoreObject),
]
