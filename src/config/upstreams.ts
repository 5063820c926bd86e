import type { CredentialSource } from '../oss/credentials/source.ts'
import type { Endpoint } from '../oss/regions.ts'
import { parseBucketDomains } from './bucket-domains.ts'
import { parseCredentialSource } from './credential-source.ts'
import type { Document } from './document-schema.ts'
import { parseEndpoint } from './endpoint.ts'
import { type Environment, readSecret, type SettingName } from './environment.ts'
import type { Files } from './files.ts'
import type { Machine } from './machine.ts'

/** An OSS to ask: where it is, and by which key. */
export type Upstream = { endpoint: Endpoint; credentials: CredentialSource }

type Credentials = Document['upstreams'][string]['credentials']
type Field = Exclude<keyof Credentials, 'from'>

/** The parts of a key, by the names that the environment has for them. */
const keyParts = {
  accessKeyId: 'OSS_ACCESS_KEY_ID',
  accessKeySecret: 'OSS_ACCESS_KEY_SECRET',
  securityToken: 'OSS_SESSION_TOKEN',
} as const
type KeyPart = keyof typeof keyParts

/** What else says where a key comes from, by the names that the environment has for it. */
const sourceNames: Partial<Record<Field, string>> = {
  roleArn: 'ALIBABA_CLOUD_ROLE_ARN',
  roleSessionName: 'ALIBABA_CLOUD_ROLE_SESSION_NAME',
  stsEndpoint: 'OSS_STS_ENDPOINT',
  oidcProviderArn: 'ALIBABA_CLOUD_OIDC_PROVIDER_ARN',
  oidcTokenFile: 'ALIBABA_CLOUD_OIDC_TOKEN_FILE',
  ecsRoleName: 'ALIBABA_CLOUD_ECS_METADATA',
  uri: 'ALIBABA_CLOUD_CREDENTIALS_URI',
  profile: 'ALIBABA_CLOUD_PROFILE',
  profileFile: 'ALIBABA_CLOUD_CREDENTIALS_FILE',
}

/** What each source takes, by the beginnings of the names. */
const fieldsOf: Readonly<Record<Credentials['from'], RegExp>> = {
  key: /^(?:accessKey|securityToken)/,
  'ecs-ram-role': /^ecsRoleName$/,
  rrsa: /^(?:role|oidc|sts)/,
  'assume-role': /^(?:accessKey|securityToken|role|sts)/,
  uri: /^uri$/,
  profile: /^(?:profile|sts)/,
}

/** What the settings of upstreams are read with. */
export type UpstreamSettings = {
  environment: Environment
  /** Absent on Workers. */
  machine: Machine | undefined
  /** The key of the upstream without a name: it assumes roles in other accounts where these settings name no key. */
  by: CredentialSource
  problems: string[]
  warnings: string[]
}

/**
 * `upstreams` of the document. Each is read as the environment is for the upstream without a name, by the document's own
 * names: what is wrong is told by these.
 */
export function parseUpstreams(
  upstreams: Document['upstreams'],
  settings: UpstreamSettings,
): ReadonlyMap<string, Upstream> {
  return new Map(
    Object.entries(upstreams).map(([name, upstream]) => [name, parseUpstream(name, upstream, settings)]),
  )
}

function parseUpstream(
  name: string,
  { region, endpoint: address, endpoints, credentials }: Document['upstreams'][string],
  { environment, machine, by, problems, warnings }: UpstreamSettings,
): Upstream {
  const path = `upstreams.${name}`
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(name) || name === 'default')
    problems.push(
      `GATEWAY_CONFIG: ${path}: a name has up to 31 lower-case letters, digits and -, begins with a letter, and is not default`,
    )
  const found: string[] = []
  const doubts: string[] = []
  const endpoint = parseEndpoint({ endpoint: address, region, regionReported: false }, found, doubts)
  const domains = parseBucketDomains(endpoints, problems, `${path}.endpoints`)
  const misplaced = misplacedFields(credentials)
  found.push(...misplaced)
  const { values, fileOf, reported } = readKey(credentials, environment, machine?.files, found)
  values.set('OSS_CREDENTIALS', credentials.from === 'key' ? 'environment' : credentials.from)
  if (credentials.stsEndpoint !== undefined) values.set('OSS_STS_ENDPOINT', credentials.stsEndpoint)
  const source =
    misplaced.length > 0
      ? by
      : parseCredentialSource(
          {
            get: (setting) => values.get(setting),
            reported,
            fileOf,
            environment: sourceEnvironment(credentials, environment),
            endpoint,
            by,
            problems: found,
            warnings: doubts,
          },
          machine,
        )
  problems.push(...found.map((line) => `GATEWAY_CONFIG: ${inDocument(line, path)}`))
  warnings.push(...doubts.map((line) => `GATEWAY_CONFIG: ${inDocument(line, path)}`))
  return {
    endpoint: domains.size === 0 ? endpoint : { ...endpoint, domains },
    credentials: source,
  }
}

