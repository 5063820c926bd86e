import type { Endpoint } from '../oss/regions.ts'
import type { OssCredentials } from '../oss/sign.ts'
import { type Client, parseClients, parseOssCredentials } from './credentials.ts'
import { type Document, parseDocument } from './document.ts'
import { embeddedEndpoint, isItself, parseEndpoint, shown } from './endpoint.ts'
import {
  checkPorts,
  parseCopyLimit,
  parseDirectory,
  parseDomains,
  parseHost,
  parseTls,
  parseWorkers,
} from './listen.ts'
import { type Environment, readNames, type SettingName, settingNames } from './names.ts'
import { isLoopback, parseWhole } from './values.ts'

export type { Client } from './credentials.ts'

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
  /** Absent: the embedded OSS, and where it keeps its data. */
  localOss: { directory: string; port: number; copyLimit: number } | undefined
  endpoint: Endpoint
  credentials: OssCredentials
  clients: ReadonlyMap<string, Client>
  domains: readonly string[]
  document: Document
  /** What is probably wrong, a line each. */
  warnings: readonly string[]
}

/** The pair of an embedded OSS that nobody has given another: everybody knows it. */
export const KNOWN_KEYS: OssCredentials = { accessKeyId: 'local', accessKeySecret: 'local-secret' }

/** Every mistake in the settings at once, each in one line. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/** Settings that say where to listen and with what: on Workers all that is the platform's. */
const nodeOnly: readonly SettingName[] = [
  'HOST',
  'PORT',
  'ADMIN_HOST',
  'ADMIN_PORT',
  'WORKERS',
  'TLS_CERT_FILE',
  'TLS_KEY_FILE',
]

/**
 * Settings → Config.
 * @param environment the environment variables, or the bindings on Workers.
 * @param documentText the text of the settings document (YAML or JSON), where there is one.
 * @param runtime on Workers there is no embedded OSS.
 * @throws ConfigError with every mistake.
 */
export function parseConfig(
  environment: Environment,
  documentText?: string,
  runtime: 'node' | 'workers' = 'node',
): Config {
  const problems: string[] = []
  const warnings: string[] = []
  const { values, told } = readNames(environment, problems)
  const get = (name: SettingName) => values.get(name)
  const named = (family: string) =>
    settingNames.filter((name) => name.startsWith(family) && (values.has(name) || told.has(name)))
  const port = (name: SettingName, fallback: number) => {
    const text = get(name)
    const value = text === undefined ? fallback : parseWhole(text)
    if (value !== undefined && value <= 65_535) return value
    problems.push(`${name} is ${shown(text ?? '')}: it must be a whole number from 0 to 65535`)
    return fallback
  }

  const embedded = runtime === 'node' && named('OSS_').length === 0
  const localNames = named('LOCAL_OSS_')
  if (runtime === 'workers') {
    for (const name of [...localNames, ...nodeOnly.filter((name) => values.has(name))])
      problems.push(`${name} means nothing on Workers: leave it out`)
  } else if (!embedded && localNames.length > 0) {
    problems.push(
      `${localNames.join(', ')} cannot be set together with ${named('OSS_').join(', ')}: either there is the embedded OSS, or Alibaba Cloud's`,
    )
  }

  const document = parseDocument(documentText, problems)
  const keys = { get, told, problems }
  const credentials = embedded ? undefined : parseOssCredentials(keys)
  const { clients, main } = parseClients(keys, credentials ?? KNOWN_KEYS, document)
  const listen = {
    host: parseHost('HOST', get('HOST'), problems),
    port: port('PORT', 9000),
    adminHost: parseHost('ADMIN_HOST', get('ADMIN_HOST'), problems),
    adminPort: port('ADMIN_PORT', 9001) || undefined,
    tls: parseTls(get('TLS_CERT_FILE'), get('TLS_KEY_FILE'), told, problems),
  }
  const localOss = embedded
    ? {
        directory: parseDirectory(get('LOCAL_OSS_DIR'), problems),
        port: port('LOCAL_OSS_PORT', 9010),
        copyLimit: parseCopyLimit(get('LOCAL_OSS_COPY_LIMIT'), problems),
      }
    : undefined
  checkPorts({ PORT: listen.port, ADMIN_PORT: listen.adminPort, LOCAL_OSS_PORT: localOss?.port }, problems)
  if (embedded && main.secretAccessKey === KNOWN_KEYS.accessKeySecret && !isLoopback(listen.host)) {
    problems.push(
      `HOST is ${shown(listen.host)}, which others can reach, and the keys of the embedded OSS are known to everybody: set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, or leave HOST out`,
    )
  }
  const endpoint = embedded
    ? embeddedEndpoint()
    : parseEndpoint(
        {
          endpoint: get('OSS_ENDPOINT'),
          region: get('OSS_REGION'),
          regionTold: told.has('OSS_REGION') || told.has('OSS_ENDPOINT'),
        },
        problems,
        warnings,
      )
  if (runtime === 'node' && isItself(endpoint, listen))
    problems.push(`OSS_ENDPOINT ${endpoint.host} is the gateway itself: it must be OSS's`)
  const config: Config = {
    listen,
    workers: parseWorkers(get('WORKERS'), embedded, problems),
    localOss,
    endpoint,
    // The embedded OSS and its gateway are one: whoever may use the one may use the other.
    credentials: credentials ?? {
      accessKeyId: main.accessKeyId,
      accessKeySecret: main.secretAccessKey,
    },
    clients,
    domains: parseDomains(get('S3_DOMAIN'), problems),
    document,
    warnings,
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return deepFreeze(config)
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const child of Object.values(value)) deepFreeze(child)
  }
  return value
}
