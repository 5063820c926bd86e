import { constants } from 'node:fs'
import { mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Where blobs too large for the store live. A blob is written once and never changes. */
export interface BlobFiles {
  create(id: string): Promise<BlobWriter>
  /** The bytes from `offset`, in chunks. */
  read(id: string, offset: number, length: number): AsyncGenerator<Uint8Array>
  remove(id: string): Promise<void>
  list(): AsyncGenerator<string[]>
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
  readonly #made = new Map<string, Promise<unknown>>()

  constructor(directory: string) {
    this.#directory = directory
  }

  async create(id: string): Promise<BlobWriter> {
    const shard = join(this.#directory, id.slice(-2))
    if (!this.#made.has(shard)) this.#made.set(shard, this.#make(shard))
    await this.#made.get(shard)
    const path = join(shard, id)
    const file = await open(path, 'wx')
    return {
      async write(chunk) {
        let written = 0
        while (written < chunk.length) {
          written += (await file.write(chunk, written, chunk.length - written)).bytesWritten
        }
      },
      async finish() {
        await file.datasync()
        await file.close()
        await syncDirectory(shard)
      },
      async abandon() {
        // Closed already, where it was the directory that could not be synced.
        await file.close().catch(() => {})
        await rm(path, { force: true })
      },
    }
  }

  async #make(shard: string): Promise<void> {
    await mkdir(shard, { recursive: true })
    await syncDirectory(this.#directory)
  }

  async *read(id: string, offset: number, length: number): AsyncGenerator<Uint8Array> {
    const file = await open(join(this.#directory, id.slice(-2), id), 'r')
    try {
      for (let at = offset, end = offset + length; at < end; ) {
        const buffer = Buffer.allocUnsafeSlow(Math.min(CHUNK, end - at))
        const { bytesRead } = await file.read(buffer, 0, buffer.length, at)
        if (bytesRead === 0) throw new Error(`blob ${id} ends early`)
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
}

async function syncDirectory(path: string): Promise<void> {
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
}
