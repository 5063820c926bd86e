import { TLSSocket } from 'node:tls'
import { buildConnector, Pool } from 'undici'

/**
 * Milliseconds that a connection may wait for its next request: less than the 50 s after which OSS's own SDKs close
 * theirs, for a streamed body that meets a connection which OSS is closing cannot be sent again.
 */
const IDLE_CONNECTION = 30_000
/** Hosts whose connections are kept. Bounded, since clients choose buckets' names and so hosts. */
const MOST_HOSTS = 500

/** A host of OSS: every bucket has its own. */
export type OssHost = {
  readonly pool: Pool
  /** Whether it has answered with a success, as the host of a bucket that does not exist never does. */
  hasSucceeded: boolean
  /** Whether it has answered otherwise than that something is not there. */
  exists: boolean
  /** Which request was the last to it, counting those to all hosts. */
  lastRequest: number
}

/**
 * The hosts of OSS and the pools of connections to them. A pool has no limit: the gateway limits incoming requests, and a
 * queue here would be a second limit without a setting.
 */
export class OssHosts {
  readonly #hosts = new Map<string, OssHost>()
  /** Of those that are no longer kept, and have requests to finish. */
  readonly #closing = new Set<Promise<void>>()
  readonly #connectTimeout: number
  readonly #most: number
  #requests = 0

  /** @param connectTimeout milliseconds, TLS included. @param most hosts that are kept. */
  constructor(connectTimeout: number, most = MOST_HOSTS) {
    this.#connectTimeout = connectTimeout
    this.#most = most
  }

  /** Whether there are connections to a host that exists, as far as is known. */
  isKnown(origin: string): boolean {
    return this.#hosts.get(origin)?.exists === true
  }

  /**
   * The host for one more request.
   * @param origin protocol, name and port, e.g. `https://bucket.oss-cn-hangzhou.aliyuncs.com`.
   * @throws TypeError where it is no origin.
   */
  get(origin: string): OssHost {
    const host = this.#hosts.get(origin) ?? this.#add(origin)
    host.lastRequest = ++this.#requests
    return host
  }

  /** Resolves when all requests have come to their end, and every connection is closed. */
  async close(): Promise<void> {
    for (const origin of this.#hosts.keys()) this.#forget(origin)
    await Promise.all(this.#closing)
  }

  #add(origin: string): OssHost {
    if (this.#hosts.size >= this.#most) this.#forgetOne()
    const pool = new Pool(origin, {
      pipelining: 1,
      keepAliveTimeout: IDLE_CONNECTION,
      keepAliveMaxTimeout: IDLE_CONNECTION,
      connect: connectorWithSessions(this.#connectTimeout),
    })
    const host: OssHost = { pool, hasSucceeded: false, exists: false, lastRequest: 0 }
    const forgetUnused = () => {
      const { connected, size } = pool.stats
      if (connected === 0 && size === 0 && this.#hosts.get(origin) === host) this.#forget(origin)
    }
    pool.on('disconnect', forgetUnused).on('connectionError', forgetUnused)
    this.#hosts.set(origin, host)
    return host
  }

  /** Of those that never had a success, or else of all, the one that was not used for longest. */
  #forgetOne(): void {
    let first: [origin: string, host: OssHost] | undefined
    for (const entry of this.#hosts) {
      if (first === undefined || isForgottenBefore(entry[1], first[1])) first = entry
    }
    if (first !== undefined) this.#forget(first[0])
  }

  #forget(origin: string): void {
    const pool = this.#hosts.get(origin)?.pool
    this.#hosts.delete(origin)
    if (pool === undefined) return
    const closing = pool.close().finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
  }
}

const isForgottenBefore = (one: OssHost, other: OssHost) =>
  one.hasSucceeded === other.hasSucceeded ? one.lastRequest < other.lastRequest : other.hasSucceeded

/**
 * What connects to a host, each time with the session of the last TLS handshake, which spares the next most of its work.
 * undici's own cache holds sessions weakly: the garbage collector empties it.
 */
function connectorWithSessions(timeout: number): buildConnector.connector {
  let session: Buffer | undefined
  const keep = (given: Buffer | undefined) => {
    session = given
  }
  return (options, callback) => {
    const connect = buildConnector({
      allowH2: false,
      timeout,
      maxCachedSessions: 0,
      ...(session === undefined ? {} : { session }),
    })
    connect(options, (...result) => {
      const [, socket] = result
      if (socket instanceof TLSSocket) {
        // TLS 1.3 gives sessions after the handshake, and TLS 1.2 within it.
        if (socket.getProtocol() !== 'TLSv1.3') keep(socket.getSession())
        socket.on('session', keep)
      }
      callback(...result)
    })
  }
}
