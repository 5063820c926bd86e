import { getBucketLocation, headBucket } from './buckets/bucket.ts'
import { bucketSubresources } from './buckets/bucket-subresources.ts'
import { createBucket } from './buckets/create-bucket.ts'
import { deleteBucket } from './buckets/delete-bucket.ts'
import { listBuckets } from './buckets/list-buckets.ts'
import { preflight } from './buckets/preflight.ts'
import { copyObject } from './copies/copy-object.ts'
import { uploadPartCopy } from './copies/upload-part-copy.ts'
import { listObjectVersions } from './lists/list-object-versions.ts'
import { listObjects, listObjectsV2 } from './lists/list-objects.ts'
import { deleteObjects } from './objects/delete-objects.ts'
import { deleteObject, putObject } from './objects/object.ts'
import { objectSubresources } from './objects/object-subresources.ts'
import { postObject } from './objects/post-object.ts'
import { getObject, headObject } from './objects/read-object.ts'
import type { Operation } from './operation.ts'
import { completeMultipartUpload } from './uploads/complete-upload.ts'
import { abortMultipartUpload, createMultipartUpload, uploadPart } from './uploads/multipart.ts'
import { listMultipartUploads, listParts } from './uploads/multipart-list.ts'

const COPY_SOURCE = 'x-amz-copy-source'

/** Everything S3 can ask and the gateway does. */
export const served: readonly Operation[] = [
  { name: 'ListBuckets', method: 'GET', on: 'service', access: 'list', body: 'none', handle: listBuckets },

  {
    name: 'CreateBucket',
    method: 'PUT',
    on: 'bucket',
    access: 'write',
    body: 'document',
    handle: createBucket,
  },
  { name: 'HeadBucket', method: 'HEAD', on: 'bucket', access: 'read', body: 'none', handle: headBucket },
  {
    name: 'DeleteBucket',
    method: 'DELETE',
    on: 'bucket',
    access: 'write',
    body: 'none',
    handle: deleteBucket,
  },
  {
    name: 'GetBucketLocation',
    method: 'GET',
    on: 'bucket',
    query: ['location'],
    access: 'read',
    body: 'none',
    handle: getBucketLocation,
  },
  ...bucketSubresources,
  {
    name: 'ListObjects',
    method: 'GET',
    on: 'bucket',
    access: 'list',
    anonymous: true,
    body: 'none',
    handle: listObjects,
  },
  {
    name: 'ListObjectsV2',
    method: 'GET',
    on: 'bucket',
    query: ['list-type=2'],
    access: 'list',
    anonymous: true,
    body: 'none',
    handle: listObjectsV2,
  },

  {
    name: 'ListObjectVersions',
    method: 'GET',
    on: 'bucket',
    query: ['versions'],
    access: 'list',
    anonymous: true,
    body: 'none',
    handle: listObjectVersions,
  },

  { name: 'PutObject', method: 'PUT', on: 'object', access: 'write', body: 'stream', handle: putObject },
  {
    name: 'CopyObject',
    method: 'PUT',
    on: 'object',
    headers: [COPY_SOURCE],
    access: 'write',
    body: 'none',
    handle: copyObject,
  },
  {
    name: 'GetObject',
    method: 'GET',
    on: 'object',
    access: 'read',
    anonymous: true,
    body: 'none',
    handle: getObject,
  },
  {
    name: 'HeadObject',
    method: 'HEAD',
    on: 'object',
    access: 'read',
    anonymous: true,
    body: 'none',
    handle: headObject,
  },
  {
    name: 'DeleteObject',
    method: 'DELETE',
    on: 'object',
    access: 'write',
    body: 'none',
    handle: deleteObject,
  },

  ...objectSubresources,
  // What browsers ask that no S3 client signs.
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
  {
    name: 'DeleteObjects',
    method: 'POST',
    on: 'bucket',
    query: ['delete'],
    access: 'keys',
    body: 'document',
    handle: deleteObjects,
  },

  {
    name: 'CreateMultipartUpload',
    method: 'POST',
    on: 'object',
    query: ['uploads'],
    access: 'write',
    body: 'none',
    handle: createMultipartUpload,
  },
  {
    name: 'UploadPart',
    method: 'PUT',
    on: 'object',
    query: ['partNumber', 'uploadId'],
    access: 'write',
    body: 'stream',
    handle: uploadPart,
  },
  {
    name: 'UploadPartCopy',
    method: 'PUT',
    on: 'object',
    query: ['partNumber', 'uploadId'],
    headers: [COPY_SOURCE],
    access: 'write',
    body: 'none',
    handle: uploadPartCopy,
  },
  {
    name: 'CompleteMultipartUpload',
    method: 'POST',
    on: 'object',
    query: ['uploadId'],
    access: 'write',
    body: 'document',
    checksumOf: 'object',
    handle: completeMultipartUpload,
  },
  {
    name: 'AbortMultipartUpload',
    method: 'DELETE',
    on: 'object',
    query: ['uploadId'],
    access: 'write',
    body: 'none',
    handle: abortMultipartUpload,
  },
  {
    name: 'ListParts',
    method: 'GET',
    on: 'object',
    query: ['uploadId'],
    access: 'read',
    body: 'none',
    handle: listParts,
  },
  {
    name: 'ListMultipartUploads',
    method: 'GET',
    on: 'bucket',
    query: ['uploads'],
    access: 'list',
    body: 'none',
    handle: listMultipartUploads,
  },
]
