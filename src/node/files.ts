import { readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute } from 'node:path'
import type { Files } from '../config/index.ts'

/** Bytes; what settings name is smaller. */
const MAX_BYTES = 1024 * 1024

/** The files of this machine, as text in UTF-8. */
export const nodeFiles: Files = {
  get home() {
    return homedir()
  },
  has: (path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true,
  read: (path) => {
    try {
      const status = statSync(path)
      // What a shell makes of `<(…)` is below /dev, and has been opened.
      if (status.isFIFO() && !path.startsWith('/dev/'))
        throw new Error('that is a named pipe, and all would wait until somebody writes to it')
      if (status.size > MAX_BYTES) throw new Error('the file is too large')
      return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
    } catch (error) {
      throw new Error(whyNot(error, path))
    }
  },
}

/** Why a file cannot be used. Without its name: a secret may have been set in place of that. */
function whyNot(error: unknown, path: string): string {
  const { code, message } = error as NodeJS.ErrnoException
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return `there is no such file${isAbsolute(path) ? '' : ` below ${process.cwd()}, where it was started`}`
    case 'EACCES':
    case 'EPERM':
      return 'the file may not be read by this user'
    case 'EISDIR':
      return 'that is a folder, not a file'
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return 'the file is no text in UTF-8'
    default:
      return code === undefined ? message : `the file cannot be read (${code})`
  }
}
