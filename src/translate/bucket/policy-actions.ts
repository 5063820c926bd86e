/** What an action is about, which the resources of its statement have to name. */
export type Level = 'bucket' | 'object'

/** An action of S3, and those of OSS that together let the same be done. */
type Row = readonly [s3: string, oss: string, level: Level]

/**
 * Actions that both sides have. OSS's are of its table of actions
 * (https://www.alibabacloud.com/help/en/oss/user-guide/authorization-syntax-and-elements), those of object locks named as
 * their API; where S3 has one for setting and deleting, or for all versions, OSS has two.
 */
const rows: readonly Row[] = [
  ['GetObject', 'GetObject', 'object'],
  ['GetObjectVersion', 'GetObjectVersion', 'object'],
  ['PutObject', 'PutObject', 'object'],
  ['DeleteObject', 'DeleteObject', 'object'],
  ['DeleteObjectVersion', 'DeleteObjectVersion', 'object'],
  ['GetObjectAcl', 'GetObjectAcl', 'object'],
  ['GetObjectVersionAcl', 'GetObjectVersionAcl', 'object'],
  ['PutObjectAcl', 'PutObjectAcl', 'object'],
  ['PutObjectVersionAcl', 'PutObjectVersionAcl', 'object'],
  ['GetObjectTagging', 'GetObjectTagging', 'object'],
  ['GetObjectVersionTagging', 'GetObjectVersionTagging', 'object'],
  ['PutObjectTagging', 'PutObjectTagging', 'object'],
  ['PutObjectVersionTagging', 'PutObjectVersionTagging', 'object'],
  ['DeleteObjectTagging', 'DeleteObjectTagging', 'object'],
  ['DeleteObjectVersionTagging', 'DeleteObjectVersionTagging', 'object'],
  ['RestoreObject', 'RestoreObject RestoreObjectVersion', 'object'],
  ['GetObjectRetention', 'GetObjectRetention', 'object'],
  ['PutObjectRetention', 'PutObjectRetention', 'object'],
  ['GetObjectLegalHold', 'GetObjectLegalHold', 'object'],
  ['PutObjectLegalHold', 'PutObjectLegalHold', 'object'],
  ['AbortMultipartUpload', 'AbortMultipartUpload', 'object'],
  ['ListMultipartUploadParts', 'ListParts', 'object'],
  ['ListBucket', 'ListObjects', 'bucket'],
  ['ListBucketVersions', 'ListObjectVersions', 'bucket'],
  ['ListBucketMultipartUploads', 'ListMultipartUploads', 'bucket'],
  ['DeleteBucket', 'DeleteBucket', 'bucket'],
  ['GetBucketLocation', 'GetBucketLocation', 'bucket'],
  ['GetBucketAcl', 'GetBucketAcl', 'bucket'],
  ['PutBucketAcl', 'PutBucketAcl', 'bucket'],
  ['GetBucketVersioning', 'GetBucketVersioning', 'bucket'],
  ['PutBucketVersioning', 'PutBucketVersioning', 'bucket'],
  ['GetBucketPolicy', 'GetBucketPolicy', 'bucket'],
  ['PutBucketPolicy', 'PutBucketPolicy', 'bucket'],
  ['DeleteBucketPolicy', 'DeleteBucketPolicy', 'bucket'],
  ['GetBucketPolicyStatus', 'GetBucketPolicyStatus', 'bucket'],
  ['GetBucketPublicAccessBlock', 'GetBucketPublicAccessBlock', 'bucket'],
  ['PutBucketPublicAccessBlock', 'PutBucketPublicAccessBlock DeleteBucketPublicAccessBlock', 'bucket'],
  ['GetBucketCORS', 'GetBucketCors', 'bucket'],
  ['PutBucketCORS', 'PutBucketCors DeleteBucketCors', 'bucket'],
  ['GetLifecycleConfiguration', 'GetBucketLifecycle', 'bucket'],
  ['PutLifecycleConfiguration', 'PutBucketLifecycle DeleteBucketLifecycle', 'bucket'],
  ['GetBucketTagging', 'GetBucketTagging', 'bucket'],
  ['PutBucketTagging', 'PutBucketTagging DeleteBucketTagging', 'bucket'],
  ['GetEncryptionConfiguration', 'GetBucketEncryption', 'bucket'],
  ['PutEncryptionConfiguration', 'PutBucketEncryption DeleteBucketEncryption', 'bucket'],
  ['GetBucketLogging', 'GetBucketLogging', 'bucket'],
  ['PutBucketLogging', 'PutBucketLogging DeleteBucketLogging', 'bucket'],
  ['GetBucketWebsite', 'GetBucketWebsite', 'bucket'],
  ['PutBucketWebsite', 'PutBucketWebsite', 'bucket'],
  ['DeleteBucketWebsite', 'DeleteBucketWebsite', 'bucket'],
  ['GetBucketRequestPayment', 'GetBucketRequestPayment', 'bucket'],
  ['PutBucketRequestPayment', 'PutBucketRequestPayment', 'bucket'],
  ['GetAccelerateConfiguration', 'GetBucketTransferAcceleration', 'bucket'],
  ['PutAccelerateConfiguration', 'PutBucketTransferAcceleration', 'bucket'],
  ['GetBucketObjectLockConfiguration', 'GetBucketObjectWormConfiguration', 'bucket'],
  ['PutBucketObjectLockConfiguration', 'PutBucketObjectWormConfiguration', 'bucket'],
  ['GetReplicationConfiguration', 'GetBucketReplication', 'bucket'],
  ['PutReplicationConfiguration', 'PutBucketReplication DeleteBucketReplication', 'bucket'],
  ['GetInventoryConfiguration', 'GetBucketInventory', 'bucket'],
  ['PutInventoryConfiguration', 'PutBucketInventory DeleteBucketInventory', 'bucket'],
]

