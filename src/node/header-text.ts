import type { HeaderMap } from '../ports.ts'

// biome-ignore lint/suspicious/noControlCharactersInRegex: anything beyond ASCII is what it looks for
const beyondAscii = /[^\x00-\x7f]/
// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is Latin-1
const latin1 = /^[\x00-\xff]*$/
const notPlain = /[^\t -~]/
const unwritable = /[^\t -~\x80-\uffff]/
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** A header value as node:http and undici give it, in Latin-1 → text: decoded as UTF-8 where its bytes are UTF-8. */
export function decodeHeader(value: string): string {
  if (!beyondAscii.test(value) || !latin1.test(value)) return value
  try {
    return utf8.decode(Buffer.from(value, 'latin1'))
  } catch {
    return value
  }
}

/** Text → a header value with one character for each byte of its UTF-8. */
export function encodeHeader(value: string): string {
  return beyondAscii.test(value) ? Buffer.from(value, 'utf8').toString('latin1') : value
}

/** Whether all values are ASCII, which is the same in every encoding. */
export function isAscii(headers: HeaderMap): boolean {
  for (const name in headers) if (beyondAscii.test(headers[name] as string)) return false
  return true
}

/**
 * Headers as node:http and undici take them: a list of alternating names and values, in Latin-1.
 * @throws TypeError where a value would end its line.
 */
export function flatHeaders(headers: HeaderMap): string[] {
  const flat: string[] = []
  for (const name in headers) {
    const value = headers[name] as string
    flat.push(name, notPlain.test(value) ? encodeValue(name, value) : value)
  }
  return flat
}

function encodeValue(name: string, value: string): string {
  if (unwritable.test(value)) throw new TypeError(`the header ${name} has a value that cannot be sent`)
  return encodeHeader(value)
}
