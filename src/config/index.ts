import type { CredentialSource } from '../oss/credentials/source.ts'
import { type Endpoint, isInternal, type Origin } from '../oss/regions.ts'
import type { LogLevel, OssCredentials } from '../ports.ts'
import { parseBucketDomains } from './bucket-domains.ts'
import { type BucketMapping, parseBucketMappings } from './bucket-mappings.ts'
import { ownKey, parseCredentialSource } from './credential-source.ts'
import { type Client, parseAnonymous, parseClients, parseSts, type Sts } from './credentials.ts'
import { type Document, parseDocument } from './document.ts'
import type { ReadDocument } from './document-rules.ts'
import { embeddedEndpoint, isOwnAddress, parseEndpoint } from './endpoint.ts'
import {
  type Environment,
  isSecretFile,
  readEnvironment,
  type SettingName,
  settingNames,
} from './environment.ts'
import {
  checkPorts,
  parseCopyLimit,
  parseDay,
  parseDirectory,
  parseDomains,
  parseHost,
  parseLogLevel,
  parseRestoreTime,
  parseTls,
  parseWorkers,
} from './environment-values.ts'
import type { Files } from './files.ts'
import { environmentOnWorkers, meansNothing } from './on-workers.ts'
import { ProblemsError } from './problems.ts'
import { hasRrsa } from './source-settings.ts'
import { parseUpstreams, type Upstream } from './upstreams.ts'
import { isLoopback, parseWhole, redacted } from './values.ts'

export type { BucketMapping } from './bucket-mappings.ts'
export type { Client, Session, Sts } from './credentials.ts'
export { ACCESS_LOG_BUCKET } from './document-checks.ts'
export type { OperationKind } from './document-schema.ts'
export type { Environment } from './environment.ts'
export type { Files } from './files.ts'
export type { Upstream } from './upstreams.ts'

