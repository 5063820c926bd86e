import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { createAdmin } from './admin.ts'
import { createGateway } from './app.ts'
import type { Config } from './config.ts'
import { createGate } from './gate.ts'
import type { LocalOss } from './local-oss/index.ts'
import { nodeDoor } from './node-door.ts'
import { nodePorts, openUpstream } from './node-ports.ts'
import { createServer } from './node-server.ts'
import type { Log } from './ports.ts'

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

  const { inFlight, waiting, waitingTime } = config.document.limits
  const gate = createGate({ inFlight, waiting, waitingTime: waitingTime * 1000 }, nodePorts.sleep)
  const door = nodeDoor(gateway, gate, log)
  let stopping = false
  const server = createServer(door, gateway, config)
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
      door.endConnections()
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
