/**
 * Reads JSON in which no object has a name twice: of two values, readers keep the one or the other.
 * @throws SyntaxError for what is no JSON; DuplicateNameError.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  const open: Set<string>[] = []
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '{') open.push(new Set())
    else if (character === '}') open.pop()
    else if (character === '"') {
      const end = endOfString(text, at)
      if (isName(text, end)) {
        const name = JSON.parse(text.slice(at, end)) as string
        const names = open.at(-1)
        if (names?.has(name)) throw new DuplicateNameError(name)
        names?.add(name)
      }
      at = end - 1
    }
  }
  return value
}

/** Where the string ends that begins at this quote: behind its closing one. */
function endOfString(text: string, quote: number): number {
  let at = quote + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

/** Whether a string that ends here is a member's name: a colon follows. */
function isName(text: string, end: number): boolean {
  let at = end
  while (' \t\r\n'.includes(text[at] ?? ',')) at++
  return text[at] === ':'
}

/** An object of a JSON document has this name twice. */
export class DuplicateNameError extends Error {
  override name = 'DuplicateNameError'
  readonly member: string
  constructor(member: string) {
    super(`the name ${member} is there twice`)
    this.member = member
  }
}
