import { readFileSync } from 'node:fs'
import { createServer as createHttpServer, type Server, STATUS_CODES } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Config } from './config.ts'
import type { Exchange, Inside, NodeDoor } from './node-door.ts'
import { S3Error, type S3ErrorCode } from './s3/error.ts'

/** An upload that gives fewer bytes than this in the idle time is as good as silent. */
const LEAST_BYTES = 1024
const SWEEP = 1_000

/**
 * The S3 endpoint's server, not listening yet. Who is too slow is cut: see `timeouts.client` in the settings.
 * @throws Error when a TLS file cannot be read.
 */
export function createServer(door: NodeDoor, inside: Inside, config: Config): Server {
  const { headers, idle, keepAlive, total } = config.document.timeouts.client
  const { tls } = config.listen
  const options = {
    // Refused in S3's words, by the door.
    requireHostHeader: false,
    headersTimeout: headers * 1000,
    connectionsCheckingInterval: SWEEP,
    // An upload takes as long as it takes; the sweep below looks whether it moves.
    requestTimeout: 0,
    keepAliveTimeout: keepAlive * 1000,
    noDelay: true,
  }
  const server =
    tls === undefined
      ? createHttpServer(options)
      : createHttpsServer({
          ...options,
          handshakeTimeout: headers * 1000,
          cert: readFileSync(tls.certFile),
          key: readFileSync(tls.keyFile),
        })
  // Node drops what is over its count without a word, and with it what a signature may cover. The bytes are bounded.
  server.maxHeadersCount = 0
  server.timeout = idle * 1000
  server.on('request', (incoming, outgoing) => door.handle(incoming, outgoing))
  server.on('checkContinue', (incoming, outgoing) => door.handle(incoming, outgoing, true))
  // Node's own answer to any other expectation has no words.
  server.on('checkExpectation', (_, outgoing) => {
    const { status, headers, body } = inside.refuse(new S3Error('BadRequest'), '')
    const bytes = Buffer.from(body as string)
    outgoing.writeHead(status, { ...headers, 'content-length': bytes.length, connection: 'close' }).end(bytes)
  })
  server.on('timeout', (socket: Socket) => onSilence(socket, door, idle * 1000))
  // What never becomes a request is still answered, but not in the midst of another answer.
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const answering = [...door.inFlight].some(
      ({ incoming, outgoing }) => incoming.socket === socket && outgoing.headersSent,
    )
    if (error.code === 'ECONNRESET' || !socket.writable || answering) socket.destroy()
    else socket.end(asText(inside.refuse(new S3Error(codes[error.code ?? ''] ?? 'BadRequest'), '')))
  })

  const sweep = setInterval(
    () => cutSlow(door.inFlight, { idle: idle * 1000, total: total * 1000 }),
    SWEEP,
  ).unref()
  server.once('close', () => clearInterval(sweep))
  return server
}

const codes: Record<string, S3ErrorCode> = {
  HPE_HEADER_OVERFLOW: 'RequestHeaderSectionTooLarge',
  ERR_HTTP_REQUEST_TIMEOUT: 'RequestTimeout',
}

/** An answer in the bytes of HTTP, the last of its connection. */
function asText({ status, headers, body }: ReturnType<Inside['refuse']>): string {
  const document = body as string
  const lines = Object.entries({
    ...headers,
    'content-length': Buffer.byteLength(document),
    connection: 'close',
  })
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${document}`
}

/** Nothing has moved on a connection for the idle time: who is it that is waited for? */
function onSilence(socket: Socket, door: NodeDoor, idle: number): void {
  const exchange = [...door.inFlight].find(({ incoming }) => incoming.socket === socket)
  // Between two requests.
  if (exchange === undefined) socket.destroy()
  // The client, to send:
  else if (uploads(exchange)) exchange.body.fail(tooSlow())
  // to read:
  else if (exchange.outgoing.writableLength > 0) socket.destroy()
  // Else OSS, which has time limits of its own.
  else socket.setTimeout(idle)
}

const uploads = ({ incoming, body }: Exchange) => body.begun && !incoming.complete
const tooSlow = () => new S3Error('RequestTimeout')

type Progress = { began: number; bytes: number; since: number }
const progress = new WeakMap<Exchange, Progress>()

/** Cuts what has taken longer than any request may, and uploads that drip so as never to be silent. */
function cutSlow(inFlight: Iterable<Exchange>, { idle, total }: { idle: number; total: number }): void {
  const now = performance.now()
  for (const exchange of inFlight) {
    const { incoming, outgoing, body } = exchange
    const { bytesRead } = incoming.socket
    const seen = progress.get(exchange)
    if (seen === undefined) {
      progress.set(exchange, { began: now, bytes: bytesRead, since: now })
    } else if (now - seen.began > total) {
      if (uploads(exchange)) body.fail(tooSlow())
      else outgoing.destroy()
    } else if (!uploads(exchange) || bytesRead - seen.bytes >= LEAST_BYTES) {
      seen.bytes = bytesRead
      seen.since = now
    } else if (now - seen.since > idle) {
      body.fail(tooSlow())
    }
  }
}
