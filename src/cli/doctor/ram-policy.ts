import { RESERVED_PREFIX } from '../../operations/reserved-keys.ts'
import { type ActionRow, type Kind, type Level, objectActions, settingActions } from './actions.ts'

/** A bucket as a policy has to know it. */
export type PolicyBucket = {
  name: string
  /** Where in the bucket clients are; empty: everywhere. */
  prefix: string
  /** Whether clients have the prefix for a whole bucket, of which they cannot change the settings. */
  isPart?: boolean
  has: readonly Kind[]
  /** What its objects are encrypted with that needs permissions of its own: a key of KMS, or `any`. */
  kmsKey?: string | undefined
}

export type Statement = { Effect: 'Allow'; Action: readonly string[]; Resource: readonly string[] }

/** A RAM policy (https://www.alibabacloud.com/help/en/ram/policy-structure-and-syntax). */
export type RamPolicy = { Version: '1'; Statement: readonly Statement[] }

/** The resource of an action on a bucket, or on the keys below a prefix of it. */
export const resourceOf = (on: Level, bucket: string, prefix = ''): string =>
  on === 'service'
    ? 'acs:oss:*:*:*'
    : on === 'bucket'
      ? `acs:oss:*:*:${bucket}`
      : `acs:oss:*:*:${bucket}/${prefix}*`

/**
 * What the gateway's identity needs for S3's operations on objects in these buckets, and no more.
 * @param log where it delivers its access log, if to a bucket. @param isListed whether a client's ListBuckets asks there.
 */
export function objectPolicy(
  buckets: readonly PolicyBucket[],
  { log, isListed = true }: { log?: { bucket: string; prefix: string } | undefined; isListed?: boolean } = {},
): RamPolicy {
  const kinds = [undefined, 'versions', 'object lock'] as const
  return policyOf([
    ...(isListed ? [statement(objectActions, 'service', undefined, buckets)] : []),
    statement(objectActions, 'bucket', undefined, buckets),
    ...kinds.map((only) => statement(objectActions, 'object', only, buckets)),
    ...kinds.map((only) => reservedStatement(only, buckets)),
    {
      Action: ['oss:PutObject'],
      Resource: log === undefined ? [] : [resourceOf('object', log.bucket, log.prefix)],
    },
    {
      Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
      Resource: buckets.flatMap(({ kmsKey }) =>
        kmsKey === undefined ? [] : [`acs:kms:*:*:${kmsKey === 'any' ? '*' : `key/${kmsKey}`}`],
      ),
    },
  ])
}

/** What it needs besides to create and delete these buckets, and for their settings; of a part to read them. */
export const settingPolicy = (buckets: readonly PolicyBucket[]): RamPolicy =>
  policyOf([
    statement(
      settingActions,
      'bucket',
      undefined,
      buckets.filter(({ isPart }) => !isPart),
    ),
    statement(
      settingActions.filter(({ part }) => part),
      'bucket',
      undefined,
      buckets.filter(({ isPart }) => isPart),
    ),
  ])

type Part = Omit<Statement, 'Effect'>

function statement(
  rows: readonly ActionRow[],
  on: Level,
  only: Kind | undefined,
  buckets: readonly PolicyBucket[],
): Part {
  const those = rows.filter((row) => row.on === on && row.only === only)
  const concerned = buckets.filter(({ has }) => only === undefined || has.includes(only))
  return {
    Action: those.map(({ action }) => `oss:${action}`),
    Resource: concerned.map(({ name, prefix }) => resourceOf(on, name, prefix)),
  }
}

/** The gateway's own keys, of buckets where clients have a prefix only. */
function reservedStatement(only: Kind | undefined, buckets: readonly PolicyBucket[]): Part {
  const limited = buckets
    .filter(({ prefix }) => prefix !== '')
    .map((bucket) => ({ ...bucket, prefix: RESERVED_PREFIX }))
  return statement(
    objectActions.filter(({ reserved }) => reserved),
    'object',
    only,
    limited,
  )
}

function policyOf(parts: readonly Part[]): RamPolicy {
  return {
    Version: '1',
    Statement: parts
      .filter(({ Action, Resource }) => Action.length > 0 && Resource.length > 0)
      .map(({ Action, Resource }) => ({ Effect: 'Allow', Action, Resource: [...new Set(Resource)] })),
  }
}
