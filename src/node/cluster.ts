import cluster, { type Worker } from 'node:cluster'
import { type Config, type ConfigError, parseConfig } from '../config/index.ts'
import { createOssClient } from '../oss/client.ts'
import type { Log } from '../ports.ts'
import { endsWithin, sleep } from '../timers.ts'
import { openAdmin } from './admin.ts'
import { nodePorts } from './ports.ts'
import { type Running, serve } from './serve.ts'
import { openUpstream } from './upstream.ts'

/** The settings as they were read: parsed, and the document's text. */
export type Settings = { config: Config; document: string | undefined }

/** Several processes on one port, as one gateway. */
export type Workers = Omit<Running, 'localOss'> & {
  /** Reads the settings again and replaces the workers one after the other, without a moment in which none listens. */
  reload(): void
}

type ToWorker = { serve: string | undefined } | { stop: number }
type FromWorker = 'ready' | { port: number } | { failed: string }

/** Other tools run programs under `node:cluster` too. */
const WORKER_MARK = 'WORKER_OF_S3_OSS_GATEWAY'

/** Who has served for so many milliseconds did not die of how it was started. */
const STABLE_AFTER = 10_000
const FIRST_PAUSE = 100
const LAST_PAUSE = 30_000
/** What a worker may take to end after its limit, and what closing takes then, in milliseconds. */
const ENDING_LIMIT = 7_500
const CLOSING_LIMIT = 200

/** Whether this process is a worker of {@link startWorkers}. */
export const isWorker = (): boolean => cluster.isWorker && process.env[WORKER_MARK] !== undefined

/**
 * Starts so many processes that serve on one port, and replaces those that die. This one serves health only.
 * @param read reads the settings anew.
 * @throws Error when the workers do not come up: a port is taken, a TLS file cannot be read.
 */
export async function startWorkers(
  settings: Settings,
  count: number,
  read: () => Settings,
  log: Log,
): Promise<Workers> {
  /** Those that a worker has come up with. */
  let accepted = settings
  let stopping = false
  let reloading = false
  let reloadAgain = false
  let pause = 0
  /** All there are, until they end. */
  const workers = new Map<Worker, Promise<void>>()
  /** Those that listen and are not to leave. */
  const serving = new Set<Worker>()

  const { config } = settings
  const upstream = await openUpstream(config)
  const { transport } = upstream
  const { endpoint, credentials } = config
  const oss = createOssClient({ ...nodePorts, transport, endpoint, credentials })
  const admin = await openAdmin(
    config.listen,
    oss,
    {
      alive: () => stopping || serving.size > 0,
      unready: () => (stopping ? 'stopping' : serving.size === 0 ? 'no worker listens' : undefined),
    },
    log,
  )
  // Who leaves in a hurry leaves nobody behind.
  process.once('exit', () => {
    for (const worker of workers.keys()) worker.process.kill('SIGKILL')
  })

  /** Resolves with the port when a new worker listens; rejects when it ends before. */
  function startWorker({ document }: Settings): Promise<number> {
    const worker = cluster.fork({ [WORKER_MARK]: '1' })
    closeUndeliveredConnections(worker)
    const { pid } = worker.process
    return new Promise((resolve, reject) => {
      let why: string | undefined
      let began: number | undefined
      worker.on('message', (message: FromWorker) => {
        // Before, it would not have heard anything.
        if (message === 'ready') sendToWorker(worker, stopping ? { stop: 0 } : { serve: document })
        else if ('failed' in message) why = message.failed
        else {
          began = performance.now()
          serving.add(worker)
          log('worker listens', { pid })
          resolve(message.port)
        }
      })
      const ended = exitOf(worker).then((how) => {
        workers.delete(worker)
        const unexpected = serving.delete(worker) && !stopping
        if (began === undefined) reject(new Error(why ?? `a worker ended by ${how} before it listened`))
        else if (unexpected) {
          log('worker died', { pid, how })
          void restartWorker(performance.now() - began)
        } else log('worker ended', { pid, how })
      })
      workers.set(worker, ended)
    })
  }

  /** Replaces a worker that has died; the more of them die at once, the more slowly. */
  async function restartWorker(lived: number): Promise<void> {
    if (lived > STABLE_AFTER) pause = 0
    for (;;) {
      await sleep(pause)
      if (stopping) return
      pause = Math.min(Math.max(pause * 2, FIRST_PAUSE), LAST_PAUSE)
      try {
        await startWorker(accepted)
        return
      } catch (error) {
        if (!stopping) log('worker does not start', { cause: (error as Error).message, pauseMs: pause })
      }
    }
  }

  async function replaceAll(): Promise<void> {
    let fresh: Settings
    try {
      fresh = read()
    } catch (error) {
      log('settings refused, the workers stay', { problems: (error as ConfigError).problems })
      return
    }
    const old = [...serving]
    // Nobody listens: whoever is started next is started with these.
    if (old.length === 0) accepted = fresh
    log('workers are replaced', { pids: old.map((worker) => worker.process.pid) })
    for (const worker of old) {
      if (!serving.has(worker)) continue
      try {
        await startWorker(fresh)
      } catch (error) {
        if (!stopping)
          log('a new worker does not start, the old ones stay', { cause: (error as Error).message })
        return
      }
      if (stopping) return
      accepted = fresh
      serving.delete(worker)
      // What it has in flight may take as long as any request: others serve, nobody waits for it.
      sendToWorker(worker, { stop: fresh.config.document.timeouts.client.total * 1000 })
    }
    log('workers replaced', {})
  }

  async function reload(): Promise<void> {
    reloadAgain = reloading
    if (reloading) return
    reloading = true
    do {
      reloadAgain = false
      await replaceAll()
    } while (reloadAgain && !stopping)
    reloading = false
  }

  // One first: what is wrong with it is wrong with all, and said once.
  const port = await startWorker(accepted)
  await Promise.all(Array.from({ length: count - 1 }, () => startWorker(accepted)))

  return {
    port,
    adminPort: admin.port,
    localOssPort: 0,
    reload: () => void reload(),
    stop: async (limit = accepted.config.document.timeouts.stop * 1000) => {
      stopping = true
      for (const worker of workers.keys()) sendToWorker(worker, { stop: limit })
      await endsWithin(limit + ENDING_LIMIT, Promise.all(workers.values()))
      admin.close()
      // A question about health may still wait for OSS.
      await endsWithin(CLOSING_LIMIT, upstream.close())
    },
  }
}

