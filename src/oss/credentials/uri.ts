import type { OssCredentials } from '../../ports.ts'
import { answeredKey } from './answered-key.ts'
import { answeredObject } from './answered-object.ts'
import type { SourcePorts } from './source.ts'
import { SourceError } from './source-error.ts'

/** Milliseconds. */
const LIMIT = 10_000

/**
 * The key that a credentials URI gives, in the form of the metadata service.
 * https://github.com/aliyun/aliyun-cli#use-credentials-uri
 * @throws SourceError.
 */
export async function fetchFromUri(uri: string, { ask }: SourcePorts): Promise<OssCredentials> {
  // Its path and query may be what only few know.
  const who = `the credentials URI (${new URL(uri).host})`
  const fields = answeredObject(await ask({ method: 'GET', url: uri, limit: LIMIT }), who)
  if (fields.Code !== undefined && fields.Code !== 'Success') throw new SourceError(`${who} has no key now`)
  return answeredKey(fields, who)
}

/** Whether a text can be a credentials URI: a URL of HTTP without a name and a password, which fetch does not send. */
export function isUri(text: string): boolean {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return false
  const { username, password } = new URL(text)
  return username === '' && password === ''
}
