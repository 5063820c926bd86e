import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import type { HeaderMap, Transport } from './http.ts'

/** A listening socket. */
export type Listener = { port: number; close: () => Promise<void> }

/** Serves the core on a socket. Port 0 takes a free one. @throws when the port is taken. */
export async function listen(handle: Transport, port: number, host: string): Promise<Listener> {
  const server = createServer((request, response) => {
    serve(handle, request, response).catch(() => response.destroy())
  })
  // Uploads have no time limit; idle connections have.
  server.requestTimeout = 0
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return { port: (server.address() as AddressInfo).port, close: () => close(server) }
}

async function serve(handle: Transport, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) gone.abort(new Error('the client has gone'))
  })
  const { host = 'localhost' } = request.headers
  const target = request.url ?? '/'
  const { remoteAddress } = request.socket
  const answer = await handle({
    method: request.method ?? 'GET',
    url: /^https?:\/\//i.test(target) ? target : `http://${host}${target}`,
    headers: headersOf(request),
    // An early refusal must not destroy the connection it is answered on; the rest of the body is discarded below.
    body: request.iterator({ destroyOnReturn: false }),
    signal: gone.signal,
    ...(remoteAddress === undefined ? {} : { remoteAddress }),
  })
  response.writeHead(answer.status, answer.headers)
  await pipeline(answer.body, response)
  request.resume()
}

/** A repeated header's values joined, as one header would have them. */
function headersOf({ headers }: IncomingMessage): HeaderMap {
  const map: HeaderMap = Object.create(null)
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) map[name] = Array.isArray(value) ? value.join(',') : value
  }
  return map
}

/** Stops accepting, and waits for requests in flight. */
function close(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((cause) => (cause ? reject(cause) : resolve()))
    server.closeIdleConnections()
  })
}
