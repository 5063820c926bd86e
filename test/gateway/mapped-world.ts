import type { S3Client } from '@aws-sdk/client-s3'
import { OSS_HERE, type OssBucket, type Runtime, startWorld, type World } from '../harness.ts'

/** The account of the upstream `second`. */
export const second = { accessKeyId: 'second', accessKeySecret: 'second-secret' }
/** What the names of the settings have in front of their keys. */
export const PREFIX = 'team a/ü/'

/** A gateway in front of two accounts of one embedded OSS, with names for buckets of both. */
export type MappedWorld = World & {
  /** A client of the gateway by one of its keys, whose secret is `KEY-secret`. */
  client(accessKeyId: string): S3Client
  /** OSS as the second account. */
  ossOfSecond(bucket?: string): OssBucket
}

/**
 * Names: `part` is what begins with {@link PREFIX} in `whole`, `far-part` the same in `far-whole` of the second account;
 * `alias` is `whole`, and `far` is `far-whole`. Clients: `local` has no limits; the buckets of `there` are at the second
 * account; `guest` may use `part` and `far` alone, and `reader` reads below `docs/` in `part`.
 */
export async function startMappedWorld(
  runtime: Runtime,
  document: object = {},
  environment: Record<string, string> = {},
): Promise<MappedWorld> {
  const client = (accessKeyId: string, more: object) => ({
    accessKeyId,
    secretAccessKey: `${accessKeyId}-secret`,
    ...more,
  })
  const settings = {
    upstreams: { second: { region: 'cn-hangzhou', endpoint: OSS_HERE, credentials: second } },
    buckets: {
      part: { bucket: 'whole', prefix: PREFIX },
      'far-part': { upstream: 'second', bucket: 'far-whole', prefix: PREFIX },
      alias: { bucket: 'whole' },
      far: { upstream: 'second', bucket: 'far-whole' },
    },
    clients: [
      client('there', { upstream: 'second' }),
      client('guest', { buckets: ['part', 'far'] }),
      client('reader', { buckets: ['part'], prefixes: ['docs/'], readOnly: true }),
    ],
    ...document,
  }
  const world = await startWorld(
    runtime === 'node' ? 'sockets' : runtime,
    { GATEWAY_CONFIG: JSON.stringify(settings), ...environment },
    { accounts: [{ id: '1000000000000002', keys: [second] }] },
  )
  await world.oss().putBucket('whole')
  const ossOfSecond = (bucket?: string) => world.oss(bucket, 'cn-hangzhou', second)
  await ossOfSecond().putBucket('far-whole')
  return {
    ...world,
    ossOfSecond,
    client: (accessKeyId) =>
      world.s3({ credentials: { accessKeyId, secretAccessKey: `${accessKeyId}-secret` } }),
  }
}
