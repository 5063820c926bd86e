import type { ExecutionContext } from 'hono'
import './crc-module.ts'
import { createApp } from '../app.ts'
import { type Config, ConfigError } from '../config/index.ts'
import { renderError, S3Error } from '../s3/error.ts'
import { bucketOfHost } from '../s3/request.ts'
import { accessLog } from './access-log.ts'
import { workerConfig } from './config.ts'
import { workerCredentials } from './credentials.ts'
import { workerPorts } from './ports.ts'
import { fetchTransport } from './transport.ts'

export { accessLog, fetchTransport, workerConfig, workerCredentials, workerPorts }

/** Settings and secrets, by the names of the environment variables; GATEWAY_CONFIG is the document itself. */
type Env = Record<string, unknown>

/** Whether the Worker runs and its settings are right is asked here: no bucket has such a name, so it is nobody's object. */
const HEALTH = '/-/healthz'

const app = {
  forEnv: undefined as Env | undefined,
  fetch: undefined as
    | ((request: Request, env: Env, ctx: ExecutionContext) => Response | Promise<Response>)
    | undefined,
}

export default {
  fetch(request: Request, env: Env, ctx: ExecutionContext): Response | Promise<Response> {
    if (app.fetch === undefined || app.forEnv !== env) {
      app.fetch = createWorker(env)
      app.forEnv = env
    }
    return app.fetch(request, env, ctx)
  },
}

function createWorker(env: Env) {
  let config: Config
  try {
    config = workerConfig(env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    workerPorts.log('the settings are not right', { problems: error.problems })
    return ({ method }: Request) => misconfigured(method)
  }
  for (const warning of config.warnings) workerPorts.log('warning', { warning })
  const credentials = workerCredentials(config)
  const transport = fetchTransport(config.document.timeouts.oss)
  const observer = accessLog(config.document.accessLog)
  const { fetch } = createApp({ ...workerPorts, config, transport, credentials, observer })
  return (request: Request, env: Env, ctx: ExecutionContext) => {
    if (isHealthCheck(request, config.domains)) return new Response('ok\n')
    // Ahead of time, and when the answer is out: nobody waits for it.
    const renewal = credentials.renewIfDue()
    if (renewal !== undefined) ctx.waitUntil(renewal)
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
function misconfigured(method: string): Response {
  const id = workerPorts.newId()
  const error = new S3Error('NotImplemented', {
    message: "The gateway's settings are not right. Its log says what is wrong with them.",
  })
  const body = renderError(error, id, id)
  return new Response(method === 'HEAD' ? null : body, {
    status: error.status,
    headers: { 'content-type': 'application/xml', 'x-amz-request-id': id, 'x-amz-id-2': id },
  })
}
