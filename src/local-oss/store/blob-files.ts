import { constants } from 'node:fs'
import { mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { guarded, lostBlob, type OnProblem } from './problems.ts'

/** Where blobs too large for the store live. A blob is written once and never changes. */
export interface BlobFiles {
  create(id: string): Promise<BlobWriter>
  /** The bytes from `offset`, in chunks. */
  read(id: string, offset: number, length: number): AsyncGenerator<Uint8Array>
  remove(id: string): Promise<void>
  list(): AsyncGenerator<string[]>
  /** Gives back the memory it takes. */
  close(): void
}

/** One blob while it is written. */
export interface BlobWriter {
  write(chunk: Uint8Array): Promise<void>
  /** Resolves when the bytes will survive a power cut. */
  finish(): Promise<void>
  abandon(): Promise<void>
}

const CHUNK = 256 * 1024

/** Files in `<directory>/<last two characters of the id>/<id>`. */
export class DiskFiles implements BlobFiles {
  readonly #directory: string
  readonly #onProblem: OnProblem
  readonly #made = new Map<string, Promise<unknown>>()

  constructor(directory: string, onProblem: OnProblem) {
    this.#directory = directory
    this.#onProblem = onProblem
  }

  async create(id: string): Promise<BlobWriter> {
    const shard = join(this.#directory, id.slice(-2))
    const path = join(shard, id)
    const written = <T>(work: () => Promise<T>) => guarded(`cannot write ${path}`, this.#onProblem, work)
    const file = await written(async () => {
      await this.#shard(shard)
      return open(path, 'wx')
    })
    return {
      write: (chunk) =>
        written(async () => {
          let length = 0
          while (length < chunk.length) {
            length += (await file.write(chunk, length, chunk.length - length)).bytesWritten
          }
        }),
      finish: () =>
        written(async () => {
          await file.datasync()
          await file.close()
          await syncDirectory(shard)
        }),
      async abandon() {
        // Closed already, where it was the directory that could not be synced.
        await file.close().catch(() => {})
        // What cannot be removed now is an orphan at the next start.
        await rm(path, { force: true }).catch(() => {})
      },
    }
  }

  /** The folder is made once; where that fails, by whoever needs it next. */
  async #shard(shard: string): Promise<void> {
    const made = this.#made.get(shard) ?? this.#make(shard)
    this.#made.set(shard, made)
    await made.catch((error) => {
      this.#made.delete(shard)
      throw error
    })
  }

  async #make(shard: string): Promise<void> {
    await mkdir(shard, { recursive: true })
    await syncDirectory(this.#directory)
  }

  async *read(id: string, offset: number, length: number): AsyncGenerator<Uint8Array> {
    const path = join(this.#directory, id.slice(-2), id)
    const read = <T>(work: () => Promise<T>) => guarded(`cannot read ${path}`, this.#onProblem, work)
    const file = await read(() =>
      open(path, 'r').catch((error: NodeJS.ErrnoException) => {
        throw error.code === 'ENOENT' ? lostBlob(id, `has no file ${path}`, error) : error
      }),
    )
    try {
      for (let at = offset, end = offset + length; at < end; ) {
        const buffer = Buffer.allocUnsafeSlow(Math.min(CHUNK, end - at))
        const bytesRead = await read(async () => {
          const { bytesRead } = await file.read(buffer, 0, buffer.length, at)
          if (bytesRead === 0) throw lostBlob(id, `ends early: ${path} has ${at} bytes`)
          return bytesRead
        })
        at += bytesRead
        yield buffer.subarray(0, bytesRead)
      }
    } finally {
      await file.close()
    }
  }

  async remove(id: string): Promise<void> {
    await rm(join(this.#directory, id.slice(-2), id), { force: true })
  }

  async *list(): AsyncGenerator<string[]> {
    for (const shard of await readdir(this.#directory)) yield await readdir(join(this.#directory, shard))
  }

  close(): void {}
}

/** Makes the names in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** The same in memory. */
export class MemoryFiles implements BlobFiles {
  readonly #blobs = new Map<string, Buffer>()

  async create(id: string): Promise<BlobWriter> {
    const chunks: Uint8Array[] = []
    return {
      write: async (chunk) => {
        chunks.push(chunk)
      },
      finish: async () => {
        this.#blobs.set(id, Buffer.concat(chunks))
      },
      abandon: async () => {},
    }
  }

  async *read(id: string, offset: number, length: number): AsyncGenerator<Uint8Array> {
    const blob = this.#blobs.get(id)
    if (blob === undefined) throw new Error(`blob ${id} is gone`)
    for (let at = offset, end = offset + length; at < end; at += CHUNK) {
      yield blob.subarray(at, Math.min(at + CHUNK, end))
    }
  }

  async remove(id: string): Promise<void> {
    this.#blobs.delete(id)
  }

  async *list(): AsyncGenerator<string[]> {
    yield [...this.#blobs.keys()]
  }

  close(): void {
    this.#blobs.clear()
  }
}
