import { children, text } from '../xml/index.ts'
import type { OssClient } from './client.ts'
import { regionOfLocation } from './regions.ts'

/** What OSS says of a bucket. */
export type BucketInfo = {
  ownerId: string
  region: string
  /** As OSS writes it, e.g. `2026-01-31T12:00:00.000Z`. */
  creationDate: string | undefined
  /** OSS's name of a canned ACL. */
  acl: string
  /** `Enabled`, `Suspended`, or undefined for a bucket that never had versions. */
  versioning: string | undefined
  /** The class of what is written without one. */
  storageClass: string | undefined
  /** What is encrypted without being asked to: `AES256`, `KMS`, `SM4`, undefined for nothing; and the key. */
  encryption: { algorithm: string | undefined; keyId: string | undefined }
  /** Whether public ACLs are refused. */
  blocksPublicAccess: boolean
}

/** GetBucketInfo. @throws OssError NoSuchBucket, AccessDenied. */
export async function getBucketInfo(oss: OssClient, bucket: string): Promise<BucketInfo> {
  const { document } = await oss.sendForXml(
    { method: 'GET', bucket, query: { bucketInfo: null } },
    'BucketInfo',
  )
  const [info = {}] = children(document, 'Bucket')
  const [owner = {}] = children(info, 'Owner')
  const [grants = {}] = children(info, 'AccessControlList')
  const [rule = {}] = children(info, 'ServerSideEncryptionRule')
  const algorithm = text(rule, 'SSEAlgorithm')
  const region = regionOfLocation(text(info, 'Location') ?? '')
  return {
    ownerId: text(owner, 'ID') ?? '',
    region,
    creationDate: text(info, 'CreationDate'),
    acl: text(grants, 'Grant') ?? 'private',
    versioning: text(info, 'Versioning'),
    storageClass: text(info, 'StorageClass'),
    encryption: {
      algorithm: algorithm === 'None' ? undefined : algorithm,
      keyId: text(rule, 'KMSMasterKeyID') || undefined,
    },
    blocksPublicAccess: text(info, 'BlockPublicAccess') === 'true',
  }
}

/** The id of the account that asks, which has the buckets it makes; by ListBuckets. @throws OssError AccessDenied. */
export async function getAccountId(oss: OssClient): Promise<string> {
  const { document } = await oss.sendForXml(
    { method: 'GET', query: { 'max-keys': '1' } },
    'ListAllMyBucketsResult',
  )
  const [owner = {}] = children(document, 'Owner')
  return text(owner, 'ID') ?? ''
}
