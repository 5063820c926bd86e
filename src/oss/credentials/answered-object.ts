import type { Answered } from '../../ports.ts'
import { SourceError } from './source-error.ts'

/** The JSON object of a success. @param who answers, for the message. @throws SourceError where it is none. */
export function answeredObject({ status, text }: Answered, who: string): Record<string, unknown> {
  const object = parseObject(text)
  if (status === 200 && object !== undefined) return object
  if (status === 200) throw new SourceError(`${who} answers with what is no JSON object`)
  const { Code, RequestId } = object ?? {}
  // Not the message: of a wrong signature it quotes what was signed, with the token in it.
  const said = [status, wordOf(Code)].filter((word) => word !== undefined).join(' ')
  throw new SourceError(`${who} answers ${said}`, wordOf(RequestId))
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>
  } catch {
    // The parser's message quotes the text, in which there may be a key.
  }
  return undefined
}

/** A short word of an answer, such as an error's code; anything else could be a secret. */
const wordOf = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[A-Za-z0-9][\w.-]{0,99}$/.test(value) ? value : undefined