/** The settings, parsed; frozen all the way down. */
export type Config = {
  listen: {
    host: string
    port: number
    /** Of the health listener: not the S3 endpoint's, which others may reach. */
    adminHost: string
    /** Absent: no health listener. */
    adminPort: number | undefined
    tls: { certFile: string; keyFile: string } | undefined
  }
  /** Processes that serve; `auto`: as many as the machine has cores. Node only. */
  workers: number | 'auto'
  /** What of the log is written. */
  logLevel: LogLevel
  /** Absent: the embedded OSS, and where it keeps its data. */
  localOss:
    | {
        directory: string
        port: number
        /** Bytes. */
        copyLimit: number
        /** Seconds for which a restore is in progress. */
        restoreTime: number
        /** Seconds of a day, wherever OSS counts days. */
        day: number
        /** Its one account's. */
        key: OssCredentials
      }
    | undefined
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

/** The key of the embedded OSS where none is set. It is documented, so everybody knows it. */
export const DEFAULT_LOCAL_CREDENTIALS: OssCredentials = {
  accessKeyId: 'local',
  accessKeySecret: 'local-secret',
}

/** Every mistake in the settings at once, each in one line. */
export class ConfigError extends ProblemsError {
  override name = 'ConfigError'
}

/**
 * Settings → Config.
 * @param environment the environment variables, or the bindings on Workers.
 * @param read the reader of the settings document.
 * @param documentText its text, where there is one.
 * @param runtime on Workers there is no embedded OSS.
 * @param files reads the files that settings name; without it none may.
 * @throws ConfigError with every mistake.
 */
export function parseSettings(
  environment: Environment,
  read: ReadDocument,
  documentText: string | undefined,
  runtime: 'node' | 'workers',
  files: Files | undefined,
): Config {
  const problems: string[] = []
  const warnings: string[] = []
  const { values, reported, fileOf } = readEnvironment(environment, files, problems)
  const get = (name: SettingName) => values.get(name)
  const named = (family: string) =>
    settingNames.filter((name) => name.startsWith(family) && (values.has(name) || reported.has(name)))
  const port = (name: SettingName, fallback: number) => {
    const text = get(name)
    const value = text === undefined ? fallback : parseWhole(text)
    if (value !== undefined && value <= 65_535) return value
    problems.push(`${name} is ${redacted(text ?? '')}: it must be a whole number from 0 to 65535`)
    return fallback
  }

  const localNames = named('LOCAL_OSS_')
  // A pod with a role for OSS must not come up on an empty embedded one because its settings were lost.
  const ossNames = named('OSS_')
  const isNode = runtime === 'node'
  const isByRrsaAlone = isNode && ossNames.length + localNames.length === 0 && hasRrsa(environment)
  const embedded = isNode && ossNames.length === 0 && !isByRrsaAlone
  if (isByRrsaAlone)
    problems.push(
      'OSS_REGION is missing: ALIBABA_CLOUD_ROLE_ARN and ALIBABA_CLOUD_OIDC_TOKEN_FILE are set, so that the gateway has a role for OSS; set LOCAL_OSS_DIR where it is to run on the embedded OSS all the same',
    )
  if (!isNode) {
    for (const name of settingNames) {
      const why = environmentOnWorkers[name]
      if (why !== true && values.has(name)) problems.push(meansNothing(name, why))
    }
  } else if (!embedded && localNames.length > 0) {
    problems.push(
      `${localNames.join(', ')} cannot be set together with ${ossNames.join(', ')}: either there is the embedded OSS, or Alibaba Cloud's`,
    )
  }
  const unread =
    isNode && files === undefined ? settingNames.filter((name) => isSecretFile(name) && values.has(name)) : []
  if (unread.length > 0)
    problems.push(`${unread.join(', ')}: files are read here only with parseConfig's argument for it`)

  const before = problems.length
  const document = parseDocument(documentText, read, runtime, problems)
  const isDocumentRight = problems.length === before
  const endpoint = embedded
    ? embeddedEndpoint()
    : parseEndpoint(
        {
          endpoint: get('OSS_ENDPOINT'),
          region: get('OSS_REGION'),
          regionReported: reported.has('OSS_REGION') || reported.has('OSS_ENDPOINT') || isByRrsaAlone,
        },
        problems,
        warnings,
      )
  const keys = { get, reported, fileOf, environment, files, endpoint, problems, warnings }
  const source = embedded ? undefined : parseCredentialSource(keys)
  const credentials = source ?? { from: 'settings', key: DEFAULT_LOCAL_CREDENTIALS, files: {} }
  const upstreams: Config['upstreams'] = isDocumentRight
    ? parseUpstreams(document.upstreams, { environment, files, by: credentials, problems, warnings })
    : new Map()
  if (embedded && upstreams.size > 0)
    problems.push(
      'GATEWAY_CONFIG: upstreams: they are accounts of Alibaba Cloud, beside that of OSS_REGION and OSS_ACCESS_KEY_ID: with the embedded OSS leave them out',
    )
  const buckets: Config['buckets'] = isDocumentRight ? parseBucketMappings(document, problems) : new Map()
  const ossKey = source === undefined ? DEFAULT_LOCAL_CREDENTIALS : ownKey(source)
  const { clients, main } = parseClients(keys, ossKey, document)
  // The embedded OSS has one account, whose key is the first client's.
  const [mainSecret = ''] = main.secretAccessKeys
  const localKey = { accessKeyId: main.accessKeyId, accessKeySecret: mainSecret }
  const listen = {
    host: parseHost('HOST', get('HOST'), problems),
    port: port('PORT', 9000),
    adminHost: parseHost('ADMIN_HOST', get('ADMIN_HOST'), problems),
    adminPort: port('ADMIN_PORT', 9001) || undefined,
    tls: parseTls(get('TLS_CERT_FILE'), get('TLS_KEY_FILE'), reported, problems),
  }
  const localOss = embedded
    ? {
        directory: parseDirectory(get('LOCAL_OSS_DIR'), problems),
        port: port('LOCAL_OSS_PORT', 9010),
        copyLimit: parseCopyLimit(get('LOCAL_OSS_COPY_LIMIT'), problems),
        restoreTime: parseRestoreTime(get('LOCAL_OSS_RESTORE_TIME'), problems),
        day: parseDay(get('LOCAL_OSS_DAY'), problems),
        key: localKey,
      }
    : undefined
  checkPorts({ PORT: listen.port, ADMIN_PORT: listen.adminPort, LOCAL_OSS_PORT: localOss?.port }, problems)
  if (embedded && mainSecret === DEFAULT_LOCAL_CREDENTIALS.accessKeySecret && !isLoopback(listen.host)) {
    problems.push(
      `HOST is ${redacted(listen.host)}, which others can reach, and the keys of the embedded OSS are known to everybody: set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, or leave HOST out`,
    )
  }
  const endpoints = [
    ['OSS_ENDPOINT', endpoint] as const,
    ...[...upstreams].map(
      ([name, one]) => [`GATEWAY_CONFIG: upstreams.${name}.endpoint`, one.endpoint] as const,
    ),
  ]
  for (const [name, one] of endpoints) {
    if (isNode && isOwnAddress(one, listen))
      problems.push(`${name} ${one.host} is the gateway itself: it must be OSS's`)
    if (!isNode && isInternal(one.host))
      problems.push(
        `${name} ${one.host} is within Alibaba Cloud, where Workers are not: it must be the region's public one`,
      )
  }
  if (!embedded && document.anonymous === 'forward' && document.anonymousBuckets === undefined)
    warnings.push(
      'GATEWAY_CONFIG: anonymous: forward without anonymousBuckets: everybody can read every public bucket of OSS by this gateway, those of other accounts too',
    )
  const workers = parseWorkers(get('WORKERS'), embedded, problems)
  const logLevel = parseLogLevel(get('GATEWAY_LOG_LEVEL'), problems)
  if (document.conditionalWrites === 'process' && isNode && workers !== 1)
    problems.push(
      `GATEWAY_CONFIG: conditionalWrites: process is for a single process, and WORKERS is ${workers}: use lock`,
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
    listen,
    workers,
    logLevel,
    localOss,
    endpoint: domains.size === 0 ? endpoint : { ...endpoint, domains },
    credentials: source ?? { from: 'settings', key: localKey, files: {} },
    upstreams,
    buckets,
    clients,
    sts: parseSts(keys, document),
    uploadIdSecret: mainSecret,
    anonymous: parseAnonymous(document),
    domains: s3Domains,
    document: isNode ? document : withinPlan(document),
    warnings,
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return deepFreeze(config)
}

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
