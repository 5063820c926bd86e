/** Percent-encodes every byte outside `A-Za-z0-9-._~`: what SigV4 and OSS's V4 both sign. */
export function encodeStrictly(text: string): string {
  if (/^[A-Za-z0-9\-._~]*$/.test(text)) return text
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** `encoding-type=url` as OSS writes it; a `+` in it is a space. */
export function decodeKey(encoded: string): string {
  const spaced = encoded.includes('+') ? encoded.replaceAll('+', '%20') : encoded
  return spaced.includes('%') ? decodeURIComponent(spaced) : spaced
}
