import { Readable } from 'node:stream'
import { Pool } from 'undici'
import { type HeaderMap, headerMap, type Transport } from './ports.ts'

/** Connections to one OSS host. */
const CONNECTIONS = 256

/**
 * Requests to OSS over undici; `fetch` would decode Content-Encoding and hand over a broken length.
 * @returns the transport, and what closes its connections.
 */
export function undiciTransport(): { transport: Transport; close: () => Promise<void> } {
  const pools = new Map<string, Pool>()

  function poolOf(origin: string): Pool {
    const known = pools.get(origin)
    if (known !== undefined) return known
    const pool = new Pool(origin, { connections: CONNECTIONS, pipelining: 1 })
    pools.set(origin, pool)
    return pool
  }

  return {
    close: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.close()))
    },
    transport: async ({ method, url, headers, body, signal }) => {
      // By hand: a URL object would resolve `..` in keys.
      const slash = url.indexOf('/', url.indexOf('//') + 2)
      const answer = await poolOf(url.slice(0, slash)).request({
        method: method as 'GET',
        path: url.slice(slash),
        headers,
        body:
          body === undefined
            ? null
            : body instanceof Uint8Array || body instanceof Readable
              ? body
              : Readable.from(body),
        ...(signal === undefined ? {} : { signal }),
      })
      // Without a listener, a body that is cut after the reader left would end the process.
      answer.body.on('error', () => {})
      return { status: answer.statusCode, headers: flatten(answer.headers), body: answer.body }
    },
  }
}

function flatten(from: Record<string, string | string[] | undefined>): HeaderMap {
  const headers = headerMap()
  for (const [name, value] of Object.entries(from)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(',') : value
  }
  return headers
}
