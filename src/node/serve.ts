import { setImmediate as nextIteration } from 'node:timers/promises'
import { appOf, createGateway } from '../app.ts'
import type { Config } from '../config/index.ts'
import type { Responder } from '../gateway.ts'
import type { LocalOss } from '../local-oss/index.ts'
import { observerOf } from '../observe/observers.ts'
import { requestObserver } from '../observe/record.ts'
import { createOngoing } from '../ongoing.ts'
import type { Log, Transport } from '../ports.ts'
import { endsWithin } from '../runtime/timers.ts'
import { openAdmin, whyNotReadyAt } from './admin.ts'
import {
  closeAllCredentials,
  openAllCredentials,
  reopenAllCredentials,
  type UpstreamCredentials,
} from './credentials.ts'
import { listen, whyNotListening } from './listen.ts'
import { openAccessLog } from './observe/index.ts'
import { createMetrics, type Metrics, metricsText } from './observe/metrics.ts'
import { registeredTracing } from './observe/tracing.ts'
import { nodePorts } from './ports.ts'
import { createServer } from './server.ts'
import { openUpstream } from './upstream.ts'

/** A running gateway. Ports are those really listened on, 0 where there is no such listener. */
export type Running = {
  port: number
  adminPort: number
  localOssPort: number
  localOss: LocalOss | undefined
  /** From now on `/readyz` says no, so that a load balancer sends nothing more; what comes all the same is answered. */
  drain(): void
  /** Opens the access log's file again, which has been renamed. */
  reopenLog(): void
  /**
   * Goes on with other settings: requests in flight keep those that they began with. Addresses stay. Rejects when a file
   * that they name cannot be read or written, there is no key for OSS, or it has stopped; then nothing has changed.
   */
  reload(config: Config): Promise<void>
  /** Asks OSS once: why it cannot be used, or undefined. @param upstream absent: that of the environment. */
  whyNotReady(upstream?: string): Promise<string | undefined>
  /**
   * Stops accepting, finishes what is in flight, then closes everything. Called again, it can only hasten.
   * @param limit milliseconds after which what is still in flight is given up (`timeouts.stop` in the settings); copies
   * then clean up after themselves.
   */
  stop(limit?: number): Promise<void>
}

/** Bytes of the pool that small buffers are cut from. One allocated by itself costs a microsecond, and Node's pool of 8 KiB serves 4 KiB at most. */
const BUFFER_POOL_SIZE = 64 * 1024

/** Milliseconds for answering the requests that are given up, */
const REFUSING_LIMIT = 1_000
/** for copies to clean up, and for closing: with the default limit within 30 s. */
const CLEANING_LIMIT = 5_000
const CLOSING_LIMIT = 2_000

/**
 * Starts the gateway on Node: in front of OSS, or on the embedded one. Sets `Buffer.poolSize` for the process.
 * @param metrics what counts requests; absent where nobody can ask for it.
 * @returns once it listens.
 * @throws Error when there is no key for OSS, a port is taken, a TLS file cannot be read, or the embedded OSS's folder is
 *   in use.
 */
