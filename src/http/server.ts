import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { Crowd } from '../node/crowd.ts'
import type { ClientLimits, Host } from './host.ts'
import { ServerConnection } from './server-connection.ts'
import { type Reading, readAccepted, readPieces } from './sockets.ts'

/** Milliseconds between two looks at the connections, unless a limit is shorter. */
const SWEEP = 1_000
/** Milliseconds in which a client that knows of no stop may still send its next request, and is answered. */
const LINGER = 1_000

/** A server of HTTP/1.1. */
export type HttpServer = {
  /** To listen with. */
  server: Server
  /** Answers from now on are the last of their connections; accepts nothing more. @returns resolves when the last connection is closed. */
  end(): Promise<void>
  /** Cuts what is left. */
  cut(): void
}

/** PEM texts. */
export type TlsFiles = { cert: Buffer; key: Buffer }

/**
 * A server that does not listen yet. Who is too slow is cut.
 * @param decisions what is done with requests, and said to what is none.
 * @throws Error when the TLS files are none.
 */
export function createHttpServer(
  decisions: Pick<Host, 'handle' | 'errorOf' | 'answerTo'>,
  limits: ClientLimits,
  tls?: TlsFiles,
): HttpServer {
  const host: Host = { ...decisions, limits: { ...limits }, ending: false }
  const connections = new Crowd<ServerConnection>()
  const take = (read: (onRead: (bytes: Buffer) => void) => Reading) => {
    const connection = new ServerConnection(read, host)
    connections.add(connection)
    connection.socket.once('close', () => connections.delete(connection))
  }
  // Or who closes its side behind its request would get no answer.
  const options = { noDelay: true, allowHalfOpen: true }
  const takePlain = (accepted: Socket) => take((onRead) => readAccepted(accepted, onRead))
  const takeTls = (socket: Socket) =>
    take((onRead) => ({ socket: readPieces(socket, onRead), memory: 'owned' }))
  const server =
    tls === undefined
      ? createTcpServer({ ...options, pauseOnConnect: true }, takePlain)
      : createTlsServer({ ...options, ...tls, handshakeTimeout: limits.headers }, takeTls)
  /** Those that shake hands, and are no connections yet. */
  const shaking = new Set<Socket>()
  if (tls !== undefined) {
    // Also when its time is over, and then nobody else closes it.
    server.on('tlsClientError', (_, socket: Socket) => socket.destroy())
    server.on('connection', (socket: Socket) => {
      shaking.add(socket)
      socket.once('close', () => shaking.delete(socket))
    })
  }

  function sweep(): void {
    const now = performance.now()
    for (const connection of connections) connection.sweep(now)
  }
  const { headers, idle, total, keepAlive } = limits
  const sweepTime = Math.min(SWEEP, headers / 2, idle / 2, total / 2, keepAlive)
  const sweeper = setInterval(sweep, sweepTime).unref()
  server.once('close', () => clearInterval(sweeper))

  return {
    server,
    end: () => {
      host.ending = true
      // From now on: between two requests, and until a head is whole.
      Object.assign(host.limits, { keepAlive: LINGER, headers: LINGER })
      const hurrier = setInterval(sweep, LINGER / 4).unref()
      return new Promise((resolve) => {
        server.close(() => {
          clearInterval(hurrier)
          resolve()
        })
      })
    },
    cut: () => {
      for (const connection of connections) connection.cut()
      for (const socket of shaking) socket.destroy()
    },
  }
}
