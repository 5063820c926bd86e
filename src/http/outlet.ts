import type { Socket } from 'node:net'

/**
 * What goes out on a connection. Small things wait for the end of the event loop's turn, and those of all connections
 * are sent one behind another: with work in between, each would wake its reader anew, which was a quarter of what a
 * small request cost. A connection that is closed takes everything, and says nothing.
 */
export class Outlet {
  readonly #socket: Socket
  /** Whether what was written waits for the end of the turn. */
  holds = false
  /** How often something has been sent. */
  sends = 0

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** @param chunk text is Latin-1. */
  write(chunk: string | Uint8Array): void {
    const socket = this.#socket
    if (chunk.length === 0 || socket.destroyed) return
    if (!this.holds) {
      this.holds = true
      socket.cork()
      sendAtEndOfTurn(this)
    }
    // What is as much as a socket keeps gains nothing by waiting.
    if (!socket.write(chunk, 'latin1')) this.send()
  }

  /** A head, and a body that is text. @param size of that in UTF-8, in bytes. */
  writeText(head: string, text: string, size: number): void {
    // Of ASCII each character is one byte, in either encoding.
    if (size === text.length) this.write(head + text)
    else {
      this.write(head)
      this.write(Buffer.from(text))
    }
  }

  /**
   * A piece of a body, whose memory may be lent.
   * @returns whether that can be given back, and more may come; if not, both are so at the next 'drain'.
   */
  writePiece(bytes: Uint8Array): boolean {
    const socket = this.#socket
    if (socket.destroyed) return true
    // Of less than this no 'drain' is told.
    if (bytes.length < socket.writableHighWaterMark) {
      this.write(Buffer.from(bytes))
      return !socket.writableNeedDrain
    }
    this.write(bytes)
    return socket.writableLength === 0
  }

  /** Like {@link writePiece}, framed as a chunk. */
  writeChunk(bytes: Uint8Array): boolean {
    if (bytes.length === 0) return true
    this.write(`${bytes.length.toString(16)}\r\n`)
    this.write(Buffer.from(bytes))
    this.write('\r\n')
    return !this.#socket.writableNeedDrain
  }

  /** The end of a body in chunks. */
  endChunks(): void {
    this.write('0\r\n\r\n')
  }

  /** Sends what waits. @returns whether there was something. */
  send(): boolean {
    if (!this.holds) return false
    this.holds = false
    this.sends++
    this.#socket.uncork()
    return true
  }
}

/** Those that have something to send at the end of this turn. */
let outlets: Outlet[] = []
/** With so many the first do not wait for the last: their readers have something to do meanwhile. */
const MOST = 32

function sendAtEndOfTurn(outlet: Outlet): void {
  if (outlets.length === MOST) sendAll()
  if (outlets.length === 0) setImmediate(sendAll)
  outlets.push(outlet)
}

function sendAll(): void {
  const those = outlets
  outlets = []
  for (const outlet of those) outlet.send()
}
