/** Actions that let the same be done on both sides. */
const sameActions: readonly (readonly [s3: string, oss: string])[] = [
  ['s3:*', 'oss:*'],
  ['s3:GetObject', 'oss:GetObject'],
  ['s3:GetObjectVersion', 'oss:GetObjectVersion'],
  ['s3:PutObject', 'oss:PutObject'],
  ['s3:DeleteObject', 'oss:DeleteObject'],
  ['s3:DeleteObjectVersion', 'oss:DeleteObjectVersion'],
  ['s3:GetObjectAcl', 'oss:GetObjectAcl'],
  ['s3:GetObjectVersionAcl', 'oss:GetObjectVersionAcl'],
  ['s3:PutObjectAcl', 'oss:PutObjectAcl'],
  ['s3:PutObjectVersionAcl', 'oss:PutObjectVersionAcl'],
  ['s3:GetObjectTagging', 'oss:GetObjectTagging'],
  ['s3:GetObjectVersionTagging', 'oss:GetObjectVersionTagging'],
  ['s3:PutObjectTagging', 'oss:PutObjectTagging'],
  ['s3:PutObjectVersionTagging', 'oss:PutObjectVersionTagging'],
  ['s3:DeleteObjectTagging', 'oss:DeleteObjectTagging'],
  ['s3:DeleteObjectVersionTagging', 'oss:DeleteObjectVersionTagging'],
  ['s3:RestoreObject', 'oss:RestoreObject'],
  ['s3:AbortMultipartUpload', 'oss:AbortMultipartUpload'],
  ['s3:ListMultipartUploadParts', 'oss:ListParts'],
  ['s3:ListBucket', 'oss:ListObjects'],
  ['s3:ListBucketVersions', 'oss:ListObjectVersions'],
  ['s3:ListBucketMultipartUploads', 'oss:ListMultipartUploads'],
  ['s3:GetBucketLocation', 'oss:GetBucketLocation'],
  ['s3:GetBucketAcl', 'oss:GetBucketAcl'],
]

/** By the name in lower case: neither side heeds it. */
export const actions = new Map(sameActions.map(([s3, oss]) => [s3.toLowerCase(), oss]))
export const ossActions = new Map(sameActions.map(([s3, oss]) => [oss.toLowerCase(), s3]))

type Kind = 'string' | 'date' | 'bool' | 'ip'

/** Operators of the same name and meaning. */
export const operators: ReadonlyMap<string, Kind> = new Map([
  ...(
    [
      'StringEquals',
      'StringNotEquals',
      'StringEqualsIgnoreCase',
      'StringNotEqualsIgnoreCase',
      'StringLike',
      'StringNotLike',
    ] as const
  ).map((name) => [name, 'string'] as const),
  ...(
    [
      'DateEquals',
      'DateNotEquals',
      'DateLessThan',
      'DateLessThanEquals',
      'DateGreaterThan',
      'DateGreaterThanEquals',
    ] as const
  ).map((name) => [name, 'date'] as const),
  ['Bool', 'bool'],
  ['IpAddress', 'ip'],
  ['NotIpAddress', 'ip'],
])

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
