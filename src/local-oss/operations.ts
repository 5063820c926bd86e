import { accountPublicAccess } from './buckets/account-public-access.ts'
import * as bucket from './buckets/bucket.ts'
import { collectionOperations } from './buckets/bucket-collection.ts'
import { bucketCollections } from './buckets/bucket-collections.ts'
import { configOperations } from './buckets/bucket-config.ts'
import { bucketConfigs } from './buckets/bucket-configs.ts'
import { getBucketInfo } from './buckets/bucket-info.ts'
import { getBucketStat } from './buckets/bucket-stat.ts'
import * as worm from './buckets/bucket-worm.ts'
import { optionObject } from './buckets/cors.ts'
import { listBuckets } from './buckets/list-buckets.ts'
import { listLiveChannels, noLiveChannel } from './buckets/live-channels.ts'
import { describeRegions } from './buckets/regions.ts'
import { cnameOperations } from './hosts/cname-operations.ts'
import { listObjects, listObjectsV2, listObjectVersions } from './lists/list-objects.ts'
import { appendObject, sealAppendObject } from './objects/append-object.ts'
import { copyObject } from './objects/copy-object.ts'
import { deleteMultipleObjects, deleteObject } from './objects/delete-object.ts'
import { getObject, getObjectMeta, headObject } from './objects/get-object.ts'
import { getObjectAcl, putObjectAcl } from './objects/object-acl.ts'
import * as lock from './objects/object-lock.ts'
import { deleteObjectTagging, getObjectTagging, putObjectTagging } from './objects/object-tagging.ts'
import { putObject } from './objects/put-object.ts'
import { cleanRestoredObject, restoreObject } from './objects/restore.ts'
import { getSymlink, putSymlink } from './objects/symlink.ts'
import type { Operation } from './operation.ts'
import { getBucketPolicyStatus } from './policy/bucket-policy.ts'
import { postObject } from './post/post-object.ts'
import * as multipart from './uploads/multipart.ts'
import { completeMultipartUpload } from './uploads/multipart-complete.ts'
import { listMultipartUploads, listParts } from './uploads/multipart-list.ts'
import { uploadPartCopy } from './uploads/part-copy.ts'

