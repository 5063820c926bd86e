/**
 * Sub-resources of OSS that this service does not implement, with the parameters that only they have. A request with one
 * must not be taken for another operation. From the requests of Alibaba's SDKs: Java (RequestParameters, SignParameters), Go v2
 * (api_op_*.go), Python (oss2's _subresource_key_set), ali-oss.
 */
export const UNSUPPORTED_SUBRESOURCES: readonly string[] = `
  accessPoint accessPointConfigForObjectProcess accessPointForObjectProcess accessPointPolicy
  accessPointPolicyForObjectProcess antiDDos asyncFetch batchJob batchJobId batchJobPriority batchJobStatus
  bucketAntiDDos cloudboxes comp dataPipeline encryptionConfig endTime group img link live
  metadataConfiguration metadataInventoryTable metadataJournalTable metaQuery objectInfo playlistName
  processConfiguration qosInfo qosRequester redundancyTransition replication replicationLocation
  replicationProgress requesterQosInfo resourcePool resourcePoolBuckets resourcePoolInfo responseHeader
  rtc rule-id select sql
  startTime status udf udfApplication udfApplicationLog udfImage udfImageDesc udfName vod x-oss-async-process
  x-oss-delete x-oss-dir x-oss-process x-oss-redundancy-transition-taskid x-oss-rename x-oss-write-get-object-response`
  .trim()
  .split(/\s+/)
