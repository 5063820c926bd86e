import type { Server } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import type { Config } from '../config/index.ts'
import type { OssClient } from '../oss/client.ts'
import { OssError } from '../oss/error.ts'
import type { Log } from '../ports.ts'
import { listen } from './listen.ts'
import { gaugeOf, type MetricsText, type MetricValues } from './observe/metrics.ts'
import { createReadiness, type Readiness } from './readiness.ts'

/** The process's own health, without OSS's. */
export type Health = {
  alive(): boolean
  /** Why this process should get no requests, whether or not OSS can be used; undefined when it should. */
  unready(): string | undefined
}

/** Why OSS cannot be used, or undefined when it answers a signed request. */
export async function whyNotReady(oss: OssClient): Promise<string | undefined> {
  try {
    // Without retries: health checks are repeated anyway.
    await oss.once().sendForXml({ method: 'GET', query: { 'max-keys': '1' } }, 'ListAllMyBucketsResult')
    return undefined
  } catch (error) {
    // A key without the right to list buckets is still a key that OSS knows.
    if (error instanceof OssError && error.code === 'AccessDenied') return undefined
    if (error instanceof OssError) return `OSS answers ${error.status} ${error.code}: ${error.message}`
    return (error as Error).message
  }
}

/** The app of health checks and metrics. On a listener of its own, since `/healthz` is also a path of S3's. */
function createAdmin({ alive, unready }: Health, ossIs: () => Promise<Readiness>, metrics: AskMetrics): Hono {
  const admin = new Hono()
  admin.get('/healthz', (c) => (alive() ? c.text('ok\n') : c.text('no worker listens\n', 503)))
  admin.get('/readyz', async (c) => {
    // Checked again after the call to OSS: the process may have begun to stop meanwhile.
    const reason = unready()
    if (reason !== undefined) return c.text(`${reason}\n`, 503)
    const oss = await ossIs()
    const since = unready() ?? (oss === 'unready' ? 'OSS cannot be used: the log says why' : undefined)
    if (since !== undefined) return c.text(`${since}\n`, 503)
    return c.text(oss === 'ready' ? 'ok\n' : 'degraded: OSS cannot be used now, the log says why\n')
  })
  admin.get('/metrics', async (c) => {
    const usable = (await ossIs()) === 'ready' ? 1 : 0
    const { contentType, text } = await metrics([
      gaugeOf('s3gw_oss_usable', 'Whether OSS answers the key of the gateway', usable),
    ])
    return c.body(text, 200, { 'content-type': contentType })
  })
  return admin
}

/** The metrics as text, with those of the admin listener itself. */
type AskMetrics = (own: MetricValues) => Promise<MetricsText>

/** The admin listener; port 0 where the settings have none. */
export type Admin = { port: number; close(): void }

/** @throws Error when its port is taken. */
export async function openAdmin(
  { adminHost, adminPort }: Config['listen'],
  oss: () => OssClient,
  health: Health,
  metrics: AskMetrics,
  log: Log,
): Promise<Admin> {
  if (adminPort === undefined) return { port: 0, close: () => {} }
  const { fetch } = createAdmin(
    health,
    createReadiness(() => whyNotReady(oss()), Date.now, log),
    metrics,
  )
  const server = createAdaptorServer({ fetch, overrideGlobalObjects: false }) as Server
  const port = await listen(server, adminPort, adminHost)
  return {
    port,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
