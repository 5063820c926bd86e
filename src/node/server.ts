import { readFileSync } from 'node:fs'
import {
  createServer as createPlainServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer, Server as TlsServer } from 'node:https'
import { Server as NetServer, type Socket } from 'node:net'
import { setImmediate as nextIteration } from 'node:timers/promises'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Hono } from 'hono'
import type { Config } from '../config/index.ts'
import type { RefusedRequest, Responder } from '../gateway.ts'
import { headerMap, type Log } from '../ports.ts'
import { add } from '../runtime/counts.ts'
import { retryAfter, S3Error } from '../s3/error.ts'
import { blockListOf, clientAddressOf, clientNetwork, tlsOf } from './client-address.ts'
import { type ClientTimeouts, Connection, type ConnectionHost } from './connection.ts'
import { NodeRequest } from './node-request.ts'
import { PendingWork } from './pending-work.ts'
import { sendBatch } from './response-batch.ts'
import { type NodeEnv, refuseRequest, serveRequest } from './serve-request.ts'

/** What a server takes from the settings. */
export type ServerSettings = Pick<Config, 'listen' | 'document'>

/** The S3 endpoint's server. */
export type HttpServer = {
  /** To listen with. */
  server: Server
  /** Accepts nothing more; answers from now on are the last of their connections. Resolves when the last is closed. */
  end(): Promise<void>
  /** What has come in and is not answered to its end. */
  requests(): NodeRequest[]
  /** Connections that are open. */
  connections(): number
  /**
   * Takes new limits, timeouts and certificates; connections that are open keep their encryption.
   * @throws Error when a TLS file cannot be read.
   */
  apply(settings: ServerSettings): void
  /** Resolves when what is in flight now has been answered. */
  answered(): Promise<void>
  /** Aborts every request in flight. */
  giveUp(cause: Error): void
  /** Resolves when nothing is left that must come to its end. */
  settled(): Promise<void>
  /** Cuts the connections that are left. */
  cut(): void
}

/** Milliseconds between two looks at the connections, unless a limit is shorter, and when the server ends. */
const SWEEP = 1_000
const LAST_SWEEPS = 250
/** What is read at a time, and what may wait to be written, in bytes. */
const HIGH_WATER_MARK = 64 * 1024

/** What is known of a request of which not even the head could be read. */
const unreadRequest = (socket: Socket): RefusedRequest => ({
  method: '-',
  target: '-',
  headers: headerMap(),
  peer: () => ({ address: clientAddressOf(socket.remoteAddress, undefined, undefined), tls: tlsOf(socket) }),
})

/**
 * The S3 endpoint's server, not listening yet. Clients that are too slow are cut off, by `timeouts.client` in the settings.
 * @param app answers by {@link serveOnNode}.
 * @throws Error when a TLS file cannot be read.
 */
