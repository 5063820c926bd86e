import type { AddressInfo, Server } from 'node:net'

/**
 * Makes a server listen.
 * @returns the port; for 0, the one that the system has chosen.
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
