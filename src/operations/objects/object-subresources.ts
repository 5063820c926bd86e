import { getObjectAcl, putObjectAcl } from '../acl.ts'
import type { Operation } from '../operation.ts'
import { objectRow } from '../subresource.ts'
import { getObjectAttributes } from './object-attributes.ts'
import { deleteObjectTagging, getObjectTagging, putObjectTagging } from './object-tagging.ts'
import { restoreObject } from './restore-object.ts'
import {
  getObjectLegalHold,
  getObjectRetention,
  putObjectLegalHold,
  putObjectRetention,
} from './retention.ts'

/** The operations on what an object has besides its bytes. */
export const objectSubresources: readonly Operation[] = [
  objectRow('GetObjectAcl', 'GET', 'acl', getObjectAcl),
  objectRow('PutObjectAcl', 'PUT', 'acl', putObjectAcl),
  objectRow('GetObjectTagging', 'GET', 'tagging', getObjectTagging),
  objectRow('PutObjectTagging', 'PUT', 'tagging', putObjectTagging),
  objectRow('DeleteObjectTagging', 'DELETE', 'tagging', deleteObjectTagging),
  objectRow('GetObjectAttributes', 'GET', 'attributes', getObjectAttributes),
  objectRow('GetObjectRetention', 'GET', 'retention', getObjectRetention),
  objectRow('PutObjectRetention', 'PUT', 'retention', putObjectRetention),
  objectRow('GetObjectLegalHold', 'GET', 'legal-hold', getObjectLegalHold),
  objectRow('PutObjectLegalHold', 'PUT', 'legal-hold', putObjectLegalHold),
  objectRow('RestoreObject', 'POST', 'restore', restoreObject),
]
