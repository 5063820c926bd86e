import type { AddressInfo, Server } from 'node:net'
import { nodePorts } from './ports.ts'

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
