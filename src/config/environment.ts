import type { Files } from './files.ts'
import { nearest, normalized } from './spelling.ts'

/** Every setting that comes from the environment, or from the bindings on Workers. */
export const settingNames = [
  'OSS_REGION',
  'OSS_ENDPOINT',
  'OSS_ACCESS_KEY_ID',
  'OSS_ACCESS_KEY_SECRET',
  'OSS_SESSION_TOKEN',
  'S3_ACCESS_KEY_ID',
  'S3_SECRET_ACCESS_KEY',
  'S3_DOMAIN',
  'GATEWAY_CONFIG',
  'LOCAL_OSS_DIR',
  'LOCAL_OSS_PORT',
  'LOCAL_OSS_COPY_LIMIT',
  'LOCAL_OSS_RESTORE_TIME',
  'LOCAL_OSS_DAY',
  'OSS_CREDENTIALS',
  'OSS_STS_ENDPOINT',
  'HOST',
  'PORT',
  'ADMIN_HOST',
  'ADMIN_PORT',
  'WORKERS',
  'TLS_CERT_FILE',
  'TLS_KEY_FILE',
  'GATEWAY_LOG_LEVEL',
  'OSS_ACCESS_KEY_ID_FILE',
  'OSS_ACCESS_KEY_SECRET_FILE',
  'OSS_SESSION_TOKEN_FILE',
  'S3_ACCESS_KEY_ID_FILE',
  'S3_SECRET_ACCESS_KEY_FILE',
] as const
/** The name of a setting. */
export type SettingName = (typeof settingNames)[number]

/** Settings that may stand in a file, whose name is then the setting. */
const inFiles = [
  'OSS_ACCESS_KEY_ID',
  'OSS_ACCESS_KEY_SECRET',
  'OSS_SESSION_TOKEN',
  'S3_ACCESS_KEY_ID',
  'S3_SECRET_ACCESS_KEY',
] as const

/** Whether a setting is the file of another. */
export const isSecretFile = (name: SettingName) => inFiles.some((one) => `${one}_FILE` === name)

/** Environment variables, or the bindings of a Worker, which need not be texts. */
export type Environment = Readonly<Record<string, unknown>>

/** A variable with such a name is a setting of the gateway, or a mistake. */
const families = /^(?:(?:OSS|S3|LOCAL_OSS|GATEWAY)_|TLS_(?:CERT|KEY))/i

const isSetting = (name: string): name is SettingName => (settingNames as readonly string[]).includes(name)

/** The gateway's settings in an environment. */
export type EnvironmentSettings = {
  /** Values without the blanks around them; never empty. */
  values: ReadonlyMap<SettingName, string>
  /** Those with a mistake that is reported already: set but empty, or probably meant by a misspelt name. */
  reported: ReadonlySet<SettingName>
  /** Whose value stood in a file, and in which. */
  fileOf: ReadonlyMap<SettingName, string>
}

/**
 * Picks the gateway's settings out of an environment. A name like one of them that is none is a mistake, and so is one
 * that is set but empty: an empty secret must not be taken for a missing one.
 * @param files where settings may be read from; absent where there are none.
 * @param problems what is wrong is added here, a line each.
 */
