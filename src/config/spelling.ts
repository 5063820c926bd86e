/** A name's letters and digits alone, in upper case: what stays the same in `admin-port` and `ADMIN_PORT`. */
export const normalized = (name: string) => name.toUpperCase().replace(/[^A-Z0-9]/g, '')

/**
 * The name that was probably meant: within a small edit distance, or with words in common.
 * @returns undefined when there is none.
 */
export function nearest<T extends string>(name: string, names: readonly T[]): T | undefined {
  const limit = Math.max(1, Math.floor(normalized(name).length / 4))
  const byLetters = highest(names, (other) => -editDistance(normalized(name), normalized(other), limit + 1))
  if (byLetters !== undefined && byLetters.score >= -limit) return byLetters.name
  const longer = names.find((other) => name.length > 3 && normalized(other).startsWith(normalized(name)))
  if (longer !== undefined) return longer
  const words = name.toUpperCase().split(/[^A-Z0-9]+/)
  const byWords = highest(names, (other) => {
    const [family, ...rest] = other.toUpperCase().split('_')
    return words[0] === family ? rest.filter((word) => words.slice(1).includes(word)).length : 0
  })
  return byWords !== undefined && byWords.score > 0 ? byWords.name : undefined
}

/** The first name with the highest score. */
function highest<T extends string>(names: readonly T[], scoreOf: (name: T) => number) {
  let found: { name: T; score: number } | undefined
  for (const name of names) {
    const score = scoreOf(name)
    if (found === undefined || score > found.score) found = { name, score }
  }
  return found
}

/** The Damerau-Levenshtein distance of two texts, at most `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  const rows = [[...Array(b.length + 1).keys()]]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    const above = rows[i - 1] as number[]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let least = Math.min(
        (above[j] as number) + 1,
        (row[j - 1] as number) + 1,
        (above[j - 1] as number) + same,
      )
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, ((rows[i - 2] as number[])[j - 2] as number) + 1)
      row.push(least)
    }
    rows.push(row)
  }
  return Math.min(limit, (rows[a.length] as number[])[b.length] as number)
}
