import { decodeKey } from '../../bytes/percent.ts'
import type { OmittedRows, RewrittenList } from '../../xml/rows.ts'
import { isReserved, LAST_RESERVED, RESERVED_PREFIX } from '../reserved-keys.ts'
import type { KeyForm } from './keys.ts'

/**
 * Rows of the gateway's own keys, to be left out of lists.
 * @param from the element with the key, or with the prefix of several.
 */
export const reservedRows = (from: string, { prefix }: KeyForm): OmittedRows => ({
  from,
  // OSS encodes the slash behind it, or not.
  containing: RESERVED_PREFIX.slice(0, -1),
  isOmitted: (text) => isReserved(decodeKey(text).slice(prefix.length)),
})

/** A key that a page of OSS's ends with, decoded, as the client names it; it names none of the gateway's own. */
export function nextMarker(encoded: string | undefined, { prefix }: KeyForm): string | undefined {
  if (encoded === undefined) return undefined
  const key = decodeKey(encoded).slice(prefix.length)
  return isReserved(key) ? LAST_RESERVED : key
}

/**
 * A page of a list without the gateway's own keys. A page of those alone is no answer, since some clients take an empty
 * page for an empty list: then the list is asked for once more, from behind them.
 * @param ask asks OSS for a page: the one that the client wants, or the one behind a key, as the client would name it.
 */
export async function withoutReserved<Answer extends { document: RewrittenList }>(
  ask: (behind?: string) => Promise<Answer>,
): Promise<Answer> {
  const answer = await ask()
  const rows = Object.values(answer.document.rows)
  const isEmpty = rows.every(({ count }) => count === 0) && rows.some(({ omitted }) => omitted > 0)
  return isEmpty ? ask(LAST_RESERVED) : answer
}
