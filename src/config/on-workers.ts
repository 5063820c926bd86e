import { type Document, documentSchema } from './document-schema.ts'
import { type SettingName, settingNames } from './environment.ts'

/** On Workers a setting works (true), or is refused: why it means nothing there, or what is wrong with its value. */
type Decision = true | string | ((value: unknown) => string | undefined)

/** The names of a document's settings, with dots; those of a list or of chosen names without their number or name. */
type Paths<T, At extends string = ''> = T extends readonly (infer Item)[]
  ? Paths<Item, At>
  : T extends object
    ? {
        [K in keyof T & string]: Paths<
          NonNullable<T[K]>,
          string extends K ? At : At extends '' ? K : `${At}.${K}`
        >
      }[keyof T & string]
    : At

const NO_EMBEDDED_OSS = 'where there is no embedded OSS'
const NO_FILES = 'where there are no files'
const PLATFORM_LISTENS = 'where the platform listens'
const PLATFORM_LIMITS = 'where the platform limits what one process takes on'
const NO_SHUTDOWN = 'which the platform ends'

/** Of each setting of the environment. */
export const environmentOnWorkers: Readonly<Record<SettingName, true | string>> = {
  OSS_REGION: true,
  OSS_ENDPOINT: true,
  OSS_ACCESS_KEY_ID: true,
  OSS_ACCESS_KEY_SECRET: true,
  OSS_SESSION_TOKEN: true,
  OSS_CREDENTIALS: true,
  OSS_STS_ENDPOINT: true,
  S3_ACCESS_KEY_ID: true,
  S3_SECRET_ACCESS_KEY: true,
  S3_DOMAIN: true,
  GATEWAY_CONFIG: true,
  GATEWAY_LOG_LEVEL: true,
  HOST: PLATFORM_LISTENS,
  PORT: PLATFORM_LISTENS,
  ADMIN_HOST: PLATFORM_LISTENS,
  ADMIN_PORT: PLATFORM_LISTENS,
  WORKERS: 'of which the platform runs as many as it takes',
  TLS_CERT_FILE: 'where the platform has the certificates',
  TLS_KEY_FILE: 'where the platform has the certificates',
  OSS_ACCESS_KEY_ID_FILE: NO_FILES,
  OSS_ACCESS_KEY_SECRET_FILE: NO_FILES,
  OSS_SESSION_TOKEN_FILE: NO_FILES,
  S3_ACCESS_KEY_ID_FILE: NO_FILES,
  S3_SECRET_ACCESS_KEY_FILE: NO_FILES,
  LOCAL_OSS_DIR: NO_EMBEDDED_OSS,
  LOCAL_OSS_PORT: NO_EMBEDDED_OSS,
  LOCAL_OSS_COPY_LIMIT: NO_EMBEDDED_OSS,
  LOCAL_OSS_RESTORE_TIME: NO_EMBEDDED_OSS,
  LOCAL_OSS_DAY: NO_EMBEDDED_OSS,
}

