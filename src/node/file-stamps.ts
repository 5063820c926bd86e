import { type Stats, statSync } from 'node:fs'
import { stat } from 'node:fs/promises'

/** What tells one content of each file from another; empty where there was none. */
export type FileStamps = ReadonlyMap<string, string>

/** The stamp of a file, to be taken before it is read: what is written after that is then another. */
export function stampOf(file: string): string {
  try {
    return stampText(statSync(file))
  } catch {
    return ''
  }
}

/** The stamps that files have now. */
export async function stampsOf(files: Iterable<string>): Promise<FileStamps> {
  const stamps = [...files].map(async (file) => [file, await stat(file).then(stampText, () => '')] as const)
  return new Map(await Promise.all(stamps))
}

/** @param one and @param other of the same files. */
export const areSame = (one: FileStamps, other: FileStamps): boolean =>
  [...one].every(([file, stamp]) => other.get(file) === stamp)

/** The time of writing can be set, as `cp -p` and rsync do; that of the last change of any kind cannot. */
const stampText = ({ ino, size, mtimeMs, ctimeMs }: Stats) => `${ino} ${size} ${mtimeMs} ${ctimeMs}`
