import type { Server } from 'node:http'
import { type AddressInfo, Server as NetServer } from 'node:net'
import { nodePorts } from './node-ports.ts'

/** Milliseconds in which a client that knows of no stop may still send its next request, and is answered. */
const LINGER = 1_000

/**
 * Listens.
 * @returns the port, chosen by the system where 0 is wanted.
 * @throws Error when the port is taken, or is none of this host's.
 */
export function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

/**
 * Stops accepting, and closes connections as they fall silent.
 * @returns resolves when the last one is closed.
 */
export function closeGently(server: Server): Promise<void> {
  // From now on: between two requests, and until a header is whole.
  server.keepAliveTimeout = LINGER
  server.headersTimeout = LINGER
  const idle = setTimeout(() => server.closeIdleConnections(), LINGER)
  return new Promise((resolve) => {
    // http's own `close` cuts idle connections at once, under requests that are on their way.
    NetServer.prototype.close.call(server, () => {
      clearTimeout(idle)
      resolve()
    })
  })
}

/** Whether work comes to its end within so many milliseconds. */
export async function within(limit: number, work: Promise<unknown>): Promise<boolean> {
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
