import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { Bytes } from '../http.ts'
import { type BlobFiles, DiskFiles, MemoryFiles } from './blob-files.ts'
import { blobsIn, storeIn } from './directory.ts'
import { checkFormat, writeFormat } from './format.ts'
import { type OnProblem, problemOf } from './problems.ts'
import type { Segment } from './records.ts'
import { Store } from './store.ts'
import type { Staged } from './transaction.ts'

/** Objects up to this size live in the store itself: one fsync instead of three. */
const INLINE_LIMIT = 16 * 1024

/** Object bytes: written once, shared by copies, removed with their last reference. */
export class Blobs {
  readonly store: Store
  readonly #files: BlobFiles
  // Begins the ids of this process: the removal of orphans looks only at the blobs of earlier ones.
  readonly #runId = `${Date.now().toString(36)}${randomBytes(3).toString('hex')}-`
  #count = 0
  readonly #pins = new Map<string, number>()
  readonly #removedWhenUnpinned = new Set<string>()
  #orphanRemoval: Promise<void> = Promise.resolve()
  #closing = false

  private constructor(files: BlobFiles, store: Store) {
    this.#files = files
    this.store = store
  }

  /**
   * Opens `directory`, or memory when it is undefined, and in the background removes bytes no object refers to.
   * @param onProblem told of what hinders the store later.
   * @throws StoreProblem when the directory cannot be written; Error when its format is unknown, or another process uses it.
   */
  static async open(directory: string | undefined, onProblem: OnProblem = () => {}): Promise<Blobs> {
    let blobs: Blobs | undefined
    const onUnreferenced = (ids: string[]) => blobs?.removeUnreferenced(ids)
    if (directory === undefined) {
      blobs = new Blobs(new MemoryFiles(), await Store.open(undefined, onUnreferenced, onProblem))
      return blobs
    }
    const format = await checkFormat(directory)
    const files = blobsIn(directory)
    const unusable = (error: unknown) => {
      throw problemOf(error, `cannot keep a store in ${directory}`)
    }
    await mkdir(files, { recursive: true }).catch(unusable)
    const store = await Store.open(storeIn(directory), onUnreferenced, onProblem)
    if (format === undefined) await writeFormat(directory).catch(unusable)
    blobs = new Blobs(new DiskFiles(files, onProblem), store)
    // What cannot be removed now is an orphan at the next start too.
    blobs.#orphanRemoval = blobs.#removeOrphans().catch(() => {})
    return blobs
  }

  /** Writes bytes durably. They belong to no object until a transaction adopts them; if none does, discard them. */
  async stage(bytes: Bytes): Promise<Staged> {
    const id = this.#newId()
    const head: Uint8Array[] = []
    let size = 0
    let writer: Awaited<ReturnType<BlobFiles['create']>> | undefined
    let writing: Promise<void> = Promise.resolve()
    try {
      for await (const chunk of bytes) {
        size += chunk.length
        head.push(chunk)
        if (writer === undefined && size <= INLINE_LIMIT) continue
        writer ??= await this.#files.create(id)
        // The next chunk is read and hashed while this one is written.
        await writing
        writing = writer.write(head.length === 1 ? chunk : Buffer.concat(head))
        writing.catch(() => {})
        head.length = 0
      }
      await writing
      await writer?.finish()
    } catch (cause) {
      await writing.catch(() => {})
      await writer?.abandon()
      throw cause
    }
    return { id, size, inline: writer === undefined ? Buffer.concat(head) : undefined }
  }

  /** One blob of a small one and the small bytes that follow it; undefined when they are not small together. */
  join(tail: Segment, { size, inline }: Staged): Staged | undefined {
    if (inline === undefined || tail.length + size > INLINE_LIMIT) return undefined
    const head = this.store.inlineBytes(tail.blob)
    if (head === undefined) return undefined
    const bytes = Buffer.concat([head.subarray(tail.offset, tail.offset + tail.length), inline])
    return { id: this.#newId(), size: bytes.length, inline: bytes }
  }

  /** Removes staged bytes that no transaction has adopted. */
  async discard(staged: Staged): Promise<void> {
    if (staged.inline === undefined) await this.#files.remove(staged.id)
  }

  /**
   * Opens bytes `start` to `end` (exclusive) of a list of segments. To be called in the turn in which the record was
   * read: from then on the bytes stay readable even if the object is deleted.
   */
  read(segments: readonly Segment[], start: number, end: number): Readable {
    const wanted = slice(segments, start, end)
    const pieces = wanted.map((segment) => ({ ...segment, inline: this.store.inlineBytes(segment.blob) }))
    const pinned = pieces.filter(({ inline }) => inline === undefined).map(({ blob }) => blob)
    for (const id of pinned) this.#pins.set(id, (this.#pins.get(id) ?? 0) + 1)
    const files = this.#files
    const chunks = async function* () {
      for (const { blob, offset, length, inline } of pieces) {
        if (inline === undefined) yield* files.read(blob, offset, length)
        else yield inline.subarray(offset, offset + length)
      }
    }
    const stream = Readable.from(chunks(), { objectMode: false })
    stream.once('close', () => this.#unpin(pinned))
    return stream
  }

  /** Removes the bytes of blobs without references, at once or when their last reader is done. */
  removeUnreferenced(ids: readonly string[]): void {
    for (const id of ids) void this.#removeUnlessPinned(id)
  }

  /** Stops the removal of orphans, and closes the store. */
  async close(): Promise<void> {
    this.#closing = true
    await this.#orphanRemoval
    await this.store.close()
    // A program may keep a closed one for long.
    this.#files.close()
  }

  #newId(): string {
    return `${this.#runId}${(this.#count++).toString(36).padStart(8, '0')}`
  }

  #unpin(ids: readonly string[]): void {
    for (const id of ids) {
      const pins = (this.#pins.get(id) ?? 1) - 1
      if (pins > 0) this.#pins.set(id, pins)
      else {
        this.#pins.delete(id)
        if (this.#removedWhenUnpinned.delete(id)) void this.#removeUnlessPinned(id)
      }
    }
  }

  async #removeUnlessPinned(id: string): Promise<void> {
    if (this.#pins.has(id)) this.#removedWhenUnpinned.add(id)
    // What cannot be removed now is an orphan, which the next start removes.
    else await this.#files.remove(id).catch(() => {})
  }

  /** Removes what a killed process had written but not yet made part of an object, or not yet removed. */
  async #removeOrphans(): Promise<void> {
    for await (const ids of this.#files.list()) {
      if (this.#closing) return
      const old = ids.filter((id) => !id.startsWith(this.#runId))
      const known = await this.store.known(old)
      for (const [i, id] of old.entries()) if (!known[i]) await this.#removeUnlessPinned(id)
    }
  }
}

/** The part of a segment list that holds bytes `start` to `end` (exclusive). */
export function slice(segments: readonly Segment[], start: number, end: number): Segment[] {
  const wanted: Segment[] = []
  let position = 0
  for (const { blob, offset, length } of segments) {
    const from = Math.max(start, position)
    const to = Math.min(end, position + length)
    if (from < to) wanted.push({ blob, offset: offset + from - position, length: to - from })
    position += length
  }
  return wanted
}
