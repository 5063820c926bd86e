import { type HeaderMap, headerMap, type Transport } from './ports.ts'

// biome-ignore lint/suspicious/noControlCharactersInRegex: anything beyond ASCII is what it looks for
const beyondAscii = /[^\x00-\x7f]/
// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is Latin-1
const latin1 = /^[\x00-\xff]*$/
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Node reads header bytes as Latin-1; clients mean UTF-8 where the bytes are UTF-8. */
export function decodeHeader(value: string): string {
  if (!beyondAscii.test(value) || !latin1.test(value)) return value
  try {
    return utf8.decode(Buffer.from(value, 'latin1'))
  } catch {
    return value
  }
}

/** The way back: Node and undici write one byte for each character, and refuse those that have no such byte. */
export function encodeHeader(value: string): string {
  return beyondAscii.test(value) ? Buffer.from(value, 'utf8').toString('latin1') : value
}

/** As node:http and undici take them fastest: names and values in turn. */
export function rawHeaders(headers: HeaderMap): string[] {
  const raw: string[] = []
  for (const name in headers) raw.push(name, encodeHeader(headers[name] as string))
  return raw
}

/** A transport for text headers over one whose headers are bytes. */
export function withTextHeaders(transport: Transport): Transport {
  return async (request) => {
    const response = await transport({ ...request, headers: mapValues(request.headers, encodeHeader) })
    return { ...response, headers: mapValues(response.headers, decodeHeader) }
  }
}

function mapValues(headers: HeaderMap, change: (value: string) => string): HeaderMap {
  const changed = headerMap()
  for (const name in headers) changed[name] = change(headers[name] as string)
  return changed
}
