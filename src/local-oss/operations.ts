import { appendObject } from './append-object.ts'
import * as bucket from './bucket.ts'
import { bucketConfigOperations, getBucketPolicyStatus } from './bucket-config.ts'
import { getBucketStat } from './bucket-stat.ts'
import { copyObject } from './copy-object.ts'
import { optionObject } from './cors.ts'
import { deleteMultipleObjects, deleteObject } from './delete-object.ts'
import { getObject, getObjectMeta, headObject } from './get-object.ts'
import { listObjects, listObjectsV2, listObjectVersions } from './list-objects.ts'
import * as multipart from './multipart.ts'
import { completeMultipartUpload } from './multipart-complete.ts'
import { listMultipartUploads, listParts } from './multipart-list.ts'
import { getObjectAcl, putObjectAcl } from './object-acl.ts'
import * as lock from './object-lock.ts'
import { deleteObjectTagging, getObjectTagging, putObjectTagging } from './object-tagging.ts'
import type { Operation } from './operation.ts'
import { uploadPartCopy } from './part-copy.ts'
import { putObject } from './put-object.ts'
import { cleanRestoredObject, restoreObject } from './restore.ts'
import { getSymlink, putSymlink } from './symlink.ts'
import type { HeaderMap } from './wire.ts'

const operations: readonly Operation[] = [
  { name: 'ListBuckets', method: 'GET', on: 'service', handle: bucket.listBuckets },

  { name: 'PutBucket', method: 'PUT', on: 'bucket-name', handle: bucket.putBucket },
  { name: 'DeleteBucket', method: 'DELETE', on: 'bucket', handle: bucket.deleteBucket },
  { name: 'GetBucketInfo', method: 'GET', on: 'bucket', query: ['bucketInfo'], handle: bucket.getBucketInfo },
  {
    name: 'GetBucketLocation',
    method: 'GET',
    on: 'bucket',
    query: ['location'],
    handle: bucket.getBucketLocation,
  },
  { name: 'GetBucketAcl', method: 'GET', on: 'bucket', query: ['acl'], handle: bucket.getBucketAcl },
  { name: 'PutBucketAcl', method: 'PUT', on: 'bucket', query: ['acl'], handle: bucket.putBucketAcl },
  {
    name: 'GetBucketVersioning',
    method: 'GET',
    on: 'bucket',
    query: ['versioning'],
    handle: bucket.getBucketVersioning,
  },
  {
    name: 'PutBucketVersioning',
    method: 'PUT',
    on: 'bucket',
    query: ['versioning'],
    handle: bucket.putBucketVersioning,
  },

  ...bucketConfigOperations,
  {
    name: 'GetBucketPolicyStatus',
    method: 'GET',
    on: 'bucket',
    query: ['policyStatus'],
    handle: getBucketPolicyStatus,
  },
  { name: 'GetBucketStat', method: 'GET', on: 'bucket', query: ['stat'], handle: getBucketStat },
  { name: 'OptionObject', method: 'OPTIONS', on: 'bucket', anonymous: 'always', handle: optionObject },

  { name: 'ListObjects', method: 'GET', on: 'bucket', anonymous: 'read', handle: listObjects },
  {
    name: 'ListObjectsV2',
    method: 'GET',
    on: 'bucket',
    query: ['list-type'],
    anonymous: 'read',
    handle: listObjectsV2,
  },
  {
    name: 'ListObjectVersions',
    method: 'GET',
    on: 'bucket',
    query: ['versions'],
    handle: listObjectVersions,
  },
  {
    name: 'DeleteMultipleObjects',
    method: 'POST',
    on: 'bucket',
    query: ['delete'],
    handle: deleteMultipleObjects,
  },

  {
    name: 'ListMultipartUploads',
    method: 'GET',
    on: 'bucket',
    query: ['uploads'],
    handle: listMultipartUploads,
  },

  { name: 'PutObject', method: 'PUT', on: 'object', anonymous: 'write', writes: true, handle: putObject },
  {
    name: 'CopyObject',
    method: 'PUT',
    on: 'object',
    header: 'x-oss-copy-source',
    writes: true,
    handle: copyObject,
  },
  {
    name: 'AppendObject',
    method: 'POST',
    on: 'object',
    query: ['append'],
    anonymous: 'write',
    writes: true,
    handle: appendObject,
  },
  { name: 'PutSymlink', method: 'PUT', on: 'object', query: ['symlink'], writes: true, handle: putSymlink },
  {
    name: 'GetSymlink',
    method: 'GET',
    on: 'object',
    query: ['symlink'],
    anonymous: 'read',
    handle: getSymlink,
  },
  { name: 'GetObject', method: 'GET', on: 'object', anonymous: 'read', handle: getObject },
  { name: 'HeadObject', method: 'HEAD', on: 'object', anonymous: 'read', handle: headObject },
  {
    name: 'GetObjectMeta',
    method: 'HEAD',
    on: 'object',
    query: ['objectMeta'],
    anonymous: 'read',
    handle: getObjectMeta,
  },
  { name: 'DeleteObject', method: 'DELETE', on: 'object', anonymous: 'write', handle: deleteObject },
  { name: 'GetObjectAcl', method: 'GET', on: 'object', query: ['acl'], handle: getObjectAcl },
  { name: 'PutObjectAcl', method: 'PUT', on: 'object', query: ['acl'], handle: putObjectAcl },
  { name: 'GetObjectTagging', method: 'GET', on: 'object', query: ['tagging'], handle: getObjectTagging },
  { name: 'PutObjectTagging', method: 'PUT', on: 'object', query: ['tagging'], handle: putObjectTagging },
  {
    name: 'DeleteObjectTagging',
    method: 'DELETE',
    on: 'object',
    query: ['tagging'],
    handle: deleteObjectTagging,
  },
  { name: 'RestoreObject', method: 'POST', on: 'object', query: ['restore'], handle: restoreObject },
  {
    name: 'CleanRestoredObject',
    method: 'POST',
    on: 'object',
    query: ['cleanRestoredObject'],
    handle: cleanRestoredObject,
  },
  {
    name: 'PutObjectRetention',
    method: 'PUT',
    on: 'object',
    query: ['retention'],
    handle: lock.putObjectRetention,
  },
  {
    name: 'GetObjectRetention',
    method: 'GET',
    on: 'object',
    query: ['retention'],
    handle: lock.getObjectRetention,
  },
  {
    name: 'PutObjectLegalHold',
    method: 'PUT',
    on: 'object',
    query: ['legalHold'],
    handle: lock.putObjectLegalHold,
  },
  {
    name: 'GetObjectLegalHold',
    method: 'GET',
    on: 'object',
    query: ['legalHold'],
    handle: lock.getObjectLegalHold,
  },
  { name: 'OptionObject', method: 'OPTIONS', on: 'object', anonymous: 'always', handle: optionObject },

  {
    name: 'InitiateMultipartUpload',
    method: 'POST',
    on: 'object',
    query: ['uploads'],
    anonymous: 'write',
    writes: true,
    handle: multipart.initiateMultipartUpload,
  },
  {
    name: 'UploadPart',
    method: 'PUT',
    on: 'object',
    query: ['partNumber', 'uploadId'],
    anonymous: 'write',
    writes: true,
    handle: multipart.uploadPart,
  },
  {
    name: 'UploadPartCopy',
    method: 'PUT',
    on: 'object',
    query: ['partNumber', 'uploadId'],
    header: 'x-oss-copy-source',
    writes: true,
    handle: uploadPartCopy,
  },
  {
    name: 'CompleteMultipartUpload',
    method: 'POST',
    on: 'object',
    query: ['uploadId'],
    anonymous: 'write',
    writes: true,
    handle: completeMultipartUpload,
  },
  {
    name: 'AbortMultipartUpload',
    method: 'DELETE',
    on: 'object',
    query: ['uploadId'],
    anonymous: 'write',
    handle: multipart.abortMultipartUpload,
  },
  { name: 'ListParts', method: 'GET', on: 'object', query: ['uploadId'], handle: listParts },
]

