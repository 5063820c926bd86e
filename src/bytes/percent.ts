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

/**
 * The same function of encoded keys, which has to give of two pieces what it gives of the whole. Most keys of a page
 * begin as the one before does: up to its last escape that is worked out once.
 */
export function byStem(work: (encoded: string) => string): (encoded: string) => string {
  let stem = ''
  let worked = work(stem)
  return (encoded) => {
    if (!encoded.startsWith(stem) || encoded.includes('%', stem.length)) {
      const last = encoded.lastIndexOf('%')
      const own = last < 0 ? '' : encoded.slice(0, last + 3)
      worked = work(own)
      stem = own
    }
    return worked + work(encoded.slice(stem.length))
  }
}
