import { getBucketAcl, putBucketAcl } from '../acl.ts'
import type { Operation } from '../operation.ts'
import { bucketRow } from '../subresource.ts'
import {
  deleteBucketPolicy,
  getBucketPolicy,
  getBucketPolicyStatus,
  putBucketPolicy,
} from './bucket-policy.ts'
import { bucketSettings } from './bucket-settings.ts'
import { getNotification, putNotification } from './notification.ts'
import { deleteOwnershipControls, getOwnershipControls, putOwnershipControls } from './ownership-controls.ts'

/** The operations on what a bucket has besides its objects. */
export const bucketSubresources: readonly Operation[] = [
  ...bucketSettings,
  bucketRow('GetBucketAcl', 'GET', 'acl', getBucketAcl),
  bucketRow('PutBucketAcl', 'PUT', 'acl', putBucketAcl),
  bucketRow('GetBucketPolicy', 'GET', 'policy', getBucketPolicy),
  bucketRow('PutBucketPolicy', 'PUT', 'policy', putBucketPolicy),
  bucketRow('DeleteBucketPolicy', 'DELETE', 'policy', deleteBucketPolicy),
  bucketRow('GetBucketPolicyStatus', 'GET', 'policyStatus', getBucketPolicyStatus),
  bucketRow('GetBucketNotificationConfiguration', 'GET', 'notification', getNotification),
  bucketRow('PutBucketNotificationConfiguration', 'PUT', 'notification', putNotification),
  bucketRow('GetBucketOwnershipControls', 'GET', 'ownershipControls', getOwnershipControls),
  bucketRow('PutBucketOwnershipControls', 'PUT', 'ownershipControls', putOwnershipControls),
  bucketRow('DeleteBucketOwnershipControls', 'DELETE', 'ownershipControls', deleteOwnershipControls),
]
