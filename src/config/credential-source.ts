import { isRoleName } from '../oss/credentials/ecs-ram-role.ts'
import { isUri, sourceOfProfile } from '../oss/credentials/profile.ts'
import type { CredentialSource, KeyFiles } from '../oss/credentials/source.ts'
import type { OssCredentials } from '../ports.ts'
import { parseRole, parseRrsa, parseSts } from './credential-role.ts'
import type { SettingName } from './environment.ts'
import type { Files } from './files.ts'
import { hasRrsa, platformValue, type SourceSettings } from './source-settings.ts'
import { isLoopback, keyIdProblem, redacted, secretProblem } from './values.ts'

const kinds = ['environment', 'ecs-ram-role', 'rrsa', 'assume-role', 'uri', 'profile'] as const
type Kind = (typeof kinds)[number]
/** What needs no file and no machine of Alibaba Cloud's. */
const kindsOnWorkers: readonly Kind[] = ['environment', 'assume-role', 'uri']
const withSts: readonly Kind[] = ['rrsa', 'assume-role', 'profile']

const keyNames = ['OSS_ACCESS_KEY_ID', 'OSS_ACCESS_KEY_SECRET', 'OSS_SESSION_TOKEN'] as const

/** Where the gateway's own key at OSS comes from. Adds to `problems` what is missing or wrong. */
export function parseCredentialSource(settings: SourceSettings): CredentialSource {
  const { get, problems, environment } = settings
  const kind = kindOf(settings)
  if (kind === undefined)
    return { from: 'settings', key: { accessKeyId: '', accessKeySecret: '' }, files: {} }
  const own = keyNames.filter((name) => get(name) !== undefined)
  if (kind !== 'environment' && kind !== 'assume-role' && own.length > 0)
    problems.push(`${own.join(', ')} means nothing with OSS_CREDENTIALS=${kind}: leave it out`)
  if (get('OSS_STS_ENDPOINT') !== undefined && !withSts.includes(kind))
    problems.push(`OSS_STS_ENDPOINT means nothing with OSS_CREDENTIALS=${kind}: leave it out`)
  const platform = (name: string) => platformValue(environment, name)
  switch (kind) {
    case 'environment':
      return parseKey(settings)
    case 'ecs-ram-role': {
      const roleName = platform('ALIBABA_CLOUD_ECS_METADATA')
      if (roleName !== undefined && !isRoleName(roleName))
        problems.push(
          `ALIBABA_CLOUD_ECS_METADATA is ${redacted(roleName)}: the name of a RAM role has 1 to 64 letters, digits, . and -`,
        )
      return { from: 'ecs-ram-role', roleName }
    }
    case 'rrsa':
      return parseRrsa(settings)
    case 'assume-role':
      return {
        from: 'assume-role',
        role: parseRole(settings, 'the RAM role that OSS_ACCESS_KEY_ID is to assume'),
        by: own.length > 0 || settings.by === undefined ? parseKey(settings) : settings.by,
      }
    case 'uri':
      return parseUri(settings)
    case 'profile':
      return parseProfile(settings)
  }
}

/** The key that the settings themselves have, which clients may have as well; undefined where it comes from elsewhere. */
export function ownKey(source: CredentialSource): OssCredentials | undefined {
  if (source.from === 'assume-role') return ownKey(source.by)
  return source.from === 'settings' ? source.key : undefined
}

/** Undefined where a mistake that is told hides it. */
function kindOf(settings: SourceSettings): Kind | undefined {
  const { get, reported, problems, warnings, environment, files } = settings
  const text = get('OSS_CREDENTIALS')
  const hasKey = keyNames.some((name) => get(name) !== undefined || reported.has(name))
  if (text === undefined) {
    if (reported.has('OSS_CREDENTIALS')) return undefined
    if (!hasRrsa(environment) || files === undefined) return 'environment'
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
  if (files === undefined && !kindsOnWorkers.includes(kind))
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

const ossKeyIdProblem = (id: string) =>
  /^(?:AKIA|ASIA)[A-Z0-9]{16}$/.test(id)
    ? "that is a key of AWS's, and OSS needs one of its own"
    : keyIdProblem(id)

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

function parseProfile(settings: SourceSettings): CredentialSource {
  const { environment, problems, files } = settings
  const named = platformValue(environment, 'ALIBABA_CLOUD_CREDENTIALS_FILE')
  const sts = parseSts(settings)
  const profile = platformValue(environment, 'ALIBABA_CLOUD_PROFILE')
  const file = named ?? findProfileFile(files, problems)
  const source = { from: 'profile' as const, file: file ?? '', profile, sts }
  if (file !== undefined && files !== undefined) {
    try {
      const is = sourceOfProfile(files.read(file), source)
      const why = is.from === 'settings' ? keyProblem(is.key) : undefined
      if (why === undefined) return { ...source, is }
      problems.push(`${named === undefined ? file : 'ALIBABA_CLOUD_CREDENTIALS_FILE'}: ${why}`)
    } catch (error) {
      problems.push(
        `${named === undefined ? file : 'ALIBABA_CLOUD_CREDENTIALS_FILE'}: ${(error as Error).message}`,
      )
    }
  }
  return { ...source, is: { from: 'ecs-ram-role', roleName: undefined } }
}

const keyProblem = ({ accessKeyId, accessKeySecret }: OssCredentials) => {
  const id = ossKeyIdProblem(accessKeyId)
  const secret = secretProblem(accessKeySecret)
  if (id !== undefined) return `access_key_id is not right: ${id}`
  return secret === undefined ? undefined : `access_key_secret is not right: ${secret}`
}

/** The one profile file that the user has. */
function findProfileFile(files: Files | undefined, problems: string[]): string | undefined {
  if (files === undefined) return undefined
  const there = ['.alibabacloud/credentials', '.aliyun/config.json']
    .map((name) => `${files.home}/${name}`)
    .filter((path) => files.has(path))
  if (there.length === 1) return there[0]
  const both = `there are both ${there.join(' and ')}: ALIBABA_CLOUD_CREDENTIALS_FILE says which one is meant`
  const none = `there is neither ~/.alibabacloud/credentials nor ~/.aliyun/config.json in ${files.home}: ALIBABA_CLOUD_CREDENTIALS_FILE says where the profile is`
  problems.push(`OSS_CREDENTIALS is profile, and ${there.length > 1 ? both : none}`)
  return undefined
}
