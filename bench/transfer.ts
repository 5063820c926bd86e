import { connect } from 'node:net'
import { type Framing, upload } from './framing.ts'
import { headText, signed } from './requests.ts'

/**
 * Moves one large object after the other over one connection.
 * Arguments: port, `get` or how the body of an upload is framed, bytes of the object, seconds after which no other
 * is begun.
 */
const [, , port, how = '', sizeText, seconds] = process.argv
const size = Number(sizeText)
const { request, pieces } =
  how === 'get'
    ? { request: signed({ method: 'GET', target: `/bench/${size}/film.mp4` }), pieces: [] }
    : upload('/bench/written/film.mp4', size, how as Framing)
const head = Buffer.from(headText(request))
const ends = '\r\n\r\n'

let transfers = 0
let errors = 0
let answer = ''
/** Bytes of the answer's body that are still to come; undefined until its head is there. */
let left: number | undefined
let began = 0

const finish = (failed: boolean) => {
  if (failed) {
    errors++
    console.error(answer)
  }
  const elapsed = (performance.now() - began) / 1000
  const result = { amount: transfers * size, seconds: elapsed, errors }
  process.stdout.write(`RESULT ${JSON.stringify(result)}\n`, () => process.exit())
}

const take = (bytes: Uint8Array) => {
  if (left === undefined) {
    answer += Buffer.from(bytes).toString('latin1')
    const end = answer.indexOf(ends)
    if (end < 0) return
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(answer)?.[1] ?? 0)
    if (!answer.startsWith('HTTP/1.1 200') || (how === 'get' && length !== size)) return finish(true)
    left = length - (answer.length - end - ends.length)
  } else {
    left -= bytes.length
  }
  if (left > 0) return
  transfers++
  if (performance.now() - began < Number(seconds) * 1000) begin()
  else finish(false)
}

const socket = connect({
  port: Number(port),
  host: '127.0.0.1',
  noDelay: true,
  onread: {
    buffer: Buffer.allocUnsafe(256 * 1024),
    callback: (count, buffer) => {
      take(buffer.subarray(0, count))
      return true
    },
  },
})
socket.on('error', () => finish(true))
socket.on('end', () => finish(true))
socket.on('connect', () => {
  began = performance.now()
  begin()
})

/** Pieces handed over at a time: one call of the system for some chunks and what is between them. */
const BATCH = 24

function begin(): void {
  answer = ''
  left = undefined
  let next = 0
  socket.write(head)
  const push = () => {
    while (next < pieces.length) {
      socket.cork()
      let free = true
      for (const end = Math.min(next + BATCH, pieces.length); next < end; next++) {
        free = socket.write(pieces[next] as Buffer)
      }
      socket.uncork()
      if (!free && next < pieces.length) {
        socket.once('drain', push)
        return
      }
    }
  }
  push()
}
