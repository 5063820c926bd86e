import { EventEmitter } from 'node:events'
import { fstatSync } from 'node:fs'
import { Socket } from 'node:net'

/** Standard output's file descriptor. */
export const STDOUT = 1

/** Whether standard output is a pipe or a socket: what reads from it may be slow, or not read at all. */
export function isPiped(): boolean {
  const status = fstatSync(STDOUT)
  return status.isFIFO() || status.isSocket()
}

/**
 * Standard output, where it is a pipe or a socket. Written to without waiting: in a write that blocks, a thread of Node's pool
 * would be lost to the process, which could not even exit. One for the process: there is one such descriptor.
 * Emits `drop` where more than so many bytes would wait, `drain` when all is written, and `error` when nobody reads any more.
 */
export class PipedOutput extends EventEmitter {
  readonly #socket = new Socket({ fd: STDOUT, readable: false, writable: true })
  readonly #most: number

  /** @param most bytes that may wait. */
  constructor(most: number) {
    super()
    this.#most = most
    this.#socket.on('error', (error) => this.emit('error', error))
  }

  /** Takes bytes, which must stay as they are until `drain`. */
  write(bytes: Buffer): void {
    const { writableLength, destroyed } = this.#socket
    if (destroyed) return
    if (writableLength + bytes.length > this.#most) this.emit('drop')
    else
      this.#socket.write(bytes, () => {
        if (this.#socket.writableLength === 0) this.emit('drain')
      })
  }

  /** @param done called when all is written, or cannot be. */
  flush(done: () => void): void {
    const { writableLength, destroyed } = this.#socket
    if (writableLength === 0 || destroyed) done()
    else this.#socket.write('', done)
  }
}
