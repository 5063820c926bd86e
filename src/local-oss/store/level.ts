import type { LevelIterator } from './cursor.ts'
import type { Range } from './keys.ts'
import type { Write } from './transaction.ts'

/** A consistent view of the store. */
export type Snapshot = { close(): Promise<void> }

/** What to read from: a snapshot, or without one what there is now. */
export type Source = { snapshot: Snapshot | undefined }

/** What of LevelDB is used; in memory and on disk it is the same. */
export type Level = {
  getSync(key: Buffer, from: Source): Buffer | undefined
  getMany(keys: Buffer[]): Promise<(Buffer | undefined)[]>
  iterator(options: Range & Source & { limit?: number }): LevelIterator
  snapshot(): Snapshot
  batch(writes: Write[], options: { sync: boolean }): Promise<void>
  open(): Promise<void>
  close(): Promise<void>
}

const encoding = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const

/**
 * Opens LevelDB in the directory `location`, or a tree in memory when it is undefined. The packages for both are
 * optional dependencies, since a gateway in front of Alibaba Cloud OSS needs neither: they are loaded here.
 * @throws Error when the package is not installed, or another process has the directory open.
 */
export async function openLevel(location: string | undefined): Promise<Level> {
  const level = location === undefined ? await createInMemory() : await createOnDisk(location)
  await level.open().catch((cause) => {
    throw new Error(`cannot open the store in ${location}: ${reasonOf(cause)}`, { cause })
  })
  return level
}

async function createInMemory(): Promise<Level> {
  const { MemoryLevel } = await import('memory-level').catch(notLoaded('memory-level'))
  return new MemoryLevel<Buffer, Buffer>({ ...encoding, storeEncoding: 'buffer' })
}

async function createOnDisk(location: string): Promise<Level> {
  const { ClassicLevel } = await import('classic-level').catch(notLoaded('classic-level'))
  return new ClassicLevel<Buffer, Buffer>(location, encoding)
}

/** classic-level also fails to load where it has no binary for the platform. */
function notLoaded(name: string): (cause: Error) => never {
  return (cause) => {
    const [reason] = cause.message.split('\n')
    throw new Error(
      `the embedded OSS needs the package ${name}, which cannot be loaded (${reason}): install the optional dependencies too (npm install --include=optional)`,
      { cause },
    )
  }
}

/** LevelDB hides why it did not open one level down. */
function reasonOf({ cause }: { cause?: { code?: string; message?: string } }): string {
  if (cause?.code === 'LEVEL_LOCKED')
    return 'another process is using it, and each needs a folder of its own (LOCAL_OSS_DIR)'
  return cause?.message ?? 'unknown'
}
