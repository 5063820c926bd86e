import type { AddressInfo, Server } from 'node:net'

/** The settings of ports. */
type PortSetting = 'PORT' | 'ADMIN_PORT' | 'LOCAL_OSS_PORT'

/** Why a port cannot be listened on, and which setting mends it. */
export function whyNotListening(
  { code, message }: NodeJS.ErrnoException,
  port: number,
  host: string,
  setting: PortSetting,
): string {
  switch (code) {
    case 'EADDRINUSE':
      return `another process listens on ${host}:${port}; stop it, or set ${setting} to another port`
    case 'EACCES':
      return `this user may not listen on port ${port}; set ${setting} to one above 1023`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${host} is no address of this machine; set ${setting.replace('PORT', 'HOST')} to one that is, or to 0.0.0.0 for all`
    default:
      return message
  }
}

/**
 * Makes a server listen.
 * @param setting which setting the port is of.
 * @returns the port; for 0, the one that the system has chosen.
 * @throws Error when the port is taken, or is none of this host's; it says what to do.
 */
export function listen(server: Server, port: number, host: string, setting: PortSetting): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) =>
      reject(new Error(whyNotListening(error, port, host, setting), { cause: error }))
    server.once('error', fail)
    server.listen(port, host, () => {
      server.off('error', fail)
      resolve((server.address() as AddressInfo).port)
    })
  })
}
