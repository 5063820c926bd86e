import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { checkHeaderSyntax, type HeaderMap, type Transport } from './http.ts'

/** A listening socket. */
export type Listener = { port: number; close: () => Promise<void> }

/** Serves the core on a socket. Port 0 takes a free one. @throws when the port is taken. */
export async function listen(handle: Transport, port: number, host: string): Promise<Listener> {
  // Or Node refuses a length beside `Transfer-Encoding: chunked`, which ali-oss sends and OSS takes (its tests).
  const server = createServer({ insecureHTTPParser: true }, (request, response) => {
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
  const headers = headersOf(request)
  if (!isWellFormed(headers)) {
    response.writeHead(400, { connection: 'close' }).end()
    return
  }
  const { host = 'localhost' } = headers
  const target = request.url ?? '/'
  const { remoteAddress } = request.socket
  const answer = await handle({
    method: request.method ?? 'GET',
    url: /^https?:\/\//i.test(target) ? target : `http://${host}${target}`,
    headers,
    // An early refusal must not destroy the connection it is answered on; the rest of the body is discarded below.
    body: request.iterator({ destroyOnReturn: false }),
    signal: gone.signal,
    ...(remoteAddress === undefined ? {} : { remoteAddress }),
  })
  response.writeHead(answer.status, answer.headers)
  await pipeline(answer.body, response)
  request.resume()
}

function isWellFormed(headers: HeaderMap): boolean {
  try {
    checkHeaderSyntax(headers)
    return true
  } catch {
    return false
  }
}

/** A repeated header's values joined, as one header would have them; of a chunked body no length (RFC 9112, 6.3). */
function headersOf({ headers }: IncomingMessage): HeaderMap {
  const map: HeaderMap = Object.create(null)
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) map[name] = Array.isArray(value) ? value.join(',') : value
  }
  if (map['transfer-encoding'] !== undefined) delete map['content-length']
  return map
}

/** Stops accepting, and waits for requests in flight. */
function close(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((cause) => (cause ? reject(cause) : resolve()))
    server.closeIdleConnections()
  })
}
