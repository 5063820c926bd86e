import type { Segment } from './records.ts'

/** One write of LevelDB's batch. */
export type Write = { type: 'put'; key: Buffer; value: Buffer } | { type: 'del'; key: Buffer }

/** Bytes written but not yet part of any object; `inline` where they are too few for a file. */
export type Staged = { id: string; size: number; inline: Buffer | undefined }

/** Writes that become visible and durable together, or not at all. */
export class Transaction {
  readonly writes: Write[] = []
  readonly adopted: Staged[] = []
  readonly references = new Map<string, number>()

  /** Stores a record as JSON. */
  put(key: Buffer, record: unknown): void {
    this.writes.push({ type: 'put', key, value: Buffer.from(JSON.stringify(record)) })
  }

  putText(key: Buffer, text: string): void {
    this.writes.push({ type: 'put', key, value: Buffer.from(text) })
  }

  delete(key: Buffer): void {
    this.writes.push({ type: 'del', key })
  }

  /** Makes staged bytes part of this transaction, with one reference. */
  adopt(staged: Staged): Segment[] {
    if (staged.size === 0) return []
    this.adopted.push(staged)
    return [{ blob: staged.id, offset: 0, length: staged.size }]
  }

  /** One more reference to each segment's blob. */
  share(segments: readonly Segment[]): void {
    for (const { blob } of segments) this.#refer(blob, 1)
  }

  /** One reference less; a blob without any is removed. */
  release(segments: readonly Segment[]): void {
    for (const { blob } of segments) this.#refer(blob, -1)
  }

  #refer(blob: string, delta: number): void {
    this.references.set(blob, (this.references.get(blob) ?? 0) + delta)
  }
}
