import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type Answer, errorOf, sign, type WireRequest } from '../gateway/wire.ts'

/** What was waited for does not come within this time; milliseconds. */
const PATIENCE = 60_000

/** One connection to a gateway, on which bytes go out as they are given and answers come in one by one. */
export class Connection {
  static readonly #open = new Set<Connection>()
  readonly socket: Socket
  /** Resolves when it is closed, by whomever. */
  readonly closed: Promise<void>
  /** The status of what came before an answer. */
  readonly provisional: number[] = []
  readonly #host: string
  #chunks: Buffer[] = []
  #size = 0
  #ended = false
  #wake = () => {}

  /** Closes all there are. */
  static closeAll(): void {
    for (const { socket } of Connection.#open) socket.destroy()
  }

  /** @param localAddress from which it comes. */
  constructor(endpoint: string, localAddress = '127.0.0.1') {
    Connection.#open.add(this)
    const { host, port, protocol } = new URL(endpoint)
    this.#host = host
    const options = { host: '127.0.0.1', port: Number(port), localAddress }
    this.socket =
      protocol === 'https:' ? connectTls({ ...options, rejectUnauthorized: false }) : connect(options)
    this.socket.on('data', (bytes: Buffer) => {
      this.#chunks.push(bytes)
      this.#size += bytes.length
      this.#wake()
    })
    // A reset is an end.
    this.socket.on('error', () => {})
    this.closed = new Promise((resolve) => {
      this.socket
        .on('end', () => this.#end())
        .on('close', () => {
          this.#end()
          resolve()
        })
    })
  }

  /** Bytes that came and are of no answer yet. */
  get size(): number {
    return this.#size
  }

  /** What they are. */
  get rest(): string {
    return this.#received().toString('latin1')
  }

  write(bytes: string | Uint8Array): this {
    this.socket.write(bytes)
    return this
  }

  /** Sends a signed request's head alone. @param lines more of it, which nobody signs. */
  begin(request: WireRequest, ...lines: string[]): this {
    return this.write(headOf(request, this.#host, ...lines))
  }

  /** The next final answer. @throws Error when the connection ends before it. */
  async answer(method = 'GET'): Promise<Answer> {
    const late = setTimeout(() => this.socket.destroy(new Error('no answer came')), PATIENCE)
    let wanted = 1
    try {
      for (;;) {
        const next =
          this.#size < wanted && !this.#ended ? wanted : firstAnswer(this.#received(), method, this.#ended)
        if (typeof next === 'object') {
          this.#chunks = [this.#received().subarray(next.size)]
          this.#size -= next.size
          const { status } = next.answer
          if (status >= 200) return next.answer
          this.provisional.push(status)
          wanted = 1
        } else if (this.#ended) {
          throw new Error(`the connection ended with ${JSON.stringify(this.rest.slice(0, 200))}`)
        } else {
          wanted = next
          await new Promise<void>((resolve) => {
            this.#wake = resolve
          })
        }
      }
    } finally {
      clearTimeout(late)
    }
  }

  /** Signs a request, sends it, and reads its answer. */
  ask(request: WireRequest): Promise<Answer> {
    return this.write(headOf(request, this.#host))
      .write(request.body ?? '')
      .answer(request.method)
  }

  #received(): Buffer {
    this.#chunks = [Buffer.concat(this.#chunks)]
    return this.#chunks[0] as Buffer
  }

  #end(): void {
    this.#ended = true
    this.#wake()
  }
}

/** A signed request's head, its body's length included. @param lines more of it, which nobody signs. */
export function headOf(request: WireRequest, host: string, ...lines: string[]): string {
  const { method, target, headers = {} } = sign(request, host)
  const { body } = request
  const length = body === undefined ? [] : [`content-length: ${Buffer.byteLength(body as string)}`]
  const signed = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return `${[`${method} ${target} HTTP/1.1`, ...signed, ...length, ...lines].join('\r\n')}\r\n\r\n`
}

type Parsed = { answer: Answer; size: number }

/** The first answer in these bytes, a provisional one too; as long as it is not whole, how many it takes at least. */
function firstAnswer(bytes: Buffer, method: string, ended: boolean): Parsed | number {
  const end = bytes.indexOf('\r\n\r\n') + 4
  if (end < 4) return bytes.length + 1
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end - 4).split('\r\n')
  const status = Number(statusLine.split(' ')[1])
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const [name = '', value = ''] = line.split(/: *(.*)/s)
    headers[name.toLowerCase()] = value
  }
  const bodiless = method === 'HEAD' || status < 200 || status === 204 || status === 304
  const rest = bytes.subarray(end)
  const { 'content-length': length, 'transfer-encoding': coding } = headers
  const whole = bodiless
    ? { body: Buffer.alloc(0), size: 0 }
    : coding === 'chunked'
      ? unchunk(rest)
      : length !== undefined
        ? { body: rest.subarray(0, Number(length)), size: Number(length) }
        : ended
          ? { body: rest, size: rest.length }
          : undefined
  if (whole === undefined) return bytes.length + 1
  if (whole.size > rest.length) return end + whole.size
  return {
    answer: { status, headers, body: whole.body, error: errorOf(whole.body, method) },
    size: end + whole.size,
  }
}

function unchunk(bytes: Buffer): { body: Buffer; size: number } | undefined {
  const parts: Buffer[] = []
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at)
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    const next = lineEnd + 2 + size + 2
    if (lineEnd < 0 || next > bytes.length) return undefined
    if (size === 0) return { body: Buffer.concat(parts), size: next }
    parts.push(bytes.subarray(lineEnd + 2, next - 2))
    at = next
  }
}
