import { EMPTY, isTooLong, MAX_DEPTH, NULL, notNames, TOO_DEEP, TOO_LONG, TWICE } from './document-rules.ts'

/** A mark, a text in quotation marks (which `JSON.parse` judges), or a word; JSON has no others (RFC 8259). */
const token =
  /[ \t\r\n]*(?:([{}[\],:])|("(?:[^"\\]|\\.)*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null))/sy
const END = /[ \t\r\n]*$/y

/** What is wrong, and where in the text. */
class Mistake extends Error {
  readonly at: number
  constructor(why: string, at: number) {
    super(why)
    this.at = at
  }
}

/**
 * A settings document in JSON, as `readYaml` reads it: every value is the text that is written there. For Workers, where
 * the reader of YAML would be a fifth of the script.
 * @param problems what is wrong is added here, a line.
 * @returns undefined where it is empty, or cannot be read.
 */
export function readJson(text: string, problems: string[]): object | undefined {
  const why = isTooLong(text) ? TOO_LONG : text.trim() === '' ? EMPTY : undefined
  if (why !== undefined) {
    problems.push(`GATEWAY_CONFIG: ${why}`)
    return undefined
  }
  try {
    const reader = new Reader(text)
    const value = reader.value(0)
    reader.end()
    if (typeof value === 'object' && !Array.isArray(value)) return value
    problems.push(`GATEWAY_CONFIG: ${notNames(value)}`)
    return undefined
  } catch (error) {
    if (!(error instanceof Mistake)) throw error
    const lines = text.slice(0, error.at).split('\n')
    const place = `line ${lines.length}, column ${(lines.at(-1) as string).length + 1}`
    problems.push(
      error.message === ''
        ? `GATEWAY_CONFIG is no JSON, which it has to be on Workers: ${place}`
        : `GATEWAY_CONFIG: ${place}: ${error.message}`,
    )
    return undefined
  }
}

type Value = string | Value[] | { [name: string]: Value }

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  value(depth: number): Value {
    const { mark, quoted, word, at } = this.#next()
    if (quoted !== undefined) return quoted
    // Taken as a text, `null` could become a secret that is easy to guess.
    if (word === 'null') throw new Mistake(NULL, at)
    if (word !== undefined) return word
    if (depth >= MAX_DEPTH) throw new Mistake(TOO_DEEP, at)
    if (mark === '[') return this.#items(']', () => this.value(depth + 1))
    if (mark !== '{') throw new Mistake('', at)
    const names = new Set<string>()
    const entries = this.#items('}', (): [string, Value] => {
      const { quoted: name, at } = this.#next()
      if (name === undefined) throw new Mistake('', at)
      if (names.has(name)) throw new Mistake(TWICE, at)
      names.add(name)
      this.#expect(':')
      return [name, this.value(depth + 1)]
    })
    return Object.fromEntries(entries)
  }

  end(): void {
    END.lastIndex = this.#at
    if (!END.test(this.#text)) throw new Mistake('', this.#at)
  }

  #items<Item>(close: string, read: () => Item): Item[] {
    const items: Item[] = []
    if (this.#peek() === close) {
      this.#next()
      return items
    }
    for (;;) {
      items.push(read())
      const { mark, at } = this.#next()
      if (mark === close) return items
      if (mark !== ',') throw new Mistake('', at)
    }
  }

  #expect(wanted: string): void {
    const { mark, at } = this.#next()
    if (mark !== wanted) throw new Mistake('', at)
  }

  #peek(): string | undefined {
    const at = this.#at
    const { mark } = this.#next()
    this.#at = at
    return mark
  }

  #next() {
    token.lastIndex = this.#at
    const [all = '', mark, quoted, word] = token.exec(this.#text) ?? []
    const at = this.#at + all.length - (mark ?? quoted ?? word ?? '').length
    if (all === '') throw new Mistake('', this.#at)
    this.#at += all.length
    return { mark, quoted: quoted && textOf(quoted, at), word, at }
  }
}

function textOf(quoted: string, at: number): string {
  try {
    return JSON.parse(quoted)
  } catch {
    throw new Mistake('', at)
  }
}
