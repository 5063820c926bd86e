/**
 * Whether a text is as a pattern says: `*` stands for anything, and `?`, where `single` allows it, for one character. In
 * time that grows with the two lengths' product at most: patterns are the client's.
 */
export function matchesWildcard(pattern: string, value: string, single = false): boolean {
  const [wanted, given] = [[...pattern], [...value]]
  let at = 0
  let star = -1
  let resumeAt = 0
  for (let i = 0; i < given.length; ) {
    if (wanted[at] === '*') {
      star = at++
      resumeAt = i
    } else if (at < wanted.length && (wanted[at] === given[i] || (single && wanted[at] === '?'))) {
      at++
      i++
    } else if (star >= 0) {
      // The last star takes one character more.
      at = star + 1
      i = ++resumeAt
    } else {
      return false
    }
  }
  return wanted.slice(at).every((character) => character === '*')
}
