import { readFileSync } from 'node:fs'
import { createServer as createHttpServer, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer, getRequestListener } from '@hono/node-server'
import { createAdmin } from './admin.ts'
import { createApp, createGateway } from './app.ts'
import type { Config } from './config.ts'
import type { LocalOss } from './local-oss/index.ts'
import { nodeDoor } from './node-door.ts'
import { nodePorts, openUpstream } from './node-ports.ts'
import type { Log } from './ports.ts'
import { renderError, S3Error } from './s3/error.ts'

/** A running gateway. Ports are those really listened on, 0 where there is no such listener. */
export type Running = {
  port: number
  adminPort: number
  localOssPort: number
  localOss: LocalOss | undefined
  /**
   * Stops accepting, finishes what is in flight, then closes everything.
   * @param limit milliseconds after which what is still in flight is given up; copies then clean up after themselves.
   */
  stop(limit?: number): Promise<void>
}

/** Together within the 30 s that Docker and Kubernetes give or can be told to. */
const STOP_LIMIT = 22_000
const CLEANING_LIMIT = 6_000

/**
 * Starts the gateway on Node: in front of OSS, or on the embedded one.
 * @throws Error when a port is taken, a TLS file cannot be read, or the embedded OSS's folder is in use.
 */
export async function start(config: Config, log: Log): Promise<Running> {
  const upstream = await openUpstream(config)
  const { localOss } = upstream
  const gateway = createGateway({ ...nodePorts, config, transport: upstream.transport, log })

  const door = nodeDoor(log)
  let stopping = false
  const server = createServer(createApp(gateway, door).fetch, config)
  const admin = createAdaptorServer({
    fetch: createAdmin(gateway.oss, () => stopping).fetch,
    overrideGlobalObjects: false,
  }) as Server
  const { host, port: wanted, adminPort: adminWanted } = config.listen
  const [port, adminPort] = await Promise.all([
    listen(server, wanted, host),
    adminWanted === undefined ? 0 : listen(admin, adminWanted, host),
  ])

  const localPort = config.localOss?.port ?? 0
  const localOssPort = localOss && localPort > 0 ? await localOss.listen(localPort, host) : 0

  return {
    port,
    adminPort,
    localOssPort,
    localOss,
    stop: async (limit = STOP_LIMIT) => {
      stopping = true
      const finished = Promise.all([close(server), door.settled()])
      if (!(await within(limit, finished))) {
        log('requests given up', { afterSeconds: limit / 1000 })
        door.giveUp(new Error('the gateway stops'))
        await within(CLEANING_LIMIT, finished)
        server.closeAllConnections()
      }
      // What a client left behind is to be cleaned up as well.
      await within(CLEANING_LIMIT, door.settled())
      if (adminWanted !== undefined) await close(admin)
      await within(CLEANING_LIMIT, upstream.close())
    },
  }
}

type Fetch = Parameters<typeof getRequestListener>[0]

function createServer(fetch: Fetch, { listen: { tls } }: Config): Server {
  const answer = getRequestListener(fetch, {
    overrideGlobalObjects: false,
    // The target or the Host is no part of a URL.
    errorHandler: () => {
      const { headers, document } = badRequest('BadRequest')
      return new Response(document, { status: 400, headers })
    },
  })
  // Without a Host the listener refuses in S3's words, Node itself without any.
  const server =
    tls === undefined
      ? createHttpServer({ requireHostHeader: false }, answer)
      : createHttpsServer(
          { requireHostHeader: false, cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) },
          answer,
        )
  // An upload takes as long as it takes; its headers may not.
  server.requestTimeout = 0
  // What never becomes a request is still answered.
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const tooLarge = error.code === 'HPE_HEADER_OVERFLOW'
    const { headers, document } = badRequest(tooLarge ? 'RequestHeaderSectionTooLarge' : 'BadRequest')
    const lines = Object.entries({ ...headers, 'content-length': Buffer.byteLength(document) })
    socket.end(
      `HTTP/1.1 400 Bad Request\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}connection: close\r\n\r\n${document}`,
    )
  })
  return server
}

/** The answer to what is no request; ids like any other's. */
function badRequest(code: 'BadRequest' | 'RequestHeaderSectionTooLarge') {
  const id = nodePorts.newId()
  const headers = { 'content-type': 'application/xml', 'x-amz-request-id': id, 'x-amz-id-2': id }
  return { headers, document: renderError(new S3Error(code), id, id) }
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

/** Resolves when the last request in flight has been answered. */
function close(server: Server): Promise<void> {
  // A connection is not to be kept for a request that would be refused.
  server.keepAliveTimeout = 1
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
}

/** Whether work comes to its end within so many milliseconds. */
async function within(limit: number, work: Promise<unknown>): Promise<boolean> {
  const late = new AbortController()
  const timeUp = nodePorts.sleep(limit, late.signal).then(
    () => false,
    () => false,
  )
  try {
    return await Promise.race([work.then(() => true), timeUp])
  } finally {
    late.abort()
  }
}
