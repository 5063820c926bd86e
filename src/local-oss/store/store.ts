import { Cursor } from './cursor.ts'
import { blobKey, type Range } from './keys.ts'
import { type Level, openLevel, type Snapshot } from './level.ts'
import { lostBlob, type OnProblem, problemOf, type StoreProblem } from './problems.ts'
import type { Transaction, Write } from './transaction.ts'

const COUNT_BYTES = 4

/** A snapshot, and how many read from it: it stays open until none does. */
type View = { snapshot: Snapshot; readers: number }

/** The ordered key-value store: LevelDB on disk, or a tree in memory. */
export class Store {
  readonly #level: Level
  readonly #onUnreferenced: (blobs: string[]) => void
  #queue: { transaction: Transaction; resolve: () => void; reject: (cause: unknown) => void }[] = []
  #flushing: Promise<void> | undefined
  // LevelDB writes on another thread: during a batch, reads go to a snapshot from before it, or a record and its bytes
  // could be read from before and after it.
  #readFrom: View | undefined

  readonly #onProblem: OnProblem
  #broken: StoreProblem | undefined

  private constructor(level: Level, onUnreferenced: (blobs: string[]) => void, onProblem: OnProblem) {
    this.#level = level
    this.#onUnreferenced = onUnreferenced
    this.#onProblem = onProblem
  }

  /**
   * Opens the store in `location`, or one in memory when it is undefined.
   * `onUnreferenced` is called with blobs that lost their last reference, once that is durable; `onProblem` with what hinders
   * a write.
   * @throws Error when its package is not installed, or another process has the directory open.
   */
  static async open(
    location: string | undefined,
    onUnreferenced: (blobs: string[]) => void,
    onProblem: OnProblem = () => {},
  ): Promise<Store> {
    return new Store(await openLevel(location), onUnreferenced, onProblem)
  }

  /**
   * A record as of now. Synchronous, so that what was read and what is done with it cannot drift apart: all reads of
   * one turn see the same state.
   */
  get<T>(key: Buffer): T | undefined {
    const text = this.getText(key)
    return text === undefined ? undefined : (JSON.parse(text) as T)
  }

  /** The text stored under a key, as of now. */
  getText(key: Buffer): string | undefined {
    return this.#get(key)?.toString('utf8')
  }

  /** The bytes of a blob that is kept in the store itself; undefined when it has a file. */
  inlineBytes(blob: string): Buffer | undefined {
    const value = this.#get(blobKey(blob))
    return value && value.length > COUNT_BYTES ? value.subarray(COUNT_BYTES) : undefined
  }

  /** Which of these blobs something refers to. */
  async known(blobs: readonly string[]): Promise<boolean[]> {
    const values = await this.#level.getMany(blobs.map(blobKey))
    return values.map((value) => value !== undefined)
  }

  /** A cursor over a range as it is at this moment, which is its user's to close. */
  cursor(range: Range & { limit?: number }): Cursor {
    const view = this.#readFrom
    const iterator = this.#level.iterator({ ...range, snapshot: view?.snapshot })
    if (view === undefined) return new Cursor(iterator)
    view.readers++
    return new Cursor(iterator, () => leave(view))
  }

  /** All entries of a range as it is at this moment, in order. */
  async *entries(range: Range): AsyncGenerator<[key: Buffer, value: Buffer]> {
    const cursor = this.cursor(range)
    try {
      for (let entry = await cursor.next(); entry; entry = await cursor.next()) yield entry
    } finally {
      await cursor.close()
    }
  }

  /** The first entry of a range. */
  async first(range: Range): Promise<[Buffer, Buffer] | undefined> {
    const cursor = this.cursor({ ...range, limit: 1 })
    try {
      return await cursor.next()
    } finally {
      await cursor.close()
    }
  }

  /**
   * Resolves when the transaction is on disk. Those that arrive while one is being written go out as one batch, so many
   * small writes share one fsync.
   */
  commit(transaction: Transaction): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ transaction, resolve, reject })
      this.#flushing ??= this.#flush()
    })
  }

  /** Waits for pending commits, then closes LevelDB. */
  async close(): Promise<void> {
    await this.#flushing
    await this.#level.close()
  }

  async #flush(): Promise<void> {
    // One microtask later, so that other transactions of the same turn are in the first batch.
    await null
    while (this.#queue.length > 0) {
      const group = this.#queue
      this.#queue = []
      try {
        const { writes, unreferenced } = this.#merge(group.map(({ transaction }) => transaction))
        await this.#write(writes)
        if (unreferenced.length > 0) this.#onUnreferenced(unreferenced)
        for (const { resolve } of group) resolve()
      } catch (cause) {
        for (const { reject } of group) reject(cause)
      }
    }
    this.#flushing = undefined
  }

  /**
   * After a record that could not be written whole, LevelDB appends the next ones to what there is of it, and would skip
   * them all when it is opened again: nothing is written any more.
   */
  async #write(writes: Write[]): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken
    const view = { snapshot: this.#level.snapshot(), readers: 1 }
    this.#readFrom = view
    try {
      await this.#level.batch(writes, { sync: true })
    } catch (error) {
      this.#broken = problemOf(error, 'cannot write a record, nor any other until it is started again')
      this.#onProblem(this.#broken)
      throw this.#broken
    } finally {
      this.#readFrom = undefined
      leave(view)
    }
  }

  #get(key: Buffer): Buffer | undefined {
    return this.#level.getSync(key, { snapshot: this.#readFrom?.snapshot })
  }

  /** One batch of several transactions: their writes in order, and each blob's count once. */
  #merge(transactions: readonly Transaction[]): { writes: Write[]; unreferenced: string[] } {
    const writes: Write[] = []
    const blobs = new Map<string, { count: number; bytes: Buffer }>()
    for (const transaction of transactions) {
      writes.push(...transaction.writes)
      for (const { id, inline } of transaction.adopted) {
        blobs.set(id, { count: 1, bytes: inline ?? Buffer.alloc(0) })
      }
      for (const [id, delta] of transaction.references) {
        const blob = blobs.get(id) ?? this.#blob(id)
        blob.count += delta
        blobs.set(id, blob)
      }
    }
    const unreferenced: string[] = []
    for (const [id, { count, bytes }] of blobs) {
      if (count > 0) {
        const value = Buffer.allocUnsafe(COUNT_BYTES + bytes.length)
        value.writeUInt32BE(count)
        bytes.copy(value, COUNT_BYTES)
        writes.push({ type: 'put', key: blobKey(id), value })
      } else {
        writes.push({ type: 'del', key: blobKey(id) })
        unreferenced.push(id)
      }
    }
    return { writes, unreferenced }
  }

  #blob(id: string): { count: number; bytes: Buffer } {
    const value = this.#get(blobKey(id))
    if (value === undefined) throw lostBlob(id, 'has no record')
    return { count: value.readUInt32BE(0), bytes: value.subarray(COUNT_BYTES) }
  }
}

function leave(view: View): void {
  if (--view.readers === 0) view.snapshot.close().catch(() => {})
}
