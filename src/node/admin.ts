import type { Server } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import type { Config } from '../config/index.ts'
import type { OssClient } from '../oss/client.ts'
import { OssError } from '../oss/error.ts'
import type { Log } from '../ports.ts'
import { listen } from './listen.ts'
import type { MetricValues } from './observe/metric-values.ts'
import type { MetricsText } from './observe/metrics.ts'
import { usableMetric } from './observe/oss-metrics.ts'
import { createReadiness, type Readiness } from './readiness.ts'

/** The process's own health, without OSS's. */
export type Health = {
  alive(): boolean
  /** Why this process should get no requests, whether or not OSS can be used; undefined when it should. */
  unready(): string | undefined
}

/** Why OSS cannot be used, or undefined when it answers a signed request. */
async function whyNotReady(oss: OssClient): Promise<string | undefined> {
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

/** The same of an upstream. @param name absent: that of the environment. */
export const whyNotReadyAt = async ({ oss, upstreams }: Asked, name: string | undefined) => {
  const client = name === undefined ? oss : upstreams.get(name)
  return client && whyNotReady(client)
}

/** The clients of a gateway by which its upstreams are asked: of that of the environment, and of the others by name. */
export type Asked = { oss: OssClient; upstreams: ReadonlyMap<string, OssClient> }

/** Whether requests are to be sent here, and at which upstreams OSS cannot be used now (undefined: that of the environment). */
type Look = {
  readiness: Readiness
  names: readonly (string | undefined)[]
  unusable: readonly (string | undefined)[]
}

const nameOf = (upstream: string | undefined) => upstream ?? 'the upstream of the environment'

/**
 * Looks at all upstreams; what is found out is kept for each. As long as one of them can be used, requests are better sent
 * here than nowhere: the others' would fail elsewhere, too.
 */
function createLook(asked: () => Asked, log: Log): () => Promise<Look> {
  const known = new Map<string | undefined, () => Promise<Readiness>>()
  const readinessOf = (name: string | undefined) => {
    const why = () => whyNotReadyAt(asked(), name)
    const own: Log = name === undefined ? log : (event, facts) => log(event, { upstream: name, ...facts })
    const readiness = known.get(name) ?? createReadiness(why, () => performance.now(), own)
    known.set(name, readiness)
    return readiness()
  }
  return async () => {
    const names = [undefined, ...asked().upstreams.keys()]
    const all = await Promise.all(names.map(readinessOf))
    const unusable = names.filter((_, i) => all[i] !== 'ready')
    if (unusable.length === 0) return { readiness: 'ready', names, unusable }
    return { readiness: all.every((one) => one === 'unready') ? 'unready' : 'degraded', names, unusable }
  }
}

/** The app of health checks and metrics. On a listener of its own, since `/healthz` is also a path of S3's. */
function createAdmin({ alive, unready }: Health, look: () => Promise<Look>, metrics: AskMetrics): Hono {
  const admin = new Hono()
  admin.get('/healthz', (c) => (alive() ? c.text('ok\n') : c.text('no worker listens\n', 503)))
  admin.get('/readyz', async (c) => {
    // Checked again after the call to OSS: the process may have begun to stop meanwhile.
    const reason = unready()
    if (reason !== undefined) return c.text(`${reason}\n`, 503)
    const { readiness, unusable } = await look()
    const since = unready() ?? (readiness === 'unready' ? 'OSS cannot be used: the log says why' : undefined)
    if (since !== undefined) return c.text(`${since}\n`, 503)
    const where = unusable.some((name) => name !== undefined) ? ` at ${unusable.map(nameOf).join(', ')}` : ''
    return c.text(
      readiness === 'ready' ? 'ok\n' : `degraded: OSS cannot be used now${where}, the log says why\n`,
    )
  })
  admin.get('/metrics', async (c) => {
    const { names, unusable } = await look()
    const usable = new Map(names.map((name) => [name, !unusable.includes(name)]))
    const { contentType, text } = await metrics([usableMetric(usable)])
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
  asked: () => Asked,
  health: Health,
  metrics: AskMetrics,
  log: Log,
): Promise<Admin> {
  if (adminPort === undefined) return { port: 0, close: () => {} }
  const { fetch } = createAdmin(health, createLook(asked, log), metrics)
  const server = createAdaptorServer({ fetch, overrideGlobalObjects: false }) as Server
  const port = await listen(server, adminPort, adminHost, 'ADMIN_PORT')
  return {
    port,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
