import { closeSync, openSync } from 'node:fs'
import pino from 'pino'
import type { Config } from '../../config/index.ts'
import { accessLines } from '../../observe/access-lines.ts'
import type { RequestRecord } from '../../observe/record.ts'
import type { Log } from '../../ports.ts'
import { isPiped, PipedOutput, STDOUT } from './standard-output.ts'

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
/** What is written together at most, in bytes: a write costs as much as fifty lines. */
const BATCH = 256 * 1024
/** Buffers of that size that are kept. */
const KEPT_BATCHES = 2
/** Of a character of a string, in UTF-8. */
const MAX_CHARACTER_BYTES = 3
/** Requests that become lines together: one by one each would find the code that does it out of the processor's caches. */
const TOGETHER = 64
/** Milliseconds that requests wait to become lines, and lines to be written, at most. */
const FLUSH_PERIOD = 100

/**
 * Writes requests as lines, in the format of the settings.
 * @param sink where they go.
 */
export function accessLogTo(sink: LineSink, format: Config['document']['accessLog']['format']): AccessLog {
  const lines = accessLines(format, process.pid)
  let ended: RequestRecord[] = []
  function writeEnded(): void {
    const records = ended
    ended = []
    for (const record of records) for (const line of lines(record)) sink.write(`${line}\n`)
  }
  const timer = setInterval(writeEnded, FLUSH_PERIOD).unref()
  return {
    write: (record) => {
      ended.push(record)
      if (ended.length === TOGETHER) writeEnded()
    },
    reopen: () => {
      writeEnded()
      sink.reopen()
    },
    close: () => {
      clearInterval(timer)
      writeEnded()
      return sink.close()
    },
  }
}

/**
 * Lines to a file. What is appended to it stays together, however much it is, also where other processes write to it.
 * @throws Error where the file cannot be opened.
 */
export function fileSink(path: string, log: Log): LineSink {
  // The stream would only log it later.
  closeSync(openSync(path, 'a'))
  const stream = destination(path)
  const { timer, ...lines } = linesTo(stream, path, log)
  return {
    ...lines,
    reopen: () => {
      lines.flush()
      stream.reopen()
    },
    close: () =>
      new Promise((resolve) => {
        clearInterval(timer)
        lines.flush()
        stream.once('close', resolve)
        stream.end()
      }),
  }
}

let output: LineSink | undefined

/**
 * Lines to standard output, which is to be this process's own: there is one such sink, and closing it is only to wait until all
 * is written.
 */
export function outputSink(log: Log): LineSink {
  output ??= openOutput(log)
  return output
}

function openOutput(log: Log): LineSink {
  const stream = isPiped() ? new PipedOutput(MAX_WAITING) : destination(STDOUT)
  const { write, flush } = linesTo(stream, 'stdout', log)
  return {
    write,
    reopen: flush,
    close: () => {
      flush()
      return new Promise((resolve) => stream.flush(() => resolve()))
    },
  }
}

const destination = (dest: string | number) =>
  pino.destination({
    dest,
    sync: false,
    contentMode: 'buffer',
    minLength: 1,
    maxWrite: BATCH,
    maxLength: MAX_WAITING,
  })

/** Writes lines together, and tells the log what becomes of them. */
function linesTo(stream: PipedOutput | ReturnType<typeof destination>, path: string, log: Log) {
  // Its types know strings alone.
  const write = (bytes: Buffer): void =>
    void (stream as unknown as { write(bytes: Buffer): boolean }).write(bytes)
  // Those that are written are used again: as garbage that size has the whole heap collected twice as often.
  const written: Buffer[] = []
  const handed: Buffer[] = []
  // Each line is made bytes as it comes: to encode all of them as one string costs several times as much.
  let batch: Buffer = Buffer.allocUnsafe(BATCH)
  let size = 0
  function flush(): void {
    if (size === 0) return
    write(batch.subarray(0, size))
    if (handed.length < KEPT_BATCHES) handed.push(batch)
    batch = written.pop() ?? Buffer.allocUnsafe(BATCH)
    size = 0
  }
  const timer = setInterval(flush, FLUSH_PERIOD).unref()
  let isDropping = false
  stream.on('drop', () => {
    if (!isDropping) log('access log lines are dropped: they are written too slowly', { path })
    isDropping = true
  })
  // All that it was given is written.
  stream.on('drain', () => {
    written.push(...handed.splice(0).slice(0, KEPT_BATCHES - written.length))
    isDropping = false
  })
  stream.on('error', (error: Error) => log('access log cannot be written', { path, cause: error.message }))
  return {
    timer,
    flush,
    write: (lines: string) => {
      // Bytes are counted only where there may be too many.
      if (size + lines.length * MAX_CHARACTER_BYTES > BATCH) {
        const bytes = Buffer.byteLength(lines)
        if (size + bytes > BATCH) flush()
        if (bytes > BATCH) return write(Buffer.from(lines))
      }
      size += batch.write(lines, size)
    },
  }
}
