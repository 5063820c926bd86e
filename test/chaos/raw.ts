import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { sign } from '../gateway/wire.ts'

export type RawRequest = {
  method: string
  bucket: string
  key: string
  headers?: Record<string, string>
  body?: Buffer
  /** Bytes of the body that are sent; all of them when absent. */
  cutAfter?: number
  /** Milliseconds from the last byte sent to the end. */
  patience: number
}

const encode = (key: string) =>
  key
    .split('/')
    .map((segment) =>
      encodeURIComponent(segment).replace(
        /[!'()*]/g,
        (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
      ),
    )
    .join('/')

/** Sends a signed request over a socket of its own, and destroys it without a look at the answer. */
export async function sendAndLeave(endpoint: string, request: RawRequest): Promise<void> {
  const { host, port } = new URL(endpoint)
  const { method, bucket, key, headers = {}, body = Buffer.alloc(0), cutAfter, patience } = request
  const signed = sign({ method, target: `/${bucket}/${encode(key)}`, headers }, host)
  const lines = Object.entries({ ...signed.headers, 'content-length': String(body.length) })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
  const socket = connect(Number(port), '127.0.0.1')
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.on('error', () => {})
  socket.resume()
  socket.write(`${method} ${signed.target} HTTP/1.1\r\n${lines}\r\n`)
  const sent = new Promise((resolve) => socket.write(body.subarray(0, cutAfter), resolve))
  await Promise.race([sent, closed])
  await sleep(patience)
  socket.destroy()
}
