import { isRoleName } from '../oss/credentials/ecs-ram-role.ts'
import { sourceOfProfile } from '../oss/credentials/profile.ts'
import type { CredentialSource } from '../oss/credentials/source.ts'
import type { OssCredentials } from '../ports.ts'
import { parseRole, parseStsEndpoint } from './credential-role.ts'
import type { Files } from './files.ts'
import { platformValue, type SourceSettings } from './source-settings.ts'
import { ossKeyIdProblem, redacted, secretProblem } from './values.ts'

/** Where a key can come from that needs files, or a machine of Alibaba Cloud's. */
export type MachineKind = 'ecs-ram-role' | 'rrsa' | 'profile'

/** Where the gateway's own key at OSS comes from, of these kinds. Adds to `problems` what is missing or wrong. */
export function parseMachineSource(
  kind: MachineKind,
  settings: SourceSettings,
  files: Files | undefined,
): CredentialSource {
  switch (kind) {
    case 'ecs-ram-role':
      return parseEcsRamRole(settings)
    case 'rrsa':
      return parseRrsa(settings, files)
    case 'profile':
      return parseProfile(settings, files)
  }
}

function parseEcsRamRole({ environment, problems }: SourceSettings): CredentialSource {
  const roleName = platformValue(environment, 'ALIBABA_CLOUD_ECS_METADATA')
  if (roleName !== undefined && !isRoleName(roleName))
    problems.push(
      `ALIBABA_CLOUD_ECS_METADATA is ${redacted(roleName)}: the name of a RAM role has 1 to 64 letters, digits, . and -`,
    )
  return { from: 'ecs-ram-role', roleName }
}

/** RRSA, as the identity webhook of ACK sets it. */
function parseRrsa(settings: SourceSettings, files: Files | undefined): CredentialSource {
  const { environment, problems } = settings
  const webhook =
    "in ACK the pod's identity webhook sets it, where the service account is annotated with a role and the namespace is labelled for it"
  const role = parseRole(settings, `the RAM role; ${webhook}`)
  const providerArn = platformValue(environment, 'ALIBABA_CLOUD_OIDC_PROVIDER_ARN')
  const tokenFile = platformValue(environment, 'ALIBABA_CLOUD_OIDC_TOKEN_FILE')
  if (providerArn === undefined)
    problems.push(`ALIBABA_CLOUD_OIDC_PROVIDER_ARN is missing: who has issued the token; ${webhook}`)
  else if (!/^acs:ram:[\w-]*:\d+:oidc-provider\/\S+$/.test(providerArn))
    problems.push(
      `ALIBABA_CLOUD_OIDC_PROVIDER_ARN is ${redacted(providerArn)}: it must be like acs:ram::123456789012:oidc-provider/name`,
    )
  if (tokenFile === undefined)
    problems.push(`ALIBABA_CLOUD_OIDC_TOKEN_FILE is missing: the file with the token; ${webhook}`)
  else if (files?.has(tokenFile) === false)
    problems.push('ALIBABA_CLOUD_OIDC_TOKEN_FILE: there is no such file')
  return { from: 'rrsa', role, providerArn: providerArn ?? '', tokenFile: tokenFile ?? '' }
}

function parseProfile(settings: SourceSettings, files: Files | undefined): CredentialSource {
  const { environment, problems } = settings
  const named = platformValue(environment, 'ALIBABA_CLOUD_CREDENTIALS_FILE')
  const sts = parseStsEndpoint(settings)
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
