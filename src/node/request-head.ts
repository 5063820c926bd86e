import { type IncomingMessage, METHODS } from 'node:http'
import { type HeaderMap, headerMap } from '../ports.ts'
import { decodeHeader } from './header-text.ts'

/** Header names as sent → in lower case. Bounded, since clients choose them. */
const knownNames = new Map<string, string>()
const MAX_KNOWN_NAMES = 500

function lowerCase(sent: string): string {
  const known = knownNames.get(sent)
  if (known !== undefined) return known
  const name = sent.toLowerCase()
  if (knownNames.size < MAX_KNOWN_NAMES) knownNames.set(sent, name)
  return name
}

/**
 * A request's headers as the core takes them.
 * @param raw alternating names and values, as node:http gives them: in Latin-1, without whitespace around values.
 * @returns names in lower case; values decoded, and joined with `,` where a name is repeated.
 */
export function headersOf(raw: readonly string[]): HeaderMap {
  const headers = headerMap()
  for (let i = 0; i < raw.length; i += 2) {
    const name = lowerCase(raw[i] as string)
    const value = decodeHeader(raw[i + 1] as string)
    const before = headers[name]
    headers[name] = before === undefined ? value : `${before},${value}`
  }
  return headers
}

// The path, `*`, or the absolute form: all printable ASCII (RFC 9112, 3.2).
const target = /^(?:\/|\*|[A-Za-z][A-Za-z\d+.-]*:\/\/)[!-~]*$/
const host = /^(?:[\w.~-]+|\[[\da-f:.]+\])(?::\d*)?$/i

// llhttp parses RTSP's methods as well.
const methods = new Set(METHODS)

/**
 * Whether a request is refused as malformed although node:http accepts it. Two parsers may read such a request in two
 * ways, which is what request smuggling needs. Not one Host; a target beyond ASCII; a length beside a transfer coding,
 * even an empty one; chunks in HTTP/1.0, which knows none (RFC 9112, 6.1); another protocol, by its method or version.
 */
export function isMalformed(incoming: IncomingMessage, headers: HeaderMap): boolean {
  const { method, url, httpVersionMajor, httpVersionMinor } = incoming
  if (httpVersionMajor !== 1) return true
  if (!host.test(headers.host ?? '') || !target.test(url ?? '') || !methods.has(method ?? '')) return true
  return 'transfer-encoding' in headers && (httpVersionMinor === 0 || 'content-length' in headers)
}

const closeOption = /(?:^|,)[\t ]*close[\t ]*(?:,|$)/i
const keepOption = /(?:^|,)[\t ]*keep-alive[\t ]*(?:,|$)/i

/** Whether a client asks to keep its connection alive. After an Upgrade node:http reads no further request. */
export function wantsKeepAlive({ httpVersionMinor }: IncomingMessage, headers: HeaderMap): boolean {
  const { connection } = headers
  if ('upgrade' in headers) return false
  if (connection === undefined) return httpVersionMinor === 1
  return !closeOption.test(connection) && (httpVersionMinor === 1 || keepOption.test(connection))
}

/** Whether a client waits for a `100 Continue`. HTTP/1.0 knows none; S3 ignores what else may be expected. */
export const expectsContinue = ({ httpVersionMinor }: IncomingMessage, { expect }: HeaderMap): boolean =>
  httpVersionMinor === 1 && expect?.toLowerCase() === '100-continue'

/** Bytes of a body as its head announces it: 0 where there is none, NaN where it comes in chunks. */
export function announcedLength(headers: HeaderMap): number {
  return 'transfer-encoding' in headers ? Number.NaN : Number(headers['content-length'] ?? 0)
}