/** The table of all operations. */
export const operations: readonly Operation[] = [
  {
    name: 'ListBuckets',
    method: 'GET',
    on: 'service',
    optional: ['regionList', 'tagging'],
    handle: listBuckets,
  },
  ...accountPublicAccess,
  { name: 'DescribeRegions', method: 'GET', on: 'service', query: ['regions'], handle: describeRegions },

  { name: 'PutBucket', method: 'PUT', on: 'bucket-name', handle: bucket.putBucket },
  { name: 'HeadBucket', method: 'HEAD', on: 'bucket', handle: bucket.headBucket },
  { name: 'DeleteBucket', method: 'DELETE', on: 'bucket', handle: bucket.deleteBucket },
  { name: 'GetBucketInfo', method: 'GET', on: 'bucket', query: ['bucketInfo'], handle: getBucketInfo },
  {
    name: 'GetBucketLocation',
    method: 'GET',
    on: 'bucket',
    query: ['location'],
    locates: true,
    handle: bucket.getBucketLocation,
  },
  { name: 'GetBucketAcl', method: 'GET', on: 'bucket', query: ['acl'], handle: bucket.getBucketAcl },
  { name: 'PutBucketAcl', method: 'PUT', on: 'bucket-name', query: ['acl'], handle: bucket.putBucketAcl },
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

  ...configOperations(bucketConfigs),
  ...cnameOperations,
  ...collectionOperations(bucketCollections),
  {
    name: 'InitiateBucketWorm',
    method: 'POST',
    on: 'bucket',
    query: ['worm'],
    handle: worm.initiateBucketWorm,
  },
  { name: 'GetBucketWorm', method: 'GET', on: 'bucket', query: ['worm'], handle: worm.getBucketWorm },
  { name: 'AbortBucketWorm', method: 'DELETE', on: 'bucket', query: ['worm'], handle: worm.abortBucketWorm },
  {
    name: 'CompleteBucketWorm',
    method: 'POST',
    on: 'bucket',
    query: ['wormId'],
    handle: worm.completeBucketWorm,
  },
  {
    name: 'ExtendBucketWorm',
    method: 'POST',
    on: 'bucket',
    query: ['wormId', 'wormExtend'],
    handle: worm.extendBucketWorm,
  },
  {
    name: 'GetBucketPolicyStatus',
    method: 'GET',
    on: 'bucket',
    query: ['policyStatus'],
    handle: getBucketPolicyStatus,
  },
  { name: 'ListLiveChannel', method: 'GET', on: 'bucket', query: ['live'], handle: listLiveChannels },
  {
    name: 'GetLiveChannelInfo',
    method: 'GET',
    on: 'object',
    query: ['live'],
    optional: ['comp'],
    handle: noLiveChannel,
  },
  { name: 'GetBucketStat', method: 'GET', on: 'bucket', query: ['stat'], handle: getBucketStat },
  { name: 'OptionObject', method: 'OPTIONS', on: 'bucket', public: true, handle: optionObject },

  { name: 'ListObjects', method: 'GET', on: 'bucket', acl: 'read', handle: listObjects },
  {
    name: 'ListObjectsV2',
    action: 'ListObjects',
    method: 'GET',
    on: 'bucket',
    query: ['list-type'],
    acl: 'read',
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
    asks: true,
    method: 'POST',
    on: 'bucket',
    query: ['delete'],
    handle: deleteMultipleObjects,
  },

  {
    name: 'PostObject',
    fills: true,
    method: 'POST',
    on: 'bucket',
    asks: true,
    signedInBody: true,
    handle: postObject,
  },

  {
    name: 'ListMultipartUploads',
    method: 'GET',
    on: 'bucket',
    query: ['uploads'],
    handle: listMultipartUploads,
  },

  {
    name: 'PutObject',
    fills: true,
    method: 'PUT',
    on: 'object',
    acl: 'write',
    encrypts: true,
    writes: true,
    callsBack: true,
    optional: ['callback', 'callback-var'],
    handle: putObject,
  },
  {
    name: 'CopyObject',
    fills: true,
    action: 'PutObject',
    acl: 'write',
    signed: true,
    method: 'PUT',
    on: 'object',
    header: 'x-oss-copy-source',
    // To be refused: without them it would be a PutObject.
    optional: ['callback', 'callback-var'],
    encrypts: true,
    writes: true,
    handle: copyObject,
  },
  {
    name: 'AppendObject',
    fills: true,
    action: 'PutObject',
    method: 'POST',
    on: 'object',
    query: ['append'],
    optional: ['position'],
    acl: 'write',
    encrypts: true,
    writes: true,
    handle: appendObject,
  },
  {
    name: 'SealAppendObject',
    action: 'PutObject',
    acl: 'write',
    signed: true,
    method: 'POST',
    on: 'object',
    query: ['seal'],
    optional: ['position'],
    handle: sealAppendObject,
  },
  {
    name: 'PutSymlink',
    fills: true,
    action: 'PutObject',
    acl: 'write',
    signed: true,
    method: 'PUT',
    on: 'object',
    query: ['symlink'],
    writes: true,
    handle: putSymlink,
  },
  {
    name: 'GetSymlink',
    action: 'GetObject',
    method: 'GET',
    on: 'object',
    query: ['symlink'],
    optional: ['versionId'],
    acl: 'read',
    handle: getSymlink,
  },
  {
    name: 'GetObject',
    method: 'GET',
    on: 'object',
    optional: ['versionId'],
    acl: 'read',
    handle: getObject,
  },
  {
    name: 'HeadObject',
    action: 'GetObject',
    method: 'HEAD',
    on: 'object',
    optional: ['versionId'],
    acl: 'read',
    handle: headObject,
  },
  {
    name: 'GetObjectMeta',
    action: 'GetObject',
    method: 'HEAD',
    on: 'object',
    query: ['objectMeta'],
    optional: ['versionId'],
    acl: 'read',
    handle: getObjectMeta,
  },
  {
    name: 'DeleteObject',
    method: 'DELETE',
    on: 'object',
    optional: ['versionId'],
    acl: 'write',
    handle: deleteObject,
  },
  {
    // A test of the Python SDK deletes a link so.
    name: 'DeleteObject',
    method: 'DELETE',
    on: 'object',
    query: ['symlink'],
    optional: ['versionId'],
    acl: 'write',
    handle: deleteObject,
  },
  {
    name: 'GetObjectAcl',
    method: 'GET',
    on: 'object',
    query: ['acl'],
    optional: ['versionId'],
    handle: getObjectAcl,
  },
  {
    name: 'PutObjectAcl',
    method: 'PUT',
    on: 'object',
    query: ['acl'],
    optional: ['versionId'],
    handle: putObjectAcl,
  },
  {
    name: 'GetObjectTagging',
    method: 'GET',
    on: 'object',
    query: ['tagging'],
    optional: ['versionId'],
    handle: getObjectTagging,
  },
  {
    name: 'PutObjectTagging',
    asks: true,
    method: 'PUT',
    on: 'object',
    query: ['tagging'],
    optional: ['versionId'],
    handle: putObjectTagging,
  },
  {
    name: 'DeleteObjectTagging',
    method: 'DELETE',
    on: 'object',
    query: ['tagging'],
    optional: ['versionId'],
    handle: deleteObjectTagging,
  },
  {
    name: 'RestoreObject',
    method: 'POST',
    on: 'object',
    query: ['restore'],
    optional: ['versionId'],
    handle: restoreObject,
  },
  {
    name: 'CleanRestoredObject',
    method: 'POST',
    on: 'object',
    query: ['cleanRestoredObject'],
    optional: ['versionId'],
    handle: cleanRestoredObject,
  },
  {
    name: 'PutObjectRetention',
    method: 'PUT',
    on: 'object',
    query: ['retention'],
    optional: ['versionId'],
    handle: lock.putObjectRetention,
  },
  {
    name: 'GetObjectRetention',
    method: 'GET',
    on: 'object',
    query: ['retention'],
    optional: ['versionId'],
    handle: lock.getObjectRetention,
  },
  {
    name: 'PutObjectLegalHold',
    method: 'PUT',
    on: 'object',
    query: ['legalHold'],
    optional: ['versionId'],
    handle: lock.putObjectLegalHold,
  },
  {
    name: 'GetObjectLegalHold',
    method: 'GET',
    on: 'object',
    query: ['legalHold'],
    optional: ['versionId'],
    handle: lock.getObjectLegalHold,
  },
  { name: 'OptionObject', method: 'OPTIONS', on: 'object', public: true, handle: optionObject },

  {
    name: 'InitiateMultipartUpload',
    fills: true,
    action: 'PutObject',
    method: 'POST',
    on: 'object',
    query: ['uploads'],
    // The Go SDK v1 sends the version that it copies by parts, and conditions, which are not for what begins (its tests).
    optional: ['sequential', 'versionId'],
    acl: 'write',
    encrypts: true,
    handle: multipart.initiateMultipartUpload,
  },
  {
    name: 'UploadPart',
    fills: true,
    action: 'PutObject',
    method: 'PUT',
    on: 'object',
    query: ['partNumber', 'uploadId'],
    optional: ['sequential'],
    acl: 'write',
    writes: true,
    handle: multipart.uploadPart,
  },
  {
    name: 'UploadPartCopy',
    fills: true,
    action: 'PutObject',
    acl: 'write',
    signed: true,
    method: 'PUT',
    on: 'object',
    query: ['partNumber', 'uploadId'],
    optional: ['sequential', 'versionId'],
    header: 'x-oss-copy-source',
    writes: true,
    handle: uploadPartCopy,
  },
  {
    name: 'CompleteMultipartUpload',
    fills: true,
    action: 'PutObject',
    method: 'POST',
    on: 'object',
    query: ['uploadId'],
    optional: ['sequential', 'callback', 'callback-var'],
    callsBack: true,
    acl: 'write',
    writes: true,
    handle: completeMultipartUpload,
  },
  {
    name: 'AbortMultipartUpload',
    method: 'DELETE',
    on: 'object',
    query: ['uploadId'],
    optional: ['sequential'],
    acl: 'write',
    handle: multipart.abortMultipartUpload,
  },
  {
    name: 'ListParts',
    method: 'GET',
    on: 'object',
    query: ['uploadId'],
    optional: ['sequential'],
    handle: listParts,
  },
]
