import type { Readable } from 'node:stream'

const NEWLINE = 0x0a

/**
 * Hands on what a process prints, whole lines at a time: of several that print to one pipe, the longer lines could be mixed.
 * @param write takes lines.
 * @returns a promise that resolves when all of it has been handed on.
 */
export function passOnLines(output: Readable, write: (lines: string) => void): Promise<void> {
  /** Pieces of a line that has not ended. */
  let begun: Buffer[] = []
  output.on('data', (bytes: Buffer) => {
    const end = bytes.lastIndexOf(NEWLINE) + 1
    if (end > 0) {
      write(Buffer.concat([...begun, bytes.subarray(0, end)]).toString())
      begun = []
    }
    if (end < bytes.length) begun.push(bytes.subarray(end))
  })
  return new Promise((resolve) => {
    output.once('close', () => {
      // Of a process that was killed.
      if (begun.length > 0) write(`${Buffer.concat(begun)}\n`)
      resolve()
    })
  })
}
