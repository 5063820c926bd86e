import type { Call } from '../call.ts'
import type { VersionRecord } from '../store/records.ts'

/** What the conditions of a policy can ask about a request, by condition key; what it has not is absent or undefined. */
export function factsOf(
  { state, headers, query, secure, remoteAddress }: Call,
  action: string,
  existing: VersionRecord | undefined,
): Record<string, string | undefined> {
  const facts: Record<string, string | undefined> = {
    'acs:CurrentTime': new Date(state.now()).toISOString(),
    'acs:SecureTransport': String(secure),
    'acs:SourceIp': remoteAddress,
    'acs:UserAgent': headers['user-agent'],
    'oss:x-oss-acl': headers['x-oss-acl'],
    'oss:x-oss-object-acl': headers['x-oss-object-acl'],
  }
  if (action.startsWith('List')) {
    facts['oss:Prefix'] = query.get('prefix') ?? ''
    facts['oss:Delimiter'] = query.get('delimiter') ?? ''
  }
  for (const [name, value] of existing?.tags ?? []) facts[`oss:ExistingObjectTag/${name}`] = value
  return facts
}
