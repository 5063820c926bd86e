/**
 * Reads JSON in which no object has a name twice: of two values, readers keep the one or the other.
 * @throws SyntaxError for what is no JSON; DuplicateNameError.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  const open: Set<string>[] = []
  for (const [token, quoted, colon] of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|[{}]/gs)) {
    if (token === '{') open.push(new Set())
    else if (token === '}') open.pop()
    else if (quoted !== undefined && colon !== undefined) {
      const name = JSON.parse(quoted) as string
      const names = open.at(-1)
      if (names?.has(name)) throw new DuplicateNameError(name)
      names?.add(name)
    }
  }
  return value
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
