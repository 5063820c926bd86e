import type { Context } from 'hono'
import type { Serve } from '../app.ts'
import { shortenLogged } from '../bytes/shorten.ts'
import type { Incoming, Log, Platform, Reply } from '../ports.ts'
import { sleep, timer } from '../runtime/timers.ts'
import { bytesOf, headersOf, toStream, withLength } from './transport.ts'

/** What Workers have that the web platform's types do not. */
type WorkersInit = { encodeBody: 'manual' }

/** Six connections at a time is the platform's limit; the client's own body may hold one. */
const platform: Platform = { connections: 5, requestsWait: false }

function receive(c: Context): Incoming {
  const { raw } = c.req
  const slash = raw.url.indexOf('/', raw.url.indexOf('//') + 2)
  const headers = headersOf(raw.headers)
  // Cloudflare rewrites Accept-Encoding, which some SDKs sign; the original is in `cf`.
  const { cf } = raw as { cf?: { clientAcceptEncoding?: string } }
  if (cf?.clientAcceptEncoding !== undefined) headers['accept-encoding'] = cf.clientAcceptEncoding
  return {
    method: raw.method,
    target: raw.url.slice(slash),
    headers,
    body: raw.body === null ? empty() : bytesOf(raw.body),
    signal: () => raw.signal,
    waitUntil: (work) => c.executionCtx.waitUntil(work.catch(() => {})),
  }
}

function send({ status, headers, body }: Reply): Response {
  const stream =
    body === undefined || typeof body === 'string' || body instanceof Uint8Array
      ? (body ?? null)
      : withLength(toStream(body), headers['content-length'])
  return new Response(stream, { status, headers, encodeBody: 'manual' } as ResponseInit & WorkersInit)
}

async function* empty(): AsyncGenerator<Uint8Array> {}

const log: Log = (event, facts) => console.error(JSON.stringify({ event, ...facts }, shortenLogged))

const serve: Serve<object> = async (c, { answer }) => send(await answer(receive(c)))

/** What Workers hand in: clock, timers, random values, a log, and how requests are served. */
export const workerPorts = {
  clock: Date.now,
  sleep,
  timer,
  random: Math.random,
  platform,
  log,
  newId: () => crypto.randomUUID().replaceAll('-', '').slice(0, 16).toUpperCase(),
  serve,
}
