/** What one key may hold; `id` travels in the object's metadata, so that every object says which value it is. */
export type Value = {
  id: number
  bytes: Buffer
  type: string
  /** The value of its one tag; undefined has none. */
  tag: string | undefined
  /** As it was acknowledged, or as its bytes make it; undefined where only OSS knows. */
  etag: string | undefined
  /** Of bytes that were appended: the ETag of their own kind, which OSS's own copies keep. */
  appendedETag?: string
  versionId: string | undefined
}

/** Nothing there, or a delete marker. */
export const ABSENT = undefined
export type State = Value | typeof ABSENT

/** A name in a bucket, with everything that OSS may hold under it. */
export class Key {
  readonly bucket: string
  readonly name: string
  /** What it may be now. Of several, OSS may still be about to go from one to the other. */
  possible = new Set<State>([ABSENT])
  /** Outcomes nobody heard of: done, not done, or still to be done. */
  #lingering = new Set<State>()
  readonly #watchers = new Set<Set<State>>()
  /** Acknowledged versions that are not deleted, and every value that may have become one. */
  readonly versions = new Map<string, Value>()
  readonly attempted = new Set<Value>()
  #history: string[] = []

  constructor(bucket: string, name: string) {
    this.bucket = bucket
    this.name = name
  }

  /** Whether exactly one state is possible, and nothing is under way that would change it. */
  get certain(): boolean {
    return this.#lingering.size === 0 && this.possible.size === 1
  }
  get only(): State {
    return [...this.possible][0]
  }
  get place(): string {
    return `${this.bucket}/${this.name}`
  }

  note(text: string): void {
    this.#history.push(`${new Date().toISOString().slice(11, 23)} ${text}`)
    if (this.#history.length > 60) this.#history = this.#history.slice(-40)
  }
  get history(): readonly string[] {
    return this.#history
  }

  /** Everything that it may be from now until the watching is ended. */
  watch(): { states: ReadonlySet<State>; end: () => void } {
    const states = new Set(this.possible)
    this.#watchers.add(states)
    return { states, end: () => this.#watchers.delete(states) }
  }

  /** A write of one of these begins: until its end, each of them is possible. */
  begin(states: Iterable<State>): Write {
    const before = [...this.possible]
    const wanted = [...states]
    const add = (more: readonly State[]) => {
      for (const state of more) {
        this.possible.add(state)
        for (const watcher of this.#watchers) watcher.add(state)
        if (state !== ABSENT && this.bucket.includes('versions')) this.attempted.add(state)
      }
    }
    add(wanted)
    return {
      add: (more) => {
        wanted.push(...more)
        add(more)
      },
      done: (now) => {
        this.possible = new Set([...(now ?? wanted), ...this.#lingering])
        for (const state of this.possible)
          if (state?.versionId !== undefined) this.versions.set(state.versionId, state)
      },
      refused: () => {
        this.possible = new Set([...before, ...this.#lingering])
      },
      unknown: () => {
        for (const state of wanted) this.#lingering.add(state)
        this.possible = new Set([...before, ...this.#lingering])
      },
    }
  }

  /** Nothing is under way any more, and this is what it turned out to be. */
  settle(state: State): void {
    this.possible = new Set([state])
    this.#lingering.clear()
  }
}

/** A write under way; exactly one of its ends is called. */
export type Write = {
  /** More that it may turn out to have written. */
  add(states: readonly State[]): void
  /** Acknowledged. @param now which of its states, where that is known better. */
  done(now?: readonly State[]): void
  /** Certain to have changed nothing. */
  refused(): void
  unknown(): void
}

/** Everything that went wrong. */
export class Problems {
  readonly list: string[] = []
  add(what: string, key?: Key): void {
    const history =
      key === undefined
        ? ''
        : `\n${key.history
            .slice(-25)
            .map((line) => `      ${line}`)
            .join('\n')}`
    this.list.push(`${key === undefined ? '' : `${key.place}: `}${what}${history}`)
    console.error(`PROBLEM ${this.list.at(-1)}`)
  }
}