/**
 * Actions of S3 that OSS has under no name, so that they can be told from those that S3 does not have either.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html, those on buckets and objects.
 */
const otherActions: Record<Level, string> = {
  object: `BypassGovernanceRetention GetObjectAnnotation GetObjectAttributes GetObjectTorrent
    GetObjectVersionAttributes GetObjectVersionForReplication GetObjectVersionTorrent InitiateReplication
    ObjectOwnerOverrideToBucketOwner ReplicateDelete ReplicateObject ReplicateTags UpdateObjectEncryption`,
  bucket: `CreateBucket CreateBucketMetadataTableConfiguration DeleteBucketMetadataTableConfiguration
    GetAnalyticsConfiguration GetBucketAbac GetBucketMetadataTableConfiguration GetBucketNotification
    GetBucketOwnershipControls GetIntelligentTieringConfiguration GetMetricsConfiguration ListTagsForResource
    PutAnalyticsConfiguration PutBucketAbac PutBucketNotification PutBucketOwnershipControls
    PutIntelligentTieringConfiguration PutMetricsConfiguration TagResource UntagResource UpdateBucketMetadataInventoryTableConfiguration
    UpdateBucketMetadataJournalTableConfiguration`,
}

/** An action of S3 with what OSS has for it: nothing, or names of which all are needed. */
export type Action = { name: string; level: Level; oss: readonly string[] }

const named = (name: string, oss: string, level: Level): Action => ({
  name: `s3:${name}`,
  level,
  oss: oss === '' ? [] : oss.split(' ').map((one) => `oss:${one}`),
})

/** Every action of S3 on buckets and objects. */
const allActions: readonly Action[] = [
  ...rows.map(([s3, oss, level]) => named(s3, oss, level)),
  ...(['object', 'bucket'] as const).flatMap((level) =>
    otherActions[level].split(/\s+/).map((name) => named(name, '', level)),
  ),
]

/** By OSS's names, in lower case; none is that of two. */
const actionOf = new Map(
  allActions.flatMap((action) => action.oss.map((name) => [name.toLowerCase(), action] as const)),
)

/** All actions, in either side's words. */
export const EVERYTHING = { s3: 's3:*', oss: 'oss:*' } as const

/** Whether a text of S3's means every action. */
export const isEverything = (pattern: string) => pattern === '*' || pattern.toLowerCase() === EVERYTHING.s3

/** The actions that a pattern of S3's stands for, wildcards and case as S3 has them; none: it is no action. */
export function actionsLike(pattern: string): Action[] {
  if (isEverything(pattern)) return [...allActions]
  const wanted = pattern.toLowerCase()
  if (!wanted.startsWith('s3:')) return []
  return allActions.filter(({ name }) => matches(wanted, name.toLowerCase()))
}

/** The actions that no pattern of a list stands for (S3's `NotAction`). */
export function actionsUnlike(patterns: readonly string[]): Action[] {
  const named = new Set(patterns.flatMap(actionsLike))
  return allActions.filter((action) => !named.has(action))
}

/**
 * What S3 calls actions of OSS.
 * @returns the names, and of OSS's those that no action of S3 stands for, alone or with the others of the list.
 */
export function s3NamesOf(ossNames: readonly string[]): { names: string[]; left: string[] } {
  const wanted = new Set(ossNames.map((name) => name.toLowerCase()))
  if (wanted.has(EVERYTHING.oss)) return { names: [EVERYTHING.s3], left: [] }
  const names = new Set<string>()
  const left: string[] = []
  for (const name of wanted) {
    const action = actionOf.get(name)
    if (action?.oss.every((one) => wanted.has(one.toLowerCase()))) names.add(action.name)
    else left.push(name)
  }
  return { names: [...names], left }
}

/**
 * Whether a text is as a pattern with `*` and `?` says, in time that grows with their lengths; with their product where a `?`
 * stands between two `*` ({@link isSlow}).
 */
export function matches(pattern: string, text: string): boolean {
  const [first = '', ...others] = pattern.split('*')
  const last = others.pop()
  if (!isAt(first, text, 0)) return false
  if (last === undefined) return first.length === text.length
  let at = first.length
  for (const part of others) {
    const found = indexOf(part, text, at)
    if (found < 0) return false
    at = found + part.length
  }
  const end = text.length - last.length
  return end >= at && isAt(last, text, end)
}

/** Whether a pattern takes {@link matches} long. */
export const isSlow = (pattern: string): boolean =>
  pattern
    .split('*')
    .slice(1, -1)
    .some((part) => part.includes('?'))

function isAt(part: string, text: string, start: number): boolean {
  if (!part.includes('?')) return text.startsWith(part, start)
  if (start + part.length > text.length) return false
  let at = start
  for (const piece of part.split('?')) {
    if (!text.startsWith(piece, at)) return false
    at += piece.length + 1
  }
  return true
}

function indexOf(part: string, text: string, from: number): number {
  if (!part.includes('?')) return text.indexOf(part, from)
  for (let at = from; at + part.length <= text.length; at++) if (isAt(part, text, at)) return at
  return -1
}
