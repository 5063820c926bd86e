/** What a text ends with that has been cut. */
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

/** For `JSON.stringify` of a log's line: texts that a request has brought along do not fill it. */
export const shortenLogged = (_name: string, value: unknown): unknown =>
  typeof value === 'string' ? shorten(value, MAX_LOGGED) : value
