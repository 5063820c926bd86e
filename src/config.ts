import { type Document, parseDocument } from './config-document.ts'
import { type Endpoint, isPathStyle, isRegionName, regionOfHost } from './oss/regions.ts'
import type { OssCredentials } from './oss/sign.ts'

/** Who may sign requests, and what for. */
export type Client = {
  accessKeyId: string
  secretAccessKey: string
  /** Absent: all. */
  buckets?: readonly string[] | undefined
  /** Key prefixes; absent: all keys. A client so limited cannot create or delete buckets. */
  prefixes?: readonly string[] | undefined
  readOnly: boolean
}

export type Config = {
  listen: {
    host: string
    port: number
    /** Absent: no health listener. */
    adminPort: number | undefined
    tls: { certFile: string; keyFile: string } | undefined
  }
  /** Processes that serve; `auto`: as many as the machine has cores. Node only. */
  workers: number | 'auto'
  /** Absent: the embedded OSS, and where it keeps its data. */
  localOss: { directory: string; port: number; copyLimit: number } | undefined
  endpoint: Endpoint
  credentials: OssCredentials
  clients: ReadonlyMap<string, Client>
  domains: readonly string[]
  document: Document
}

type Environment = Record<string, string | undefined>

/** Every mistake in the settings at once, each in one line. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/**
 * Settings → Config.
 * @param environment the environment variables, or the bindings on Workers.
 * @param documentText the text of the settings document (YAML or JSON), where there is one.
 * @throws ConfigError with every mistake.
 */
