import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { syncDirectory } from './blob-files.ts'

/**
 * The format of what is in a directory: keys and records of LevelDB, names of blobs. It changes when a former version of
 * this code would misread what a newer one has written.
 */
export const FORMAT = 1

const fileOf = (directory: string) => join(directory, 'format')

/**
 * Reads a directory's format before anything in it is opened.
 * @returns undefined for a new directory, and for one from before there were formats: that is format 1.
 * @throws Error for a format that this version does not know.
 */
export async function checkFormat(directory: string): Promise<number | undefined> {
  const text = await readFile(fileOf(directory), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  if (text.trim() === String(FORMAT)) return FORMAT
  const found = /^\d{1,9}$/.test(text.trim()) ? `format ${text.trim()}` : 'a format that is no number'
  throw new Error(
    `the store in ${directory} has ${found}, and this version knows format ${FORMAT}: open it with the version that made it, or name another directory. Nothing in it has been changed`,
  )
}

/** Writes the format into a directory that has none. @throws the file system's error. */
export async function writeFormat(directory: string): Promise<void> {
  const temporary = `${fileOf(directory)}.new`
  const file = await open(temporary, 'w')
  try {
    await file.writeFile(`${FORMAT}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, fileOf(directory))
  await syncDirectory(directory)
}
