import { children, renderXml, text } from '../../xml/index.ts'
import type { BucketCall } from '../call.ts'
import { isoSeconds, ownerElements, ownerOf } from '../document-values.ts'
import { isAccelerated } from '../hosts/resolve-host.ts'
import type { Reply } from '../http.ts'
import type { BucketRecord } from '../store/records.ts'
import { storedConfig } from './config-document.ts'
import { RESOURCE_GROUP } from './plain-configs.ts'

/** GetBucketInfo. */
export async function getBucketInfo(call: BucketCall): Promise<Reply> {
  const { bucket } = call
  const { encryption } = bucket
  const onOff = (on: boolean | undefined) => (on ? 'Enabled' : 'Disabled')
  return {
    body: renderXml('BucketInfo', {
      Bucket: {
        ...locationElements(bucket),
        StorageClass: bucket.storageClass,
        DataRedundancyType: bucket.redundancy,
        Versioning: bucket.versioning,
        AccessControlList: { Grant: bucket.acl },
        Owner: ownerElements(ownerOf(bucket)),
        ServerSideEncryptionRule: {
          SSEAlgorithm: encryption?.algorithm ?? 'None',
          KMSMasterKeyID: encryption?.keyId,
          KMSDataEncryption: encryption?.dataEncryption,
        },
        BucketPolicy: loggingElements(call),
        // Only OSS's own console sets one.
        Comment: '',
        ResourceGroupId: RESOURCE_GROUP,
        AccessMonitor: onOff(bucket.accessMonitor),
        BlockPublicAccess: bucket.publicAccessBlocked ?? false,
        CrossRegionReplication: 'Disabled',
        TransferAcceleration: onOff(isAccelerated(call.state, bucket)),
      },
    }),
  }
}

/** Where a bucket is, in the words of lists and of GetBucketInfo. */
export function locationElements({ name, region, created }: BucketRecord) {
  return {
    Name: name,
    CreationDate: isoSeconds(created),
    Location: `oss-${region}`,
    ExtranetEndpoint: `oss-${region}.aliyuncs.com`,
    IntranetEndpoint: `oss-${region}-internal.aliyuncs.com`,
  }
}

/** What OSS calls a policy here is where the logs go. */
function loggingElements({ state, bucket }: BucketCall) {
  const logging = storedConfig(state, bucket, 'logging', 'BucketLoggingStatus') ?? {}
  const [enabled = {}] = children(logging, 'LoggingEnabled')
  return { LogBucket: text(enabled, 'TargetBucket') ?? '', LogPrefix: text(enabled, 'TargetPrefix') ?? '' }
}
