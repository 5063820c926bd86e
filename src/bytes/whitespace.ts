/**
 * A header's value without the spaces and tabs that HTTP takes off its ends (RFC 9110 5.5). Not `trim()`, which takes a
 * no-break space too, and no regular expression, which takes quadratic time for a long run of spaces.
 */
export function trimWhitespace(value: string): string {
  let start = 0
  let end = value.length
  while (start < end && isSpaceOrTab(value.charCodeAt(start))) start++
  while (end > start && isSpaceOrTab(value.charCodeAt(end - 1))) end--
  return value.slice(start, end)
}

/** @param code of a character. */
export const isSpaceOrTab = (code: number) => code === 32 || code === 9
