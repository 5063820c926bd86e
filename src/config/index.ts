import type { CredentialSource } from '../oss/credentials/source.ts'
import { type Endpoint, isInternal, type Origin } from '../oss/regions.ts'
import type { LogLevel } from '../ports.ts'
import { parseBucketDomains } from './bucket-domains.ts'
import { type BucketMapping, parseBucketMappings } from './bucket-mappings.ts'
import { type Client, parseAnonymous, parseClients, parseSts, type Sts } from './clients.ts'
import { ownKey, parseCredentialSource } from './credential-source.ts'
import { type Document, parseDocument } from './document.ts'
import type { ReadDocument } from './document-rules.ts'
import { embeddedEndpoint, parseEndpoint } from './endpoint.ts'
import { type Environment, readEnvironment, type SettingName } from './environment.ts'
import { parseDomains, parseLogLevel } from './environment-values.ts'
import type { Machine, MachineConfig } from './machine.ts'
import { variablesRefusedOnWorkers } from './on-workers.ts'
import { ProblemsError } from './problems.ts'
import { parseUpstreams, type Upstream } from './upstreams.ts'

export type { BucketMapping } from './bucket-mappings.ts'
export type { Client, Session, Sts } from './clients.ts'
export { ACCESS_LOG_BUCKET } from './document-checks.ts'
export type { OperationKind } from './document-schema.ts'
export type { Environment } from './environment.ts'
export type { Files } from './files.ts'
export type { Upstream } from './upstreams.ts'

/** The settings, parsed; frozen all the way down. */
export type Config = MachineConfig & {
  /** What of the log is written. */
  logLevel: LogLevel
  endpoint: Endpoint
  /** Where the gateway's own key at OSS comes from. */
  credentials: CredentialSource
  /** The other accounts and endpoints, by name. */
  upstreams: ReadonlyMap<string, Upstream>
  /** The buckets whose names are not OSS's, by these. */
  buckets: ReadonlyMap<string, BucketMapping>
  clients: ReadonlyMap<string, Client>
  /** What short-lived keys of clients are made of; undefined: there are none. */
  sts: Sts | undefined
  /** What authenticates upload ids (s3/upload-id.ts): every process of a deployment has it, and it outlives keys of OSS. */
  uploadIdSecret: string
  /** Who has not signed; undefined: is refused. */
  anonymous: Client | undefined
  domains: readonly string[]
  document: Document
  /** Probable mistakes, a line each. */
  warnings: readonly string[]
}

/** Every mistake in the settings at once, each in one line. */
export class ConfigError extends ProblemsError {
  override name = 'ConfigError'
}

/** What the platform has in place of a machine's settings. */
const onWorkers: MachineConfig = {
  listen: { host: '127.0.0.1', port: 9000, adminHost: '127.0.0.1', adminPort: 9001, tls: undefined },
  workers: 1,
  localOss: undefined,
}

/**
 * Settings → Config.
 * @param environment the environment variables, or the bindings on Workers.
 * @param read the reader of the settings document.
 * @param documentText its text, where there is one.
 * @param machine reads what Workers do not have; absent: the settings are theirs.
 * @throws ConfigError with every mistake.
 */
