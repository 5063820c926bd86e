import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import type { Account } from '../../src/local-oss/index.ts'

/** The endpoint under test: any S3 by URL and keys, or a gateway of its own for each runtime. */
export type Target = {
  endpoint: string
  accessKeyId: string
  secretAccessKey: string
  /** Differences from S3 that are on purpose are asserted instead of S3's behaviour. */
  isGateway: boolean
  /** Of virtual-hosted style, where it is not the endpoint's host. */
  domain?: string
  /** Where buckets are asked for by names that the gateway's settings have for them, or for parts of them. */
  mapped?: Mapped
}

/** Each name is used once: a file that is made in the folder takes it. */
export type Mapped = {
  names: Readonly<Record<string, string>>
  folder: string
  /** Whether a name is that of a part: then what is set of a whole bucket is set by its own name, and with this key. */
  whole?: { accessKeyId: string; secretAccessKey: string } | undefined
  /** What of OSS's keys is in front of those asked for: so much shorter they have to be. */
  prefix: string
}

declare module 'vitest' {
  interface ProvidedContext {
    target: Target
  }
}

export default async function setup(project: TestProject) {
  const { S3_ENDPOINT, S3_ACCESS_KEY_ID = 'local', S3_SECRET_ACCESS_KEY = 'local-secret' } = process.env
  const keys = { accessKeyId: S3_ACCESS_KEY_ID, secretAccessKey: S3_SECRET_ACCESS_KEY }
  if (S3_ENDPOINT !== undefined) {
    project.provide('target', {
      ...keys,
      endpoint: S3_ENDPOINT,
      isGateway: process.env.S3_IMPLEMENTATION === 's3-oss-gateway',
    })
    return undefined
  }
  const { startWorld } = await import('../harness.ts')
  const mapped =
    project.name === 'aliases' ? aliases() : project.name.startsWith('parts') ? parts() : undefined
  const runtime = project.name.endsWith('workerd')
    ? 'workerd'
    : mapped?.target.whole === undefined
      ? 'node'
      : 'sockets'
  if (runtime === 'workerd') await (await import('../build-worker.ts')).default()
  const domain = 's3.example.com'
  const document = JSON.stringify({ anonymous: 'forward', ...mapped?.document })
  const localOss = { accounts: mapped?.accounts ?? [] }
  const world = await startWorld(runtime, { S3_DOMAIN: domain, GATEWAY_CONFIG: document }, localOss)
  project.provide('target', {
    ...keys,
    endpoint: world.endpoint,
    isGateway: true,
    domain,
    ...(mapped === undefined ? {} : { mapped: mapped.target }),
  })
  return async () => {
    await world.stop()
    if (mapped !== undefined) rmSync(mapped.target.folder, { recursive: true })
  }
}

/** More than there are buckets in all files. */
const NAMES = 200

type Mapping = { target: Mapped; document: object; accounts: readonly Account[] }

function mapping(): Pick<Mapped, 'names' | 'folder'> {
  const numbers = Array.from({ length: NAMES }, (_, i) => i)
  return {
    names: Object.fromEntries(numbers.map((i) => [`conformance-name${i}`, `conformance-bucket${i}`])),
    folder: mkdtempSync(join(tmpdir(), 'conformance-')),
  }
}

/** Names for whole buckets. */
function aliases(): Mapping {
  const { names, folder } = mapping()
  const buckets = Object.fromEntries(Object.entries(names).map(([name, bucket]) => [name, { bucket }]))
  return { target: { names, folder, prefix: '' }, accounts: [], document: { buckets } }
}

/** Names for parts of the buckets of another account. */
function parts(): Mapping {
  const { names, folder } = mapping()
  const own = { accessKeyId: 'second', accessKeySecret: 'second-secret' }
  const whole = { accessKeyId: 'whole', secretAccessKey: 'whole-secret' }
  const prefix = 'a part/of ü+%2F/'
  const buckets = Object.fromEntries(
    Object.entries(names).map(([name, bucket]) => [name, { upstream: 'second', bucket, prefix }]),
  )
  return {
    target: { names, folder, whole, prefix },
    accounts: [{ id: '1000000000000002', keys: [own] }],
    document: {
      upstreams: { second: { region: 'cn-hangzhou', endpoint: 'OSS-HERE', credentials: own } },
      clients: [{ ...whole, upstream: 'second' }],
      buckets,
    },
  }
}
