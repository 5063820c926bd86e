import type { Ask, Clock, OssCredentials } from '../../ports.ts'
import type { Origin } from '../regions.ts'

/** Where the gateway's own key at OSS comes from. */
export type CredentialSource =
  /** Settings. Where files hold parts of the key, these are read again for the next one. */
  | { from: 'settings'; key: OssCredentials; files: KeyFiles }
  /** The RAM role of the ECS instance that this runs on; absent: the one that it has. */
  | { from: 'ecs-ram-role'; roleName: string | undefined }
  /** A RAM role for a Kubernetes service account (RRSA), or for whatever else has a token of OpenID Connect. */
  | { from: 'rrsa'; role: Role; providerArn: string; tokenFile: string }
  /** A RAM role that another key may assume. */
  | { from: 'assume-role'; role: Role; by: CredentialSource }
  /** A service that answers as the metadata service does. */
  | { from: 'uri'; uri: string }
  /** What a profile of Alibaba Cloud's SDKs or its command line says; its file is read again for the next key. */
  | { from: 'profile'; file: string; profile: string | undefined; sts: Origin; is: CredentialSource }

/** The sources that may need files, or a machine of Alibaba Cloud's. */
export type MachineSource = Extract<
  CredentialSource,
  { from: 'settings' | 'ecs-ram-role' | 'rrsa' | 'profile' }
>

/** The files that parts of a key are read from. */
export type KeyFiles = Readonly<Partial<Record<'accessKeyId' | 'accessKeySecret' | 'securityToken', string>>>

/** A RAM role, and where it is assumed. */
export type Role = { arn: string; sessionName: string; sts: Origin }

/** What a source is asked with. */
export type SourcePorts = {
  ask: Ask
  clock: Clock
  /** A key of a source that Workers do not have (`machine.ts`). @throws as `fetchKey` does. */
  fetchOnMachine: (source: MachineSource, ports: SourcePorts) => Promise<OssCredentials>
  /** A fresh, unguessable text. */
  newId: () => string
}

/** Whether a source never gives another key. */
export const isFixed = (source: CredentialSource) =>
  source.from === 'settings' && Object.keys(source.files).length === 0

/** Where keys come from, in words, without a secret. */
export function describeSource(source: CredentialSource): string {
  switch (source.from) {
    case 'settings': {
      const kind = source.key.securityToken === undefined ? 'key' : 'temporary key'
      return isFixed(source) ? `a fixed ${kind}` : `a ${kind} from files`
    }
    case 'ecs-ram-role':
      return `the ECS instance's RAM role${source.roleName === undefined ? '' : ` ${source.roleName}`}`
    case 'rrsa':
      return `${source.role.arn}, by RRSA`
    case 'assume-role':
      return `${source.role.arn}, by AssumeRole with ${describeSource(source.by)}`
    case 'uri':
      return `the credentials URI at ${new URL(source.uri).host}`
    case 'profile':
      return `${describeSource(source.is)}, by the profile ${source.profile ?? 'that is the default'} of ${source.file}`
  }
}
