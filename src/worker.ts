import { type Context, type ExecutionContext, Hono } from 'hono'
import { createGateway } from './app.ts'
import { withoutBlanks } from './blanks.ts'
import { parseConfig } from './config.ts'
import {
  type HeaderMap,
  headerMap,
  type Incoming,
  type Platform,
  type Reply,
  type Sleep,
  type Timer,
  type Transport,
} from './ports.ts'

/** Settings and secrets, by the names of the environment variables; GATEWAY_CONFIG is the document itself. */
type Env = Record<string, string>

/** What Workers have that the web platform's types do not. */
declare const FixedLengthStream: new (
  length: number,
) => { readable: ReadableStream; writable: WritableStream }
type WorkersInit = { encodeResponseBody: 'manual' } | { encodeBody: 'manual' }

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
  const config = parseConfig(env, env.GATEWAY_CONFIG)
  const newId = () => crypto.randomUUID().replaceAll('-', '').slice(0, 16).toUpperCase()
  const log = (event: string, facts: Record<string, unknown>) =>
    console.error(JSON.stringify({ event, ...facts }))
  const gateway = createGateway({
    config,
    transport,
    clock: Date.now,
    sleep,
    timer,
    random: Math.random,
    platform,
    log,
    newId,
  })
  return new Hono().all('*', async (c) => send(await gateway.answer(receive(c)))).fetch
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

const transport: Transport = async ({ method, url, headers, body, signal }) => {
  // fetch resolves `..` in a path, and would then ask for another object than was signed.
  if (new URL(url).href !== url && /\/\.{1,2}(\/|\?|$)/.test(url)) {
    throw new Error('a key with a . or .. segment cannot be reached from Workers')
  }
  const cut = new AbortController()
  const answer = await fetch(url, {
    method,
    headers,
    body:
      body === undefined || body instanceof Uint8Array
        ? (body ?? null)
        : headers['content-length'] === undefined
          ? toStream(cutting(body, cut))
          : withLength(toStream(body), headers['content-length']),
    redirect: 'manual',
    // Without it workerd decodes Content-Encoding as soon as the body is touched.
    encodeResponseBody: 'manual',
    signal: signal === undefined ? cut.signal : AbortSignal.any([signal, cut.signal]),
  } as RequestInit & WorkersInit)
  return { status: answer.status, headers: headersOf(answer.headers), body: answer.body ?? empty() }
}

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
    waitUntil: (work) => c.executionCtx.waitUntil(work),
  }
}

function send({ status, headers, body }: Reply): Response {
  const stream =
    body === undefined || typeof body === 'string'
      ? (body ?? null)
      : withLength(toStream(body), headers['content-length'])
  return new Response(stream, { status, headers, encodeBody: 'manual' } as ResponseInit & WorkersInit)
}

function headersOf(from: Headers): HeaderMap {
  const headers = headerMap()
  // workerd leaves trailing blanks on values.
  for (const [name, value] of from) headers[name] = withoutBlanks(value)
  return headers
}

/** The body; when it breaks off, so does the request: workerd would end a chunked one as if it were whole. */
async function* cutting(body: AsyncIterable<Uint8Array>, request: AbortController) {
  try {
    yield* body
  } catch (error) {
    request.abort(error)
    throw error
  }
}

async function* empty(): AsyncGenerator<Uint8Array> {}

function toStream(body: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  if (body instanceof ReadableStream) return body
  const iterator = body[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      await iterator.return?.()
    },
  })
}

/** A stream of a known length: any other goes out chunked, without Content-Length. */
function withLength(stream: ReadableStream<Uint8Array>, length: string | undefined): ReadableStream {
  return length === undefined ? stream : stream.pipeThrough(new FixedLengthStream(Number(length)))
}