/** Serves as one of the workers, until it is told to stop or nobody is left to tell it. */
export function serveAsWorker(log: Log): void {
  let running: Promise<Running> | undefined

  async function begin(document: string | undefined): Promise<Running> {
    const config = parseConfig(process.env, document)
    const gateway = await serve({ ...config, listen: { ...config.listen, adminPort: undefined } }, log)
    sendToPrimary({ port: gateway.port })
    return gateway
  }
  async function stop(limit?: number): Promise<void> {
    await (await running)?.stop(limit)
    process.exit(0)
  }
  const end = (limit?: number) =>
    stop(limit).catch((error: Error) => {
      log('worker did not stop cleanly', { cause: error.message })
      process.exit(1)
    })

  process.on('message', (message: ToWorker) => {
    if ('stop' in message) void end(message.stop)
    else {
      running = begin(message.serve)
      running.catch((error: Error) => sendToPrimary({ failed: error.message }, () => process.exit(1)))
    }
  })
  cluster.worker?.once('disconnect', () => {
    // Else Node would end the process here and now.
    if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true
    void end()
  })
  process.on('SIGTERM', () => void end())
  // Sent to the whole group by a terminal: they are the first process's to obey.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
  sendToPrimary('ready')
}

/** A message that comes too late is none: the other side's end is noticed by itself. */
const sendToWorker = (worker: Worker, message: ToWorker) => void worker.send(message, undefined, () => {})
const sendToPrimary = (message: FromWorker, done = () => {}) =>
  process.send === undefined ? done() : process.send(message, undefined, undefined, done)

/** How a worker ends, as soon as it does. */
function exitOf(worker: Worker): Promise<string> {
  return new Promise((resolve) => {
    worker.once('exit', (code, signal) => resolve(signal ?? `code ${code}`))
    // Also that a message could not be sent: it is dying then.
    worker.on('error', (error) => {
      if (worker.process.pid === undefined) resolve(error.message)
    })
  })
}

/**
 * Closes the connections that were on their way to a worker when it died. Node keeps them open for an answer that cannot
 * come any more, and their clients wait.
 */
function closeUndeliveredConnections({ process: child }: Worker): void {
  type Internal = { seq?: number; ack?: number }
  const undelivered = new Map<number, { close(): void }>()
  const { send } = child
  child.send = (...args: unknown[]) => {
    const [message, handle] = args as [Internal, { close(): void } | undefined]
    if (message.seq !== undefined && handle) undelivered.set(message.seq, handle)
    return (send as (...args: unknown[]) => boolean).apply(child, args)
  }
  child.on('internalMessage', ({ ack }: Internal) => undelivered.delete(ack ?? -1))
  child.once('exit', () => {
    for (const handle of undelivered.values()) handle.close()
  })
}
