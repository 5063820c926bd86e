import type { CredentialSource } from '../oss/credentials/source.ts'
import type { Endpoint } from '../oss/regions.ts'
import type { Environment, SettingName } from './environment.ts'

/** What the settings are that say where the gateway's key at OSS comes from. */
export type SourceSettings = {
  get(name: SettingName): string | undefined
  /** Those with a mistake that is told already. */
  reported: ReadonlySet<SettingName>
  /** Whose value stood in a file, and in which. */
  fileOf: ReadonlyMap<SettingName, string>
  environment: Environment
  endpoint: Endpoint
  /** What assumes a role where no key is named; absent: a key has to be. */
  by?: CredentialSource
  problems: string[]
  warnings: string[]
}

/** A variable that Alibaba Cloud's SDKs read, too, and that its platforms set: only looked at where it is of use. */
export const platformValue = (environment: Environment, name: string): string | undefined => {
  const value = environment[name]
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
}

/** Whether the environment is one for RRSA: a pod whose service account has a RAM role. Nothing else sets these names. */
export const hasRrsa = (environment: Environment): boolean =>
  platformValue(environment, 'ALIBABA_CLOUD_OIDC_TOKEN_FILE') !== undefined &&
  platformValue(environment, 'ALIBABA_CLOUD_ROLE_ARN') !== undefined
