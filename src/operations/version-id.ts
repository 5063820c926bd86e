import { invalidArgument } from '../s3/error.ts'
import { validateVersionId } from '../s3/request.ts'
import type { Operation } from './operation.ts'

/** The operations of S3's model with a `versionId` in the query. */
const aboutVersions: ReadonlySet<string> = new Set([
  'GetObject',
  'HeadObject',
  'DeleteObject',
  'GetObjectAcl',
  'PutObjectAcl',
  'GetObjectTagging',
  'PutObjectTagging',
  'DeleteObjectTagging',
  'GetObjectAttributes',
  'GetObjectRetention',
  'PutObjectRetention',
  'GetObjectLegalHold',
  'PutObjectLegalHold',
  'RestoreObject',
  'UpdateObjectEncryption',
  'GetObjectAnnotation',
  'ListObjectAnnotations',
  'PutObjectAnnotation',
  'DeleteObjectAnnotation',
])

/**
 * Holds the version that a request names to S3's rules. A preflight is about another request.
 * @throws S3Error InvalidArgument: the operation is not about versions, or no version has such an id.
 */
export function checkVersionId({ name, auth }: Operation, query: ReadonlyMap<string, string>): void {
  const id = query.get('versionId')
  if (id === undefined || auth === 'none') return
  if (!aboutVersions.has(name)) {
    throw invalidArgument('This operation does not accept a version-id.', 'versionId', id)
  }
  validateVersionId(id)
}
