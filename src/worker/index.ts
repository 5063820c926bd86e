import { type Context, type ExecutionContext, Hono } from 'hono'
import { createApp, createGateway } from '../app.ts'
import { shortenLogged } from '../bytes/shorten.ts'
import { type Config, ConfigError, parseConfig } from '../config/index.ts'
import type { Incoming, Platform, Reply, Sleep, Timer } from '../ports.ts'
import { renderError, S3Error } from '../s3/error.ts'
import { fetchTransport, headersOf, toStream, withLength } from './transport.ts'

/** Settings and secrets, by the names of the environment variables; GATEWAY_CONFIG is the document itself. */
type Env = Record<string, string>

/** What Workers have that the web platform's types do not. */
type WorkersInit = { encodeBody: 'manual' }

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

const newId = () => crypto.randomUUID().replaceAll('-', '').slice(0, 16).toUpperCase()
const log = (event: string, facts: Record<string, unknown>) =>
  console.error(JSON.stringify({ event, ...facts }, shortenLogged))

function createWorker(env: Env) {
  let config: Config
  try {
    config = parseConfig(env, env.GATEWAY_CONFIG, 'workers')
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    log('the settings are not right', { problems: error.problems })
    return new Hono().all('*', (c) => misconfigured(c.req.method)).fetch
  }
  for (const warning of config.warnings) log('warning', { warning })
  const gateway = createGateway({
    config,
    transport: fetchTransport(config.document.timeouts.oss),
    clock: Date.now,
    sleep,
    timer,
    random: Math.random,
    platform,
    log,
    newId,
  })
  return createApp(gateway, async (c, { answer }) => send(await answer(receive(c)))).fetch
}

/** Before the settings are mended every request fails: with 501, since SDKs repeat 500 and 503. */
function misconfigured(method: string): Response {
  const id = newId()
  const error = new S3Error('NotImplemented', {
    message: "The gateway's settings are not right. Its log says what is wrong with them.",
  })
  const body = renderError(error, id, id)
  return new Response(method === 'HEAD' ? null : body, {
    status: error.status,
    headers: { 'content-type': 'application/xml', 'x-amz-request-id': id, 'x-amz-id-2': id },
  })
}

/** Six connections at a time is the platform's limit; the client's own body may hold one. */
const platform: Platform = { connections: 5 }

const timer: Timer = (ms, call) => {
  const timeout = setTimeout(call, ms)
  return () => clearTimeout(timeout)
}

const sleep: Sleep = (ms, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    signal?.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(signal.reason)
    })
  })

function receive(c: Context): Incoming {
  const { raw } = c.req
  const slash = raw.url.indexOf('/', raw.url.indexOf('//') + 2)
  const headers = headersOf(raw.headers)
  // Cloudflare rewrites Accept-Encoding, which some SDKs sign; the original is kept aside.
  const { cf } = raw as { cf?: { clientAcceptEncoding?: string } }
  if (cf?.clientAcceptEncoding !== undefined) headers['accept-encoding'] = cf.clientAcceptEncoding
  return {
    method: raw.method,
    target: raw.url.slice(slash),
    headers,
    body: raw.body ?? empty(),
    signal: () => raw.signal,
    waitUntil: (work) => c.executionCtx.waitUntil(work.catch(() => {})),
  }
}

function send({ status, headers, body }: Reply): Response {
  const stream =
    body === undefined || typeof body === 'string'
      ? (body ?? null)
      : withLength(toStream(body), headers['content-length'])
  return new Response(stream, { status, headers, encodeBody: 'manual' } as ResponseInit & WorkersInit)
}

async function* empty(): AsyncGenerator<Uint8Array> {}
