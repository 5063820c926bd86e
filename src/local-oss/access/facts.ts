import type { Call } from '../call.ts'
import { parseTagHeader } from '../objects/tags.ts'
import type { Tag, VersionRecord } from '../store/records.ts'

/**
 * What the conditions of a policy can ask about a request, by condition key; what it has not is absent or undefined.
 * @param tags those that the object gets; absent: those of the header.
 * @throws OssError InvalidTag for a header that has none.
 */
export function factsOf(
  { state, headers, query, secure, remoteAddress, accessKeyId }: Call,
  action: string,
  existing: VersionRecord | undefined,
  tags?: readonly Tag[],
): Record<string, string | undefined> {
  const facts: Record<string, string | undefined> = {
    'acs:AccessId': accessKeyId,
    'acs:CurrentTime': new Date(state.now()).toISOString(),
    'acs:SecureTransport': String(secure),
    'acs:SourceIp': remoteAddress,
    // Here all come from outside of any, and are told so: OSS's examples have `*` for any network and none.
    'acs:SourceVpc': '',
    'acs:UserAgent': headers['user-agent'],
    'oss:x-oss-acl': headers['x-oss-acl'],
    'oss:x-oss-object-acl': headers['x-oss-object-acl'],
  }
  if (action.startsWith('List')) {
    facts['oss:Prefix'] = query.get('prefix') ?? ''
    facts['oss:Delimiter'] = query.get('delimiter') ?? ''
  }
  const requested = tags ?? (action.startsWith('Put') ? parseTagHeader(headers['x-oss-tagging']) : [])
  for (const [name, value] of requested) facts[`oss:RequestObjectTag/${name}`] = value
  for (const [name, value] of existing?.tags ?? []) facts[`oss:ExistingObjectTag/${name}`] = value
  return facts
}
