import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Document } from '../config/document.ts'
import { ClientConnection } from '../http/client-connection.ts'
import { intoOneMemory } from '../http/sockets.ts'
import { failed } from '../oss/error.ts'
import type { OssRequest, TimeLimit, Transport } from '../ports.ts'
import { Crowd } from './crowd.ts'
import { headerLines } from './header-text.ts'
import { type ExchangeLimits, OssExchange } from './oss-exchange.ts'

/**
 * Milliseconds that a connection may wait for its next request: less than the 50 s after which OSS's own SDKs close
 * theirs, for a streamed body that meets a connection which OSS is closing cannot be sent again.
 */
const IDLE_CONNECTION = 30_000
/** How often exchanges and connections are looked through for those that take too long; milliseconds. */
const SWEEP = 500
/** Hosts whose connections are kept. Whoever asks for buckets that are not there makes hosts up. */
const MOST_HOSTS = 500
/** What TLS hands on at a time, a record, in bytes. */
const RECORD_SIZE = 16 * 1024

/** The connections to one host: every bucket has its own. */
type Host = {
  /** As the Host header names it. */
  name: string
  address: { host: string; port: number }
  tls: boolean
  /** Those that wait for a request, the last used at the end. */
  idle: ClientConnection[]
  connections: Set<ClientConnection>
  usedAt: number
  /** Of the last TLS handshake, which spares the next most of its work. */
  session?: Buffer
}

/**
 * Requests to OSS over sockets: `fetch` would decode Content-Encoding and hand over a broken length, and undici costs
 * more than all that the gateway does to a small request. There are as many connections as it takes: the door limits
 * what comes in, and a queue here would be a second limit that nobody set.
 * @param timeouts seconds; they may strike half a second late.
 * @returns the transport, and what closes its connections once they are idle.
 */
export function socketTransport(timeouts: Document['timeouts']['oss']): {
  transport: Transport
  close: () => Promise<void>
} {
  const limit = (name: keyof typeof timeouts): TimeLimit => ({
    ms: Math.round(timeouts[name] * 1000),
    setting: `timeouts.oss.${name}`,
  })
  const limits: ExchangeLimits = {
    connect: limit('connect'),
    headers: limit('headers'),
    idle: limit('idle'),
    total: limit('total'),
  }
  const hosts = new Map<string, Host>()
  const open = new Crowd<OssExchange>()
  let closing: (() => void) | undefined
  const sweeper = setInterval(sweep, SWEEP).unref()

  function sweep(): void {
    const now = performance.now()
    for (const exchange of open) exchange.sweep(now, limits)
    for (const [origin, host] of hosts) {
      for (const connection of [...host.idle]) {
        if (now - connection.since > IDLE_CONNECTION) connection.socket.destroy()
      }
      if (host.connections.size === 0 && now - host.usedAt > IDLE_CONNECTION) hosts.delete(origin)
    }
  }

  function closeLongestIdle(): void {
    let found: [origin: string, host: Host] | undefined
    for (const entry of hosts) {
      const [, { idle, connections, usedAt }] = entry
      if (connections.size === idle.length && (found === undefined || usedAt < found[1].usedAt)) found = entry
    }
    if (found === undefined) return
    hosts.delete(found[0])
    closeIdle(found[1])
  }

  function hostOf(origin: string): Host {
    const known = hosts.get(origin)
    if (known !== undefined) return known
    if (hosts.size >= MOST_HOSTS) closeLongestIdle()
    const { protocol, host: name, hostname, port } = new URL(origin)
    const tls = protocol === 'https:'
    const address = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || (tls ? 443 : 80)) }
    const host: Host = { name, address, tls, idle: [], connections: new Set(), usedAt: 0 }
    hosts.set(origin, host)
    return host
  }

  function connectionTo(host: Host): ClientConnection {
    for (let idle = host.idle.pop(); idle !== undefined; idle = host.idle.pop()) {
      // Destroyed ones go at their close event, which comes later.
      if (!idle.socket.destroyed) return idle
    }
    const connection = new ClientConnection(
      (onRead) => openSocket(host, onRead),
      host.tls ? 'secureConnect' : 'connect',
      (freed) => (closing === undefined ? host.idle.push(freed) : freed.socket.destroy()),
    )
    host.connections.add(connection)
    connection.socket.once('close', () => {
      host.connections.delete(connection)
      const place = host.idle.indexOf(connection)
      if (place >= 0) host.idle.splice(place, 1)
    })
    return connection
  }

  const transport: Transport = (request) => {
    const { url, signal } = request
    // By hand: a URL object would resolve `..` in keys.
    const slash = url.indexOf('/', url.indexOf('//') + 2)
    let host: Host
    let head: string
    try {
      host = hostOf(url.slice(0, slash))
      head = headOf(request, url.slice(slash), host.name)
    } catch (error) {
      return Promise.reject(failed(error as Error, 'futile'))
    }
    if (signal?.aborted) return Promise.reject(signal.reason)
    const exchange = new OssExchange(request, head, () => {
      open.delete(exchange)
      host.usedAt = performance.now()
      if (open.size === 0) closing?.()
    })
    open.add(exchange)
    exchange.sendOn(connectionTo(host))
    return exchange.answer
  }

  return {
    transport,
    close: async () => {
      await new Promise<void>((resolve) => {
        closing = resolve
        for (const host of hosts.values()) closeIdle(host)
        if (open.size === 0) resolve()
      })
      clearInterval(sweeper)
    },
  }
}

function closeIdle({ idle }: Host): void {
  for (const { socket } of [...idle]) socket.destroy()
}

function openSocket(host: Host, onRead: (bytes: Buffer) => boolean): Socket {
  const options = { ...host.address, noDelay: true }
  if (!host.tls) return connectTcp({ ...options, onread: intoOneMemory(onRead) })
  let record = Buffer.allocUnsafeSlow(RECORD_SIZE)
  const callback = (size: number) => {
    const goOn = onRead(record.subarray(0, size))
    // Told to stop, TLS still hands on what it has deciphered: not into memory that is lent.
    if (!goOn) record = Buffer.allocUnsafeSlow(RECORD_SIZE)
    return goOn
  }
  const { host: name } = host.address
  const tlsOptions = {
    ...options,
    onread: { buffer: () => record, callback },
    ALPNProtocols: ['http/1.1'],
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(host.session === undefined ? {} : { session: host.session }),
  }
  const socket = connectTls(tlsOptions)
  return socket.on('session', (session) => {
    host.session = session
  })
}

/** @throws TypeError where it cannot be sent. */
function headOf({ method, headers, body }: OssRequest, path: string, host: string): string {
  if (/[^!-~]/.test(path)) throw new TypeError('the path of a request has characters that cannot be sent')
  let framing = ''
  if (!('content-length' in headers)) {
    if (body instanceof Uint8Array) framing = `content-length: ${body.length}\r\n`
    else if (body !== undefined) framing = 'transfer-encoding: chunked\r\n'
    else if (method === 'PUT' || method === 'POST') framing = 'content-length: 0\r\n'
  }
  return `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n${framing}${headerLines(headers)}\r\n`
}
