import { closeSync, openSync } from 'node:fs'
import pino from 'pino'
import type { Config } from '../../config/index.ts'
import { accessLines } from '../../observe/access-lines.ts'
import type { RequestRecord } from '../../observe/record.ts'
import type { Log } from '../../ports.ts'

/** An access log that is open. */
export type AccessLog = {
  write(record: RequestRecord): void
  /** Opens the file again by its name: it has been renamed. Nothing is lost. */
  reopen(): void
  /** Writes what is left. */
  close(): Promise<void>
}

/** Where lines of text go. */
export type LineSink = Pick<AccessLog, 'reopen' | 'close'> & { write(lines: string): void }

/** What may wait to be written, in bytes: beyond it lines are dropped, lest a full pipe fill the memory. */
const MAX_WAITING = 16 * 1024 * 1024
/** A write of so many bytes to a pipe is not mixed with another process's (PIPE_BUF of Linux). */
const ATOMIC_WRITE = 4096
/** What waits for a write together, in bytes, */
const BATCH = 3072
/** and for how many milliseconds. */
const FLUSH_PERIOD = 200

/**
 * Writes requests as lines, in the format of the settings.
 * @param sink where they go.
 */
export function accessLogTo(sink: LineSink, format: Config['document']['accessLog']['format']): AccessLog {
  const lines = accessLines(format, process.pid)
  return { ...sink, write: (record) => sink.write(`${lines(record).join('\n')}\n`) }
}

/**
 * Lines to a file, or to standard output.
 * @param path absent: standard output.
 * @throws Error where the file cannot be opened.
 */
export function fileSink(path: string | undefined, log: Log): LineSink {
  // The stream would only log it later.
  if (path !== undefined) closeSync(openSync(path, 'a'))
  const stream = pino.destination({
    dest: path ?? 1,
    sync: false,
    minLength: BATCH,
    maxWrite: ATOMIC_WRITE,
    maxLength: MAX_WAITING,
    periodicFlush: FLUSH_PERIOD,
  })
  let isDropping = false
  stream.on('drop', () => {
    if (!isDropping)
      log('access log lines are dropped: they are written too slowly', { path: path ?? 'stdout' })
    isDropping = true
  })
  stream.on('drain', () => {
    isDropping = false
  })
  stream.on('error', (error: Error) => log('access log cannot be written', { path, cause: error.message }))
  return {
    write: (lines) => void stream.write(lines),
    reopen: () => {
      if (path !== undefined) stream.reopen()
    },
    close: () =>
      new Promise((resolve) => {
        stream.once('close', resolve)
        if (path === undefined) {
          // Standard output is not this log's to close.
          stream.flush(() => resolve())
        } else stream.end()
      }),
  }
}
