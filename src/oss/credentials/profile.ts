import type { Origin } from '../regions.ts'
import { isRoleName } from './ecs-ram-role.ts'
import type { CredentialSource, Role } from './source.ts'
import { SourceError } from './source-error.ts'
import { SESSION_NAME } from './sts.ts'
import { isUri } from './uri.ts'

/** A profile's names with values; those without a value are left out. */
type Profile = Readonly<Record<string, string>>

/** Which profile is meant, and what its file does not say. */
export type ProfileRequest = {
  /** Its name; absent: the file's own default. */
  profile: string | undefined
  /** Where roles are assumed. */
  sts: Origin
}

/**
 * The source that a profile describes: of the command line's `config.json`, or of the SDKs' `credentials`.
 * https://www.alibabacloud.com/help/en/sdk/developer-reference/v2-manage-node-js-access-credentials
 * https://github.com/aliyun/aliyun-cli#configure-authentication-methods
 * @param text the file's.
 * @throws SourceError that says why it describes none; it quotes no value but the profile's name, its type and the source's.
 */
export function sourceOfProfile(text: string, request: ProfileRequest): CredentialSource {
  return text.trimStart().startsWith('{') ? sourceOfCli(text, request) : sourceOfSdk(text, request)
}

/** What a key of a profile is made of. @throws SourceError. */
function fieldsOf(profile: Profile, name: string) {
  const need = (field: string): string => {
    const value = profile[field]
    if (value === undefined) throw new SourceError(`the profile ${name} has no ${field}`)
    if (!/^[!-~]+$/.test(value)) throw new SourceError(`the ${field} of the profile ${name} cannot be right`)
    return value
  }
  const key = (tokenField?: string): CredentialSource => ({
    from: 'settings',
    files: {},
    key: {
      accessKeyId: need('access_key_id'),
      accessKeySecret: need('access_key_secret'),
      ...(tokenField === undefined ? {} : { securityToken: need(tokenField) }),
    },
  })
  const role = (arnField: string, sessionField: string, sts: Origin): Role => ({
    arn: need(arnField),
    sessionName: profile[sessionField] ?? SESSION_NAME,
    sts,
  })
  const ecs = (field: string): CredentialSource => {
    const roleName = profile[field]
    if (roleName !== undefined && !isRoleName(roleName))
      throw new SourceError(`the ${field} of the profile ${name} is no RAM role's name`)
    return { from: 'ecs-ram-role', roleName }
  }
  return { need, key, role, ecs }
}

const sdkTypes = 'access_key, sts, ecs_ram_role, ram_role_arn or oidc_role_arn'
/** What would narrow the key, or is needed to get it, and has no place here. */
const unsupported = ['policy', 'external_id', 'private_key_file', 'public_key_id', 'bearer_token']

function sourceOfSdk(text: string, { profile: name = 'default', sts }: ProfileRequest): CredentialSource {
  const profile = parseIni(text).get(name)
  if (profile === undefined) throw new SourceError(`there is no profile ${name}`)
  const other = unsupported.find((field) => profile[field] !== undefined)
  if (other !== undefined) throw new SourceError(`the profile ${name} has ${other}, which is not supported`)
  const { need, key, role, ecs } = fieldsOf(profile, name)
  switch (profile.type) {
    case 'access_key':
      return key()
    case 'sts':
      return key('security_token')
    case 'ecs_ram_role':
      return ecs('role_name')
    case 'ram_role_arn':
      return { from: 'assume-role', role: role('role_arn', 'role_session_name', sts), by: key() }
    case 'oidc_role_arn': {
      const [providerArn, tokenFile] = [need('oidc_provider_arn'), need('oidc_token_file_path')]
      return { from: 'rrsa', role: role('role_arn', 'role_session_name', sts), providerArn, tokenFile }
    }
    default:
      throw new SourceError(`the type of the profile ${name} must be ${sdkTypes}`)
  }
}

const cliModes = 'AK, StsToken, EcsRamRole, RamRoleArn, ChainableRamRoleArn, OIDC or CredentialsURI'

function sourceOfCli(text: string, request: ProfileRequest): CredentialSource {
  const { current, profiles } = parseCli(text)
  return of(request.profile ?? current ?? 'default', [])

  function of(name: string, before: readonly string[]): CredentialSource {
    const profile = profiles.get(name)
    if (profile === undefined) throw new SourceError(`there is no profile ${name}`)
    if (before.includes(name)) throw new SourceError(`the profile ${name} has itself as its source_profile`)
    if (profile.external_id !== undefined)
      throw new SourceError(`the profile ${name} has external_id, which is not supported`)
    const { need, key, role, ecs } = fieldsOf(profile, name)
    const assumed = () => role('ram_role_arn', 'ram_session_name', request.sts)
    switch (profile.mode) {
      case 'AK':
        return key()
      case 'StsToken':
        return key('sts_token')
      case 'EcsRamRole':
        return ecs('ram_role_name')
      case 'RamRoleArn':
        return { from: 'assume-role', role: assumed(), by: key(profile.sts_token && 'sts_token') }
      case 'ChainableRamRoleArn':
        return { from: 'assume-role', role: assumed(), by: of(need('source_profile'), [...before, name]) }
      case 'OIDC': {
        const [providerArn, tokenFile] = [need('oidc_provider_arn'), need('oidc_token_file')]
        return { from: 'rrsa', role: assumed(), providerArn, tokenFile }
      }
      case 'CredentialsURI': {
        const uri = need('credentials_uri')
        if (!isUri(uri)) throw new SourceError(`the credentials_uri of the profile ${name} is no URL`)
        return { from: 'uri', uri }
      }
      default:
        throw new SourceError(`the mode of the profile ${name} must be ${cliModes}`)
    }
  }
}

function parseCli(text: string): { current: string | undefined; profiles: Map<string, Profile> } {
  const profiles = new Map<string, Profile>()
  let file: { current?: unknown; profiles?: unknown }
  try {
    file = JSON.parse(text) ?? {}
  } catch {
    // The parser's message quotes the text.
    throw new SourceError('the file is no JSON')
  }
  for (const one of Array.isArray(file.profiles) ? file.profiles : []) {
    if (typeof one?.name === 'string') profiles.set(one.name, textsOf(Object.entries(one)))
  }
  const { current } = file
  return { current: typeof current === 'string' && current !== '' ? current : undefined, profiles }
}

const textsOf = (entries: readonly (readonly [string, unknown])[]): Profile =>
  Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1] !== ''),
  )

/** Sections with their names and values. A comment is a line of its own. */
function parseIni(text: string): Map<string, Profile> {
  const sections = new Map<string, Profile>()
  let current: Profile = {}
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue
    const [, section] = /^\[(.+)\]$/.exec(line) ?? []
    const at = line.indexOf('=')
    if (section !== undefined) {
      current = {}
      sections.set(section.trim(), current)
    } else if (at > 0) {
      Object.assign(current, textsOf([[line.slice(0, at).trim(), line.slice(at + 1).trim()]]))
    }
  }
  return sections
}
