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
  // Objects
  ['GetObjectTorrent', 'GET', 'object', 'torrent'],
  ['SelectObjectContent', 'POST', 'object', 'select'],
  ['RenameObject', 'PUT', 'object', 'renameObject'],
  ['UpdateObjectEncryption', 'PUT', 'object', 'encryption'],
  ['GetObjectAnnotation', 'GET', 'object', 'annotation', 'annotationName'],
  ['ListObjectAnnotations', 'GET', 'object', 'annotation'],
  ['PutObjectAnnotation', 'PUT', 'object', 'annotation'],
  ['DeleteObjectAnnotation', 'DELETE', 'object', 'annotation'],
  ['WriteGetObjectResponse', 'POST', 'object', 'x-id=WriteGetObjectResponse'],
  // Lists
  ['ListDirectoryBuckets', 'GET', 'service', 'x-id=ListDirectoryBuckets'],
  // Bucket settings
  ['GetBucketReplication', 'GET', 'bucket', 'replication'],
  ['PutBucketReplication', 'PUT', 'bucket', 'replication'],
  ['DeleteBucketReplication', 'DELETE', 'bucket', 'replication'],
  ['PutBucketOwnershipControls', 'PUT', 'bucket', 'ownershipControls'],
  ['GetBucketAbac', 'GET', 'bucket', 'abac'],
  ['PutBucketAbac', 'PUT', 'bucket', 'abac'],
  ['CreateSession', 'GET', 'bucket', 'session'],
  // Reports and tables
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
