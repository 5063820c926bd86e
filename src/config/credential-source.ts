import type { CredentialSource, KeyFiles } from '../oss/credentials/source.ts'
import { isUri } from '../oss/credentials/uri.ts'
import type { OssCredentials } from '../ports.ts'
import { parseRole } from './credential-role.ts'
import type { SettingName } from './environment.ts'
import type { Machine } from './machine.ts'
import { hasRrsa, platformValue, type SourceSettings } from './source-settings.ts'
import { isLoopback, ossKeyIdProblem, redacted, secretProblem } from './values.ts'

const kinds = ['environment', 'ecs-ram-role', 'rrsa', 'assume-role', 'uri', 'profile'] as const
type Kind = (typeof kinds)[number]
/** What needs no file and no machine of Alibaba Cloud's. */
const kindsOnWorkers: readonly Kind[] = ['environment', 'assume-role', 'uri']
const withSts: readonly Kind[] = ['rrsa', 'assume-role', 'profile']

const keyNames = ['OSS_ACCESS_KEY_ID', 'OSS_ACCESS_KEY_SECRET', 'OSS_SESSION_TOKEN'] as const

/**
 * Where the gateway's own key at OSS comes from. Adds to `problems` what is missing or wrong.
 * @param machine absent on Workers.
 */
export function parseCredentialSource(
  settings: SourceSettings,
  machine: Machine | undefined,
): CredentialSource {
  const { get, problems } = settings
  const kind = kindOf(settings, machine?.files !== undefined)
  if (kind === undefined)
    return { from: 'settings', key: { accessKeyId: '', accessKeySecret: '' }, files: {} }
  const own = keyNames.filter((name) => get(name) !== undefined)
  if (kind !== 'environment' && kind !== 'assume-role' && own.length > 0)
    problems.push(`${own.join(', ')} means nothing with OSS_CREDENTIALS=${kind}: leave it out`)
  if (get('OSS_STS_ENDPOINT') !== undefined && !withSts.includes(kind))
    problems.push(`OSS_STS_ENDPOINT means nothing with OSS_CREDENTIALS=${kind}: leave it out`)
  switch (kind) {
    case 'environment':
      return parseKey(settings)
    case 'assume-role':
      return {
        from: 'assume-role',
        role: parseRole(settings, 'the RAM role that OSS_ACCESS_KEY_ID is to assume'),
        by: own.length > 0 || settings.by === undefined ? parseKey(settings) : settings.by,
      }
    case 'uri':
      return parseUri(settings)
    default:
      // On Workers it is a mistake, which is told, and one without a key of the settings' own stands for it.
      return machine?.parseSource(kind, settings) ?? { from: 'ecs-ram-role', roleName: undefined }
  }
}

/** The key that the settings themselves have, which clients may have as well; undefined where it comes from elsewhere. */
export function ownKey(source: CredentialSource): OssCredentials | undefined {
  if (source.from === 'assume-role') return ownKey(source.by)
  return source.from === 'settings' ? source.key : undefined
}

/** Undefined where a mistake that is told hides it. */
function kindOf(settings: SourceSettings, hasFiles: boolean): Kind | undefined {
  const { get, reported, problems, warnings, environment } = settings
  const text = get('OSS_CREDENTIALS')
  const hasKey = keyNames.some((name) => get(name) !== undefined || reported.has(name))
  if (text === undefined) {
    if (reported.has('OSS_CREDENTIALS')) return undefined
    if (!hasRrsa(environment) || !hasFiles) return 'environment'
    if (!hasKey) return 'rrsa'
    warnings.push(
      'OSS_ACCESS_KEY_ID is set, and so is ALIBABA_CLOUD_ROLE_ARN for RRSA: the key is used, and not the role. OSS_CREDENTIALS=environment says so without this warning',
    )
    return 'environment'
  }
  const kind = kinds.find((one) => one === text)
  if (kind === undefined) {
    problems.push(`OSS_CREDENTIALS is ${redacted(text)}: it must be one of ${kinds.join(', ')}`)
    return undefined
  }
  if (!hasFiles && !kindsOnWorkers.includes(kind))
    problems.push(
      `OSS_CREDENTIALS is ${kind}, which there is not on Workers: it must be one of ${kindsOnWorkers.join(', ')}`,
    )
  return kind
}

/** The key that the settings themselves name. */
function parseKey(settings: SourceSettings): Extract<CredentialSource, { from: 'settings' }> {
  const { get, reported, problems, fileOf } = settings
  const read = (name: SettingName, what: string, wrong: (text: string) => string | undefined) => {
    const text = get(name)
    const why = text === undefined ? undefined : wrong(text)
    if (text === undefined && !reported.has(name)) problems.push(`${name} is missing: ${what}`)
    if (why !== undefined) problems.push(`${name} is not right: ${why}`)
    return text ?? ''
  }
  const others = kinds.filter((kind) => kind !== 'environment').join(', ')
  const own =
    get('OSS_CREDENTIALS') === undefined ? ` (or OSS_CREDENTIALS says where it comes from: ${others})` : ''
  const accessKeyId = read('OSS_ACCESS_KEY_ID', `the gateway's own key at OSS${own}`, ossKeyIdProblem)
  const accessKeySecret = read('OSS_ACCESS_KEY_SECRET', 'the secret of that key', secretProblem)
  const isTemporary = accessKeyId.startsWith('STS.') || get('OSS_SESSION_TOKEN') !== undefined
  const token = isTemporary
    ? read('OSS_SESSION_TOKEN', 'a temporary key (STS.…) needs its token', secretProblem)
    : undefined
  const key: OssCredentials = {
    accessKeyId,
    accessKeySecret,
    ...(token === undefined ? {} : { securityToken: token }),
  }
  const files: KeyFiles = {
    ...inFile('accessKeyId', fileOf.get('OSS_ACCESS_KEY_ID')),
    ...inFile('accessKeySecret', fileOf.get('OSS_ACCESS_KEY_SECRET')),
    ...inFile('securityToken', fileOf.get('OSS_SESSION_TOKEN')),
  }
  return { from: 'settings', key, files }
}

const inFile = (part: keyof KeyFiles, file: string | undefined): KeyFiles =>
  file === undefined ? {} : { [part]: file }

function parseUri({ environment, problems, warnings }: SourceSettings): CredentialSource {
  const uri = platformValue(environment, 'ALIBABA_CLOUD_CREDENTIALS_URI')
  if (uri === undefined) problems.push('ALIBABA_CLOUD_CREDENTIALS_URI is missing: where keys are asked for')
  else if (!isUri(uri))
    problems.push(
      `ALIBABA_CLOUD_CREDENTIALS_URI is ${redacted(uri)}: it must be like http://localhost:8080/key, without a name and a password`,
    )
  else {
    const { protocol, hostname } = new URL(uri)
    if (protocol === 'http:' && !isLoopback(hostname))
      warnings.push(`ALIBABA_CLOUD_CREDENTIALS_URI: keys come from ${hostname} unencrypted`)
  }
  return { from: 'uri', uri: uri ?? '' }
}
