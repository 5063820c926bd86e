import cluster from 'node:cluster'
import type { Config } from '../../config/index.ts'
import { parseConfig } from '../../config/parse-config.ts'
import type { Log } from '../../ports.ts'
import { nodeFiles } from '../files.ts'
import { createMetrics, type Metrics } from '../observe/metrics.ts'
import { type Running, serve } from '../serve.ts'
import { sendToPrimary, type ToWorker, WORKER_MARK } from './messages.ts'

/** Whether this process is a worker of the gateway's. */
export const isWorker = (): boolean => cluster.isWorker && process.env[WORKER_MARK] !== undefined

/**
 * Serves as one of the workers, until the primary process says stop, or has ended.
 * @param onSettings told of the settings before it serves.
 */
export function serveAsWorker(log: Log, onSettings: (config: Config) => void): void {
  let running: Promise<Running> | undefined
  let metrics: Metrics | undefined

  async function begin(document: string | undefined): Promise<Running> {
    const config = parseConfig(process.env, document, 'node', nodeFiles)
    onSettings(config)
    if (config.listen.adminPort !== undefined) metrics = createMetrics()
    const listen = { ...config.listen, adminPort: undefined }
    const gateway = await serve({ ...config, listen }, log, metrics)
    sendToPrimary({ port: gateway.port })
    return gateway
  }
  async function stop(limit?: number): Promise<void> {
    const stopped = (await running)?.stop(limit)
    sendToPrimary('closed')
    await stopped
    await tellMetrics(undefined)
    process.exit(0)
  }
  /** @param asked the number of the question; undefined: they are the last. */
  async function tellMetrics(asked: number | undefined): Promise<void> {
    const values = (await metrics?.values()) ?? []
    await new Promise<void>((resolve) => sendToPrimary({ metrics: values, asked }, resolve))
  }
  const end = (limit?: number) =>
    stop(limit).catch((error: Error) => {
      log('worker did not stop cleanly', { cause: error.message })
      process.exit(1)
    })

  process.on('message', (message: ToWorker) => {
    if ('stop' in message) void end(message.stop)
    else if ('tellMetrics' in message) void tellMetrics(message.tellMetrics)
    else if ('reopenLog' in message)
      void running?.then(
        (gateway) => gateway.reopenLog(),
        () => {},
      )
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
  // A terminal and `systemctl kill` send these to all processes; the primary one acts on them.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) process.on(signal, () => {})
  sendToPrimary('ready')
}
