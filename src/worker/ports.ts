import type { Context } from 'hono'
import { shortenLogged } from '../bytes/shorten.ts'
import type { Serve } from '../gateway.ts'
import type { HeaderMap, Incoming, Log, LogLevel, Platform, Reply } from '../ports.ts'
import { levelOf } from '../runtime/log-level.ts'
import { sleep, timer } from '../runtime/timers.ts'
import { bytesOf, headersOf, passing, toStream, withLength } from './transport.ts'

/** What Workers have that the web platform's types do not. */
type WorkersInit = { encodeBody: 'manual' }

/** Six connections at a time is the platform's limit; the client's own body may hold one. */
const platform: Platform = { connections: 5, requestsWait: false, resolvesDots: true }

/** What Cloudflare says of a connection. */
type Connection = {
  clientAcceptEncoding?: string
  httpProtocol?: string
  tlsVersion?: string
  tlsCipher?: string
}

/** What is to be known of a request when its response has been sent, and who is to be told of that. */
type Exchange = { answered: (() => void)[]; received: number; sent: number | undefined }

function receive(c: Context, exchange: Exchange): Incoming {
  const { raw } = c.req
  const slash = raw.url.indexOf('/', raw.url.indexOf('//') + 2)
  const headers = headersOf(raw.headers)
  // Cloudflare rewrites Accept-Encoding, which some SDKs sign; the original is in `cf`.
  const { cf } = raw as { cf?: Connection }
  if (cf?.clientAcceptEncoding !== undefined) headers['accept-encoding'] = cf.clientAcceptEncoding
  return {
    method: raw.method,
    target: raw.url.slice(slash),
    headers,
    body: raw.body === null ? empty() : counted(bytesOf(raw.body), (bytes) => (exchange.received += bytes)),
    signal: () => raw.signal,
    peer: peerOf(headers, cf),
    traffic: () => exchange,
    onAnswered: (call) => void exchange.answered.push(call),
    waitUntil: (work) => c.executionCtx.waitUntil(work.catch(() => {})),
  }
}

/** The platform itself sets the header, whatever a client has sent; run locally it does not. */
function peerOf(
  headers: HeaderMap,
  { httpProtocol, tlsVersion, tlsCipher }: Connection = {},
): Incoming['peer'] {
  const { 'cf-connecting-ip': address } = headers
  if (address === undefined) return undefined
  const tls = tlsVersion && tlsCipher ? { version: tlsVersion, cipher: tlsCipher } : undefined
  return () => ({ address, tls, protocol: httpProtocol })
}

/** Of a body that is cut short the platform does not tell how much has been sent. */
function send({ status, headers, body }: Reply, c: Context, exchange: Exchange): Response {
  const init = { status, headers, encodeBody: 'manual' } as ResponseInit & WorkersInit
  const end = (sent?: number) => {
    exchange.sent = sent
    for (const call of exchange.answered) call()
  }
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
    const whole = typeof body === 'string' ? encoder.encode(body) : body
    end(whole?.length ?? 0)
    return new Response(whole ?? null, init)
  }
  const { 'content-length': length } = headers
  if (exchange.answered.length === 0) return new Response(withLength(toStream(body), length), init)
  let count = 0
  const stream = length === undefined ? counted(body, (bytes) => (count += bytes)) : body
  const { readable, sent } = passing(toStream(stream), length)
  c.executionCtx.waitUntil(
    sent.then(
      () => end(length === undefined ? count : Number(length)),
      () => end(),
    ),
  )
  return new Response(readable, init)
}

const encoder = new TextEncoder()

async function* counted(body: AsyncIterable<Uint8Array>, count: (bytes: number) => void) {
  for await (const piece of body) {
    count(piece.length)
    yield piece
  }
}

async function* empty(): AsyncGenerator<Uint8Array> {}

/** The log at a level: lines of JSON on the console, whose methods are the platform's levels. */
export const workerLog =
  (least: LogLevel): Log =>
  (event, facts) => {
    const level = levelOf(event)
    if (levels.indexOf(level) > levels.indexOf(least)) return
    console[level](JSON.stringify({ level, event, ...facts }, shortenLogged))
  }

const levels: readonly LogLevel[] = ['error', 'warn', 'info']

const serve: Serve<object> = async (c, { answer }) => {
  const exchange: Exchange = { answered: [], received: 0, sent: undefined }
  return send(await answer(receive(c, exchange)), c, exchange)
}

/** What Workers hand in: clock, timers, random values, a log, and how requests are served. */
export const workerPorts = {
  clock: Date.now,
  sleep,
  timer,
  random: Math.random,
  platform,
  log: workerLog('info'),
  newId: () => crypto.randomUUID().replaceAll('-', '').slice(0, 16).toUpperCase(),
  serve,
}
