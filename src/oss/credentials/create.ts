import type { Credentials, Log, OssCredentials } from '../../ports.ts'
import { fetchKey } from './fetch-key.ts'
import { type RenewedCredentials, renewedCredentials } from './renewal.ts'
import { type CredentialSource, describeSource, isFixed, type SourcePorts } from './source.ts'

/** Credentials of a source; a fixed key is never renewed. */
export type SourceCredentials = Credentials & Pick<RenewedCredentials, 'renewIfDue' | 'status'>

const NEVER_ASKED = { success: 0, same: 0, failure: 0 }

/** Credentials whose key stays as it is. */
export const fixedCredentials = (key: OssCredentials): Credentials => ({ current: () => key })

/**
 * The credentials of a source, which is not asked before a key is needed.
 * @param ports `shares`: whether a request may wait for what another has begun.
 */
export function createCredentials(
  source: CredentialSource,
  ports: SourcePorts & { log: Log; shares: boolean },
): SourceCredentials {
  if (source.from === 'settings' && isFixed(source))
    return {
      ...fixedCredentials(source.key),
      renewIfDue: () => undefined,
      status: () => ({ expiration: undefined, asked: NEVER_ASKED }),
    }
  return renewedCredentials(() => fetchKey(source, ports), { ...ports, origin: describeSource(source) })
}
