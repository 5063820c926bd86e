import type { ExecutionContext } from 'hono'
import './modules.ts'
import { createApp } from '../app.ts'
import { type Config, ConfigError } from '../config/index.ts'
import { observerOf } from '../observe/observers.ts'
import { renderError, S3Error } from '../s3/error.ts'
import { bucketOfHost } from '../s3/request.ts'
import { accessLog } from './access-log.ts'
import { ownConfig, workerConfig } from './config.ts'
import { workerCredentials } from './credentials.ts'
import { analyticsCallMetrics, analyticsMetrics, datasetOf } from './metrics.ts'
import { keptDocument, type Namespace, namespaceOf } from './namespace.ts'
import { workerLog, workerPorts } from './ports.ts'
import { fetchTransport } from './transport.ts'

export { accessLog, fetchTransport, workerConfig, workerCredentials, workerPorts }

/** Settings and secrets, by the names of the environment variables; GATEWAY_CONFIG is the document itself. */
type Env = Record<string, unknown>

/** Whether the Worker runs and its settings are right is asked here: no bucket has such a name, so it is nobody's object. */
const HEALTH = '/-/healthz'

type Handler = (request: Request, env: Env, ctx: ExecutionContext) => Response | Promise<Response>

const worker = { forEnv: undefined as Env | undefined, fetch: undefined as Handler | undefined }

export default {
  fetch(request: Request, env: Env, ctx: ExecutionContext): Response | Promise<Response> {
    if (worker.fetch === undefined || worker.forEnv !== env) {
      const namespace = namespaceOf(env.CONFIG)
      worker.fetch = namespace === undefined ? handlerOf(env, undefined) : keptHandler(env, namespace)
      worker.forEnv = env
    }
    return worker.fetch(request, env, ctx)
  },
}

/** The gateway by the settings as they are now, or the answer that they are not right. @param kept as `ownConfig` has it. */
function handlerOf(env: Env, kept: string | null | undefined, before?: Handler): Handler {
  try {
    return createWorker(env, ownConfig(env, kept))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const { problems } = error
    const { log } = workerPorts
    if (before !== undefined && before !== misconfigured) {
      log('settings refused, all goes on as before', { problems })
      return before
    }
    log('the settings are not right', { problems })
    return misconfigured
  }
}

/** The gateway whose document is in a namespace of KV: a change counts for the requests that begin after it. */
function keptHandler(env: Env, namespace: Namespace): Handler {
  let handler: Handler | undefined
  const { clock, log } = workerPorts
  const document = keptDocument(
    namespace,
    clock,
    (text) => {
      handler = handlerOf(env, text, handler)
    },
    (error) => log('the document cannot be read, all goes on as before', { cause: String(error) }),
  )
  return async (request, env, ctx) => {
    try {
      await document.ask((work) => ctx.waitUntil(work))
    } catch (error) {
      log('the document cannot be read', { cause: String(error) })
    }
    return (handler ?? unavailable)(request, env, ctx)
  }
}

function createWorker(env: Env, config: Config): Handler {
  const log = workerLog(config.logLevel)
  for (const warning of config.warnings) log('warning', { warning })
  const credentials = workerCredentials(config, log)
  const upstreams = new Map([...config.upstreams].map(([name, one]) => [name, workerCredentials(one, log)]))
  const transport = fetchTransport(config.document.timeouts.oss)
  const dataset = datasetOf(env.METRICS)
  const callDataset = datasetOf(env.CALL_METRICS)
  const observer = observerOf([
    accessLog(config.document.accessLog),
    dataset && analyticsMetrics(dataset, log),
    callDataset && analyticsCallMetrics(callDataset, log),
  ])
  const { fetch } = createApp({ ...workerPorts, log, config, transport, credentials, upstreams, observer })
  return (request, env, ctx) => {
    if (isHealthCheck(request, config.domains)) return new Response('ok\n')
    // Ahead of time, and when the answer is out: nobody waits for it.
    for (const one of [credentials, ...upstreams.values()]) {
      const renewal = one.renewIfDue()
      if (renewal !== undefined) ctx.waitUntil(renewal)
    }
    return fetch(request, env, ctx)
  }
}

/** Where the host names a bucket, the same path is a key in it. */
const isHealthCheck = ({ method, url, headers }: Request, domains: Config['domains']) =>
  (method === 'GET' || method === 'HEAD') &&
  url.endsWith(HEALTH) &&
  new URL(url).pathname === HEALTH &&
  bucketOfHost(headers.get('host') ?? undefined, domains) === undefined

/** The answer to every request until the settings are corrected: a 501, since SDKs retry 500 and 503. */
const misconfigured: Handler = ({ method }) =>
  refusal(
    method,
    new S3Error('NotImplemented', {
      message: "The gateway's settings are not right. Its log says what is wrong with them.",
    }),
  )

/** Until the settings are known: to be repeated. */
const unavailable: Handler = ({ method }) => refusal(method, new S3Error('ServiceUnavailable'))

function refusal(method: string, error: S3Error): Response {
  const id = workerPorts.newId()
  return new Response(method === 'HEAD' ? null : renderError(error, id, id), {
    status: error.status,
    headers: { 'content-type': 'application/xml', 'x-amz-request-id': id, 'x-amz-id-2': id },
  })
}