export function parseSettings(
  environment: Environment,
  read: ReadDocument,
  documentText: string | undefined,
  machine: Machine | undefined,
): Config {
  const problems: string[] = []
  const warnings: string[] = []
  const { values, reported, fileOf } = readEnvironment(environment, machine?.files, problems)
  const get = (name: SettingName) => values.get(name)
  const own = { values, reported, environment, problems }
  const oss = machine?.placeOfOss(own)
  const embedded = oss?.embedded
  if (machine === undefined) problems.push(...variablesRefusedOnWorkers(values))

  const before = problems.length
  const document = parseDocument(documentText, read, machine === undefined ? 'workers' : 'node', problems)
  const isDocumentRight = problems.length === before
  const endpoint = embedded
    ? embeddedEndpoint()
    : parseEndpoint(
        {
          endpoint: get('OSS_ENDPOINT'),
          region: get('OSS_REGION'),
          regionReported: reported.has('OSS_REGION') || reported.has('OSS_ENDPOINT') || oss?.isTold === true,
        },
        problems,
        warnings,
      )
  const keys = { get, reported, fileOf, environment, endpoint, problems, warnings }
  const source: CredentialSource = embedded
    ? { from: 'settings', key: embedded, files: {} }
    : parseCredentialSource(keys, machine)
  const upstreams: Config['upstreams'] = isDocumentRight
    ? parseUpstreams(document.upstreams, { environment, machine, by: source, problems, warnings })
    : new Map()
  if (embedded && upstreams.size > 0)
    problems.push(
      'GATEWAY_CONFIG: upstreams: they are accounts of Alibaba Cloud, beside that of OSS_REGION and OSS_ACCESS_KEY_ID: with the embedded OSS leave them out',
    )
  const buckets: Config['buckets'] = isDocumentRight ? parseBucketMappings(document, problems) : new Map()
  const secrets = { get, reported, files: machine?.files, problems }
  const { clients, main } = parseClients(secrets, ownKey(source), document)
  // The embedded OSS has one account, whose key is the first client's.
  const [mainSecret = ''] = main.secretAccessKeys
  const localKey = { accessKeyId: main.accessKeyId, accessKeySecret: mainSecret }
  const ofMachine = machine?.parse(own, embedded && localKey) ?? onWorkers
  const endpoints = [
    ['OSS_ENDPOINT', endpoint] as const,
    ...[...upstreams].map(
      ([name, one]) => [`GATEWAY_CONFIG: upstreams.${name}.endpoint`, one.endpoint] as const,
    ),
  ]
  for (const [name, one] of endpoints) {
    const why = machine === undefined ? whyNotFromWorkers(one.host) : machine.whyNotOss(one, ofMachine.listen)
    if (why !== undefined) problems.push(`${name} ${one.host} ${why}`)
  }
  if (!embedded && document.anonymous === 'forward' && document.anonymousBuckets === undefined)
    warnings.push(
      'GATEWAY_CONFIG: anonymous: forward without anonymousBuckets: everybody can read every public bucket of OSS by this gateway, those of other accounts too',
    )
  const logLevel = parseLogLevel(get('GATEWAY_LOG_LEVEL'), problems)
  if (document.conditionalWrites === 'process' && ofMachine.workers !== 1)
    problems.push(
      `GATEWAY_CONFIG: conditionalWrites: process is for a single process, and WORKERS is ${ofMachine.workers}: use lock`,
    )
  const s3Domains = parseDomains(get('S3_DOMAIN'), problems)
  const domains: ReadonlyMap<string, Origin> = isDocumentRight
    ? parseBucketDomains(document.endpoints, problems)
    : new Map()
  const allDomains = [
    ['endpoints', domains] as const,
    ...[...upstreams].map(
      ([name, one]) => [`upstreams.${name}.endpoints`, one.endpoint.domains ?? new Map()] as const,
    ),
  ]
  for (const [path, ofBuckets] of allDomains) {
    for (const [bucket, { host }] of ofBuckets) {
      if (s3Domains.includes(host))
        problems.push(`GATEWAY_CONFIG: ${path}.${bucket}: ${host} is the gateway's own name, in S3_DOMAIN`)
    }
  }
  const config: Config = {
    ...ofMachine,
    logLevel,
    endpoint: domains.size === 0 ? endpoint : { ...endpoint, domains },
    credentials: embedded ? { from: 'settings', key: localKey, files: {} } : source,
    upstreams,
    buckets,
    clients,
    sts: parseSts(secrets, document),
    uploadIdSecret: mainSecret,
    anonymous: parseAnonymous(document),
    domains: s3Domains,
    document: machine === undefined ? withinPlan(document) : document,
    warnings,
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return deepFreeze(config)
}

/** Why no Worker can ask OSS at a host, or undefined. */
const whyNotFromWorkers = (host: string) =>
  isInternal(host)
    ? "is within Alibaba Cloud, where Workers are not: it must be the region's public one"
    : undefined

/**
 * Requests to OSS that a copy on Workers may make where no setting says: the free plan allows 50 for each request of a
 * client (https://developers.cloudflare.com/workers/platform/limits/#subrequests), and some are for regions and locks. A
 * copy that ran into the platform's limit could not even abort its upload.
 */
const WORKERS_REQUESTS = 40

const withinPlan = (document: Document): Document => ({
  ...document,
  copy: { ...document.copy, maxRequests: document.copy.maxRequests ?? WORKERS_REQUESTS },
})

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const child of Object.values(value)) deepFreeze(child)
  }
  return value
}