export async function serve(
  config: Config,
  log: Log,
  metrics: Metrics | undefined = config.listen.adminPort === undefined ? undefined : createMetrics(),
): Promise<Running> {
  Buffer.poolSize = BUFFER_POOL_SIZE
  const first = await openAllCredentials(config, log)
  const upstream = await openUpstream(config, log).catch((error) => {
    closeAllCredentials(first)
    throw error
  })
  const { localOss } = upstream
  const ongoing = createOngoing(config, nodePorts)
  let current = begin(config, upstream.transport, first)

  /** What settings make, with an access log of their own. */
  function begin(settings: Config, transport: Transport, keys: UpstreamCredentials) {
    const accessLog = openAccessLog(settings.document.accessLog, () => current.gateway.oss, log)
    const observer = observerOf([
      metrics?.observer,
      accessLog && requestObserver(accessLog.write),
      registeredTracing(settings.document.traces.keys),
    ])
    const ports = { ...nodePorts, ongoing, config: settings, transport, ...keys, log, observer }
    return { accessLog, settings, keys, gateway: createGateway(ports) }
  }
  // Requests in flight keep the gateway that they began with.
  const responder: Responder = {
    answer: (incoming) => current.gateway.answer(incoming),
    refuse: (error, incoming) => current.gateway.refuse(error, incoming),
    replyInstead: (error, method) => current.gateway.replyInstead(error, method),
  }

  let isDraining = false
  let stopping: Promise<unknown> | undefined
  const http = createServer(appOf(responder, { serve: nodePorts.serve, log }), responder, config, log)
  metrics?.watch(() => ({
    ...current.gateway.load(),
    connections: http.connections(),
    keys: [[undefined, current.keys.credentials] as const, ...current.keys.upstreams].map(
      ([upstream, credentials]) => ({ upstream, ...credentials.status() }),
    ),
  }))
  const { host, port: wanted } = config.listen
  const [port, admin] = await Promise.all([
    listen(http.server, wanted, host, 'PORT'),
    openAdmin(
      config.listen,
      () => current.gateway,
      {
        alive: () => true,
        unready: () => (isDraining || stopping !== undefined ? 'stopping' : undefined),
      },
      async (own) => metricsText(metrics === undefined ? [own] : [own, await metrics.values()]),
      log,
    ),
  ])

  // On loopback only, whatever HOST is: its one key has all rights.
  const localPort = config.localOss?.port ?? 0
  const localOssPort =
    localOss && localPort > 0
      ? await localOss.listen(localPort).catch((error) => {
          const why = whyNotListening(error, localPort, '127.0.0.1', 'LOCAL_OSS_PORT')
          throw new Error(why, { cause: error })
        })
      : 0

  function beginToStop(): Promise<unknown> {
    return http.end().then(() => http.settled())
  }
  let closed: Promise<unknown> | undefined
  async function close(): Promise<void> {
    // Work that must end, such as aborting uploads, still needs OSS.
    const rest = http
      .settled()
      // It may be delivered to OSS.
      .then(() => current.accessLog?.close())
      .then(() => upstream.close())
    await endsWithin(CLOSING_LIMIT, rest)
    closeAllCredentials(current.keys)
    admin.close()
  }

  /** One after the other, since a key may have to be awaited. */
  let reloaded = Promise.resolve()
  async function reload(settings: Config): Promise<void> {
    const before = { config: current.settings, keys: current.keys }
    const keys = await reopenAllCredentials(settings, log, before)
    // What can fail comes first.
    let next: typeof current | undefined
    try {
      // What it would open nobody would close.
      if (closed !== undefined) throw new Error('the gateway has stopped')
      next = begin(settings, upstream.renewed(settings.document.timeouts.oss), keys)
      http.apply(settings)
    } catch (error) {
      closeAllCredentials(keys, before.keys)
      void next?.accessLog?.close()
      throw error
    }
    const old = current
    current = next
    ongoing.admission.apply(settings)
    closeAllCredentials(old.keys, keys)
    // Requests in flight still write to it.
    if (old.accessLog !== undefined) void http.answered().then(() => old.accessLog?.close())
  }

  return {
    port,
    adminPort: admin.port,
    localOssPort,
    localOss,
    reopenLog: () => current.accessLog?.reopen(),
    whyNotReady: (upstream) => whyNotReadyAt(current.gateway, upstream),
    reload: (settings) => {
      const work = reloaded.then(() => reload(settings))
      reloaded = work.catch(() => {})
      return work
    },
    drain: () => {
      isDraining = true
    },
    stop: async (limit = current.settings.document.timeouts.stop * 1000) => {
      stopping ??= beginToStop()
      if (!(await endsWithin(limit, stopping)) && closed === undefined) {
        log('requests given up', { afterSeconds: limit / 1000 })
        http.giveUp(new Error('the gateway stops'))
        const cleaned = endsWithin(REFUSING_LIMIT, stopping).then(() => http.settled())
        await endsWithin(CLEANING_LIMIT, cleaned)
        // So that responses that are ready now are still written.
        await nextIteration()
        http.cut()
      }
      closed ??= close()
      await closed
    },
  }
}
