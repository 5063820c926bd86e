import { encodeStrictly } from '../bytes/percent.ts'
import type { S3Request } from './request.ts'
import type { Claim } from './sigv4-claim.ts'

/** The canonical request from the end of its path on. */
export function canonicalRest(
  { parameters, headers }: Pick<S3Request, 'parameters' | 'headers'>,
  { signedHeaders, payloadHash }: Pick<Claim, 'signedHeaders' | 'payloadHash'>,
): string {
  let text = `\n${canonicalQuery(parameters)}\n`
  let names = ''
  for (const name of signedHeaders) {
    // A signed header that did not arrive counts as empty, and matches nothing else.
    text += `${name}:${canonicalValue(headers[name] ?? '')}\n`
    names += `;${name}`
  }
  return `${text}\n${names.slice(1)}\n${payloadHash}`
}

/** The path as S3 clients sign it: encoded once and strictly, slashes kept, nothing normalised. */
export function canonicalPath(rawPath: string): string {
  if (/^[A-Za-z0-9\-._~/]*$/.test(rawPath)) return rawPath
  return encodeStrictly(decodeURIComponent(rawPath)).replaceAll('%2F', '/')
}

function canonicalQuery(parameters: S3Request['parameters']): string {
  if (parameters.length === 0) return ''
  const encoded: [name: string, value: string][] = []
  for (const [name, value] of parameters) {
    if (name !== 'X-Amz-Signature') encoded.push([encodeStrictly(name), encodeStrictly(value)])
  }
  encoded.sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0))
  return encoded.map(([name, value]) => `${name}=${value}`).join('&')
}

/** Trimmed, each run of spaces and tabs one space. Not `trim()`, which takes a no-break space too. */
function canonicalValue(value: string): string {
  return /^[ \t]|[ \t]$|[ \t]{2}|\t/.test(value) ? value.replace(/[ \t]+/g, ' ').replace(/^ | $/g, '') : value
}
