/** The end of a text that was shortened. */
const CUT = '…'

/**
 * A text of at most so many UTF-16 code units; one that is cut says so by its end.
 * @param most at least 1.
 */
export function shorten(text: string, most: number): string {
  if (text.length <= most) return text
  // Not between the halves of a character.
  const isSplit = text.charCodeAt(most - 2) >> 10 === 0xd800 >> 10
  return text.slice(0, isSplit ? most - 2 : most - 1) + CUT
}

const MAX_LOGGED = 1024

/** Replacer of `JSON.stringify` for log lines: texts, which may come from a request, are at most 1,024 characters. */
export const shortenLogged = (_name: string, value: unknown): unknown =>
  typeof value === 'string' ? shorten(value, MAX_LOGGED) : value
