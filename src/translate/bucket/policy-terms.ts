/** What an action is about, which the resources of its statement have to name. */
export type Level = 'bucket' | 'object'

/** Actions that let the same be done on both sides. */
const sameActions: readonly (readonly [s3: string, oss: string, on: Level])[] = [
  ['s3:GetObject', 'oss:GetObject', 'object'],
  ['s3:GetObjectVersion', 'oss:GetObjectVersion', 'object'],
  ['s3:PutObject', 'oss:PutObject', 'object'],
  ['s3:DeleteObject', 'oss:DeleteObject', 'object'],
  ['s3:DeleteObjectVersion', 'oss:DeleteObjectVersion', 'object'],
  ['s3:GetObjectAcl', 'oss:GetObjectAcl', 'object'],
  ['s3:GetObjectVersionAcl', 'oss:GetObjectVersionAcl', 'object'],
  ['s3:PutObjectAcl', 'oss:PutObjectAcl', 'object'],
  ['s3:PutObjectVersionAcl', 'oss:PutObjectVersionAcl', 'object'],
  ['s3:GetObjectTagging', 'oss:GetObjectTagging', 'object'],
  ['s3:GetObjectVersionTagging', 'oss:GetObjectVersionTagging', 'object'],
  ['s3:PutObjectTagging', 'oss:PutObjectTagging', 'object'],
  ['s3:PutObjectVersionTagging', 'oss:PutObjectVersionTagging', 'object'],
  ['s3:DeleteObjectTagging', 'oss:DeleteObjectTagging', 'object'],
  ['s3:DeleteObjectVersionTagging', 'oss:DeleteObjectVersionTagging', 'object'],
  ['s3:RestoreObject', 'oss:RestoreObject', 'object'],
  ['s3:AbortMultipartUpload', 'oss:AbortMultipartUpload', 'object'],
  ['s3:ListMultipartUploadParts', 'oss:ListParts', 'object'],
  ['s3:ListBucket', 'oss:ListObjects', 'bucket'],
  ['s3:ListBucketVersions', 'oss:ListObjectVersions', 'bucket'],
  ['s3:ListBucketMultipartUploads', 'oss:ListMultipartUploads', 'bucket'],
  ['s3:GetBucketLocation', 'oss:GetBucketLocation', 'bucket'],
  ['s3:GetBucketAcl', 'oss:GetBucketAcl', 'bucket'],
]

const EVERYTHING = ['s3:*', 'oss:*'] as const

/** By the name in lower case: neither side heeds it. */
export const actions = new Map(
  [EVERYTHING, ...sameActions].map(([s3, oss]) => [s3.toLowerCase(), oss] as const),
)
export const ossActions = new Map(
  [EVERYTHING, ...sameActions].map(([s3, oss]) => [oss.toLowerCase(), s3] as const),
)

/**
 * Actions of S3 that OSS has under no name, so that they can be told from those that S3 does not have either.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html, those on buckets and objects.
 */
const otherActions: Record<Level, string> = {
  object: `BypassGovernanceRetention GetObjectAnnotation GetObjectAttributes GetObjectLegalHold GetObjectRetention
    GetObjectTorrent GetObjectVersionAttributes GetObjectVersionForReplication GetObjectVersionTorrent
    InitiateReplication ObjectOwnerOverrideToBucketOwner PutObjectLegalHold PutObjectRetention ReplicateDelete
    ReplicateObject ReplicateTags UpdateObjectEncryption`,
  bucket: `CreateBucket CreateBucketMetadataTableConfiguration DeleteBucket DeleteBucketMetadataTableConfiguration
    DeleteBucketPolicy DeleteBucketWebsite GetAccelerateConfiguration GetAnalyticsConfiguration GetBucketAbac
    GetBucketCORS GetBucketLogging GetBucketMetadataTableConfiguration GetBucketNotification
    GetBucketObjectLockConfiguration GetBucketOwnershipControls GetBucketPolicy GetBucketPolicyStatus
    GetBucketPublicAccessBlock GetBucketRequestPayment GetBucketTagging GetBucketVersioning GetBucketWebsite
    GetEncryptionConfiguration GetIntelligentTieringConfiguration GetInventoryConfiguration GetLifecycleConfiguration
    GetMetricsConfiguration GetReplicationConfiguration ListTagsForResource PutAccelerateConfiguration
    PutAnalyticsConfiguration PutBucketAbac PutBucketAcl PutBucketCORS PutBucketLogging PutBucketNotification
    PutBucketObjectLockConfiguration PutBucketOwnershipControls PutBucketPolicy PutBucketPublicAccessBlock
    PutBucketRequestPayment PutBucketTagging PutBucketVersioning PutBucketWebsite PutEncryptionConfiguration
    PutIntelligentTieringConfiguration PutInventoryConfiguration PutLifecycleConfiguration PutMetricsConfiguration
    PutReplicationConfiguration TagResource UntagResource
    UpdateBucketMetadataInventoryTableConfiguration UpdateBucketMetadataJournalTableConfiguration`,
}

