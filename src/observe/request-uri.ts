import type { RequestRecord } from './record.ts'

/**
 * Parameters of a presigned URL by which another could send it again, those that are secrets of their own, and the policy of
 * a request to STS; in lower case. OSS's own too: its V1 signs no host, so that a URL that went astray is good at OSS.
 */
const secrets = new Set([
  'x-amz-signature',
  'x-amz-credential',
  'x-amz-security-token',
  'signature',
  'awsaccesskeyid',
  'ossaccesskeyid',
  'security-token',
  'x-oss-signature',
  'x-oss-credential',
  'x-oss-security-token',
  'x-amz-server-side-encryption-customer-key',
  'x-amz-copy-source-server-side-encryption-customer-key',
  'policy',
])

/** How often a URL may have been encoded that a parameter names. */
const MOST_ENCODINGS = 8

/** A request's line for a log, redacted. */
export const requestUri = ({
  method,
  target,
  peer,
}: Pick<RequestRecord, 'method' | 'target' | 'peer'>): string =>
  `${method} ${redactedTarget(target)} ${peer?.protocol ?? 'HTTP/1.1'}`

/**
 * A path and query, or a URL as a Referer has it, for a log: without what a presigned request could be sent again by. A page
 * that was opened by a presigned URL names it to its own host with each image.
 */
export function redactedTarget(target: string): string {
  const mark = target.indexOf('?')
  if (mark < 0) return target
  const parameters = target.slice(mark + 1).split('&')
  return `${target.slice(0, mark)}?${parameters.map(redacted).join('&')}`
}

function redacted(parameter: string): string {
  const [name = ''] = parameter.split('=', 1)
  if (!isSecret(parameter) && !holdsSecret(parameter)) return parameter
  return holdsSecret(`${name}=-`) ? 'REDACTED' : `${name}=REDACTED`
}

function isSecret(parameter: string): boolean {
  const [name = ''] = parameter.split('=', 1)
  // Without a value it chooses an operation, such as `?policy`.
  return parameter.length > name.length + 1 && secrets.has(decoded(name).toLowerCase())
}

/** Whether a parameter names a URL with one of them. */
function holdsSecret(parameter: string): boolean {
  if (!/[?;#%]/.test(parameter)) return false
  for (let [text, i] = [parameter, 0]; i < MOST_ENCODINGS; i++) {
    const [, ...parameters] = text.split(/[?&;#]/)
    if (parameters.some(isSecret)) return true
    const once = decoded(text)
    if (once === text) return false
    text = once
  }
  return true
}

/** Of what is malformed the rest; characters beyond ASCII are in no name that counts. */
const decoded = (text: string): string =>
  text.replace(/%([0-7][0-9a-f])/gi, (_, code) => String.fromCharCode(Number.parseInt(code, 16)))
