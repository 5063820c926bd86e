/**
 * Operations of the S3 model that answer NotImplemented 501 by name.
 * Each is named by method, level and the query parameters that ask for it.
 */
export const refused: readonly (readonly [
  name: string,
  method: string,
  on: 'service' | 'bucket' | 'object',
  ...query: string[],
])[] = [
  // Objects: OSS has no torrents, no annotations and no change of encryption in place; its own SelectObject takes other
  // documents and answers in other frames.
  ['GetObjectTorrent', 'GET', 'object', 'torrent'],
  ['SelectObjectContent', 'POST', 'object', 'select'],
  ['RenameObject', 'PUT', 'object', 'renameObject'],
  ['UpdateObjectEncryption', 'PUT', 'object', 'encryption'],
  ['GetObjectAnnotation', 'GET', 'object', 'annotation', 'annotationName'],
  ['ListObjectAnnotations', 'GET', 'object', 'annotation'],
  ['PutObjectAnnotation', 'PUT', 'object', 'annotation'],
  ['DeleteObjectAnnotation', 'DELETE', 'object', 'annotation'],
  ['WriteGetObjectResponse', 'POST', 'object', 'x-id=WriteGetObjectResponse'],
  // Directory buckets, which are a kind of bucket of S3 Express.
  ['ListDirectoryBuckets', 'GET', 'service', 'x-id=ListDirectoryBuckets'],
  ['CreateSession', 'GET', 'bucket', 'session'],
  // Bucket settings: OSS replicates by rules of its own, whose targets and roles are no ARNs; and access by tags of buckets is no part of its policies.
  ['GetBucketReplication', 'GET', 'bucket', 'replication'],
  ['PutBucketReplication', 'PUT', 'bucket', 'replication'],
  ['DeleteBucketReplication', 'DELETE', 'bucket', 'replication'],
  ['GetBucketAbac', 'GET', 'bucket', 'abac'],
  ['PutBucketAbac', 'PUT', 'bucket', 'abac'],
  // Reports and tables: OSS has none of them but an inventory, with other fields, formats and roles.
  ['GetBucketAnalyticsConfiguration', 'GET', 'bucket', 'analytics', 'id'],
  ['ListBucketAnalyticsConfigurations', 'GET', 'bucket', 'analytics'],
  ['PutBucketAnalyticsConfiguration', 'PUT', 'bucket', 'analytics'],
  ['DeleteBucketAnalyticsConfiguration', 'DELETE', 'bucket', 'analytics'],
  ['GetBucketIntelligentTieringConfiguration', 'GET', 'bucket', 'intelligent-tiering', 'id'],
  ['ListBucketIntelligentTieringConfigurations', 'GET', 'bucket', 'intelligent-tiering'],
  ['PutBucketIntelligentTieringConfiguration', 'PUT', 'bucket', 'intelligent-tiering'],
  ['DeleteBucketIntelligentTieringConfiguration', 'DELETE', 'bucket', 'intelligent-tiering'],
  ['GetBucketInventoryConfiguration', 'GET', 'bucket', 'inventory', 'id'],
  ['ListBucketInventoryConfigurations', 'GET', 'bucket', 'inventory'],
  ['PutBucketInventoryConfiguration', 'PUT', 'bucket', 'inventory'],
  ['DeleteBucketInventoryConfiguration', 'DELETE', 'bucket', 'inventory'],
  ['GetBucketMetricsConfiguration', 'GET', 'bucket', 'metrics', 'id'],
  ['ListBucketMetricsConfigurations', 'GET', 'bucket', 'metrics'],
  ['PutBucketMetricsConfiguration', 'PUT', 'bucket', 'metrics'],
  ['DeleteBucketMetricsConfiguration', 'DELETE', 'bucket', 'metrics'],
  ['CreateBucketMetadataConfiguration', 'POST', 'bucket', 'metadataConfiguration'],
  ['GetBucketMetadataConfiguration', 'GET', 'bucket', 'metadataConfiguration'],
  ['DeleteBucketMetadataConfiguration', 'DELETE', 'bucket', 'metadataConfiguration'],
  ['CreateBucketMetadataTableConfiguration', 'POST', 'bucket', 'metadataTable'],
  ['GetBucketMetadataTableConfiguration', 'GET', 'bucket', 'metadataTable'],
  ['DeleteBucketMetadataTableConfiguration', 'DELETE', 'bucket', 'metadataTable'],
  ['UpdateBucketMetadataAnnotationTableConfiguration', 'PUT', 'bucket', 'metadataAnnotationTable'],
  ['UpdateBucketMetadataInventoryTableConfiguration', 'PUT', 'bucket', 'metadataInventoryTable'],
  ['UpdateBucketMetadataJournalTableConfiguration', 'PUT', 'bucket', 'metadataJournalTable'],
]

/**
 * What there is instead of an operation that one might expect, for its message.
 *
 * OSS renames (`POST ?x-oss-rename`) in buckets with a hierarchical namespace alone, and not as S3's directory buckets do
 * (`PUT ?renameObject` with `x-amz-rename-source`): it overwrites nothing, has no conditions and no client token, wants the
 * folder of the new name to exist, and by the same call moves a folder with all that is in it. https://www.alibabacloud.com/help/en/oss/developer-reference/rename
 */
export const insteadOf: Readonly<Record<string, string>> = {
  RenameObject:
    'OSS cannot rename an object as S3 does. Copy it (CopyObject, with x-amz-copy-source-if-match), then delete the source: these are two steps, between which both are there.',
}
