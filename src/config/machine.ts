import type { CredentialSource } from '../oss/credentials/source.ts'
import type { Origin } from '../oss/regions.ts'
import type { OssCredentials } from '../ports.ts'
import { isOwnAddress } from './endpoint.ts'
import {
  type Environment,
  type EnvironmentSettings,
  isSecretFile,
  type SettingName,
  settingNames,
} from './environment.ts'
import {
  checkPorts,
  parseCopyLimit,
  parseDay,
  parseDirectory,
  parseHost,
  parseRestoreTime,
  parseTls,
  parseWorkers,
} from './environment-values.ts'
import type { Files } from './files.ts'
import { type MachineKind, parseMachineSource } from './machine-source.ts'
import { hasRrsa, type SourceSettings } from './source-settings.ts'
import { isLoopback, parseWhole, redacted } from './values.ts'

/** What the settings say of a process on a machine; on Workers the platform decides that. */
export type MachineConfig = {
  listen: {
    host: string
    port: number
    /** Of the health listener: not the S3 endpoint's, which others may reach. */
    adminHost: string
    /** Absent: no health listener. */
    adminPort: number | undefined
    tls: { certFile: string; keyFile: string } | undefined
  }
  /** Processes that serve; `auto`: as many as the machine has cores. */
  workers: number | 'auto'
  /** Absent: OSS is elsewhere. */
  localOss: LocalOssConfig | undefined
}

/** The embedded OSS, and where it keeps its data. */
export type LocalOssConfig = {
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

/** The key of the embedded OSS where none is set. It is documented, so everybody knows it. */
export const DEFAULT_LOCAL_CREDENTIALS: OssCredentials = {
  accessKeyId: 'local',
  accessKeySecret: 'local-secret',
}

/** The settings of the environment, and where what is wrong with them is told, a line each. */
export type MachineSettings = Pick<EnvironmentSettings, 'values' | 'reported'> & {
  environment: Environment
  problems: string[]
}

/** Reads the settings that mean something on a machine alone. Workers have none of it in their script. */
export type Machine = {
  /** The files that settings name; absent: none may. */
  files: Files | undefined
  /** The key of the embedded OSS, where that is the OSS; `isTold`: that nothing says where OSS is has been told. */
  placeOfOss(settings: MachineSettings): { embedded: OssCredentials | undefined; isTold: boolean }
  /** Where the gateway's key comes from, of the kinds that need a machine. */
  parseSource(kind: MachineKind, settings: SourceSettings): CredentialSource
  /** @param localKey the key of the embedded OSS; undefined where OSS is elsewhere. */
  parse(settings: MachineSettings, localKey: OssCredentials | undefined): MachineConfig
  /** What is wrong with an address of OSS, or undefined. */
  whyNotOss(oss: Origin, listen: MachineConfig['listen']): string | undefined
}

/** The machine that this runs on. @param files what reads the files that settings name; absent: none may. */
export const machineOf = (files: Files | undefined): Machine => ({
  files,
  placeOfOss: (settings) => placeOfOss(settings, files),
  parseSource: (kind, settings) => parseMachineSource(kind, settings, files),
  parse,
  whyNotOss: (oss, listen) =>
    isOwnAddress(oss, listen) ? "is the gateway itself: it must be OSS's" : undefined,
})

function placeOfOss(
  { values, reported, environment, problems }: MachineSettings,
  files: Files | undefined,
): ReturnType<Machine['placeOfOss']> {
  const named = (family: string) =>
    settingNames.filter((name) => name.startsWith(family) && (values.has(name) || reported.has(name)))
  const localNames = named('LOCAL_OSS_')
  // A pod with a role for OSS must not come up on an empty embedded one because its settings were lost.
  const ossNames = named('OSS_')
  const isByRrsaAlone = ossNames.length + localNames.length === 0 && hasRrsa(environment)
  const isEmbedded = ossNames.length === 0 && !isByRrsaAlone
  if (isByRrsaAlone)
    problems.push(
      'OSS_REGION is missing: ALIBABA_CLOUD_ROLE_ARN and ALIBABA_CLOUD_OIDC_TOKEN_FILE are set, so that the gateway has a role for OSS; set LOCAL_OSS_DIR where it is to run on the embedded OSS all the same',
    )
  if (!isEmbedded && localNames.length > 0)
    problems.push(
      `${localNames.join(', ')} cannot be set together with ${ossNames.join(', ')}: either there is the embedded OSS, or Alibaba Cloud's`,
    )
  const unread =
    files === undefined ? settingNames.filter((name) => isSecretFile(name) && values.has(name)) : []
  if (unread.length > 0)
    problems.push(`${unread.join(', ')}: files are read here only with parseConfig's argument for it`)
  return { embedded: isEmbedded ? DEFAULT_LOCAL_CREDENTIALS : undefined, isTold: isByRrsaAlone }
}

function parse(
  { values, reported, problems }: MachineSettings,
  localKey: OssCredentials | undefined,
): MachineConfig {
  const get = (name: SettingName) => values.get(name)
  const port = (name: SettingName, fallback: number) => {
    const text = get(name)
    const value = text === undefined ? fallback : parseWhole(text)
    if (value !== undefined && value <= 65_535) return value
    problems.push(`${name} is ${redacted(text ?? '')}: it must be a whole number from 0 to 65535`)
    return fallback
  }
  const listen = {
    host: parseHost('HOST', get('HOST'), problems),
    port: port('PORT', 9000),
    adminHost: parseHost('ADMIN_HOST', get('ADMIN_HOST'), problems),
    adminPort: port('ADMIN_PORT', 9001) || undefined,
    tls: parseTls(get('TLS_CERT_FILE'), get('TLS_KEY_FILE'), reported, problems),
  }
  const localOss = localKey && {
    directory: parseDirectory(get('LOCAL_OSS_DIR'), problems),
    port: port('LOCAL_OSS_PORT', 9010),
    copyLimit: parseCopyLimit(get('LOCAL_OSS_COPY_LIMIT'), problems),
    restoreTime: parseRestoreTime(get('LOCAL_OSS_RESTORE_TIME'), problems),
    day: parseDay(get('LOCAL_OSS_DAY'), problems),
    key: localKey,
  }
  checkPorts({ PORT: listen.port, ADMIN_PORT: listen.adminPort, LOCAL_OSS_PORT: localOss?.port }, problems)
  const isKnown = localKey?.accessKeySecret === DEFAULT_LOCAL_CREDENTIALS.accessKeySecret
  if (isKnown && !isLoopback(listen.host)) {
    problems.push(
      `HOST is ${redacted(listen.host)}, which others can reach, and the keys of the embedded OSS are known to everybody: set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, or leave HOST out`,
    )
  }
  return { listen, workers: parseWorkers(get('WORKERS'), localOss !== undefined, problems), localOss }
}
