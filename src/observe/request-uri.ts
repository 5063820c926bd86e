/**
 * Parameters of a presigned URL by which another could send it again, those that are secrets of their own, and the policy of
 * a request to STS; in lower case.
 */
const secrets = new Set([
  'x-amz-signature',
  'x-amz-credential',
  'x-amz-security-token',
  'signature',
  'awsaccesskeyid',
  'x-amz-server-side-encryption-customer-key',
  'x-amz-copy-source-server-side-encryption-customer-key',
  'policy',
])

/** A request's path and query for a log: without what a presigned request could be sent again by. */
export function redactedTarget(target: string): string {
  const mark = target.indexOf('?')
  if (mark < 0) return target
  const parameters = target.slice(mark + 1).split('&')
  return `${target.slice(0, mark)}?${parameters.map(redacted).join('&')}`
}

function redacted(parameter: string): string {
  const [name = ''] = parameter.split('=', 1)
  // Without a value it chooses an operation, such as `?policy`.
  return parameter.length > name.length + 1 && secrets.has(decoded(name).toLowerCase())
    ? `${name}=REDACTED`
    : parameter
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