/** What is named that the key's source does not take. */
const misplacedFields = ({ from, ...fields }: Credentials): string[] =>
  (Object.keys(fields) as Field[])
    .filter((field) => fields[field] !== undefined && !fieldsOf[from].test(field))
    .map((field) => `credentials.${field}: it means nothing with from: ${from}: leave it out`)

/** The parts of a key, from where the settings say that they are. */
function readKey(
  credentials: Credentials,
  environment: Environment,
  files: Files | undefined,
  problems: string[],
): { values: Map<SettingName, string>; fileOf: Map<SettingName, string>; reported: Set<SettingName> } {
  const values = new Map<SettingName, string>()
  const fileOf = new Map<SettingName, string>()
  const reported = new Set<SettingName>()
  for (const [part, setting] of Object.entries(keyParts) as [KeyPart, SettingName][]) {
    const places = [part, `${part}File`, `${part}Variable`] as const
    const [place, another] = places.filter((one) => credentials[one] !== undefined)
    if (place === undefined) continue
    const named = credentials[place] as string
    const { text, why } =
      another === undefined
        ? readPart(place, part, named, environment, files)
        : { why: `there is ${another} as well: leave one of them out` }
    if (text !== undefined) values.set(setting, text)
    else reported.add(setting)
    if (text !== undefined && place === `${part}File`) fileOf.set(setting, named)
    if (why !== undefined) problems.push(`credentials.${place}: ${why}`)
  }
  return { values, fileOf, reported }
}

function readPart(
  place: `${KeyPart}${'' | 'File' | 'Variable'}`,
  part: KeyPart,
  named: string,
  environment: Environment,
  files: Files | undefined,
): { text?: string; why?: string } {
  if (named === '') return { why: 'it is empty' }
  if (place === part) return { text: named }
  if (place === `${part}File`) return files === undefined ? {} : readSecret(files, named)
  const value = environment[named]
  // Without its name: a secret may have been set in place of that.
  if (typeof value !== 'string' || value.trim() === '')
    return { why: 'there is no such variable, or it is empty' }
  return { text: value.trim() }
}

/** What Alibaba Cloud's SDKs read from the environment, as these settings have it; the pod's own token serves all of them. */
function sourceEnvironment(credentials: Credentials, environment: Environment): Environment {
  const { ALIBABA_CLOUD_OIDC_PROVIDER_ARN, ALIBABA_CLOUD_OIDC_TOKEN_FILE } = environment
  const own = Object.entries(sourceNames).map(([field, name]) => [name, credentials[field as Field]] as const)
  return {
    ALIBABA_CLOUD_OIDC_PROVIDER_ARN,
    ALIBABA_CLOUD_OIDC_TOKEN_FILE,
    ...Object.fromEntries(own.filter(([, value]) => value !== undefined)),
  }
}

/** The document's names for those of the environment. */
const documentNames: Readonly<Record<string, string>> = {
  OSS_REGION: 'region',
  OSS_ENDPOINT: 'endpoint',
  OSS_CREDENTIALS: 'credentials.from',
  ...Object.fromEntries(Object.entries(keyParts).map(([field, name]) => [name, `credentials.${field}`])),
  ...Object.fromEntries(Object.entries(sourceNames).map(([field, name]) => [name, `credentials.${field}`])),
}

/** What is said of the environment's names, said of the document's. */
function inDocument(line: string, path: string): string {
  const said = renamed(line, (name) => `${path}.${name}`).replace(/\benvironment\b/g, 'key')
  return said.startsWith(path) ? said : `${path}.${said}`
}

/** @param assigns what stands between a name and its value, instead of `=`. */
const renamed = (line: string, inPath: (name: string) => string, assigns = '=') =>
  line.replace(/\b((?:OSS|ALIBABA_CLOUD)_[A-Z_]+)\b(=?)/g, (said, name: string, sign: string) => {
    const own = documentNames[name]
    return own === undefined ? said : inPath(own) + (sign && assigns)
  })

/**
 * What is said of the settings of the environment, said of those of an upstream of the document.
 * @param line names settings of the environment. @param settings as they are written: a part of the key may be in a file or
 * in a variable.
 */
export function settingsOfUpstream(
  line: string,
  upstream: string,
  settings: Document['upstreams'][string] | undefined,
): string {
  const isThere = (name: string) =>
    settings?.credentials[name.replace('credentials.', '') as Field] !== undefined
  const inPath = (name: string) => {
    const place = [name, `${name}File`, `${name}Variable`].find(isThere) ?? name
    return `upstreams.${upstream}.${place}`
  }
  return renamed(line, inPath, ': ')
}
