import { Readable } from 'node:stream'
import { Pool } from 'undici'
import type { Document } from './config-document.ts'
import { Crowd } from './crowd.ts'
import { OssExchange } from './node-exchange.ts'
import { rawHeaders } from './node-headers.ts'
import { late } from './oss/error.ts'
import type { OssRequest, TimeLimit, Transport } from './ports.ts'

/**
 * Milliseconds that a connection may wait for its next request: less than the 50 s after which OSS's own SDKs close
 * theirs, for a streamed body that meets a connection which OSS is closing cannot be sent again.
 */
const IDLE_CONNECTION = 30_000
/** How often the exchanges are looked through for those that take too long; milliseconds. */
const SWEEP = 1000

/** Hosts whose connections are kept. Whoever asks for buckets that are not there makes hosts up. */
const MOST_HOSTS = 500

/** The connections to one host: every bucket has its own. */
type Host = { pool: Pool; open: number; usedAt: number }

/**
 * Requests to OSS over undici; `fetch` would decode Content-Encoding and hand over a broken length.
 * @param timeouts seconds; undici's timers, and the sweep of the total, may be a second late.
 * @returns the transport, and what closes its connections.
 */
export function undiciTransport(timeouts: Document['timeouts']['oss']): {
  transport: Transport
  close: () => Promise<void>
} {
  const limit = (name: keyof typeof timeouts): TimeLimit => ({
    ms: Math.round(timeouts[name] * 1000),
    setting: `timeouts.oss.${name}`,
  })
  const total = limit('total')
  const limits = { connect: limit('connect'), headers: limit('headers'), idle: limit('idle') }
  const hosts = new Map<string, Host>()
  const open = new Crowd<OssExchange>()
  const sweeper = setInterval(sweep, SWEEP).unref()

  function sweep(): void {
    const now = performance.now()
    for (const exchange of open) {
      if (now - exchange.began >= total.ms) exchange.fail(late('OSS had not answered to the end', total))
    }
    for (const [origin, { pool, open, usedAt }] of hosts) {
      if (open > 0 || now - usedAt < 2 * IDLE_CONNECTION) continue
      hosts.delete(origin)
      void pool.close()
    }
  }

  function closeLongestIdle(): void {
    let found: [origin: string, host: Host] | undefined
    for (const entry of hosts) {
      const [, { open, usedAt }] = entry
      if (open === 0 && (found === undefined || usedAt < found[1].usedAt)) found = entry
    }
    if (found === undefined) return
    hosts.delete(found[0])
    void found[1].pool.close()
  }

  function hostOf(origin: string): Host {
    const known = hosts.get(origin)
    if (known !== undefined) return known
    if (hosts.size >= MOST_HOSTS) closeLongestIdle()
    const pool = new Pool(origin, {
      // As many as it takes: the door limits what comes in, and a queue here would be a second limit that nobody set.
      connections: null,
      pipelining: 1,
      connect: { timeout: limits.connect.ms },
      headersTimeout: limits.headers.ms,
      bodyTimeout: limits.idle.ms,
      keepAliveTimeout: IDLE_CONNECTION,
      keepAliveMaxTimeout: IDLE_CONNECTION,
    })
    const host = { pool, open: 0, usedAt: 0 }
    hosts.set(origin, host)
    return host
  }

  const transport: Transport = (request) => {
    const { method, url, headers, signal, patience } = request
    // By hand: a URL object would resolve `..` in keys.
    const slash = url.indexOf('/', url.indexOf('//') + 2)
    const host = hostOf(url.slice(0, slash))
    const body = bodyOf(request)
    const exchange = new OssExchange(request, body, limits, () => {
      open.delete(exchange)
      host.open--
      host.usedAt = performance.now()
    })
    open.add(exchange)
    host.open++
    if (signal?.aborted) exchange.fail(signal.reason)
    else {
      const options = {
        method: method as 'GET',
        path: url.slice(slash),
        headers: rawHeaders(headers),
        body,
        // Or undici closes the connection after each HEAD.
        reset: false,
        ...(patience === undefined
          ? {}
          : { headersTimeout: orNone(patience.ms), bodyTimeout: orNone(patience.ms) }),
      }
      host.pool.dispatch(options, exchange)
    }
    return exchange.answer
  }

  return {
    transport,
    close: async () => {
      await Promise.all([...hosts.values()].map(({ pool }) => pool.close()))
      clearInterval(sweeper)
    },
  }
}

function bodyOf({ body }: OssRequest): Readable | Uint8Array | null {
  if (body === undefined) return null
  return body instanceof Uint8Array || body instanceof Readable ? body : Readable.from(body)
}

/** undici's word for no limit is 0. */
const orNone = (ms: number) => (Number.isFinite(ms) ? ms : 0)
