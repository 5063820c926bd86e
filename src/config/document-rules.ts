/** What holds for a settings document, whichever way it is written. */

/** Enough for two thousand clients; some texts of this length take the reader of YAML seconds. */
const MAX_CHARACTERS = 256 * 1024
/** Whether a document is longer than it may be. */
export const isTooLong = (text: string) => text.length > MAX_CHARACTERS
/** What is wrong with it then. */
export const TOO_LONG = `it has more than ${MAX_CHARACTERS} characters`

/** The readers are recursive: deeper documents could overflow the stack. */
export const MAX_DEPTH = 100
/** What is wrong with a document below {@link MAX_DEPTH}. */
export const TOO_DEEP = 'it is nested too deeply'

/** What is wrong with a name, or a value. */
export const TWICE = 'a name stands there twice'
export const NULL = 'null is no value: leave the name out, or put a text in quotation marks'
/** Not taken for one without settings: a file is empty while it is written in place, and every client would be refused. */
export const EMPTY = 'the document is empty; {} is one that says nothing'
/** What is said of a document that is something else. */
export const notNames = (value: unknown) =>
  value === ''
    ? EMPTY
    : `the document must be names with values, not ${Array.isArray(value) ? 'a list' : 'a text'}`

/**
 * The text of a document → its names with values, each as the text that is written there. What is wrong goes to `problems`,
 * and then there is undefined.
 */
export type ReadDocument = (text: string, problems: string[]) => object | undefined
