import type { OssCredentials } from '../../ports.ts'
import { type CredentialSource, isFixed, type SourcePorts } from './source.ts'
import { assumeRole } from './sts.ts'
import { fetchFromUri } from './uri.ts'

/** A key of a source, as it is now. @throws SourceError; an Error that says why not, without a secret. */
export async function fetchKey(source: CredentialSource, ports: SourcePorts): Promise<OssCredentials> {
  if (source.from === 'assume-role') return assumeRole(source.role, await fetchKey(source.by, ports), ports)
  if (source.from === 'uri') return fetchFromUri(source.uri, ports)
  if (source.from === 'settings' && isFixed(source)) return source.key
  return ports.fetchOnMachine(source, ports)
}
