import type { LogLevel } from '../ports.ts'
import type { SettingName } from './environment.ts'
import { isHostName, isIp, parseSeconds, parseSize, parseWhole, redacted, SIZE, TIME } from './values.ts'

/** `HOST` and `ADMIN_HOST`. @param problems what is wrong is added here. */
export function parseHost(name: SettingName, text: string | undefined, problems: string[]): string {
  if (text === undefined) return '127.0.0.1'
  if (isIp(text) || isHostName(text)) return text
  problems.push(
    `${name} is ${redacted(text)}: it must be an address or a name of this machine, such as 127.0.0.1, ::1 or 0.0.0.0 (all of them), without scheme, brackets or port`,
  )
  return '127.0.0.1'
}

/** `LOCAL_OSS_DIR`. @param problems what is wrong is added here. */
export function parseDirectory(text: string | undefined, problems: string[]): string {
  if (text === undefined) return '.local-oss'
  // What no shell has expanded, an address, or nearly `:memory:`: a folder of that name would be a surprise.
  if (text !== ':memory:' && /^:|^memory:?$|^[~$"']|^[a-z][a-z0-9+.-]+:\/\//i.test(text))
    problems.push(
      `LOCAL_OSS_DIR is ${redacted(text)}: it must be a folder (put ./ before an odd name), or :memory: to keep nothing`,
    )
  return text
}

/** `LOCAL_OSS_COPY_LIMIT`, in bytes. @param problems what is wrong is added here. */
export function parseCopyLimit(text: string | undefined, problems: string[]): number {
  const limit = text === undefined ? 1024 ** 3 : parseSize(text)
  if (limit !== undefined) return limit
  problems.push(`LOCAL_OSS_COPY_LIMIT is ${redacted(text ?? '')}: it must be ${SIZE}`)
  return 0
}

/** `LOCAL_OSS_RESTORE_TIME`, in seconds. @param problems what is wrong is added here. */
export function parseRestoreTime(text: string | undefined, problems: string[]): number {
  const time = text === undefined ? 0 : parseSeconds(text)
  if (time !== undefined) return time
  problems.push(`LOCAL_OSS_RESTORE_TIME is ${redacted(text ?? '')}: it must be ${TIME}`)
  return 0
}

const DAY = 86_400
/** Lifecycle rules run once in it. */
const SHORTEST_DAY = 0.1

/** `LOCAL_OSS_DAY`, in seconds. @param problems what is wrong is added here. */
export function parseDay(text: string | undefined, problems: string[]): number {
  const day = text === undefined ? DAY : parseSeconds(text)
  if (day !== undefined && day >= SHORTEST_DAY && day <= DAY) return day
  problems.push(`LOCAL_OSS_DAY is ${redacted(text ?? '')}: it must be from 100ms to 24h: ${TIME}`)
  return DAY
}

/** Two listeners cannot have one port; 0 is off, or any. */
export function checkPorts(ports: Readonly<Record<string, number | undefined>>, problems: string[]): void {
  const users = new Map<number, string>()
  for (const [name, port] of Object.entries(ports)) {
    if (port === undefined || port === 0) continue
    const other = users.get(port)
    if (other !== undefined) problems.push(`${other} and ${name} are both ${port}: they must be different`)
    users.set(port, name)
  }
}

/** More is a mistake: each is a process with a heap of its own. */
const MOST_WORKERS = 256

/** What of the log is written: each level with those before it. */
const logLevels: readonly LogLevel[] = ['error', 'warn', 'info']

/** `GATEWAY_LOG_LEVEL`. @param problems what is wrong is added here. */
export function parseLogLevel(text: string | undefined, problems: string[]): LogLevel {
  const level = logLevels.find((name) => name === text)
  if (text !== undefined && level === undefined)
    problems.push(`GATEWAY_LOG_LEVEL is ${redacted(text)}: it must be one of ${logLevels.join(', ')}`)
  return level ?? 'info'
}

/** `WORKERS`. @param problems what is wrong is added here. */
export function parseWorkers(
  text: string | undefined,
  embedded: boolean,
  problems: string[],
): number | 'auto' {
  if (text === undefined) return 1
  if (text === 'auto') return embedded ? 1 : 'auto'
  const count = parseWhole(text) ?? 0
  if (count < 1 || count > MOST_WORKERS) {
    problems.push(`WORKERS is ${redacted(text)}: it must be auto or a whole number from 1 to ${MOST_WORKERS}`)
  } else if (embedded && count > 1) {
    problems.push(
      `WORKERS is ${redacted(text)}: the embedded OSS lives in one process; with OSS_REGION and its keys there can be more`,
    )
  }
  return count
}

/** `TLS_CERT_FILE` and `TLS_KEY_FILE`; the files themselves are looked at where there are files. @param problems what is wrong is added here. */
export function parseTls(
  certFile: string | undefined,
  keyFile: string | undefined,
  reported: ReadonlySet<SettingName>,
  problems: string[],
) {
  if (certFile !== undefined && keyFile !== undefined) return { certFile, keyFile }
  const missing = certFile === undefined ? 'TLS_CERT_FILE' : 'TLS_KEY_FILE'
  if ((certFile ?? keyFile) !== undefined && !reported.has(missing))
    problems.push(`${missing} is missing: TLS needs the certificate and its key`)
  return undefined
}

/** `S3_DOMAIN`, in lower case and without stars. @param problems what is wrong is added here. */
export function parseDomains(text: string | undefined, problems: string[]): string[] {
  const domains = (text ?? '')
    .split(',')
    .map((domain) =>
      domain
        .trim()
        .toLowerCase()
        .replace(/^\*?\./, ''),
    )
    .filter((domain) => domain !== '')
  if (text !== undefined && domains.length === 0) problems.push('S3_DOMAIN names no domain')
  for (const [i, domain] of domains.entries()) {
    if (!isHostName(domain)) {
      problems.push(
        `S3_DOMAIN has ${redacted(domain)}: it must be a domain such as s3.example.com, without scheme or port, and no address`,
      )
    } else if (domains.indexOf(domain) < i) problems.push(`S3_DOMAIN has ${domain} twice`)
  }
  return domains
}
