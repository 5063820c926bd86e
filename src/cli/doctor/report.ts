import { ACCESS_LOG_BUCKET, type Config } from '../../config/index.ts'
import type { Bucket, Facts, Result } from './check.ts'
import { objectPolicy, type PolicyBucket, type RamPolicy, settingPolicy } from './ram-policy.ts'
import { copyLimit, whatIsRefused } from './refused.ts'

/** What doctor has found. */
export type Report = {
  /** Whether nothing is wrong. */
  ok: boolean
  gateway: string
  oss: string
  results: readonly Result[]
  copyLimit: string
  refused: readonly string[]
  /** What the gateway's identity needs; undefined where no bucket was named. */
  policies: { objects: RamPolicy; settings: RamPolicy } | undefined
}

/** The report on steps that have been taken. */
export function reportOf(facts: Facts, results: readonly Result[]): Report {
  const { config, gateway, oss, buckets } = facts
  const policyBuckets = buckets.map(asPolicyBucket)
  return {
    ok: results.every(({ outcome }) => outcome !== 'wrong'),
    gateway: `${gateway.protocol}//${gateway.host}`,
    oss:
      oss === undefined
        ? 'embedded, within the gateway'
        : `${config.localOss === undefined ? '' : 'embedded, '}${oss.protocol}//${oss.host}${unseen(config)}`,
    results,
    copyLimit: copyLimit(facts),
    refused: whatIsRefused(facts),
    policies:
      buckets.length === 0
        ? undefined
        : { objects: objectPolicy(policyBuckets, logOf(config)), settings: settingPolicy(policyBuckets) },
  }
}

/** The upstreams that are not looked at. */
const unseen = ({ upstreams }: Config) =>
  upstreams.size === 0
    ? ''
    : `, the upstream of the environment; not looked at: ${[...upstreams.keys()].join(', ')}`

/** Where the access log goes, if to a bucket. */
function logOf({ document }: Config) {
  const [, bucket, prefix = ''] = ACCESS_LOG_BUCKET.exec(document.accessLog.to) ?? []
  return bucket === undefined ? undefined : { bucket, prefix }
}

/** What is not known of a bucket it may have. */
function asPolicyBucket({
  name,
  prefix,
  region,
  versioning,
  hasObjectLock,
  encryption,
}: Bucket): PolicyBucket {
  const hasVersions = region === undefined || versioning !== undefined
  return {
    name,
    prefix,
    has: [
      ...(hasVersions ? (['versions'] as const) : []),
      ...(hasObjectLock === true ? (['object lock'] as const) : []),
    ],
    ...(encryption?.algorithm === 'KMS' ? { kmsKey: encryption.keyId ?? 'any' } : {}),
  }
}
