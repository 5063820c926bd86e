import cluster, { type Worker } from 'node:cluster'
import type { Log } from '../../ports.ts'
import { endsWithin, sleep } from '../../runtime/timers.ts'
import { openAdmin, whyNotReadyAt } from '../admin.ts'
import { outputSink } from '../observe/access-log.ts'
import { workerMetrics } from '../observe/worker-metrics.ts'
import type { Running } from '../serve.ts'
import type { Settings } from '../settings.ts'
import { openHealthUpstreams } from './health-upstreams.ts'
import { type FromWorker, sendToWorker, WORKER_MARK } from './messages.ts'
import { closeUndeliveredConnections } from './undelivered-connections.ts'
import { passOnLines } from './worker-output.ts'

/** Several processes on one port, as one gateway. */
export type Workers = Omit<Running, 'localOss' | 'reload'> & {
  /** Replaces the workers by ones with other settings, one after the other, without a moment in which none listens. */
  reload(settings: Settings): void
}

/** What is sent to all processes, and ends one that does not yet listen to signals. */
const PASSING_SIGNALS = new Set<unknown>(['SIGHUP', 'SIGUSR1', 'SIGUSR2'])
/** Milliseconds after which a worker's death is not put down to its start: the pause before restarts is reset. */
const STABLE_AFTER = 10_000
const FIRST_PAUSE = 100
const LAST_PAUSE = 30_000
/** What a worker may take to end after its limit, and what closing takes then, in milliseconds. */
const ENDING_LIMIT = 7_500
const CLOSING_LIMIT = 200
/** What writing what workers have printed takes then, in milliseconds: it may be that nobody reads it. */
const WRITING_LIMIT = 2_000
/** Milliseconds after which a worker that has been told to stop, and still takes connections, is killed: it hangs. */
const HANGING_LIMIT = 10_000

/**
 * Starts so many processes that serve on one port, and replaces those that die. This one serves health only.
 * @throws Error when the workers do not come up: there is no key for OSS, a port is taken, a TLS file cannot be read.
 */
