import { lookup } from 'node:dns/promises'
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { checkServerIdentity, connect as connectTls, type PeerCertificate } from 'node:tls'
import type { Origin } from '../../oss/regions.ts'
import { type HeaderMap, headerMap } from '../../ports.ts'
import type { Certificate, Connection, Response, Silence } from './http-response.ts'

/** A request that is ready to be sent. */
export type Outgoing = {
  method: string
  url: string
  headers: HeaderMap
  body?: Buffer | undefined
  /** Bytes of a body that is announced by its length, of which but the first are sent. */
  announced?: number | undefined
  /** What the certificate has to be for, where that is not the URL's host. */
  name?: string | undefined
}

/** How doctor reaches others; it never rejects. */
export type Network = {
  resolve(host: string): Promise<{ addresses: readonly string[] } | Silence>
  /** The connection is closed again at once. */
  connect(origin: Origin, name: string): Promise<Connection | Silence>
  exchange(request: Outgoing): Promise<Response | Silence>
  close(): void
}

/** Milliseconds for a name or a connection, for an answer, and for one to a body that does not come. */
export type Patience = { connection: number; answer: number; early: number }
export const USUAL_PATIENCE: Patience = { connection: 10_000, answer: 60_000, early: 5_000 }

/** Of a body that is announced: proxies may wait for its first bytes before they send anything on. */
const FIRST_BYTES = 1024
/** More than any answer that doctor asks for. */
const MAX_BYTES = 16 * 1024 ** 2

/** The network as Node has it. */
export function nodeNetwork(patience: Patience = USUAL_PATIENCE): Network {
  const agents = {
    'http:': new HttpAgent({ keepAlive: true }),
    'https:': new HttpsAgent({ keepAlive: true }),
  }
  return {
    async resolve(host) {
      const name = host.replace(/^\[(.*)\]$/, '$1')
      if (isIP(name) > 0) return { addresses: [name] }
      try {
        const found = await within(lookup(name, { all: true }), patience.connection)
        return { addresses: found.map(({ address }) => address) }
      } catch (error) {
        return silence(error)
      }
    },

    async connect({ protocol, host }, name) {
      const { hostname, port } = new URL(`${protocol}//${host}`)
      const at = {
        host: hostname.replace(/^\[(.*)\]$/, '$1'),
        port: Number(port || (protocol === 'http:' ? 80 : 443)),
      }
      // What is wrong with a certificate is told, not thrown: there may be more than one thing.
      const socket =
        protocol === 'http:'
          ? connectTcp(at)
          : connectTls({ ...at, ...serverName(name), rejectUnauthorized: false })
      try {
        await within(opened(socket, protocol === 'http:' ? 'connect' : 'secureConnect'), patience.connection)
        const address = socket.remoteAddress ?? ''
        if (!('getPeerCertificate' in socket)) return { address, certificate: undefined }
        const tls = socket as unknown as {
          getPeerCertificate(): PeerCertificate
          authorizationError: Error | string | undefined
        }
        return {
          address,
          certificate: certificateOf(tls.getPeerCertificate(), name, tls.authorizationError),
        }
      } catch (error) {
        return silence(error)
      } finally {
        socket.destroy()
      }
    },

    exchange: ({ method, url, headers, body, announced, name }) =>
      new Promise((resolve) => {
        const { protocol, hostname, port, pathname, search } = splitUrl(url)
        const isHttps = protocol === 'https:'
        const sent = (isHttps ? requestHttps : requestHttp)({
          method,
          host: hostname.replace(/^\[(.*)\]$/, '$1'),
          port,
          path: pathname + search,
          headers:
            announced === undefined
              ? { ...headers, ...(body === undefined ? {} : { 'content-length': body.length }) }
              : { ...headers, 'content-length': announced },
          agent: announced === undefined ? agents[protocol] : false,
          ...(isHttps && name !== undefined
            ? {
                ...serverName(name),
                checkServerIdentity: (_: string, certificate: PeerCertificate) =>
                  checkServerIdentity(name, certificate),
              }
            : {}),
        })
        const limit = announced === undefined ? patience.answer : patience.early
        const timer = setTimeout(() => sent.destroy(timedOut(limit)), limit)
        const end = (answer: Response | Silence) => {
          clearTimeout(timer)
          resolve(answer)
          if (announced !== undefined) sent.destroy()
        }
        sent.once('response', (answer) => {
          read(answer).then(end, (error) => end(silence(error)))
        })
        sent.on('error', (error) => end(silence(error)))
        if (announced === undefined) sent.end(body)
        else sent.write(Buffer.alloc(FIRST_BYTES))
      }),

    close() {
      for (const agent of Object.values(agents)) agent.destroy()
    },
  }
}

/** The parts of a URL as it is: `new URL` would take the dots out of its path. */
function splitUrl(url: string) {
  const [, protocol = 'http:', authority = '', pathname = '', search = ''] =
    /^(https?:)\/\/([^/?]*)([^?]*)(.*)$/s.exec(url) ?? []
  const { hostname, port } = new URL(`${protocol}//${authority}`)
  return {
    protocol: protocol as 'http:' | 'https:',
    hostname,
    port: port || (protocol === 'http:' ? 80 : 443),
    pathname,
    search,
  }
}

/** An address is no name to ask for. */
const serverName = (name: string) => (isIP(name) > 0 ? {} : { servername: name })

const timedOut = (ms: number) =>
  Object.assign(new Error(`nothing came within ${ms / 1000} s`), { code: 'TIMEOUT' })

async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(timedOut(ms)), ms)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

const opened = (socket: Socket, event: string) =>
  new Promise<void>((resolve, reject) => {
    socket.once(event, () => resolve())
    socket.on('error', reject)
  })

async function read(answer: IncomingMessage): Promise<Response> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of answer) {
    size += piece.length
    if (size > MAX_BYTES) throw new Error(`the answer has more than ${MAX_BYTES} bytes`)
    pieces.push(piece)
  }
  const headers = headerMap()
  for (const [name, value] of Object.entries(answer.headers)) headers[name] = [value].flat().join(',')
  return { status: answer.statusCode ?? 0, headers, body: Buffer.concat(pieces) }
}

/** Of the errors for each address of a name, the first. */
function silence(error: unknown): Silence {
  const { code, message, errors } = error as NodeJS.ErrnoException & { errors?: NodeJS.ErrnoException[] }
  const [first] = errors ?? []
  return { silence: (first?.message ?? message) || String(code), code: code ?? first?.code ?? '' }
}

function certificateOf(
  peer: PeerCertificate,
  name: string,
  untrusted: Error | string | undefined,
): Certificate {
  const code =
    untrusted instanceof Error ? ((untrusted as NodeJS.ErrnoException).code ?? untrusted.message) : untrusted
  return {
    validFrom: Date.parse(peer.valid_from),
    validTo: Date.parse(peer.valid_to),
    otherName: checkServerIdentity(name, peer)?.message,
    untrusted: code || undefined,
  }
}