export function createServer(
  app: Hono<NodeEnv>,
  gateway: Responder,
  settings: ServerSettings,
  log: Log,
): HttpServer {
  const work = new PendingWork()
  const waitUntil = (one: Promise<unknown>) => work.add(one)
  const connections = new Map<Socket, Connection>()

  let begun: NodeRequest | undefined
  const listener = getRequestListener(
    (request, env) => {
      // Hono answers a HEAD with a new Response of what its handler returned: the mark would not count.
      const response = app.fetch(request, Object.assign(env as HttpBindings, { request: begun }))
      return begun?.begun ? RESPONSE_ALREADY_SENT : response
    },
    // Requests that node-server rejects are answered with S3's errors instead of its own.
    { overrideGlobalObjects: false, autoCleanupIncoming: false, errorHandler: () => {} },
  )
  const host: ConnectionHost = {
    timeouts: timeoutsOf(settings),
    trustedProxies: undefined,
    isEnding: false,
    begin: (request) => {
      begun = request
      void listener(request.incoming, request.outgoing)
      begun = undefined
      if (!request.begun) serveRequest(request, gateway, log)
    },
    refuse: (request, error) => refuseRequest(request, error, gateway, log),
    refusal: (error, socket) => gateway.refuse(error, unreadRequest(socket)),
  }
  function take(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const connection = connections.get(incoming.socket)
    const request = new NodeRequest(incoming, outgoing, connection, waitUntil)
    if (connection === undefined) host.begin(request)
    else connection.take(request)
  }

  const options = {
    noDelay: true,
    highWaterMark: HIGH_WATER_MARK,
    // A missing or doubled Host gets S3's error (request-head.ts), and `sweep` times requests out.
    requireHostHeader: false,
    requestTimeout: 0,
    connectionsCheckingInterval: Math.floor(sweepTime(host.timeouts)),
  }
  const { tls } = settings.listen
  const server: Server =
    tls === undefined
      ? createPlainServer(options, take)
      : createTlsServer(
          {
            ...options,
            ...certificateOf(tls),
            handshakeTimeout: host.timeouts.headers,
          },
          take,
        )
  // Undocumented but public. Without it a client that half-closes after its request gets no response.
  Object.assign(server, { httpAllowHalfOpen: true })
  // Their size is limited: a header that is left out could say where the body ends.
  server.maxHeadersCount = 0
  let mostOfAddress = Number.POSITIVE_INFINITY
  const sockets = watchSockets(server, () => mostOfAddress)
  server
    .on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
      connections.set(socket, new Connection(socket, host))
      socket.once('close', () => connections.delete(socket))
    })
    // 100 Continue is sent when the body is first read; S3 ignores other expectations.
    .on('checkContinue', take)
    .on('checkExpectation', take)
    .on('clientError', (error, socket) => {
      const connection = connections.get(socket as Socket)
      if (connection === undefined) socket.destroy()
      else connection.onClientError(error)
    })
    // CONNECT is refused as malformed: what follows it would not be HTTP.
    .on('connect', (_, socket) => connections.get(socket as Socket)?.onConnect())
    // Also emitted for a handshake timeout, after which Node does not close the socket.
    .on('tlsClientError', (_: Error, socket: Socket) => socket.destroy())

  function sweep(): void {
    const now = performance.now()
    for (const connection of connections.values()) connection.sweep(now)
  }
  let sweeper: NodeJS.Timeout | undefined
  function apply({ document, listen: { tls } }: ServerSettings): void {
    if (tls !== undefined && server instanceof TlsServer && sweeper !== undefined) {
      server.setSecureContext(certificateOf(tls))
    }
    host.timeouts = timeoutsOf({ document })
    host.trustedProxies =
      document.trustedProxies.length === 0 ? undefined : blockListOf(document.trustedProxies)
    server.headersTimeout = Math.floor(host.timeouts.headers)
    server.keepAliveTimeout = Math.floor(host.timeouts.keepAlive)
    server.maxConnections = document.limits.connections
    mostOfAddress = document.limits.connectionsPerAddress ?? Number.POSITIVE_INFINITY
    clearInterval(sweeper)
    sweeper = setInterval(sweep, sweepTime(host.timeouts)).unref()
  }
  apply(settings)
  server.once('close', () => clearInterval(sweeper))
  const requests = () => [...connections.values()].flatMap((connection) => connection.requests)

  return {
    server,
    requests,
    answered: async () => {
      await Promise.all(
        requests().map((request) => new Promise<void>((resolve) => request.onAnswered(resolve))),
      )
      // Others that wait for that are called in the same turn.
      await nextIteration()
    },
    connections: () => sockets.size,
    apply,
    end: () => {
      host.isEnding = true
      const hurrier = setInterval(sweep, LAST_SWEEPS).unref()
      return new Promise((resolve) => {
        // Of node:net: that of node:http cuts connections on which a request may be on its way.
        NetServer.prototype.close.call(server, () => {
          clearInterval(hurrier)
          // Ends what node:http looks after.
          server.close()
          resolve()
        })
      })
    },
    giveUp: (cause) => {
      for (const request of requests()) {
        request.abort(cause)
        request.body.fail(new S3Error('ServiceUnavailable', { cause, headers: retryAfter }))
      }
    },
    settled: () => work.settled(),
    cut: () => {
      sendBatch()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** `timeouts.client`, in milliseconds. */
function timeoutsOf({ document }: Pick<ServerSettings, 'document'>): ClientTimeouts {
  const { headers, idle, keepAlive, total } = document.timeouts.client
  return { headers: headers * 1000, idle: idle * 1000, keepAlive: keepAlive * 1000, total: total * 1000 }
}

const sweepTime = ({ headers, idle, total }: ClientTimeouts) =>
  Math.min(SWEEP, headers / 2, idle / 2, total / 2)

/** @throws Error when a file cannot be read. */
const certificateOf = ({ certFile, keyFile }: { certFile: string; keyFile: string }) => ({
  cert: readFileSync(certFile),
  key: readFileSync(keyFile),
})

/** All sockets of a server, those that shake hands included. Of one client's network there are so many at most. */
function watchSockets(server: Server, mostOfAddress: () => number): Set<Socket> {
  const sockets = new Set<Socket>()
  const counts = new Map<string, number>()
  server.on('connection', (socket) => {
    const network = clientNetwork(socket.remoteAddress)
    add(counts, network, 1)
    sockets.add(socket)
    socket.once('close', () => {
      sockets.delete(socket)
      add(counts, network, -1)
    })
    if ((counts.get(network) ?? 0) > mostOfAddress()) socket.destroy()
  })
  return sockets
}
