import {
  type Document,
  type ErrorCode,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  Scalar,
  visit,
  type YAMLError,
} from 'yaml'
import { EMPTY, isTooLong, MAX_DEPTH, NULL, notNames, TOO_DEEP, TOO_LONG, TWICE } from './document-rules.ts'

/** Whether a text may be nested more deeply than that, by its brackets or by what its lines begin with. */
function isDeep(text: string): boolean {
  let depth = 0
  for (const char of text) {
    if (char === '[' || char === '{') depth++
    else if (char === ']' || char === '}') depth = Math.max(0, depth - 1)
    if (depth > MAX_DEPTH) return true
  }
  return /^[-?: \t]{201}/m.test(text)
}

/** Messages for common mistakes; the parser's own may quote a secret. */
const messages: Partial<Record<ErrorCode, string>> = {
  MULTIPLE_DOCS: 'there is a second document: it must be one',
  TAB_AS_INDENT: 'a tab is used to indent: YAML wants blanks',
  BAD_ALIAS: 'a value that begins with * must be in quotation marks',
  ALIAS_PROPS: 'a value that begins with * must be in quotation marks',
  TAG_RESOLVE_FAILED: 'a value that begins with ! must be in quotation marks',
}

/** Finds what is valid in YAML, but has no meaning in settings. @param refuse called for each. */
function checkNodes(document: Document, refuse: (node: Node, why: string) => void): void {
  visit(document, {
    Map(_, { items }) {
      // The parser's own search compares every name with every other.
      const names = new Set<unknown>()
      for (const { key } of items) {
        if (!isScalar(key)) refuse((key ?? items[0]?.value) as Node, 'a name must be a plain text')
        else if (names.has(key.value)) refuse(key, TWICE)
        else names.add(key.value)
      }
    },
    Scalar(at, node) {
      // Taken as a text, `null` could become a secret that is easy to guess.
      if (at !== 'key' && node.type === Scalar.PLAIN && /^(?:~|null|Null|NULL)$/.test(String(node.value)))
        refuse(node, NULL)
    },
  })
}

/**
 * The text of the settings document → its names with values; every value as the text that is written there, so that
 * one rule says what a number is.
 * @param problems what is wrong is added here, a line each.
 * @returns undefined where it is empty, or cannot be read.
 */
export function readYaml(text: string, problems: string[]): object | undefined {
  const refuse = (why: string) => {
    problems.push(`GATEWAY_CONFIG: ${why}`)
    return undefined
  }
  if (isTooLong(text)) return refuse(TOO_LONG)
  if (isDeep(text)) return refuse(TOO_DEEP)
  try {
    const lineCounter = new LineCounter()
    const document = parseDocument(text, {
      schema: 'failsafe',
      resolveKnownTags: false,
      uniqueKeys: false,
      // Those quote the text, and take the longer the longer its line is.
      prettyErrors: false,
      lineCounter,
    })
    const wrong: YAMLError[] = [...document.errors, ...document.warnings]
    const position = (offset: number) => {
      const { line, col } = lineCounter.linePos(offset)
      return `line ${line}, column ${col}`
    }
    const explained = wrong.filter(({ code }) => messages[code] !== undefined)
    for (const error of explained) refuse(`${position(error.pos[0])}: ${messages[error.code]}`)
    // One mistake often causes many errors: the first is reported.
    const [first] = wrong
    if (first !== undefined && explained.length === 0)
      problems.push(`GATEWAY_CONFIG is neither YAML nor JSON: ${position(first.pos[0])}`)
    if (first !== undefined) return undefined
    if (document.contents === null) return refuse(EMPTY)
    const before = problems.length
    checkNodes(document, ({ range }, why) => refuse(`${position(range?.[0] ?? 0)}: ${why}`))
    if (problems.length > before) return undefined
    const value: unknown = document.toJS({ maxAliasCount: 100 })
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
    return refuse(notNames(value))
  } catch (error) {
    return refuse(
      (error as Error).message.startsWith('Excessive')
        ? 'its anchors (&) and aliases (*) make more of it than is allowed'
        : (messages.BAD_ALIAS as string),
    )
  }
}
