/**
 * The text with each character that the table has, by its code, replaced for what the table says: in half the time of
 * a replacement by a function.
 */
export function replaceCharacters(text: string, table: readonly (string | undefined)[]): string {
  let replaced = ''
  let from = 0
  for (let at = 0; at < text.length; at++) {
    const written = table[text.charCodeAt(at)]
    if (written === undefined) continue
    replaced += text.slice(from, at) + written
    from = at + 1
  }
  return from === 0 ? text : replaced + text.slice(from)
}
