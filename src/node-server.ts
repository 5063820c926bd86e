import { readFileSync } from 'node:fs'
import { createServer as createHttpServer, type Server, STATUS_CODES } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Config } from './config.ts'
import type { Exchange, Inside, NodeDoor } from './node-door.ts'
import type { HeaderMap, Reply } from './ports.ts'
import { S3Error, type S3ErrorCode } from './s3/error.ts'

/** An upload that gives fewer bytes than this in the idle time is as good as silent. */
const LEAST_BYTES = 1024
/** How often connections are looked through, in milliseconds, unless a limit is shorter. */
const SWEEP = 1_000
/**
 * How long nothing may move for a client that has closed its side: most have left for good. Nothing long is begun for
 * them, and their place in a queue is another's, but what they can still read they get.
 */
const HALF_CLOSED = 5_000
/** How long a connection on which nothing more is understood is held open for its client to read why. */
const LINGER = 500

/**
 * The S3 endpoint's server, not listening yet. Who is too slow is cut: see `timeouts.client` in the settings.
 * @throws Error when a TLS file cannot be read.
 */
export function createServer(door: NodeDoor, inside: Inside, config: Config): Server {
  const { headers, idle, keepAlive, total } = inMilliseconds(config.document.timeouts.client)
  const { tls } = config.listen
  const sweepTime = Math.min(SWEEP, headers / 2, idle / 2, total / 2)
  const options = {
    // Refused in S3's words, by the door.
    requireHostHeader: false,
    headersTimeout: headers,
    connectionsCheckingInterval: sweepTime,
    // An upload takes as long as it takes; the sweep below looks whether it moves.
    requestTimeout: 0,
    keepAliveTimeout: keepAlive,
    noDelay: true,
  }
  const server =
    tls === undefined
      ? createHttpServer(options)
      : createHttpsServer({
          ...options,
          handshakeTimeout: headers,
          cert: readFileSync(tls.certFile),
          key: readFileSync(tls.keyFile),
        })
  // Node drops what is over its count without a word, and with it what a signature may cover. The bytes are bounded.
  server.maxHeadersCount = 0
  server.timeout = idle
  // Or who closes its side behind its request would get no answer.
  Object.assign(server, { httpAllowHalfOpen: true })
  /** In no order: requests sent behind one another are worked on beside one another. */
  const exchangesOf = (socket: Duplex) =>
    [...door.inFlight].filter(({ incoming }) => incoming.socket === socket)

  server.on('request', (incoming, outgoing) => door.handle(incoming, outgoing))
  server.on('checkContinue', (incoming, outgoing) => door.handle(incoming, outgoing, 'continue'))
  server.on('checkExpectation', (incoming, outgoing) => door.handle(incoming, outgoing, 'unknown'))
  server.on('timeout', (socket: Socket) => onSilence(socket, exchangesOf(socket), idle))
  const refused = new WeakSet<Duplex>()
  server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    socket.on('end', () => {
      const exchanges = exchangesOf(socket)
      if (exchanges.length === 0) socket.destroySoon()
      else socket.setTimeout(Math.min(idle, HALF_CLOSED))
      for (const { gone } of exchanges) gone?.abort(new Error('the client went away'))
    })
  })
  server.on('clientError', (error: NodeJS.ErrnoException, stream) => {
    const socket = stream as Socket
    // More of the same.
    if (refused.has(socket)) return
    refused.add(socket)
    const exchanges = exchangesOf(socket)
    const broken = exchanges.find(({ incoming }) => !incoming.complete)
    const code = codeOf(error.code ?? '', broken)
    // What is no HTTP at all, and who has not sent a byte, gets no answer in it.
    if (code === undefined || !socket.writable || socket.bytesRead === 0) socket.destroy()
    else if (broken !== undefined || exchanges.length === 0) {
      sayLast(socket, broken, new S3Error(code), inside)
    } else {
      // Requests that came whole are answered; what came behind them is none.
      const next = () => exchangesOf(socket).length === 0 && endGently(socket)
      for (const { outgoing } of exchanges) outgoing.once('close', next)
    }
  })

  const sweep = setInterval(() => cutSlow(door.inFlight, { idle, total }), sweepTime).unref()
  server.once('close', () => clearInterval(sweep))
  return server
}