export async function startWorkers(settings: Settings, count: number, log: Log): Promise<Workers> {
  /** The settings that workers have started with. */
  let accepted = settings
  let isDraining = false
  let stopping = false
  let reloading = false
  /** What the workers are to be replaced for next, and who waits meanwhile. */
  let wanted: Settings | undefined
  let onWanted = () => {}
  let pause = 0
  /** What workers print, on the way to standard output. */
  const printed = outputSink(log)
  const handedOn = new Set<Promise<void>>()
  /** All there are, until they end. */
  const workers = new Map<Worker, Promise<void>>()
  /** Those that listen and are not being replaced. */
  const serving = new Set<Worker>()
  /** Those that have been told to stop, and what is called once they take no more connections. */
  const closing = new Map<Worker, () => void>()

  const metrics = workerMetrics<Worker>((worker, asked) => sendToWorker(worker, { tellMetrics: asked }))
  const { config } = settings
  const upstreams = await openHealthUpstreams(config, log)
  const admin = await openAdmin(
    config.listen,
    upstreams.asked,
    {
      alive: () => stopping || serving.size > 0,
      unready: () =>
        isDraining || stopping ? 'stopping' : serving.size === 0 ? 'no worker listens' : undefined,
    },
    (own) => metrics.text(own),
    log,
  )
  // Their access log; the log itself goes to standard error without detours.
  cluster.setupPrimary({ stdio: ['inherit', 'pipe', 'inherit', 'ipc'] })
  // Also on process.exit no worker is left running.
  process.once('exit', () => {
    for (const worker of workers.keys()) worker.process.kill('SIGKILL')
  })

  /** Resolves with the port when a new worker listens; rejects when it ends before. */
  function startWorker({ document }: Settings): Promise<number> {
    const worker = cluster.fork({ [WORKER_MARK]: '1' })
    closeUndeliveredConnections(worker)
    const { pid, stdout } = worker.process
    if (stdout !== null) {
      const all = passOnLines(stdout, printed.write).then(() => void handedOn.delete(all))
      handedOn.add(all)
    }
    return new Promise((resolve, reject) => {
      let why: string | undefined
      let began: number | undefined
      worker.on('message', (message: FromWorker) => {
        // A message sent before could be lost.
        if (message === 'ready') sendToWorker(worker, stopping ? { stop: 0 } : { serve: document })
        else if (message === 'closed') closing.get(worker)?.()
        else if ('failed' in message) why = message.failed
        else if ('metrics' in message) metrics.take(worker, message.metrics, message.asked)
        else {
          began = performance.now()
          serving.add(worker)
          metrics.begin(worker)
          log('worker listens', { pid })
          resolve(message.port)
        }
      })
      const ended = exitOf(worker).then((how) => {
        workers.delete(worker)
        metrics.end(worker)
        closing.get(worker)?.()
        closing.delete(worker)
        const unexpected = serving.delete(worker) && !stopping
        if (began === undefined)
          reject(new Error(why ?? `a worker ended by ${how} before it listened`, { cause: how }))
        else if (unexpected) {
          log('worker died', { pid, how })
          void restartWorker(performance.now() - began)
        } else log('worker ended', { pid, how })
      })
      workers.set(worker, ended)
    })
  }

  /** One of those to begin with. */
  async function startFirst(): Promise<number> {
    for (;;) {
      try {
        return await startWorker(accepted)
      } catch (error) {
        if (!PASSING_SIGNALS.has((error as Error).cause)) throw error
      }
    }
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

  /**
   * Starts a worker with new settings, however often that fails: where the key for OSS cannot be had now, clients that were
   * taken out of them would go on.
   * @returns false where meanwhile other settings came, or it is to stop.
   */
  async function startFresh(fresh: Settings): Promise<boolean> {
    for (let pauseMs = FIRST_PAUSE; ; pauseMs = Math.min(pauseMs * 2, LAST_PAUSE)) {
      try {
        await startWorker(fresh)
        return !stopping
      } catch (error) {
        if (stopping || wanted !== undefined) return false
        const { message: cause } = error as Error
        log('a new worker does not start, the old ones stay', { cause, pauseMs })
      }
      await Promise.race([
        sleep(pauseMs),
        new Promise<void>((resolve) => {
          onWanted = resolve
        }),
      ])
      if (stopping || wanted !== undefined) return false
    }
  }

  /** Resolves when a worker takes no more connections; its requests in flight go on. */
  function close(worker: Worker, limit: number): Promise<void> {
    serving.delete(worker)
    sendToWorker(worker, { stop: limit })
    const closed = new Promise<void>((resolve) => closing.set(worker, resolve))
    void killHanging(worker, closed, limit)
    return closed
  }

  /** Else it would keep the settings from being read again for ever, might still serve by the old ones, and stay. */
  async function killHanging(worker: Worker, closed: Promise<void>, limit: number): Promise<void> {
    const ended = workers.get(worker) ?? Promise.resolve()
    const isAlive = await endsWithin(HANGING_LIMIT, closed)
    if (isAlive && (await endsWithin(limit + ENDING_LIMIT, ended))) return
    log('a worker hangs, it is killed', { pid: worker.process.pid })
    worker.process.kill('SIGKILL')
  }

  async function replaceAll(fresh: Settings): Promise<void> {
    const old = [...serving]
    // No worker listens: the next to start gets these settings.
    if (old.length === 0) accepted = fresh
    log('workers are replaced', { pids: old.map((worker) => worker.process.pid) })
    const closed: Promise<void>[] = []
    for (const worker of old) {
      if (!serving.has(worker)) continue
      if (!(await startFresh(fresh))) return
      accepted = fresh
      // Its requests in flight may take as long as any: the new workers serve meanwhile.
      closed.push(close(worker, fresh.config.document.timeouts.client.total * 1000))
    }
    // Until then a client whom the new settings do not have may still come to an old worker, and be answered.
    await Promise.all(closed)
    log('workers replaced', {})
  }

  async function reload(settings: Settings): Promise<void> {
    wanted = settings
    onWanted()
    if (reloading) return
    reloading = true
    for (; wanted !== undefined && !stopping; ) {
      const next = wanted
      wanted = undefined
      await replaceAll(next)
      if (accepted === next) await upstreams.renew(next.config)
    }
    reloading = false
  }

  // One first: what makes it fail would make all fail, and is reported once.
  const port = await startFirst()
  await Promise.all(Array.from({ length: count - 1 }, startFirst))

  return {
    port,
    adminPort: admin.port,
    localOssPort: 0,
    drain: () => {
      isDraining = true
    },
    reload: (next) => void reload(next),
    whyNotReady: (upstream) => whyNotReadyAt(upstreams.asked(), upstream),
    reopenLog: () => {
      for (const worker of workers.keys()) sendToWorker(worker, { reopenLog: true })
    },
    stop: async (limit = accepted.config.document.timeouts.stop * 1000) => {
      stopping = true
      for (const worker of workers.keys()) sendToWorker(worker, { stop: limit })
      const ended = Promise.all(workers.values()).then(() => Promise.all(handedOn))
      await endsWithin(limit + ENDING_LIMIT, ended)
      await endsWithin(WRITING_LIMIT, printed.close())
      admin.close()
      // A health check may still wait for OSS.
      await endsWithin(CLOSING_LIMIT, upstreams.close())
    },
  }
}

/** Resolves with how a worker has ended: a signal or `code n`. */
function exitOf(worker: Worker): Promise<string> {
  return new Promise((resolve) => {
    worker.once('exit', (code, signal) => resolve(signal ?? `code ${code}`))
    // Without a pid it could not be started; other errors are messages that could not be sent.
    worker.on('error', (error) => {
      if (worker.process.pid === undefined) resolve(error.message)
    })
  })
}
