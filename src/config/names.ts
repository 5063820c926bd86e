/** Every setting that comes from the environment, or from the bindings on Workers. */
export const settingNames = [
  'HOST',
  'PORT',
  'ADMIN_HOST',
  'ADMIN_PORT',
  'WORKERS',
  'TLS_CERT_FILE',
  'TLS_KEY_FILE',
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
] as const
export type SettingName = (typeof settingNames)[number]

export type Environment = Readonly<Record<string, unknown>>

/** A name of one of these kinds is a setting of the gateway, or a mistake. */
const ours = /^(?:(?:OSS|S3|LOCAL_OSS|GATEWAY)_|TLS_(?:CERT|KEY))/i

const isSetting = (name: string): name is SettingName => (settingNames as readonly string[]).includes(name)

/** What the environment says to the gateway. */
export type Given = {
  /** Values without the blanks around them; never empty. */
  values: ReadonlyMap<SettingName, string>
  /** Those that a mistake is told of already: set but empty, or what a misspelt name was probably meant to be. */
  told: ReadonlySet<SettingName>
}

/**
 * Picks the gateway's settings out of an environment. A name like one of them that is none is a mistake, and so is one
 * that is set but empty: a secret that came out empty must not be taken for none.
 * @param problems what is wrong is added here, a line each.
 */
export function readNames(environment: Environment, problems: string[]): Given {
  const values = new Map<SettingName, string>()
  const told = new Set<SettingName>()
  for (const [name, raw] of Object.entries(environment)) {
    // Workers have bindings that are no texts.
    if (typeof raw !== 'string' || isOfService(name, raw)) continue
    const value = raw.trim()
    if (isSetting(name)) {
      if (value !== '') values.set(name, value)
      else {
        told.add(name)
        problems.push(`${name} is set, but empty: give it a value, or unset it`)
      }
    } else if (ours.test(name) || isMisspelt(name)) {
      const meant = nearest(name, relatives(name)) ?? nearest(name, settingNames)
      if (meant !== undefined) told.add(meant)
      problems.push(`${name} is no setting: ${meant ? `did you mean ${meant}?` : others(name)}`)
    }
  }
  return { values, told }
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
const isOfService = (name: string, value: string) =>
  serviceNames.some(([form, content]) => form.test(withoutPortName(name)) && content.test(value))

/** A Service's ports may have names: `…_SERVICE_PORT_HTTPS`. */
function withoutPortName(name: string): string {
  const [service, port] = name.split('_SERVICE_PORT_')
  return port !== undefined && /^[A-Z0-9_]+$/.test(port) ? `${service}_SERVICE_PORT` : name
}

const plain = (name: string) => name.toUpperCase().replace(/[^A-Z0-9]/g, '')

/**
 * Whether a name of no family of ours is a setting in another spelling: `OSSENDPOINT`, `admin-port`, `OS_ENDPOINT`. Not
 * where a letter is another one: `OBS_REGION` belongs to another cloud.
 */
function isMisspelt(name: string): boolean {
  return settingNames.some((setting) => {
    if (plain(setting).length < 8) return false
    if (plain(name) === plain(setting)) return true
    const [short, long] = name.length < setting.length ? [name, setting] : [setting, name]
    if (short.length + 1 === long.length)
      return [...long].some((_, i) => long.slice(0, i) + long.slice(i + 1) === short)
    const at = [...name].findIndex((char, i) => char !== setting[i])
    const swapped = name.slice(0, at) + name[at + 1] + name[at] + name.slice(at + 2)
    return at >= 0 && short.length === long.length && swapped === setting
  })
}

/**
 * The name that was probably meant: one that few changes of letters make, or one of the same words.
 * @returns undefined when none is near.
 */
export function nearest<T extends string>(name: string, names: readonly T[]): T | undefined {
  const most = Math.max(1, Math.floor(plain(name).length / 4))
  const byLetters = best(names, (other) => -changes(plain(name), plain(other), most + 1))
  if (byLetters !== undefined && byLetters.score >= -most) return byLetters.name
  const longer = names.find((other) => name.length > 3 && plain(other).startsWith(plain(name)))
  if (longer !== undefined) return longer
  const words = name.toUpperCase().split(/[^A-Z0-9]+/)
  const byWords = best(names, (other) => {
    const [family, ...rest] = other.toUpperCase().split('_')
    return words[0] === family ? rest.filter((word) => words.slice(1).includes(word)).length : 0
  })
  return byWords !== undefined && byWords.score > 0 ? byWords.name : undefined
}

function best<T extends string>(names: readonly T[], scoreOf: (name: T) => number) {
  let found: { name: T; score: number } | undefined
  for (const name of names) {
    const score = scoreOf(name)
    if (found === undefined || score > found.score) found = { name, score }
  }
  return found
}

/** How many letters are to be put in, taken out, changed or swapped with the next; `limit` when at least so many. */
function changes(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  const rows = [[...Array(b.length + 1).keys()]]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    const above = rows[i - 1] as number[]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let least = Math.min(
        (above[j] as number) + 1,
        (row[j - 1] as number) + 1,
        (above[j - 1] as number) + same,
      )
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, ((rows[i - 2] as number[])[j - 2] as number) + 1)
      row.push(least)
    }
    rows.push(row)
  }
  return Math.min(limit, (rows[a.length] as number[])[b.length] as number)
}

/** The settings of the family that a name seems to be of. */
function relatives(name: string): SettingName[] {
  const [, family = ''] = /^(OSS_|S3_|LOCAL_OSS_|GATEWAY_|TLS_)/i.exec(name) ?? []
  return settingNames.filter((setting) => family !== '' && setting.startsWith(family.toUpperCase()))
}

function others(name: string): string {
  const known = relatives(name)
  return `of that kind there ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}`
}