export function readEnvironment(
  environment: Environment,
  files: Files | undefined,
  problems: string[],
): EnvironmentSettings {
  const values = new Map<SettingName, string>()
  const reported = new Set<SettingName>()
  const fileOf = new Map<SettingName, string>()
  for (const [name, raw] of Object.entries(environment)) {
    // Bindings of Workers need not be texts; those that are settings must.
    if (typeof raw !== 'string') {
      if (raw === undefined || !isSetting(name)) continue
      reported.add(name)
      problems.push(`${name} is bound to something that is no text: its value must be in quotation marks`)
      continue
    }
    if (isKubernetesVariable(name, raw)) continue
    const value = raw.trim()
    if (isSetting(name)) {
      if (value !== '') values.set(name, value)
      else {
        reported.add(name)
        problems.push(`${name} is set, but empty: give it a value, or unset it`)
      }
    } else if (families.test(name) || isMisspelt(name)) {
      const meant = nearest(name, sameFamily(name)) ?? nearest(name, settingNames)
      if (meant !== undefined) reported.add(meant)
      problems.push(`${name} is no setting: ${meant ? `did you mean ${meant}?` : familyHint(name)}`)
    }
  }
  for (const name of inFiles) {
    const file = values.get(`${name}_FILE`)
    if (reported.has(`${name}_FILE`)) reported.add(name)
    if (file === undefined) continue
    const { text, why } = values.has(name)
      ? { why: `${name} is set as well: leave one of them out` }
      : readSecret(files, file)
    if (text !== undefined) {
      values.set(name, text)
      fileOf.set(name, file)
    } else {
      reported.add(name)
      if (why !== undefined) problems.push(`${name}_FILE: ${why}`)
    }
  }
  return { values, reported, fileOf }
}

/** What stands in a file, without the blanks around it, or why there is nothing. Where there are no files that is told already. */
export function readSecret(files: Files | undefined, file: string): { text?: string; why?: string } {
  if (files === undefined) return {}
  try {
    const text = files.read(file).trim()
    return text === '' ? { why: 'the file is empty' } : { text }
  } catch (error) {
    return { why: (error as Error).message }
  }
}

const address = /^(?:[\d.]+|[\da-f]*:[\da-f:]*)$/i
/** https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables */
const serviceNames: readonly (readonly [name: RegExp, value: RegExp])[] = [
  [/_SERVICE_HOST$/, address],
  [/_SERVICE_PORT$/, /^\d+$/],
  [/_PORT(?:_\d+_(?:TCP|UDP|SCTP))?$/, /^(?:tcp|udp|sctp):\/\/[\d.:a-f[\]]+:\d+$/],
  [/_PORT_\d+_(?:TCP|UDP|SCTP)_PROTO$/, /^(?:tcp|udp|sctp)$/],
  [/_PORT_\d+_(?:TCP|UDP|SCTP)_PORT$/, /^\d+$/],
  [/_PORT_\d+_(?:TCP|UDP|SCTP)_ADDR$/, address],
]

/** Whether Kubernetes sets this, for a Service called `oss`, `s3-oss-gateway`, `local-oss`, `admin` and so on. */
const isKubernetesVariable = (name: string, value: string) =>
  serviceNames.some(([form, content]) => form.test(withoutPortName(name)) && content.test(value))

/** A Service's ports may have names: `…_SERVICE_PORT_HTTPS`. */
function withoutPortName(name: string): string {
  const [service, port] = name.split('_SERVICE_PORT_')
  return port !== undefined && /^[A-Z0-9_]+$/.test(port) ? `${service}_SERVICE_PORT` : name
}

/**
 * Whether a name outside the families is a misspelt setting: `OSSENDPOINT`, `admin-port`, `OS_ENDPOINT`. One with a
 * letter replaced is not: `OBS_REGION` belongs to another cloud.
 */
function isMisspelt(name: string): boolean {
  return settingNames.some((setting) => {
    if (normalized(setting).length < 8) return false
    if (normalized(name) === normalized(setting)) return true
    const [short, long] = name.length < setting.length ? [name, setting] : [setting, name]
    if (short.length + 1 === long.length)
      return [...long].some((_, i) => long.slice(0, i) + long.slice(i + 1) === short)
    const at = [...name].findIndex((char, i) => char !== setting[i])
    const swapped = name.slice(0, at) + name[at + 1] + name[at] + name.slice(at + 2)
    return at >= 0 && short.length === long.length && swapped === setting
  })
}

/** The settings with the same first word as a name. */
function sameFamily(name: string): SettingName[] {
  const [, family = ''] = /^(OSS_|S3_|LOCAL_OSS_|GATEWAY_|TLS_)/i.exec(name) ?? []
  return settingNames.filter((setting) => family !== '' && setting.startsWith(family.toUpperCase()))
}

function familyHint(name: string): string {
  const known = sameFamily(name)
  return `of that kind there ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}`
}
