import { type AddressInfo, createServer, type Socket } from 'node:net'
import { answersOf, BLOCK, type Dialect } from './stub-answers.ts'
import { isSigned } from './stub-signature.ts'

/**
 * An OSS, or an S3, that costs next to nothing: it reads as much of HTTP as it must, throws bodies away, and answers from buffers
 * made beforehand. Keys say what is asked: `/bench/<size>/…` is an object of that size, a key under `/slow-<ms>/` is
 * copied in that time, the bucket `pages-<n>` has so many pages of keys.
 * Arguments: port, `oss` or `s3`.
 */
const [, , listenPort, dialect = ''] = process.argv
const { scheme, objectHead, stored, copied, location, noLock, unknown, listing } =
  answersOf[dialect as Dialect]

type Counts = {
  requests: number
  /** Of bodies, without the transfer coding. */
  bodyBytes: number
  /** Signatures looked at, and those that were wrong. */
  checked: number
  wrong: number
  /** Of the requests looked at, those that are not signed for this upstream at all. */
  foreign: number
  /** The head of the first request with a wrong signature. */
  firstWrong?: string
}
export type StubCounts = Counts

/** Every so many requests one signature is looked at, besides the first of each shape. */
const SAMPLE = 500

const fresh = (): Counts => ({ requests: 0, bodyBytes: 0, checked: 0, wrong: 0, foreign: 0 })
let counts = fresh()
const shapes = new Set<string>()

/** How a body's bytes are framed, and what of it is still to come. */
type Framing =
  | { kind: 'length'; left: number }
  | {
      kind: 'chunked'
      left: number
      line: string
      part: 'size' | 'data' | 'end of data' | 'trailer' | 'over'
    }