type Limits = Config['document']['timeouts']['client']
const inMilliseconds = (limits: Limits) =>
  Object.fromEntries(Object.entries(limits).map(([name, seconds]) => [name, seconds * 1000])) as Limits

/** S3's word for what node:http makes of a connection's bytes; undefined where those are no attempt at HTTP. */
function codeOf(code: string, exchange: Exchange | undefined): S3ErrorCode | undefined {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'RequestTimeout'
  if (code === 'HPE_HEADER_OVERFLOW') return 'RequestHeaderSectionTooLarge'
  if (code === 'HPE_INVALID_EOF_STATE' && exchange?.incoming.headers['content-length'])
    return 'IncompleteBody'
  return code.startsWith('HPE_') ? 'BadRequest' : undefined
}

/** An answer in the bytes of HTTP, the last of its connection. */
function asText(reply: Reply): string {
  const lines = Object.entries(lastHeaders(reply)).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status]}\r\n${lines.join('')}\r\n${reply.body}`
}

const lastHeaders = ({ headers, body }: Reply): HeaderMap => ({
  ...headers,
  'content-length': String(Buffer.byteLength(body as string)),
  connection: 'close',
})

/** Answers what never becomes a whole request, as the last on its connection. */
function sayLast(socket: Socket, exchange: Exchange | undefined, error: S3Error, inside: Inside): void {
  const reply = inside.refuse(error, '')
  if (exchange === undefined) {
    endGently(socket, asText(reply), error.code === 'RequestTimeout' ? 0 : LINGER)
    return
  }
  const { outgoing, body } = exchange
  if (outgoing.headersSent) setTimeout(() => outgoing.destroy(), LINGER).unref()
  else {
    // It may stand behind others, which come to their end.
    outgoing.writeHead(reply.status, lastHeaders(reply)).write(reply.body)
    setTimeout(() => outgoing.end(), LINGER).unref()
  }
  body.fail(error)
}

/** Closed with bytes of its client unread, a connection is reset, and what was written last is lost. */
function endGently(socket: Socket, text = '', time = LINGER): void {
  socket.end(text)
  setTimeout(() => socket.destroySoon(), time).unref()
}

/** Nothing has moved on a connection for the idle time: who is it that is waited for? */
function onSilence(socket: Socket, exchanges: readonly Exchange[], idle: number): void {
  const exchange = exchanges.find(({ outgoing }) => outgoing.socket === socket)
  // Between two requests, or after the last.
  if (exchange === undefined || socket.readableEnded) socket.destroy()
  // The client, to read:
  else if (exchange.outgoing.writableLength > 0) socket.destroy()
  else {
    // to send:
    if (exchange.body.waiting) exchange.body.fail(tooSlow())
    // Else OSS, which has time limits of its own.
    socket.setTimeout(idle)
  }
}

const tooSlow = () => new S3Error('RequestTimeout')

type Progress = { began: number; bytes: number; since: number }
const progress = new WeakMap<Exchange, Progress>()

/** Cuts what has taken longer than any request may, and uploads that drip so as never to be silent. */
function cutSlow(inFlight: Iterable<Exchange>, { idle, total }: { idle: number; total: number }): void {
  const now = performance.now()
  for (const exchange of inFlight) {
    const { incoming, body } = exchange
    const { bytesRead } = incoming.socket
    const seen = progress.get(exchange)
    if (seen === undefined) {
      progress.set(exchange, { began: now, bytes: bytesRead, since: now })
    } else if (now - seen.began > total) {
      if (body.waiting) body.fail(tooSlow())
      else incoming.socket.destroy()
    } else if (!body.waiting || bytesRead - seen.bytes >= LEAST_BYTES) {
      seen.bytes = bytesRead
      seen.since = now
    } else if (now - seen.since > idle) {
      body.fail(tooSlow())
    }
  }
}