/** Names that ask for something else than the bare bucket or object: `DELETE ?policy` deletes no bucket. */
const subresources = new Set(
  operations.flatMap(({ query = [] }) => query).filter((name) => name !== 'list-type'),
)

/** Sub-resources OSS has and this service has not; they must not pass for something else. */
const MISSING = `accessmonitor accessPoint archiveDirectRead asyncFetch bucketArchiveDirectRead callback cname
  encryptionConfig httpsConfig img inventory live metaQuery qos qosInfo redundancyTransition regions
  replication replicationLocation replicationProgress resourceGroup rtc seal select status style vod worm wormExtend wormId x-oss-async-process x-oss-process`.split(
  /\s+/,
)

/** What a request addresses. */
export type Target = { method: string; bucket: string; key: string }

/** The row that meets the most conditions; undefined when OSS, or this service, has no such operation. */
export function findOperation(
  { method, bucket, key }: Target,
  query: ReadonlyMap<string, string>,
  headers: HeaderMap,
): Operation | undefined {
  if (MISSING.some((name) => query.has(name))) return undefined
  const levels = bucket === '' ? ['service'] : key === '' ? ['bucket', 'bucket-name'] : ['object']
  let best: Operation | undefined
  for (const row of operations) {
    if (row.method !== method || !levels.includes(row.on)) continue
    if (row.query?.some((name) => !query.has(name))) continue
    if ([...query.keys()].some((name) => subresources.has(name) && !row.query?.includes(name))) continue
    if (row.header !== undefined && headers[row.header] === undefined) continue
    if (best === undefined || specificity(row) > specificity(best)) best = row
  }
  return best
}

const specificity = ({ query, header }: Operation) => (query?.length ?? 0) + (header === undefined ? 0 : 1)
