import { ACCESS_LOG_BUCKET, type Config } from '../../config/index.ts'
import type { Origin } from '../../oss/regions.ts'
import type { Bucket, Facts, Result } from './check.ts'
import { isListed } from './checks/oss.ts'
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
  /** What the gateway's identity needs at the upstream of the environment; undefined where no bucket there was named. */
  policies: Policies | undefined
  /** The others; undefined: there are none. */
  upstreams: readonly { upstream: string; oss: string; policies: Policies | undefined }[] | undefined
}

/** `settings`: besides, where clients create, delete and set these buckets; without a statement where they cannot. */
export type Policies = { objects: RamPolicy; settings: RamPolicy }

/** The report on steps that have been taken. */
export function reportOf(facts: Facts, results: readonly Result[]): Report {
  const { config, gateway, isOssHidden, upstreams } = facts
  const [{ endpoint }, ...others] = upstreams
  return {
    ok: results.every(({ outcome }) => outcome !== 'wrong'),
    gateway: `${gateway.protocol}//${gateway.host}`,
    oss: isOssHidden
      ? 'embedded, within the gateway'
      : `${config.localOss === undefined ? '' : 'embedded, '}${urlOf(endpoint)}`,
    results,
    copyLimit: copyLimit(facts),
    refused: whatIsRefused(facts),
    policies: policiesAt(undefined, facts),
    upstreams:
      others.length === 0
        ? undefined
        : others.map(({ name = '', endpoint }) => ({
            upstream: name,
            oss: urlOf(endpoint),
            policies: policiesAt(name, facts),
          })),
  }
}

const urlOf = ({ protocol, host }: Origin) => `${protocol}//${host}`

/** What is enough at an upstream. The access log goes to that of the environment. */
function policiesAt(upstream: string | undefined, { buckets, config }: Facts): Policies | undefined {
  const there = buckets.filter((bucket) => bucket.upstream === upstream)
  if (there.length === 0) return undefined
  const log = upstream === undefined ? logOf(config) : undefined
  return {
    objects: objectPolicy(there.map(asPolicyBucket), { log, isListed: isListed(config, upstream) }),
    settings: settingPolicy(there.map(asPolicyBucket)),
  }
}

/** Where the access log goes, if to a bucket. */
function logOf({ document }: Config) {
  const [, bucket, prefix = ''] = ACCESS_LOG_BUCKET.exec(document.accessLog.to) ?? []
  return bucket === undefined ? undefined : { bucket, prefix }
}

/** What is not known of a bucket it may have. */
function asPolicyBucket({
  bucket,
  prefix,
  within,
  region,
  versioning,
  hasObjectLock,
  encryption,
}: Bucket): PolicyBucket {
  const hasVersions = region === undefined || versioning !== undefined
  return {
    name: bucket,
    prefix: within,
    isPart: prefix !== '',
    has: [
      ...(hasVersions ? (['versions'] as const) : []),
      ...(hasObjectLock === true ? (['object lock'] as const) : []),
    ],
    ...(encryption?.algorithm === 'KMS' ? { kmsKey: encryption.keyId ?? 'any' } : {}),
  }
}