class Connection {
  readonly #socket: Socket
  /** The beginning of a head. */
  #rest: Buffer | undefined
  #framing: Framing | undefined
  #head = ''

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (bytes) => this.#take(bytes))
    socket.on('error', () => socket.destroy())
  }

  #take(received: Buffer): void {
    let bytes = received
    if (this.#rest !== undefined) {
      bytes = Buffer.concat([this.#rest, received])
      this.#rest = undefined
    }
    let at = 0
    while (at < bytes.length) {
      if (this.#framing === undefined) {
        const end = bytes.indexOf('\r\n\r\n', at, 'latin1')
        if (end < 0) {
          this.#rest = bytes.subarray(at)
          return
        }
        this.#head = bytes.toString('latin1', at, end)
        at = end + 4
        this.#framing = framingOf(this.#head)
      } else {
        at =
          this.#framing.kind === 'length'
            ? skip(this.#framing, bytes, at)
            : skipChunked(this.#framing, bytes, at)
      }
      if (this.#framing === undefined || isOver(this.#framing)) {
        this.#framing = undefined
        answer(this.#socket, this.#head)
      }
    }
  }
}

/** Undefined when there is no body. */
function framingOf(head: string): Framing | undefined {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (length !== undefined) return { kind: 'length', left: Number(length) }
  if (/\r\ntransfer-encoding: *chunked/i.test(head))
    return { kind: 'chunked', left: 0, line: '', part: 'size' }
  return undefined
}

const isOver = (framing: Framing) =>
  framing.kind === 'length' ? framing.left === 0 : framing.part === 'over'

/** @returns where the body's bytes end, or all bytes do. */
function skip(framing: Framing, bytes: Buffer, at: number): number {
  const taken = Math.min(framing.left, bytes.length - at)
  framing.left -= taken
  counts.bodyBytes += taken
  return at + taken
}

function skipChunked(framing: Framing & { kind: 'chunked' }, bytes: Buffer, from: number): number {
  let at = from
  while (at < bytes.length && framing.part !== 'over') {
    if (framing.part === 'data') {
      at = skip(framing, bytes, at)
      if (framing.left === 0) framing.part = 'end of data'
      continue
    }
    const end = bytes.indexOf(10, at)
    framing.line += bytes.toString('latin1', at, end < 0 ? bytes.length : end)
    if (end < 0) return bytes.length
    at = end + 1
    endLine(framing)
    framing.line = ''
  }
  return at
}

function endLine(framing: Framing & { kind: 'chunked' }): void {
  if (framing.part === 'size') {
    framing.left = Number.parseInt(framing.line, 16)
    framing.part = framing.left > 0 ? 'data' : 'trailer'
  } else if (framing.part === 'end of data') {
    framing.part = 'size'
  } else if (framing.line.trim() === '') {
    framing.part = 'over'
  }
}

function answer(socket: Socket, head: string): void {
  const end = head.indexOf('\r\n')
  const [method = '', target = ''] = head.slice(0, end).split(' ')
  if (target === '/-/counts') {
    report(socket)
    return
  }
  counts.requests++
  const [, bucket = '', first = ''] = target.split(/[/?]/, 3)
  const shape = `${method} ${bucket} ${first}`
  if (counts.requests % SAMPLE === 0 || !shapes.has(shape)) check(head, shape)

  if (method === 'PUT') {
    if (!/\r\nx-(oss|amz)-copy-source:/i.test(head)) socket.write(stored)
    else if (first.startsWith('slow-')) setTimeout(() => socket.write(copied), Number(first.slice(5)))
    else socket.write(copied)
  } else if (target.includes('list-type=2')) {
    socket.write(pageOf(bucket, /continuation-token=(\d+)/.exec(target)?.[1] ?? '0'))
  } else if (/^\d+$/.test(first)) {
    if (method === 'HEAD') socket.write(headOf(Number(first)))
    else sendObject(socket, Number(first))
  } else {
    const [, query] = /[?&](location|objectWorm)/.exec(target) ?? []
    socket.write(query === 'location' ? location : query === 'objectWorm' ? noLock : unknown)
  }
}

function check(head: string, shape: string): void {
  shapes.add(shape)
  const [, authorization = ''] = /\r\nauthorization: *(.*)/i.exec(head) ?? []
  if (!authorization.startsWith(`${scheme} `)) {
    counts.foreign++
    return
  }
  counts.checked++
  // Whether peers sign well is theirs to test.
  if (dialect === 's3' || isSigned(head)) return
  counts.wrong++
  counts.firstWrong ??= head
}

/** The counts since the last report. */
function report(socket: Socket): void {
  const text = JSON.stringify(counts)
  counts = fresh()
  shapes.clear()
  socket.end(
    `HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
  )
}

/** Made once, when first asked for. */
function once<K, V>(make: (key: K) => V): (key: K) => V {
  const made = new Map<K, V>()
  return (key) => {
    const known = made.get(key) ?? make(key)
    made.set(key, known)
    return known
  }
}

const headOf = once(objectHead)
const small = once((size: number) => Buffer.concat([headOf(size), BLOCK.subarray(0, size)]))
const pages = once((name: string) => {
  const [bucket = '', page] = name.split(' ')
  return listing(bucket, Number(page), Number(/^pages-(\d+)$/.exec(bucket)?.[1] ?? 1))
})
const pageOf = (bucket: string, page: string) => pages(`${bucket} ${page}`)

function sendObject(socket: Socket, size: number): void {
  if (size <= BLOCK.length) {
    socket.write(small(size))
    return
  }
  socket.write(headOf(size))
  let left = size
  const push = () => {
    while (left > 0 && !socket.destroyed) {
      const part = left < BLOCK.length ? BLOCK.subarray(0, left) : BLOCK
      left -= part.length
      if (!socket.write(part) && left > 0) {
        socket.once('drain', push)
        return
      }
    }
  }
  push()
}

const server = createServer({ noDelay: true }, (socket) => new Connection(socket))
server.listen(Number(listenPort), '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
})
