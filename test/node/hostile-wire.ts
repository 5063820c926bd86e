import { connect } from 'node:net'
import { expect } from 'vitest'
import { parseLenientXml, text } from '../../src/xml/index.ts'
import { send, sign, type WireRequest } from '../gateway/wire.ts'
import { startWorld, type World } from '../harness.ts'

const SILENCE = 60_000
const PIECE = 64 * 1024

/**
 * Everything the server says to these bytes until it closes the connection; nothing more is written once it speaks.
 * @param after more bytes, written when the first have been answered; `end`: nothing more comes after the first.
 */
export function exchange(
  world: World,
  bytes: string | Uint8Array,
  { after = '', end = false } = {},
): Promise<string> {
  const left = Buffer.from(bytes as string, 'latin1')
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(world.endpoint).port), '127.0.0.1')
    let said = ''
    let at = 0
    const write = () => {
      if (said !== '' || socket.destroyed) return
      if (at >= left.length) {
        if (end) socket.end()
        return
      }
      socket.write(left.subarray(at, at + PIECE), () => setImmediate(write))
      at += PIECE
    }
    socket.on('data', (bytes) => {
      if (said === '' && after !== '') socket.write(after)
      said += bytes.toString('latin1')
    })
    socket.on('close', () => resolve(said))
    // What was said before counts.
    socket.on('error', () => {})
    socket.setTimeout(SILENCE, () => {
      reject(new Error(`the connection was left open after ${said.slice(0, 200)}`))
      socket.destroy()
    })
    write()
  })
}

/** A gateway with the bucket `bucket`, in which nothing is. */
export async function startHostileWorld(): Promise<{ world: World; host: string }> {
  const world = await startWorld('node')
  const { host } = new URL(world.endpoint)
  await send(world.endpoint, sign({ method: 'PUT', target: '/bucket' }, host))
  world.ossRequests()
  return { world, host }
}

/** A request's head, for the only one of its connection. */
export const head = (line: string, ...headers: string[]) =>
  `${[line, ...headers, 'connection: close'].join('\r\n')}\r\n\r\n`

/** A signed request's head, with more lines that nobody signed. */
export function signedHead(
  request: WireRequest,
  host: string,
  options: Parameters<typeof sign>[2],
  ...lines: string[]
) {
  const { method, target, headers = {} } = sign(request, host, options)
  const signed = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return head(`${method} ${target} HTTP/1.1`, ...signed, ...lines)
}

/** Holds what a server said to one refusal in S3's words, and gives its code. */
export function refusalIn(said: string): string {
  expect(said).toMatch(/^HTTP\/1\.1 (4\d\d|501) /)
  expect(said.match(/HTTP\/1\.1 \d/g)).toHaveLength(1)
  const [lines = '', body = ''] = said.split('\r\n\r\n')
  const error = parseLenientXml(body, 'Error')
  expect(lines.toLowerCase()).toContain(
    `\r\nx-amz-request-id: ${text(error, 'RequestId')?.toLowerCase()}\r\n`,
  )
  return text(error, 'Code') ?? ''
}

/** Holds a world to being there for everyone else, and to having asked OSS for nothing since the last time. */
export async function expectUnharmed(world: World): Promise<void> {
  expect(world.ossRequests()).toEqual([])
  const host = new URL(world.endpoint).host
  const answer = await send(world.endpoint, sign({ method: 'GET', target: '/bucket?location' }, host))
  expect(answer.status).toBe(200)
  world.ossRequests()
}