export function parseConfig(environment: Environment, documentText?: string): Config {
  const problems: string[] = []
  const get = (name: string) => environment[name]?.trim() || undefined
  const number = (name: string, fallback: number, max: number) => {
    const text = get(name)
    if (text === undefined) return fallback
    const value = Number(text)
    if (Number.isInteger(value) && value >= 0 && value <= max) return value
    problems.push(`${name} is ${JSON.stringify(text)}: it must be a whole number from 0 to ${max}`)
    return fallback
  }

  const embedded = ['OSS_REGION', 'OSS_ENDPOINT', 'OSS_ACCESS_KEY_ID'].every(
    (name) => get(name) === undefined,
  )
  const credentials: OssCredentials = embedded
    ? { accessKeyId: 'local', accessKeySecret: 'local-secret' }
    : {
        accessKeyId: get('OSS_ACCESS_KEY_ID') ?? missing('OSS_ACCESS_KEY_ID', "the gateway's own key at OSS"),
        accessKeySecret:
          get('OSS_ACCESS_KEY_SECRET') ?? missing('OSS_ACCESS_KEY_SECRET', 'the secret of that key'),
        ...(get('OSS_SESSION_TOKEN') === undefined
          ? {}
          : { securityToken: get('OSS_SESSION_TOKEN') as string }),
      }
  function missing(name: string, what: string): string {
    problems.push(`${name} is missing: ${what}`)
    return ''
  }

  const endpoint = parseEndpoint(get('OSS_ENDPOINT'), get('OSS_REGION'), embedded, problems)
  const document = parseDocument(documentText, problems)
  const config: Config = {
    listen: {
      host: get('HOST') ?? '127.0.0.1',
      port: number('PORT', 9000, 65535),
      adminPort: number('ADMIN_PORT', 9001, 65535) || undefined,
      tls: parseTls(get('TLS_CERT_FILE'), get('TLS_KEY_FILE'), problems),
    },
    workers: parseWorkers(get('WORKERS'), embedded, problems),
    localOss: embedded
      ? {
          directory: get('LOCAL_OSS_DIR') ?? '.local-oss',
          port: number('LOCAL_OSS_PORT', 9010, 65535),
          copyLimit: number('LOCAL_OSS_COPY_LIMIT', 1024 ** 3, Number.MAX_SAFE_INTEGER),
        }
      : undefined,
    endpoint,
    credentials,
    clients: parseClients(
      get('S3_ACCESS_KEY_ID'),
      get('S3_SECRET_ACCESS_KEY'),
      credentials,
      document,
      problems,
    ),
    domains: parseDomains(get('S3_DOMAIN'), problems),
    document,
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return deepFreeze(config)
}

const DEFAULT_REGION = 'cn-hangzhou'

function parseEndpoint(
  text: string | undefined,
  regionText: string | undefined,
  embedded: boolean,
  problems: string[],
): Endpoint {
  const region = regionText?.replace(/^oss-/, '')
  if (region !== undefined && !isRegionName(region)) {
    problems.push(
      `OSS_REGION is ${JSON.stringify(regionText)}: it must be a region's id, such as cn-hangzhou`,
    )
  }
  const fallback: Endpoint = {
    protocol: 'https:',
    host: `oss-${region ?? DEFAULT_REGION}.aliyuncs.com`,
    region: region ?? DEFAULT_REGION,
  }
  if (text === undefined) {
    if (region === undefined && !embedded)
      problems.push('OSS_REGION is missing: the region of your buckets, such as cn-hangzhou')
    return fallback
  }
  const match = /^(?:(https?):\/\/)?([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d+)?\/?$/i.exec(text)
  if (match === null) {
    problems.push(
      `OSS_ENDPOINT is ${JSON.stringify(text)}: it must be like https://oss-cn-hangzhou.aliyuncs.com, without a bucket or a path`,
    )
    return fallback
  }
  const host = `${match[2]}${match[3] ?? ''}`.toLowerCase()
  const named = region ?? regionOfHost(host) ?? (isPathStyle(host) ? DEFAULT_REGION : undefined)
  if (named === undefined)
    problems.push(
      `OSS_REGION is missing: OSS_ENDPOINT ${host} does not name a region, and requests are signed for one`,
    )
  return {
    protocol: match[1]?.toLowerCase() === 'http' ? 'http:' : 'https:',
    host,
    region: named ?? DEFAULT_REGION,
  }
}

/** More is a mistake: each is a process with a heap of its own. */
const MOST_WORKERS = 256

function parseWorkers(text: string | undefined, embedded: boolean, problems: string[]): number | 'auto' {
  if (text === undefined) return 1
  if (text === 'auto') return embedded ? 1 : 'auto'
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1 || count > MOST_WORKERS) {
    problems.push(
      `WORKERS is ${JSON.stringify(text)}: it must be auto or a whole number from 1 to ${MOST_WORKERS}`,
    )
  } else if (embedded && count > 1) {
    problems.push(
      `WORKERS is ${JSON.stringify(text)}: the embedded OSS lives in one process; with OSS_REGION and its keys there can be more`,
    )
  }
  return count
}

function parseTls(certFile: string | undefined, keyFile: string | undefined, problems: string[]) {
  if (certFile === undefined && keyFile === undefined) return undefined
  if (certFile === undefined || keyFile === undefined) {
    problems.push(
      `${certFile === undefined ? 'TLS_CERT_FILE' : 'TLS_KEY_FILE'} is missing: TLS needs the certificate and its key`,
    )
    return undefined
  }
  return { certFile, keyFile }
}

function parseDomains(text: string | undefined, problems: string[]): string[] {
  const domains = (text ?? '')
    .split(',')
    .map((domain) =>
      domain
        .trim()
        .toLowerCase()
        .replace(/^\*?\./, ''),
    )
    .filter((domain) => domain !== '')
  for (const domain of domains) {
    if (!/^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(domain)) {
      problems.push(
        `S3_DOMAIN has ${JSON.stringify(domain)}: it must be a domain such as s3.example.com, without scheme or port`,
      )
    }
  }
  return domains
}

function parseClients(
  id: string | undefined,
  secret: string | undefined,
  oss: OssCredentials,
  document: Document,
  problems: string[],
) {
  if ((id === undefined) !== (secret === undefined)) {
    problems.push(
      `${id === undefined ? 'S3_ACCESS_KEY_ID' : 'S3_SECRET_ACCESS_KEY'} is missing: clients sign with the pair; leave out both to let them use the OSS pair`,
    )
  }
  const main: Client = {
    accessKeyId: id ?? oss.accessKeyId,
    secretAccessKey: secret ?? oss.accessKeySecret,
    readOnly: false,
  }
  const clients = new Map([[main.accessKeyId, main]])
  for (const client of document.clients) {
    if (clients.has(client.accessKeyId))
      problems.push(`clients: the accessKeyId ${client.accessKeyId} is there twice`)
    clients.set(client.accessKeyId, client)
  }
  return clients
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const child of Object.values(value)) deepFreeze(child)
  }
  return value
}
