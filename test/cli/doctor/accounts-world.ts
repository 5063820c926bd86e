import * as S3 from '@aws-sdk/client-s3'
import { serve } from '@hono/node-server'
import OSS from 'ali-oss'
import { createApp } from '../../../src/app.ts'
import type { Kind } from '../../../src/cli/doctor/actions.ts'
import { doctor } from '../../../src/cli/doctor/command.ts'
import type { PolicyBucket, RamPolicy } from '../../../src/cli/doctor/ram-policy.ts'
import type { Report } from '../../../src/cli/doctor/report.ts'
import { parseConfig } from '../../../src/config/parse-config.ts'
import { createLocalOss, type LocalOss } from '../../../src/local-oss/index.ts'
import { nodePorts } from '../../../src/node/ports.ts'
import { withTextHeaders } from '../../../src/node/upstream.ts'
import type { Transport } from '../../../src/ports.ts'
import { writeBucket } from '../../gateway/raw-oss.ts'
import type { OssBucket } from '../../harness.ts'
import type { Place } from './s3-operations.ts'

const owner = { accessKeyId: 'owner', accessKeySecret: 'owner-secret' }
const GATEWAY_ACCOUNT = '2000000000000002'
const keys = { accessKeyId: 'client', secretAccessKey: 'client-secret' }
const MiB = 1024 ** 2

/** A policy that does not allow an action. */
export const without = ({ Version, Statement }: RamPolicy, action: string): RamPolicy => ({
  Version,
  Statement: Statement.map((one) => ({
    ...one,
    Action: one.Action.filter((name) => name !== action),
  })).filter(({ Action }) => Action.length > 0),
})

/** Two buckets of the owner's, in two regions, where the gateway may do what it is given. */
export type Owned = Place & {
  /** As a policy has to know them. */
  buckets: readonly PolicyBucket[]
  give(policy: RamPolicy): Promise<void>
}

/** A gateway whose key is of another account than the buckets: their policies say what it may do, as RAM's say it of a user. */
export type AccountsWorld = {
  /** Doctor, by the gateway's settings. */
  report(args: readonly string[]): Promise<Report>
  localOss: LocalOss
  /** The gateway's calls to OSS so far, by name. */
  calls: ReadonlySet<string>
  owned(name: string, has: readonly Kind[]): Promise<Owned>
  /** The same of what the settings' names `part` and `far-part` stand for. */
  ownedPart(has: readonly Kind[]): Promise<Owned>
  stop(): Promise<void>
}

/** What the names `part` and `far-part` have in front of their keys. */
const PREFIX = 'team a/'

/** Starts all of it. */
export async function startAccountsWorld(): Promise<AccountsWorld> {
  const localOss = await createLocalOss({
    directory: ':memory:',
    credentials: owner,
    accounts: [{ id: GATEWAY_ACCOUNT, keys: [{ accessKeyId: 'gateway', accessKeySecret: 'secret' }] }],
    copyLimit: 4 * MiB,
  })
  const environment = {
    OSS_REGION: 'cn-hangzhou',
    OSS_ACCESS_KEY_ID: 'gateway',
    OSS_ACCESS_KEY_SECRET: 'secret',
    S3_ACCESS_KEY_ID: keys.accessKeyId,
    S3_SECRET_ACCESS_KEY: keys.secretAccessKey,
  }
  const names = {
    part: { bucket: 'parted-near', prefix: PREFIX },
    'far-part': { bucket: 'parted-far', prefix: PREFIX },
  }
  const config = parseConfig(environment, JSON.stringify({ buckets: names }))
  const calls = new Set<string>()
  const app = createApp({
    ...nodePorts,
    config,
    credentials: { current: () => ({ accessKeyId: 'gateway', accessKeySecret: 'secret' }) },
    transport: withTextHeaders(localOss.transport as Transport),
    log: () => {},
    observer: {
      onOssCall: ({ operation }) => void calls.add(operation),
      onRetry: () => {},
      onRequest: () => {},
    },
  })
  let server: ReturnType<typeof serve> | undefined
  const port = await new Promise<number>((resolve) => {
    server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, (info) => resolve(info.port))
  })
  const endpoint = `http://127.0.0.1:${port}`
  const ossPort = await localOss.listen(0)
  const s3 = new S3.S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: keys,
  })

  async function create(
    bucket: string,
    region: string,
    has: readonly Kind[],
    prefix = '',
  ): Promise<OssBucket> {
    const client = new OSS({
      ...owner,
      bucket,
      endpoint: `http://127.0.0.1:${ossPort}`,
      region: `oss-${region}`,
      authorizationV4: true,
    } as OSS.Options) as OssBucket
    await client.putBucket(bucket)
    await client.putBucketCORS(bucket, [{ allowedOrigin: '*', allowedMethod: ['GET'] }])
    if (has.includes('versions')) await client.putBucketVersioning(bucket, 'Enabled')
    if (has.includes('object lock')) {
      const document =
        '<ObjectWormConfiguration><ObjectWormEnabled>Enabled</ObjectWormEnabled></ObjectWormConfiguration>'
      await writeBucket(client, bucket, 'objectWorm', document)
    }
    await client.put(`${prefix}k`, Buffer.from('x'), { headers: { 'x-oss-tagging': 'a=b' } })
    return client
  }

  async function report(args: readonly string[]): Promise<Report> {
    let out = ''
    // The gateway asks OSS in process, by its names; doctor, like everybody else, over the network.
    const settings = { ...environment, OSS_ENDPOINT: `http://127.0.0.1:${ossPort}`, ADMIN_PORT: '0' }
    const streams = { stdout: { write: (text: string) => (out += text) }, stderr: process.stderr }
    await doctor(['--json', '--endpoint', endpoint, ...args], () => parseConfig(settings), streams)
    return JSON.parse(out)
  }

  async function owned(name: string, has: readonly Kind[], prefix = ''): Promise<Owned> {
    const own = { Bucket: `${name}-near`, far: `${name}-far` }
    const clients = {
      [own.Bucket]: await create(own.Bucket, 'cn-hangzhou', has, prefix),
      [own.far]: await create(own.far, 'cn-beijing', has, prefix),
    }
    return {
      ...own,
      endpoint,
      s3,
      keys,
      buckets: Object.keys(clients).map((bucket) => ({ name: bucket, prefix, isPart: prefix !== '', has })),
      async give({ Statement }) {
        for (const [bucket, client] of Object.entries(clients)) {
          const document = { Version: '1', Statement: Statement.flatMap((one) => ofBucket(one, bucket)) }
          await writeBucket(client, bucket, 'policy', JSON.stringify(document))
        }
      },
    }
  }

  return {
    report,
    localOss,
    calls,
    owned,
    ownedPart: async (has) => ({ ...(await owned('parted', has, PREFIX)), Bucket: 'part', far: 'far-part' }),
    async stop() {
      s3.destroy()
      server?.close()
      await localOss.close()
    },
  }
}

/** A statement of RAM's as one of a bucket's policy, which names resources of the bucket alone. */
function ofBucket(statement: RamPolicy['Statement'][number], bucket: string) {
  const isOfBucket = (resource: string) => resource.replace(/^acs:oss:\*:\*:|\/.*$/g, '') === bucket
  const Resource = statement.Resource.filter(isOfBucket)
  return Resource.length === 0 ? [] : [{ ...statement, Principal: [GATEWAY_ACCOUNT], Resource }]
}
