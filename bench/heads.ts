import { readFileSync } from 'node:fs'
import { connect } from 'node:net'

/**
 * What wrk.lua does, for HEAD: wrk waits for the body that a Content-Length announces and HEAD does not have.
 * Arguments: port, file of requests, connections, seconds.
 */
const [, , port, file = '', connections, seconds] = process.argv

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
/** Milliseconds. */
const latencies: number[] = []
let sent = 0
let errors = 0
const began = performance.now()
const ends = began + Number(seconds) * 1000

function open(): Promise<void> {
  return new Promise((resolve) => {
    let asked = 0
    let read = 0
    const buffer = Buffer.allocUnsafe(16 * 1024)
    const ask = () => {
      asked = performance.now()
      read = 0
      socket.write(requests[sent++ % requests.length] as Buffer)
    }
    /** An answer is short: it begins at the buffer's begin, and is kept there until it is whole. */
    const take = (bytes: number) => {
      read += bytes
      if (buffer.toString('latin1', read - 4, read) !== '\r\n\r\n') return
      const now = performance.now()
      latencies.push(now - asked)
      if (buffer.toString('latin1', 9, 12) !== '200') errors++
      if (now < ends) ask()
      else socket.destroy()
    }
    const socket = connect({
      port: Number(port),
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: () => buffer.subarray(read),
        callback: (bytes) => {
          take(bytes)
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
latencies.sort((a, b) => a - b)
const percentile = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0
const result = {
  amount: latencies.length,
  seconds: (performance.now() - began) / 1000,
  errors,
  p50: percentile(0.5),
  p99: percentile(0.99),
}
process.stdout.write(`RESULT ${JSON.stringify(result)}\n`)