/** What each action of S3 is about, by its name in lower case. */
export const actionLevels: ReadonlyMap<string, Level> = new Map([
  ...sameActions.map(([s3, , on]) => [s3.toLowerCase(), on] as const),
  ...(['object', 'bucket'] as const).flatMap((on) =>
    otherActions[on].split(/\s+/).map((name) => [`s3:${name.toLowerCase()}`, on] as const),
  ),
])

type Kind = 'string' | 'date' | 'bool' | 'ip'

const named = (kind: Kind, ...names: string[]) => names.map((name) => [name, kind] as const)

/** Operators of the same name and meaning. */
export const operators: ReadonlyMap<string, Kind> = new Map([
  ...named('string', 'StringEquals', 'StringNotEquals', 'StringEqualsIgnoreCase'),
  ...named('string', 'StringNotEqualsIgnoreCase', 'StringLike', 'StringNotLike'),
  ...named('date', 'DateEquals', 'DateNotEquals', 'DateLessThan', 'DateLessThanEquals'),
  ...named('date', 'DateGreaterThan', 'DateGreaterThanEquals'),
  ...named('bool', 'Bool'),
  ...named('ip', 'IpAddress', 'NotIpAddress'),
])

const isAddress = (text: string) =>
  /^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)
    ? text.split('.').every((byte) => Number(byte) < 256)
    : text.includes(':') && URL.canParse(`http://[${text}]/`)

const isAddressRange = (value: string) => {
  const [address = '', bits, ...more] = value.split('/')
  const most = address.includes(':') ? 128 : 32
  const isWidth = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most)
  return isWidth && more.length === 0 && isAddress(address)
}

const isTime = (value: string) =>
  /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/.test(value) ||
  /^\d{1,12}$/.test(value)

const isValue: Record<Kind, ((value: string) => boolean) | undefined> = {
  string: undefined,
  date: isTime,
  bool: (value) => /^(?:true|false)$/i.test(value),
  ip: isAddressRange,
}

/**
 * What can be a value of an operator, by its name in lower case: with another a condition never holds, and a denial lets
 * everybody in.
 */
export const valuesOf: ReadonlyMap<string, (value: string) => boolean> = new Map(
  [...operators].flatMap(([name, kind]) => {
    const check = isValue[kind]
    return check === undefined ? [] : [[name.toLowerCase(), check] as const]
  }),
)

/** Operators of S3, in lower case, without what may stand before (`ForAllValues:`) and behind (`IfExists`). */
export const s3Operators: ReadonlySet<string> = new Set(
  [
    ...operators.keys(),
    ...['NumericEquals', 'NumericNotEquals', 'NumericLessThan', 'NumericLessThanEquals'],
    ...['NumericGreaterThan', 'NumericGreaterThanEquals', 'BinaryEquals', 'Null'],
    ...['ArnEquals', 'ArnLike', 'ArnNotEquals', 'ArnNotLike'],
  ].map((name) => name.toLowerCase()),
)

const sameKeys: readonly (readonly [kind: Kind, s3: string, oss: string])[] = [
  ['ip', 'aws:SourceIp', 'acs:SourceIp'],
  ['bool', 'aws:SecureTransport', 'acs:SecureTransport'],
  ['date', 'aws:CurrentTime', 'acs:CurrentTime'],
  ['string', 'aws:UserAgent', 'acs:UserAgent'],
  ['string', 's3:prefix', 'oss:Prefix'],
  ['string', 's3:delimiter', 'oss:Delimiter'],
]

/** By the kind of operator and the key in lower case. */
export const conditionKeys = new Map(sameKeys.map(([kind, s3, oss]) => [`${kind} ${s3.toLowerCase()}`, oss]))
export const ossConditionKeys = new Map(
  sameKeys.map(([kind, s3, oss]) => [`${kind} ${oss.toLowerCase()}`, s3]),
)
