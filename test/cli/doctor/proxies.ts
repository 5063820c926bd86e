import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Network } from '../../../src/cli/doctor/network.ts'

/** What a proxy does otherwise than to send everything on as it comes. */
export type Proxying = {
  /** Of the request, before it is sent on. */
  path?: (path: string) => string
  headers?: (headers: IncomingMessage['headers']) => IncomingMessage['headers']
  /** Of the answer. */
  date?: string
  /** Bytes of a body. */
  most?: number
  /** Sends a body on when all of it has come. */
  buffers?: boolean
  tls?: { cert: Buffer; key: Buffer }
}

export type Proxy = { endpoint: string; stop(): void }

/** A proxy in front of an endpoint. */
export async function startProxy(target: string, proxying: Proxying = {}): Promise<Proxy> {
  const { path = (same) => same, headers = (same) => same, date, most = Infinity, buffers, tls } = proxying
  const { hostname, port } = new URL(target)

  async function pass(asked: IncomingMessage, answer: ServerResponse) {
    if (Number(asked.headers['content-length'] ?? 0) > most) {
      answer.writeHead(413, { server: 'nginx', connection: 'close' }).end('<html>413</html>')
      return
    }
    const pieces: Buffer[] = []
    if (buffers) for await (const piece of asked) pieces.push(piece)
    const sent = request(
      { hostname, port, method: asked.method, path: path(asked.url ?? ''), headers: headers(asked.headers) },
      (got) => {
        answer.writeHead(got.statusCode ?? 0, { ...got.headers, ...(date === undefined ? {} : { date }) })
        got.pipe(answer)
      },
    )
    sent.on('error', () => answer.destroy())
    answer.on('close', () => sent.destroy())
    if (buffers) sent.end(Buffer.concat(pieces))
    else asked.pipe(sent)
  }
  const listener = (asked: IncomingMessage, answer: ServerResponse) =>
    void pass(asked, answer).catch(() => answer.destroy())
  const server: Server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/**
 * A network on which names that end with `suffix` lead to this machine.
 * @param host where to, with a port; absent: to the port that is asked for.
 */
export const leading =
  (suffix: string, host?: () => string) =>
  (real: Network): Network => {
    const isNamed = (name: string) => name.replace(/:\d+$/, '').endsWith(suffix)
    const local = (name: string) =>
      isNamed(name) ? (host?.() ?? `127.0.0.1${/:\d+$/.exec(name)?.[0] ?? ''}`) : name
    return {
      ...real,
      resolve: async (name) => (isNamed(name) ? { addresses: ['127.0.0.1'] } : real.resolve(name)),
      connect: (origin, name) => real.connect({ ...origin, host: local(origin.host) }, name),
      exchange: (asked) => {
        const { host: asHost } = new URL(asked.url)
        const headers = 'host' in asked.headers ? asked.headers : { ...asked.headers, host: asHost }
        return real.exchange({ ...asked, headers, url: asked.url.replace(asHost, local(asHost)) })
      },
    }
  }
