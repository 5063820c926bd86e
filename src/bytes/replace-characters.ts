/**
 * The text with each character that the table has, by its code, exchanged for what the table says: in half the time of
 * a replacement by a function.
 */
export function exchange(text: string, table: readonly (string | undefined)[]): string {
  let exchanged = ''
  let from = 0
  for (let at = 0; at < text.length; at++) {
    const written = table[text.charCodeAt(at)]
    if (written === undefined) continue
    exchanged += text.slice(from, at) + written
    from = at + 1
  }
  return from === 0 ? text : exchanged + text.slice(from)
}
