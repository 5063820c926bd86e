/**
 * Things that come and go by the thousand, in no order. Not a Set: filled and emptied all the time, it keeps what has
 * gone through it until V8's next full collection, which took seven microseconds of every request.
 */
export class Crowd<T extends { place: number }> implements Iterable<T> {
  readonly #members: T[] = []

  /** @param member whose `place` is kept here from now on. */
  add(member: T): void {
    member.place = this.#members.push(member) - 1
  }

  /** @param member one that is in. */
  delete(member: T): void {
    const last = this.#members.pop()
    if (last === undefined || last === member) return
    this.#members[member.place] = last
    last.place = member.place
  }

  /** How many are in. */
  get size(): number {
    return this.#members.length
  }

  /** Those that are in now: whoever goes meanwhile is still given. */
  [Symbol.iterator](): Iterator<T> {
    return [...this.#members].values()
  }
}
