import { parseIsoTime } from '../../bytes/parse-date.ts'
import type { OssCredentials } from '../../ports.ts'
import { SourceError } from './source-error.ts'

/** Characters of a key's part; session tokens have hundreds. */
const MAX_PART = 8192

/** Whether a part of a key can stand in a header. */
export const isSendable = (text: string): boolean => text.length <= MAX_PART && /^[!-~]+$/.test(text)

/**
 * The temporary key in an answer of STS, of the metadata service, or of a credentials URI.
 * @param who answers, for the message.
 * @throws SourceError for what is no key; without quoting it.
 */
export function answeredKey(fields: unknown, who: string): OssCredentials {
  const {
    AccessKeyId: accessKeyId,
    AccessKeySecret: accessKeySecret,
    SecurityToken: securityToken,
    Expiration,
  } = (fields ?? {}) as Record<string, unknown>
  const text = (name: string, value: unknown): string => {
    if (typeof value === 'string' && isSendable(value)) return value
    throw new SourceError(`${who} answers without a usable ${name}`)
  }
  const expiration = parseIsoTime(text('Expiration', Expiration))
  if (expiration === undefined) throw new SourceError(`${who} answers with an Expiration that is no time`)
  return {
    accessKeyId: text('AccessKeyId', accessKeyId),
    accessKeySecret: text('AccessKeySecret', accessKeySecret),
    securityToken: text('SecurityToken', securityToken),
    expiration,
  }
}
