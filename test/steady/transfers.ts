import { createHmac } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { sha256 } from '../encodings.ts'
import { type Signing, sign, type WireRequest } from '../gateway/wire.ts'
import { KiB } from './world.ts'

/** Transfers over bare sockets that cost their client next to nothing: bytes are neither kept nor looked at. */
export type Transfer = {
  /** Resolves when the answer is there to its end. @throws when it is none, or not a 200. */
  done: Promise<void>
  /** Bytes of the body that have moved so far. */
  moved(): number
  stop(): void
}

/** How fast a client is; `stop` after so many bytes it does nothing more. */
export type Pace = 'fast' | { bytesPerSecond: number } | 'stopped'

const BLOCK = Buffer.alloc(64 * KiB, 'steady')

/** The request line and the headers of a signed request. */
export function headOf(endpoint: string, request: WireRequest, signing?: Signing) {
  const { host } = new URL(endpoint)
  const signed = sign(request, host, signing)
  const lines = Object.entries(signed.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`)
  return {
    head: `${signed.method} ${signed.target} HTTP/1.1\r\n${lines.join('')}\r\n`,
    chunks: signed.chunks,
  }
}

/** Opens a socket whose bytes go to `take`; it returns false to read no further. */
function open(endpoint: string, piece: number, take: (bytes: Buffer) => boolean): Socket {
  const buffer = Buffer.alloc(piece)
  const socket = connect({
    host: '127.0.0.1',
    port: Number(new URL(endpoint).port),
    noDelay: true,
    onread: { buffer, callback: (length) => take(buffer.subarray(0, length)) },
  })
  socket.on('error', () => {})
  return socket
}

/** Gets an object of so many bytes. */
export function download(endpoint: string, key: string, size: number, pace: Pace = 'fast'): Transfer {
  const piece = pace === 'fast' ? BLOCK.length : pace === 'stopped' ? KiB : pace.bytesPerSecond
  let head = ''
  let moved = 0
  let socket: Socket
  let timer: NodeJS.Timeout | undefined
  const done = new Promise<void>((resolve, reject) => {
    socket = open(endpoint, piece, (bytes) => {
      if (head.includes('\r\n\r\n')) moved += bytes.length
      else {
        head += bytes.toString('latin1')
        const end = head.indexOf('\r\n\r\n')
        if (end >= 0) moved = head.length - end - 4
      }
      if (moved >= size) {
        if (head.startsWith('HTTP/1.1 200')) resolve()
        else reject(new Error(head.slice(0, 300)))
        socket.destroy()
      }
      return pace === 'fast'
    })
    if (typeof pace === 'object') timer = setInterval(() => socket.resume(), 1000)
    socket.on('close', () => reject(new Error(`cut after ${moved} bytes: ${head.slice(0, 300)}`)))
    socket.write(headOf(endpoint, { method: 'GET', target: `/bucket/${key}` }).head)
  })
  done.catch(() => {})
  return transferOf(
    done,
    () => moved,
    () => socket,
    () => clearInterval(timer),
  )
}

/**
 * Puts an object of so many bytes.
 * @param signed its chunks are signed, as by an SDK over http.
 */
export function upload(
  endpoint: string,
  key: string,
  size: number,
  { pace = 'fast', signed = false }: { pace?: Pace; signed?: boolean } = {},
): Transfer {
  const sizeHeaders = signed
    ? {
        'content-encoding': 'aws-chunked',
        'x-amz-decoded-content-length': String(size),
        'content-length': String(framedSize(size)),
      }
    : { 'content-length': String(size) }
  const request = { method: 'PUT', target: `/bucket/${key}`, headers: sizeHeaders as Record<string, string> }
  const { head, chunks } = headOf(
    endpoint,
    request,
    signed ? { payload: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' } : {},
  )
  let moved = 0
  let answer = ''
  let socket: Socket
  let timer: NodeJS.Timeout | undefined
  const done = new Promise<void>((resolve, reject) => {
    socket = open(endpoint, KiB, (bytes) => {
      answer += bytes.toString('latin1')
      if (!answer.includes('\r\n\r\n')) return true
      if (answer.startsWith('HTTP/1.1 200')) resolve()
      else reject(new Error(answer.slice(0, 600)))
      socket.destroy()
      return true
    })
    socket.on('close', () => reject(new Error(`cut after ${moved} bytes: ${answer.slice(0, 300)}`)))
    socket.write(head)
    const pieces = signed ? signedPieces(size, chunks) : plainPieces(size)
    const more = () => {
      while (!socket.destroyed) {
        const { value } = pieces.next()
        if (value === undefined) return
        const flowing = socket.write(value)
        moved += value.length
        if (!flowing) {
          socket.once('drain', more)
          return
        }
      }
    }
    if (typeof pace === 'object') {
      const slow = BLOCK.subarray(0, pace.bytesPerSecond)
      timer = setInterval(() => {
        socket.write(slow)
        moved += slow.length
      }, 1000)
    } else more()
  })
  done.catch(() => {})
  return transferOf(
    done,
    () => moved,
    () => socket,
    () => clearInterval(timer),
  )
}

function transferOf(
  done: Promise<void>,
  moved: () => number,
  socket: () => Socket,
  clear: () => void,
): Transfer {
  void done.catch(() => {}).then(clear)
  return {
    done,
    moved,
    stop: () => {
      clear()
      socket().destroy()
    },
  }
}

function* plainPieces(size: number): Generator<Buffer, undefined> {
  for (let left = size; left > 0; left -= BLOCK.length)
    yield left < BLOCK.length ? BLOCK.subarray(0, left) : BLOCK
  return undefined
}

const EMPTY = sha256('')
const blockHash = sha256(BLOCK)
const lineSize = (length: number) => `${length.toString(16)};chunk-signature=${'0'.repeat(64)}\r\n`.length

/** What the chunks of {@link signedPieces} have together; the size is one of whole blocks. */
const framedSize = (size: number) =>
  (size / BLOCK.length) * (lineSize(BLOCK.length) + BLOCK.length + 2) + lineSize(0) + 2

type Chain = { key: Buffer; timestamp: string; scope: string; seed: string }

function* signedPieces(size: number, { key, timestamp, scope, seed }: Chain): Generator<Buffer, undefined> {
  let previous = seed
  const line = (length: number, hash: string) => {
    const toSign = ['AWS4-HMAC-SHA256-PAYLOAD', timestamp, scope, previous, EMPTY, hash].join('\n')
    previous = createHmac('sha256', key).update(toSign).digest('hex')
    return `${length.toString(16)};chunk-signature=${previous}\r\n`
  }
  for (let left = size; left > 0; left -= BLOCK.length) {
    yield Buffer.from(line(BLOCK.length, blockHash))
    yield BLOCK
    yield Buffer.from('\r\n')
  }
  yield Buffer.from(`${line(0, EMPTY)}\r\n`)
  return undefined
}
