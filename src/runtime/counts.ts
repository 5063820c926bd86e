/** Adds to what is counted by name. Counts that reach zero are removed, since addresses are without number. */
export function add(counts: Map<string, number>, name: string, change: 1 | -1): void {
  const count = (counts.get(name) ?? 0) + change
  if (count === 0) counts.delete(name)
  else counts.set(name, count)
}
