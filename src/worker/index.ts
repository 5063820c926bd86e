import { type ExecutionContext, Hono } from 'hono'
import './crc-module.ts'
import { createApp } from '../app.ts'
import { type Config, ConfigError, parseConfig } from '../config/index.ts'
import { renderError, S3Error } from '../s3/error.ts'
import { workerCredentials } from './credentials.ts'
import { workerPorts } from './ports.ts'
import { fetchTransport } from './transport.ts'

export { fetchTransport, workerCredentials, workerPorts }

/** Settings and secrets, by the names of the environment variables; GATEWAY_CONFIG is the document itself. */
type Env = Record<string, string>

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
    config = parseConfig(env, env.GATEWAY_CONFIG, 'workers')
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    workerPorts.log('the settings are not right', { problems: error.problems })
    return new Hono().all('*', (c) => misconfigured(c.req.method)).fetch
  }
  for (const warning of config.warnings) workerPorts.log('warning', { warning })
  const credentials = workerCredentials(config)
  const transport = fetchTransport(config.document.timeouts.oss)
  const { fetch } = createApp({ ...workerPorts, config, transport, credentials })
  return (request: Request, env: Env, ctx: ExecutionContext) => {
    // Ahead of time, and when the answer is out: nobody waits for it.
    const renewal = credentials.renewIfDue()
    if (renewal !== undefined) ctx.waitUntil(renewal)
    return fetch(request, env, ctx)
  }
}

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
