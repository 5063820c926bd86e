import { createServer } from 'node:http'
import { Pool } from 'undici'

/** What the gateway would cost if it did nothing: node:http in front, undici behind, every header passed as it is. */
const [, , port, upstream = ''] = process.argv
const pool = new Pool(upstream, { connections: 256, pipelining: 1 })
/** Of one connection, not of the request. */
const ofConnection = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade'])

function passed(raw: readonly string[]): string[] {
  const headers: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    if (!ofConnection.has(name.toLowerCase())) headers.push(name, raw[i + 1] as string)
  }
  return headers
}

const server = createServer({ noDelay: true, requestTimeout: 0 }, (incoming, outgoing) => {
  const { method = 'GET', url = '/', headers } = incoming
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  pool
    .stream(
      {
        method: method as 'GET',
        path: url,
        headers: passed(incoming.rawHeaders),
        body: hasBody ? incoming : null,
        responseHeaders: 'raw',
        // Or undici opens a connection for each HEAD.
        reset: false,
      },
      (answer) => {
        // Raw headers are a list, whatever the type says.
        const raw = (answer.headers as unknown as Buffer[]).map((text) => text.toString('latin1'))
        return outgoing.writeHead(answer.statusCode, passed(raw))
      },
    )
    .catch(() => outgoing.destroy())
})
server.keepAliveTimeout = 0
server.listen(Number(port), '127.0.0.1')
