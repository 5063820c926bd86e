import type { Socket } from 'node:net'
import { writeLent } from './sockets.ts'

/** What goes out on a connection. One that is closed takes everything, and says nothing. */
export class Outlet {
  readonly #socket: Socket

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** @param text in Latin-1. */
  writeText(text: string): void {
    if (!this.#socket.destroyed) this.#socket.write(text, 'latin1')
  }

  write(bytes: Uint8Array): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes)
  }

  /** A head, and all of the body. */
  writeWhole(head: string, body: Uint8Array): void {
    const bytes = Buffer.allocUnsafe(head.length + body.length)
    bytes.write(head, 'latin1')
    bytes.set(body, head.length)
    this.write(bytes)
  }

  /** A piece of a body, whose memory may be lent. @returns whether that is free again, and more may come. */
  writePiece(bytes: Uint8Array): boolean {
    return this.#socket.destroyed || writeLent(this.#socket, bytes)
  }

  /** Like {@link writePiece}, framed as a chunk. */
  writeChunk(bytes: Uint8Array): boolean {
    if (bytes.length === 0) return true
    this.#socket.cork()
    this.writeText(`${bytes.length.toString(16)}\r\n`)
    this.write(Buffer.from(bytes))
    this.writeText('\r\n')
    this.#socket.uncork()
    return !this.#socket.writableNeedDrain
  }

  /** The end of a body in chunks. */
  endChunks(): void {
    this.writeText('0\r\n\r\n')
  }

  /** All that is written meanwhile goes out at once. */
  together(write: () => void): void {
    this.#socket.cork()
    write()
    this.#socket.uncork()
  }
}
