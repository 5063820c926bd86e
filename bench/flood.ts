import { readFileSync } from 'node:fs'
import { connect } from 'node:net'

/**
 * What wrk.lua does, where wrk cannot: HEAD, whose Content-Length announces no body, and a number of requests instead
 * of a time.
 * Arguments: port, file of requests, connections, and `5s` or how many requests.
 */
const [, , port, file = '', connections, limit = ''] = process.argv

function readRequests(bytes: Buffer): Buffer[] {
  const requests: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(10, at)
    const length = Number(bytes.toString('latin1', at, end))
    requests.push(bytes.subarray(end + 1, end + 1 + length))
    at = end + 1 + length
  }
  return requests
}

const requests = readRequests(readFileSync(file))
const isHead = requests[0]?.toString('latin1', 0, 5) === 'HEAD '
/** Milliseconds. */
const latencies: number[] = []
let sent = 0
let errors = 0
const began = performance.now()
const ends = limit.endsWith('s') ? began + Number.parseFloat(limit) * 1000 : Number.POSITIVE_INFINITY
const most = limit.endsWith('s') ? Number.POSITIVE_INFINITY : Number(limit)

/** One connection, until the time is over or all requests are sent. */
function open(): Promise<void> {
  return new Promise((resolve) => {
    let asked = 0
    let head = ''
    /** Bytes of the body that are still to come; undefined until the head is there. */
    let left: number | undefined
    const ask = () => {
      asked = performance.now()
      if (asked >= ends || sent >= most) {
        socket.destroy()
        return
      }
      head = ''
      left = undefined
      socket.write(requests[sent++ % requests.length] as Buffer)
    }
    const take = (bytes: Buffer) => {
      if (left === undefined) {
        head += bytes.toString('latin1')
        const end = head.indexOf('\r\n\r\n')
        if (end < 0) return
        const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
        if (!head.startsWith('HTTP/1.1 200') || length === undefined) errors++
        left = (isHead ? 0 : Number(length ?? 0)) - (head.length - end - 4)
      } else {
        left -= bytes.length
      }
      if (left > 0) return
      latencies.push(performance.now() - asked)
      ask()
    }
    const socket = connect({
      port: Number(port),
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafe(64 * 1024),
        callback: (count, buffer) => {
          take((buffer as Buffer).subarray(0, count))
          return true
        },
      },
    })
    socket.on('connect', ask)
    socket.on('error', () => errors++)
    socket.on('close', () => resolve())
  })
}

await Promise.all(Array.from({ length: Number(connections) }, open))
const seconds = (performance.now() - began) / 1000
latencies.sort((a, b) => a - b)
const percentile = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0
const result = { amount: latencies.length, seconds, errors, p50: percentile(0.5), p99: percentile(0.99) }
process.stdout.write(`RESULT ${JSON.stringify(result)}\n`)
