import { Socket } from 'node:net'
import type { Memory } from '../node/body-stream.ts'

/** What is read at a time, in bytes. */
const READ_SIZE = 128 * 1024

/** A socket, and whose the memory is of what it reads. */
export type Reading = { socket: Socket; memory: Memory }

/**
 * Memory to read into, again and again: new memory for each read costs as much as the reading.
 * @param onRead gets the bytes, whose memory is lent until it returns; where it returns false, until the socket is resumed.
 * @returns what node:net takes as `onread`.
 */
export function intoOneMemory(onRead: (bytes: Buffer) => boolean) {
  const buffer = Buffer.allocUnsafeSlow(READ_SIZE)
  return { buffer, callback: (size: number) => onRead(buffer.subarray(0, size)) }
}

/**
 * Has an accepted socket read into memory of ours. Node takes `onread` for sockets that connect, and has no word for
 * accepted ones; what is under them can be moved to a socket that has it, by a name without documentation. Where there
 * is none, each read gets memory of its own.
 * @param accepted paused, and not read from yet.
 */
export function readAccepted(accepted: Socket, onRead: (bytes: Buffer) => void): Reading {
  const { _handle: handle } = accepted as unknown as { _handle?: object }
  if (handle === undefined || handle === null)
    return { socket: readPieces(accepted, onRead), memory: 'owned' }
  Object.assign(accepted, { _handle: null })
  const onread = intoOneMemory((bytes) => {
    onRead(bytes)
    // Who wants no more has paused the socket.
    return true
  })
  const options = { handle, allowHalfOpen: true, onread }
  const socket = new Socket(options)
  // It is the accepted one that its server counts.
  socket.once('close', () => accepted.destroy())
  return { socket: socket.resume(), memory: 'lent' }
}

/** Reads as node:net does. */
export function readPieces(socket: Socket, onRead: (bytes: Buffer) => void): Socket {
  return socket.on('data', onRead).resume()
}