/** Of each setting of the document. */
export const documentOnWorkers: Readonly<Record<Paths<Document>, Decision>> = {
  'clients.accessKeyId': true,
  'clients.secretAccessKey': true,
  'clients.secretAccessKeys': true,
  'clients.secretAccessKeyFile': NO_FILES,
  'clients.buckets': true,
  'clients.prefixes': true,
  'clients.readOnly': true,
  'clients.operations': true,
  'clients.upstream': true,
  'clients.limits.inFlight': 'which run in many places',
  'clients.limits.rate': 'which run in many places',
  'upstreams.region': true,
  'upstreams.endpoint': true,
  'upstreams.endpoints': true,
  // Those that there are: credential-source.ts.
  'upstreams.credentials.from': true,
  'upstreams.credentials.accessKeyId': true,
  'upstreams.credentials.accessKeyIdFile': NO_FILES,
  'upstreams.credentials.accessKeyIdVariable': true,
  'upstreams.credentials.accessKeySecret': true,
  'upstreams.credentials.accessKeySecretFile': NO_FILES,
  'upstreams.credentials.accessKeySecretVariable': true,
  'upstreams.credentials.securityToken': true,
  'upstreams.credentials.securityTokenFile': NO_FILES,
  'upstreams.credentials.securityTokenVariable': true,
  'upstreams.credentials.roleArn': true,
  'upstreams.credentials.roleSessionName': true,
  'upstreams.credentials.stsEndpoint': true,
  'upstreams.credentials.oidcProviderArn': NO_FILES,
  'upstreams.credentials.oidcTokenFile': NO_FILES,
  'upstreams.credentials.ecsRoleName': "which are not on Alibaba Cloud's machines",
  'upstreams.credentials.uri': true,
  'upstreams.credentials.profile': NO_FILES,
  'upstreams.credentials.profileFile': NO_FILES,
  'buckets.upstream': true,
  'buckets.bucket': true,
  'buckets.prefix': true,
  'sts.secrets': true,
  'sts.secretsFile': NO_FILES,
  'sts.maxDuration': true,
  accessPoints: true,
  endpoints: true,
  'acl.default': true,
  'acl.ownership': true,
  'storageClass.default': true,
  'storageClass.map': true,
  conditionalWrites: (value) =>
    value === 'process' ? 'process is for a single process, and Workers run in many: use lock' : undefined,
  storeParts: true,
  storeChecksums: true,
  anonymous: true,
  anonymousBuckets: true,
  postForms: true,
  signatureV2: true,
  cors: true,
  'accessLog.to': (value) =>
    value === 'off' || value === 'stdout'
      ? undefined
      : `it is ${JSON.stringify(value)}: on Workers it must be off or stdout, which the platform keeps and delivers`,
  'accessLog.format': true,
  'traces.keys': 'where no SDK of OpenTelemetry is loaded',
  trustedProxies: 'where the platform tells the address of the client',
  'limits.inFlight': PLATFORM_LIMITS,
  'limits.perKey': PLATFORM_LIMITS,
  'limits.perAddress': PLATFORM_LIMITS,
  'limits.waiting': PLATFORM_LIMITS,
  'limits.waitingTime': PLATFORM_LIMITS,
  'limits.connections': PLATFORM_LIMITS,
  'limits.connectionsPerAddress': PLATFORM_LIMITS,
  'limits.anonymous': PLATFORM_LIMITS,
  'limits.forms': true,
  'timeouts.drain': NO_SHUTDOWN,
  'timeouts.stop': NO_SHUTDOWN,
  // Within it the fields of a form have to come.
  'timeouts.client.headers': true,
  'timeouts.client.idle': PLATFORM_LISTENS,
  'timeouts.client.keepAlive': PLATFORM_LISTENS,
  'timeouts.client.total': PLATFORM_LISTENS,
  'timeouts.oss.connect':
    'where fetch does not tell when it has connected: it is part of timeouts.oss.headers',
  'timeouts.oss.headers': true,
  'timeouts.oss.idle': true,
  'timeouts.oss.total': true,
  'copy.oversize': true,
  'copy.crossRegion': true,
  'copy.crossUpstream': true,
  'copy.appendable': true,
  'copy.symlink': true,
  'copy.maxSize': true,
  'copy.partSize': true,
  'copy.parallel': true,
  'copy.keepAliveAfter': true,
  'copy.timeout': true,
  'copy.maxRequests': true,
}

/** What is wrong with settings that mean nothing on Workers: a setting that did nothing unseen would be believed. */
export const meansNothing = (name: string, why: string) =>
  `${name} means nothing on Workers, ${why}: leave it out`

/** What the environment sets that Workers do not do, a line each. */
export const variablesRefusedOnWorkers = (values: ReadonlyMap<SettingName, string>): string[] =>
  settingNames.flatMap((name) => {
    const why = environmentOnWorkers[name]
    return why === true || !values.has(name) ? [] : [meansNothing(name, why)]
  })

/** A schema as far as names go. */
type Named = { entries?: Record<string, object>; item?: object; wrapped?: object; value?: object }

/**
 * What a document sets that Workers do not do, a line each.
 * @param raw what was written, without the defaults.
 * @param name of the setting, as it is told; `path`: as the table has it.
 */
export function refusedOnWorkers(
  raw: unknown,
  schema: object = documentSchema,
  name = '',
  path = '',
): string[] {
  const decision = (documentOnWorkers as Readonly<Record<string, Decision>>)[path]
  if (typeof decision === 'string') return [meansNothing(name, decision)]
  if (typeof decision === 'function') {
    const why = decision(raw)
    return why === undefined ? [] : [`${name}: ${why}`]
  }
  const { entries, item, wrapped, value }: Named = schema
  if (wrapped !== undefined) return refusedOnWorkers(raw, wrapped, name, path)
  if (decision === true || typeof raw !== 'object' || raw === null) return []
  const join = (before: string, last: string) => (before === '' ? last : `${before}.${last}`)
  return Object.entries(raw).flatMap(([key, child]) => {
    const inner =
      entries === undefined ? (item ?? value) : Object.hasOwn(entries, key) ? entries[key] : undefined
    if (inner === undefined) return []
    return refusedOnWorkers(child, inner, join(name, key), entries === undefined ? path : join(path, key))
  })
}
